import type { Change } from '../../core/change/change.ts';
import {
  lapsesWith,
  mayCoincide,
  overlaps,
  START_AHEAD_DEFAULT_SECONDS,
  startOf,
  type Window,
  windowOf,
} from '../../core/change/scheduled.ts';
import type { Entitlement } from '../../core/policy/catalogue.ts';
import { isRefusal, type Refusal, refuse } from '../../core/refusal.ts';
import { pendingRequests, scheduledFor } from '../../store/scheduled.ts';
import type { Unit } from '../kernel/commit.ts';
import type { Data } from '../kernel/context.ts';

/** Whether anybody may ask for a start in the future. */
export function isLaterStartOffered({ catalogue }: Pick<Data, 'catalogue'>): boolean {
  return aheadSeconds({ catalogue }) > 0;
}

function aheadSeconds({ catalogue }: Pick<Data, 'catalogue'>): number {
  return catalogue.current().startAheadSeconds ?? START_AHEAD_DEFAULT_SECONDS;
}

/** From when it is asked for, null for at once; or under which field of the form stands why not: one waits already. */
export async function whenItStarts(
  context: Pick<Data, 'catalogue'>,
  { tx, now }: Pick<Unit, 'tx' | 'now'>,
  asked: { startsAt?: Date | null; seconds: number },
  of: { beneficiary: { id: string; name: string; timeZone: string | null }; entitlement: Entitlement },
): Promise<{ startsAt: Date | null } | { field: 'start' | 'entitlement'; refusal: Refusal }> {
  const start = startOf(asked.startsAt, now, aheadSeconds(context));
  if (isRefusal(start)) return { field: 'start', refusal: start };
  const from = start.startsAt ?? now;
  const window: Window = { startsAt: from, endsAt: new Date(from.getTime() + asked.seconds * 1_000) };
  const { beneficiary, entitlement } = of;
  const [waiting, others] = await Promise.all([
    pendingRequests(tx, beneficiary.id, entitlement.key),
    scheduledFor(tx, beneficiary.id, entitlement.key),
  ]);
  const same = waiting.find((change) => mayCoincide(change, window, now));
  if (same !== undefined)
    return { field: 'entitlement', refusal: alreadyPending(beneficiary, entitlement, same) };
  const other = others.find((scheduled) => overlaps(scheduled, window));
  return other === undefined
    ? start
    : { field: 'entitlement', refusal: alreadyScheduled(other, beneficiary, entitlement) };
}

/** What a request says of its start, and when it lapses undecided: with the end of its time at the latest. */
export function startAndLapse(
  startsAt: Date | null,
  seconds: number,
  lapsesAt: Date,
): { startsAt?: Date; lapsesAt: Date } {
  if (startsAt === null) return { lapsesAt };
  return { startsAt, lapsesAt: lapsesWith({ startsAt, requestedSeconds: seconds }, seconds, lapsesAt) };
}

type Whose = { name: string; timeZone: string | null };

/** `waiting`: left out where another one was faster. */
export function alreadyPending(
  { name, timeZone }: Whose,
  { title }: Entitlement,
  waiting?: Pick<Change, 'startsAt' | 'requestedSeconds'>,
): Refusal {
  const window = waiting === undefined ? null : windowOf(waiting, waiting.requestedSeconds ?? 0);
  const when = window === null ? '' : ` ${inWords(window, timeZone)}`;
  return refuse(
    'alreadyPending',
    `A request of ${title} for ${name}${when} is waiting for a decision already.`,
    window === null
      ? 'See its card, or take it back first.'
      : 'Choose a time that ends before it or begins after it, or take that one back first.',
  );
}

function alreadyScheduled(window: Window, { name, timeZone }: Whose, { title }: Entitlement): Refusal {
  return refuse(
    'alreadyPending',
    `${title} is approved for ${name} already, ${inWords(window, timeZone)}.`,
    'Choose a time that ends before it or begins after it, or take that one back first.',
  );
}

function inWords({ startsAt, endsAt }: Window, timeZone: string | null): string {
  const zone = timeZone ?? 'UTC';
  const time = new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    timeZone: zone,
  });
  return `from ${time.format(startsAt)} until ${time.format(endsAt)} (${zone})`;
}
