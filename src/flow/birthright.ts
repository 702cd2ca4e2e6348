import { randomUUID } from 'node:crypto';
import {
  asGiven,
  birthrightEvents,
  birthrightsOf,
  isBirthright,
  renewAheadSeconds,
} from '../core/birthright.ts';
import type { Entitlement } from '../core/catalogue.ts';
import type { Change, ChangeEvent } from '../core/change.ts';
import type { ChangeId, GrantId } from '../core/ids.ts';
import { evaluateRequest } from '../core/verdict.ts';
import { birthrightsDue, heldByRule } from '../store/birthrights.ts';
import { pendingRequest } from '../store/changes.ts';
import { databaseNow } from '../store/clock.ts';
import { isKeptOut } from '../store/offboardings.ts';
import { type Person, readPerson } from '../store/people.ts';
import { commit, type Unit } from './commit.ts';
import { endGrants } from './end.ts';
import { type OutsideFacts, outsideFacts, requestFacts } from './request-facts.ts';
import type { Road } from './road.ts';

/** Looked at in one query, and written in as many commits. */
const PAGE = 100;

/**
 * What rules give and take when a person arrives or moves: what is everybody's in the new department is given, what was
 * the old one's ends, with a revoke unless another grant keeps it. The caller commits the events.
 */
export async function birthrightsAtTurn(
  road: Road,
  unit: Unit,
  person: Person,
  outside: OutsideFacts,
): Promise<ChangeEvent[]> {
  const held = await heldByRule(unit.tx, person.id);
  const over: Change[] = [];
  for (const { id, key } of held) {
    const entitlement = road.catalogue.entitlement(key);
    if (entitlement !== null && isBirthright(entitlement, person.department)) continue;
    const change = await unit.change(id);
    if (change !== null) over.push(change);
  }
  const events = (await endGrants(unit, over, 'move', null)) ?? [];
  // Whom an admin offboarded gets nothing by rule afterwards either, though the IdP may never hear of it.
  if (person.status !== 'active' || (await isKeptOut(unit.tx, person.id))) return events;
  for (const entitlement of birthrightsOf(road.catalogue.current(), person.department))
    if (!held.some(({ key }) => key === entitlement.key))
      events.push(...(await give(road, unit, person, entitlement, { isRenewal: false, outside })));
  return events;
}

/**
 * Renews before their end what rules give, while they give it, and gives what was missed (the entitlement could not be
 * given on the day of arrival). Level-triggered, so safe to run twice.
 */
export async function renewBirthrights(road: Road): Promise<void> {
  for (const entitlement of road.catalogue.current().entitlements)
    if (entitlement.birthright !== null && road.catalogue.status(entitlement.key).status === 'ready')
      await renewOne(road, entitlement, entitlement.birthright.departments);
}

async function renewOne(road: Road, entitlement: Entitlement, departments: readonly string[]): Promise<void> {
  const now = await databaseNow(road.db);
  const until = new Date(now.getTime() + renewAheadSeconds(entitlement.maxSeconds) * 1_000);
  let after: string | null = null;
  for (;;) {
    const due = await birthrightsDue(
      road.db,
      { entitlementKey: entitlement.key, departments, until },
      after,
      PAGE,
    );
    for (const personId of due)
      await road.locks.withLock(`person:${personId}`, async () => {
        const known = await readPerson(road.db, personId);
        const outside = known === null ? {} : await outsideFacts(road, road.db, known, { isAsking: false });
        await commit(
          road.db,
          async (unit) => {
            const person = await readPerson(unit.tx, personId);
            if (person === null || person.status !== 'active') return { result: null };
            if (await isKeptOut(unit.tx, personId)) return { result: null };
            if (!isBirthright(entitlement, person.department)) return { result: null };
            const held = await heldByRule(unit.tx, personId);
            const isRenewal = held.some(({ key }) => key === entitlement.key);
            return {
              result: null,
              events: await give(road, unit, person, entitlement, { isRenewal, outside }),
            };
          },
          road.nudge,
        );
      });
    after = due.at(-1) ?? null;
    if (due.length < PAGE) return;
  }
}

/** Nothing where a person has to decide after all: then they can ask for it. */
async function give(
  road: Road,
  unit: Unit,
  person: Person,
  entitlement: Entitlement,
  { isRenewal, outside }: { isRenewal: boolean; outside: OutsideFacts },
): Promise<ChangeEvent[]> {
  const status = road.catalogue.status(entitlement.key);
  if (status.status !== 'ready' || person.department === null) return [];
  // It waits for a decision: given once that is made.
  if ((await pendingRequest(unit.tx, person.id, entitlement.key)) !== null) return [];
  const changeId = randomUUID() as ChangeId;
  const facts = await requestFacts(road, unit.tx, {
    entitlement: asGiven(entitlement),
    beneficiary: person,
    change: {
      id: changeId,
      cause: 'birthright',
      requesterId: person.id,
      requestedSeconds: entitlement.maxSeconds,
      requestedAt: unit.now,
      ticket: null,
    },
    outside,
  });
  const verdict = evaluateRequest(facts, road.catalogue.rules());
  if (verdict.effect !== 'autoApprove') return [];
  return birthrightEvents({
    changeId,
    grantId: randomUUID() as GrantId,
    personId: person.id,
    department: person.department,
    entitlement,
    target: status.target,
    verdict,
    isRenewal,
    now: unit.now,
  });
}
