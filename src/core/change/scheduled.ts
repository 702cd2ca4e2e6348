import { durationInWords } from '../duration.ts';
import type { GrantId } from '../ids.ts';
import { type Refusal, refuse } from '../refusal.ts';
import type { Change } from './change.ts';
import type { ChangeEvent } from './events.ts';
import type { Base } from './revert.ts';

/** How far ahead an access can be asked for, where the catalogue says nothing, in seconds. */
export const START_AHEAD_DEFAULT_SECONDS = 30 * 86_400;
/** A form is filled in within this time: a start that has passed meanwhile means "at once". In milliseconds. */
const PAST_LEEWAY_MS = 15 * 60_000;
/** Nearer than this is "at once" too: no card is needed that says so. In milliseconds. */
const AT_ONCE_MS = 1_000;

/** The time from one point to another; `endsAt` is not part of it. */
export type Window = { startsAt: Date; endsAt: Date };

/**
 * Pure: the time that was asked for, `seconds` long. It counts from its start, whenever it is decided. Null: it was
 * asked for at once, so that it counts from the decision.
 */
export function windowOf({ startsAt }: Pick<Change, 'startsAt'>, seconds: number): Window | null {
  return startsAt === undefined ? null : { startsAt, endsAt: new Date(startsAt.getTime() + seconds * 1_000) };
}

/** Pure: when an undecided request lapses at the latest: with the end of the time that it is about. */
export function lapsesWith(
  change: Pick<Change, 'startsAt' | 'requestedSeconds'>,
  defaultSeconds: number,
  at: Date,
): Date {
  const window = windowOf(change, change.requestedSeconds ?? defaultSeconds);
  return window === null || window.endsAt > at ? at : window.endsAt;
}

/** Pure: why it can't be given for so long any more: the time asked for is over. Null: it can. */
export function refuseOver(change: Pick<Change, 'startsAt'>, seconds: number, now: Date): Refusal | null {
  const window = windowOf(change, seconds);
  if (window === null || window.endsAt > now) return null;
  return refuse(
    'durationInvalid',
    `It was asked for from a time that has passed, and ${durationInWords(seconds)} from there are over by now.`,
    'Approve it for longer, or deny it; it can be asked for again.',
  );
}

/**
 * Pure: from when it is asked for. Null: at once. A refusal: too far ahead, or long past. `aheadSeconds`: how far ahead
 * the catalogue allows, 0 for not at all.
 */
export function startOf(
  wanted: Date | null | undefined,
  now: Date,
  aheadSeconds: number,
): { startsAt: Date | null } | Refusal {
  if (wanted === null || wanted === undefined) return { startsAt: null };
  if (Number.isNaN(wanted.getTime()))
    return refuse('startInvalid', 'That is no date and time.', 'Choose one, or leave it empty for at once.');
  const aheadMs = wanted.getTime() - now.getTime();
  if (aheadMs < -PAST_LEEWAY_MS)
    return refuse(
      'startInvalid',
      'That time has passed.',
      'Choose a later one, or leave it empty for at once.',
    );
  if (aheadMs <= AT_ONCE_MS) return { startsAt: null };
  if (aheadSeconds === 0)
    return refuse(
      'startInvalid',
      'The catalogue lets nobody ask for a later start.',
      'Leave it empty, and ask when you need it.',
    );
  if (aheadMs > aheadSeconds * 1_000)
    return refuse(
      'startInvalid',
      `Access can be asked for ${durationInWords(aheadSeconds)} ahead at the most.`,
      'Choose an earlier time, or ask later.',
    );
  return { startsAt: wanted };
}

/** Pure: whether two times have a moment in common. */
export function overlaps(a: Window, b: Window): boolean {
  return a.startsAt < b.endsAt && b.startsAt < a.endsAt;
}

type Waiting = Pick<Change, 'cause' | 'startsAt' | 'requestedSeconds' | 'lapsesAt'>;

/**
 * Pure: whether a request that waits may be for a moment of this time. Asked for at once, it begins with its decision,
 * which comes until it lapses. What is no plain request, as an extension or a finding, is about all of the time.
 */
export function mayCoincide(waiting: Waiting, time: Window, now: Date): boolean {
  if (waiting.cause !== 'request') return true;
  const seconds = waiting.requestedSeconds ?? 0;
  const latest = Math.max(now.getTime(), (waiting.lapsesAt ?? now).getTime());
  const atOnce = { startsAt: now, endsAt: new Date(latest + seconds * 1_000) };
  return overlaps(windowOf(waiting, seconds) ?? atOnce, time);
}

/** Pure: the start of what was approved for later, with the end as it was approved. */
export function begun(
  change: Change,
  facts: { verdict: NonNullable<Change['verdict']>; target: NonNullable<Change['target']>; grantId: GrantId },
  now: Date,
): ChangeEvent[] {
  const { scheduled, decision } = change;
  if (change.state !== 'scheduled' || scheduled == null || decision === null) return [];
  return [
    {
      ...byLatchkey(change, now),
      type: 'changeApproved',
      isBeginning: true,
      decision,
      verdict: facts.verdict,
      target: facts.target,
      grant: { id: facts.grantId, startsAt: scheduled.startsAt, endsAt: scheduled.endsAt },
    },
  ];
}

/** Pure: its end came before it could begin. */
export function neverBegun(change: Change, now: Date): ChangeEvent {
  const note = 'its time was over before it could begin';
  return {
    ...byLatchkey(change, now),
    type: 'requestLapsed',
    decision: { outcome: 'lapsed', by: null, byName: 'Latchkey', at: now, note, clickId: null },
  };
}

/** Pure: its start has come and it could not be checked; told once, however often it is tried. */
export function startDelayed(change: Change, why: string, now: Date): ChangeEvent[] {
  return change.state !== 'scheduled' || change.scheduled?.delayed !== undefined
    ? []
    : [{ ...byLatchkey(change, now), type: 'startDelayed', why }];
}

/**
 * Pure: the needs of the rules that were not known when it was approved. Whoever approved it did not decide on them.
 */
export function needsSinceApproved(
  { verdict: before }: Pick<Change, 'verdict'>,
  now: Pick<NonNullable<Change['verdict']>, 'holds'>,
): string[] {
  const known = new Set((before?.holds ?? []).map(({ rule, needs }) => `${rule ?? ''} ${needs}`));
  return (now.holds ?? [])
    .filter(({ rule, needs }) => !known.has(`${rule ?? ''} ${needs}`))
    .map(({ text }) => text);
}

function byLatchkey({ id }: Change, now: Date): Base {
  return { changeId: id, at: now, actor: { part: 'latchkey' } };
}
