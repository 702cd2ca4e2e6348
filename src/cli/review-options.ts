import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../core/duration.ts';
import type { EntitlementKey } from '../core/ids.ts';
import { nearest } from '../core/nearest.ts';
import { type Catalogue, defaultReviewSettings, type Tier } from '../core/policy/catalogue.ts';
import { type CampaignPlan, everything } from '../core/review/campaign.ts';
import { peopleByEmail } from '../store/people.ts';
import type { Db } from '../store/postgres/database.ts';

/** What `review preview` is told. */
export type PreviewOptions = {
  name: string;
  entitlement?: string[];
  tier?: Tier[];
  department?: string[];
  person?: string[];
  grantedSince?: Date;
  unused?: number;
  ends?: 'temporary' | 'permanent';
  reviewers?: 'owner' | 'manager';
  fallback?: string[];
  due?: number;
  overdue?: CampaignPlan['overdue'];
};

/** The campaign that was asked for; what is not said is as the catalogue says. */
export function planOf(given: PreviewOptions, { reviews = defaultReviewSettings }: Catalogue): CampaignPlan {
  return {
    name: given.name,
    scope: {
      ...everything,
      entitlements: (given.entitlement as EntitlementKey[] | undefined) ?? null,
      tiers: given.tier ?? null,
      departments: given.department ?? null,
      people: given.person ?? null,
      sinceAt: given.grantedSince ?? null,
      unusedDays: given.unused ?? null,
      ends: given.ends ?? null,
    },
    reviewers: given.reviewers ?? reviews.reviewers,
    fallback: given.fallback ?? reviews.fallback,
    dueSeconds: given.due ?? reviews.dueSeconds,
    overdue: given.overdue ?? reviews.overdue,
    extendSeconds: reviews.extendSeconds,
  };
}

/** What can't be meant, said before anything is begun: a campaign about nobody would be "reviewed" at once. */
export async function wrongIn(
  { name, entitlement = [], person = [] }: PreviewOptions,
  { entitlements }: Catalogue,
  db: Db,
): Promise<string | null> {
  if (name.trim() === '') return 'a campaign needs a name';
  const keys: string[] = entitlements.map(({ key }) => key);
  for (const key of entitlement) {
    if (keys.includes(key)) continue;
    const meant = nearest(key, keys);
    return `there is no entitlement ${key}${meant === null ? ' in the catalogue' : `; did you mean ${meant}?`}`;
  }
  for (const email of person)
    if ((await peopleByEmail(db, email)).length === 0) return `nobody is known as ${email}`;
  return null;
}

/** `2026-01-31`, its first moment in UTC. */
export function day(text: string): Date {
  const at = new Date(`${text}T00:00:00Z`);
  // A day that no month has is taken for one of the next month.
  if (Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== text)
    throw new InvalidArgumentError('a day as 2026-01-31.');
  return at;
}

export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('a whole number, at least 1.');
  return Number(text);
}

/** A duration as in the catalogue, in seconds. */
export function seconds(text: string): number {
  const parsed = parseDuration(text);
  if (parsed === null) throw new InvalidArgumentError('a duration as 14d.');
  return parsed;
}
