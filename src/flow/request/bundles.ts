import { createHash } from 'node:crypto';
import type { Bundle, Entitlement, Tier } from '../../core/policy/catalogue.ts';
import type { Context, Data } from '../kernel/context.ts';
import { inNames, saidOf } from '../people/said.ts';
import { type Received, receiveRequest, refuseForeignDuration, type Submission } from './receive.ts';
import { requestable } from './requestable.ts';
import { refuseOther, shownAs } from './shown-form.ts';

/** A choice that the form offers: an entitlement, or several that are asked for together. */
export type Choice = Pick<
  Entitlement,
  'title' | 'gives' | 'tier' | 'durationsSeconds' | 'defaultSeconds' | 'maxSeconds'
> & {
  key: string;
  /** What a form that shows it carries. */
  shownAs?: string;
};

/** Before the key of a bundle, where a choice of either kind is named. */
const BUNDLE = 'bundle:';
const tiers: readonly Tier[] = ['low', 'medium', 'high', 'critical'];

/** The choices of this person right now, bundles last: only bundles of which they may ask for all. */
export function choices(context: Data, person: { email: string; department: string | null }): Choice[] {
  const single = requestable(context, person);
  const whole = context.catalogue.current().bundles.flatMap((bundle) => {
    const parts = single.filter((e) => bundle.entitlements.includes(e.key));
    return parts.length === bundle.entitlements.length ? asChoice(bundle, parts) : [];
  });
  return [...single, ...whole];
}

/** The choice of this name as the catalogue has it. */
export function choiceOf(context: Data, key: string): Choice | null {
  const bundle = bundleOf(context, key);
  const shown = shownAs(context, bundle?.entitlements ?? [key]);
  const parts = (bundle?.entitlements ?? []).flatMap((part) => context.catalogue.entitlement(part) ?? []);
  const choice = bundle === null ? context.catalogue.entitlement(key) : (asChoice(bundle, parts)[0] ?? null);
  return choice === null || shown === null ? choice : { ...choice, shownAs: shown };
}

/** For as long as every part can be had: what all of them offer, or else the longest that all allow. */
function asChoice(bundle: Bundle, parts: readonly Entitlement[]): Choice[] {
  const [first, ...others] = parts;
  if (first === undefined) return [];
  const maxSeconds = Math.min(...parts.map((e) => e.maxSeconds));
  const common = first.durationsSeconds.filter((s) => others.every((e) => e.durationsSeconds.includes(s)));
  const durationsSeconds = common.length > 0 ? common : [maxSeconds];
  const freeTextAsked = Math.min(...parts.map((e) => e.defaultSeconds));
  return [
    {
      key: `${BUNDLE}${bundle.key}`,
      title: bundle.title,
      gives: parts.map((e) => e.title).join(' and '),
      tier: tiers.findLast((tier) => parts.some((e) => e.tier === tier)) ?? 'critical',
      durationsSeconds,
      defaultSeconds: durationsSeconds.findLast((s) => s <= freeTextAsked) ?? (durationsSeconds[0] as number),
      maxSeconds,
    },
  ];
}

function bundleOf(context: Data, key: string): Bundle | null {
  return context.catalogue.current().bundles.find((bundle) => `${BUNDLE}${bundle.key}` === key) ?? null;
}

export type ReceivedBundle = {
  /** Titles of what was asked for. */
  asked: string[];
  /** What was not, and why, in words. */
  notAsked: string[];
};

/** Takes in what the form was sent with: an entitlement, or a bundle. */
export async function receiveChoice(
  context: Context,
  submission: Submission,
): Promise<Received | ReceivedBundle> {
  const bundle = bundleOf(context, submission.entitlementKey);
  if (bundle === null) return await receiveRequest(context, submission);
  return (
    refuseForeignDuration(submission, bundle.title) ?? (await receiveBundle(context, bundle, submission))
  );
}

/**
 * Takes in a request of a bundle: a change for each of its entitlements, which goes its own way. Those with the same
 * approvers are put to them on one card. Sent twice, each is found again.
 */
async function receiveBundle(
  context: Context,
  bundle: Bundle,
  submission: Submission,
): Promise<ReceivedBundle> {
  const result: ReceivedBundle = { asked: [], notAsked: [] };
  const { shownAs: shown, ...parts } = submission;
  const other = refuseOther(context, bundle.entitlements, { shown, title: bundle.title });
  if (other !== null) return { ...result, notAsked: [`${other.text} ${other.next}`] };
  const id = jointIdOf(submission.idempotencyKey);
  for (const [place, key] of bundle.entitlements.entries()) {
    const title = context.catalogue.entitlement(key)?.title ?? key;
    const received = await receiveRequest(context, {
      ...parts,
      entitlementKey: key,
      durationOf: key,
      joint: { id, place },
      idempotencyKey: `${submission.idempotencyKey}:${key}`,
    });
    if (received.received) result.asked.push(title);
    else if ('heldUntil' in received)
      result.notAsked.push(`${title} is held already; ask for it by itself to extend it.`);
    else result.notAsked.push(inNames(await saidOf(context, received.refusal)));
  }
  return result;
}

/** The same form sent twice asks for the same together: the id follows from its key, in the shape of a UUID. */
function jointIdOf(idempotencyKey: string): string {
  const hex = createHash('sha256').update(idempotencyKey).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `5${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
