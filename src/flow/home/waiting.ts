import type { Change } from '../../core/change/change.ts';
import { type HomePages, type Paged, pageOf } from '../../core/home/pages.ts';
import { massWaitsFor, waitsFor } from '../../core/home/waiting.ts';
import type { MassChange } from '../../core/mass-change/mass-change.ts';
import { type OffboardingItem, openItemsOf } from '../../core/offboarding/offboarding.ts';
import { sameEmail } from '../../core/policy/catalogue.ts';
import { askedOf, placesOf } from '../../store/homes.ts';
import { progressOf } from '../../store/mass-progress.ts';
import { openCases } from '../../store/offboardings.ts';
import { linkOf, type Person } from '../../store/people.ts';
import { readSummary } from '../../store/summaries.ts';
import type { Context, Parties } from '../kernel/context.ts';

/** Something that waits for the reader's decision. `url`: where its card is; null: not known. */
export type HomeWaiting = { url: string | null } & (
  | { kind: 'change'; change: Change; title: string; gives: string | null; summary: string | null }
  | { kind: 'massChange'; massChange: MassChange; title: string; open: number; personId: string | null }
  /** Whether somebody has left the company. */
  | { kind: 'leaver'; personId: string }
  /** What somebody who has left owned. */
  | { kind: 'applications'; personId: string; count: number }
);

/** More open cases than this at once are a mass of leavers, on one card. */
export const CASES_MAX = 500;

/** Of more that waits for one person, the rest is counted once those are decided. */
const ASKED_MAX = 300;

/**
 * The decisions that wait for this person: as approver, as admin, and as one who is asked about a leaver's
 * applications.
 */
export async function readWaiting(
  context: Context,
  person: Person,
  { isAdmin, pages }: { isAdmin: boolean; pages: HomePages },
): Promise<Paged<HomeWaiting>> {
  const [{ changes, massChanges }, leavers] = await Promise.all([
    askedOf(context.db, person.id, ASKED_MAX),
    aboutLeavers(context, person, isAdmin),
  ]);
  const page = pageOf<Change | MassChange | HomeWaiting>(
    [
      ...massChanges.filter((mass) => massWaitsFor(mass, person.id)),
      ...leavers,
      ...changes.filter((change) => waitsFor(change, person.id)),
    ],
    'waiting',
    pages,
  );
  const cards = await linksOf(
    context,
    page.shown.flatMap((one) => ('id' in one ? [one.id] : [])),
    'card',
  );
  const lineOf = async (one: Change | MassChange | HomeWaiting): Promise<HomeWaiting> => {
    if (!('id' in one)) return one;
    const line = 'scope' in one ? await massLine(context, one) : await changeLine(context, one);
    return { ...line, url: cards.get(one.id) ?? null };
  };
  return { ...page, shown: await Promise.all(page.shown.map(lineOf)) };
}

async function changeLine(context: Context, change: Change): Promise<HomeWaiting> {
  const entitlement = context.catalogue.entitlement(change.entitlementKey);
  return {
    kind: 'change',
    change,
    title: entitlement?.title ?? change.entitlementKey,
    gives: entitlement?.gives ?? null,
    summary: (await readSummary(context.db, change.id))?.plain ?? null,
    url: null,
  };
}

async function massLine(context: Context, massChange: MassChange): Promise<HomeWaiting> {
  const { id, entitlementKey: key, moved } = massChange;
  const { open } = await progressOf(context.db, id);
  const title = key === null ? '' : (context.catalogue.entitlement(key)?.title ?? key);
  return { kind: 'massChange', massChange, title, open, personId: moved?.personId ?? null, url: null };
}

/**
 * The questions about people who have left. An application that this person decided on already, or that is about them,
 * waits for others.
 */
async function aboutLeavers(context: Context, person: Person, isAdmin: boolean): Promise<HomeWaiting[]> {
  const { cases } = await openCases(context.db, CASES_MAX);
  const isTheirs = ({ decision, agreed = [], owners }: OffboardingItem) =>
    decision === null &&
    !agreed.some(({ by }) => by.id === person.id) &&
    (owners.length === 0 ? isAdmin : owners.some((email) => sameEmail(email, person.email)));
  const asked = cases.flatMap((offboarding): { id: string; line: HomeWaiting }[] => {
    const { id, personId, state } = offboarding;
    if (personId === person.id) return [];
    const count = openItemsOf(offboarding).filter(isTheirs).length;
    return [
      ...(state === 'asking' && isAdmin
        ? [{ id, line: { kind: 'leaver', personId, url: null } as const }]
        : []),
      ...(count > 0 ? [{ id, line: { kind: 'applications', personId, count, url: null } as const }] : []),
    ];
  });
  if (asked.length === 0) return [];
  const ids = asked.map(({ id }) => id);
  const account = await linkOf(context.db, person.id, context.chat.system);
  const [cards, toThem] = await Promise.all([
    linksOf(context, ids, 'card'),
    linksOf(context, ids, `applications:${account}`),
  ]);
  return asked.map(({ id, line }) => {
    const own = line.kind === 'applications' ? toThem.get(id) : undefined;
    return { ...line, url: own ?? cards.get(id) ?? null };
  });
}

/** Addresses of the messages about these that have this key. */
export async function linksOf(
  context: Pick<Context, 'db'> & Pick<Parties, 'messenger'>,
  ids: readonly string[],
  key: string,
): Promise<Map<string, string>> {
  const places = await placesOf(context.db, ids, key);
  const links = await Promise.all(
    [...places].map(async ([id, place]) => [id, await context.messenger.linkTo(place)] as const),
  );
  return new Map(links.flatMap(([id, url]) => (url === null ? [] : [[id, url] as const])));
}
