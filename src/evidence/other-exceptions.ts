import { beyondTerms } from '../core/evidence/privileged.ts';
import { isPrivileged } from '../core/policy/privileged.ts';
import { type CanaryGap, canaryGaps } from '../store/evidence/canary-gaps.ts';
import { rowsOf } from '../store/evidence/cursor.ts';
import { canaryRounds } from '../store/evidence/other-lists.ts';
import type { PopulationRow } from '../store/evidence/populations.ts';
import type { Row } from './list.ts';
import { matchedInWords } from './page-populations.ts';
import { reasonOf, type WithoutChange } from './privileged-rows.ts';
import type { TermsFound } from './terms.ts';
import type { Writing } from './writing.ts';

const beyondKinds = {
  tooLong: 'privileged: granted for longer than the catalogue allows',
  tooFew: 'privileged: approved by fewer people than the catalogue asks for',
};

/** Of a privileged access: where it is beyond what the catalogue of its decision allows. */
export function privilegedExceptions(row: PopulationRow, found: TermsFound): Row[] {
  const { terms, isOfThen } = found;
  if (!isPrivileged(terms.tier)) return [];
  const { id, person, email, entitlement, cause, startsAt, endsAt, approvals, decision } = row;
  const by = isOfThen ? 'by the catalogue that decided' : 'by the catalogue of today';
  return beyondTerms({ cause, startsAt, endsAt, approvals, decision }, terms).map(({ kind, what }) => ({
    kind: beyondKinds[kind],
    at: decision?.at ?? row.legs.decidedAt,
    change: id,
    person,
    email,
    entitlement,
    what: `${what} (${by})`,
  }));
}

/** Privileged access that no change gave, and that has no end: nobody approved it, as far as Latchkey knows. */
export function endlessExceptions(held: WithoutChange): Row[] {
  const { row, is } = held;
  // What waits for a decision is among what is open.
  if (is === 'found' || row.until != null) return [];
  const { person, email, entitlement, since } = row;
  return [
    {
      kind: 'privileged: standing, approved by nobody that Latchkey knows',
      at: since ?? null,
      person,
      email,
      entitlement,
      what: `without an approval and without an end: ${reasonOf(held)}`,
    } as Row,
  ];
}

/** A membership change that Latchkey had not made, as a log has it. */
export type MadeAround = {
  occurredAt: Date;
  source: string;
  direction: 'added' | 'removed';
  place: string | null;
  madeBy: string | null;
  matched: string;
  change: string | null;
  person: string | null;
  email: string | null;
  account?: string | null;
  entitlement: string | null;
};

/** One happening, as each log that told of it has it, the first one first. */
export function aroundException(events: readonly [MadeAround, ...MadeAround[]]): Row {
  const [{ occurredAt, direction, place, person, email, account }] = events;
  // What is pushed on to Anypoint was made elsewhere: there stands who did it.
  const named = events.find(
    ({ madeBy, source }) => madeBy !== null && (source !== ANYPOINT || events.length === 1),
  );
  const who = named?.madeBy ?? 'somebody whom no log names';
  const whom = person ?? account ?? 'somebody whom nobody knows';
  const logs = events.map((one) => (one.place === place ? one.source : `${one.source} (${one.place})`));
  const { matched } = events.find((one) => one.matched !== 'nothing') ?? events[0];
  const what = direction === 'added' ? `put ${whom} into` : `took ${whom} out of`;
  return {
    kind: 'made around Latchkey',
    at: occurredAt,
    change: events.find(({ change }) => change !== null)?.change ?? null,
    person: whom,
    email,
    entitlement: events.find(({ entitlement }) => entitlement !== null)?.entitlement ?? null,
    what: `${who} ${what} ${place ?? 'a place without a name'}, by ${logs.join(', ')}: ${matchedInWords[matched] ?? matched}`,
  };
}

const ANYPOINT = 'anypointAudit';

/** Rounds of the canary that missed, and days without one: of those it is no evidence. */
export async function canaryExceptions({ tx, plan, exceptions }: Writing, madeAt: Date): Promise<void> {
  for await (const round of rowsOf(tx, canaryRounds(plan))) {
    const { result, startedAt, secondsToGone, secondsToEffect, objectiveSeconds, stuckAt, stuckBecause } =
      round;
    if (result !== 'miss') continue;
    const took =
      secondsToGone === null
        ? secondsToEffect === null
          ? 'never seen in effect'
          : 'never seen gone'
        : `gone after ${secondsToGone} s`;
    const stuck = stuckAt === null ? '' : `; stuck at ${stuckAt}: ${stuckBecause}`;
    await exceptions.add({
      kind: 'canary: a round missed the objective',
      at: startedAt ?? null,
      what: `round ${round.round}: ${took}, the objective is ${Number(objectiveSeconds)} s${stuck}`,
    });
  }
  const { rows: gaps } = await canaryGaps(plan, madeAt).execute(tx);
  for (const gap of gaps) await exceptions.add(gapRow(gap));
}

function gapRow({ firstDay, lastDay, days }: CanaryGap): Row {
  const span = days === 1 ? `on ${firstDay}` : `from ${firstDay} to ${lastDay}, ${days} days`;
  return {
    kind: 'canary: days without a round',
    at: new Date(`${firstDay}T00:00:00Z`),
    what: `no round began ${span}: of that time it is no evidence`,
  };
}
