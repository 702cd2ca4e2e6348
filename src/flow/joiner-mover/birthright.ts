import { randomUUID } from 'node:crypto';
import type { Change } from '../../core/change/change.ts';
import type { ChangeEvent } from '../../core/change/events.ts';
import { nextState } from '../../core/change/life-cycle.ts';
import type { ChangeId, GrantId } from '../../core/ids.ts';
import {
  type BirthrightFacts,
  birthrightAsked,
  birthrightClosed,
  birthrightEvents,
  birthrightsOf,
  choiceOf,
  isBirthright,
  noLongerNeeded,
  renewAheadSeconds,
} from '../../core/joiner-mover/birthright.ts';
import type { Entitlement } from '../../core/policy/catalogue.ts';
import { evaluateRequest, type Verdict } from '../../core/policy/verdict.ts';
import {
  askedByRule,
  birthrightsDue,
  forgetWithheld,
  heldByRule,
  noteWithheld,
} from '../../store/birthrights.ts';
import { pendingRequest } from '../../store/changes.ts';
import { isKeptOut } from '../../store/offboardings.ts';
import { holdPerson, type Person, readPerson } from '../../store/people.ts';
import { readPersonAt } from '../../store/person-snapshots.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { type AtIdp, at, belongsTo } from '../idps/idps.ts';
import { commit, type Following, together, type Unit } from '../kernel/commit.ts';
import type { Context, Data, Parties } from '../kernel/context.ts';
import { endGrants } from '../membership/end-grants.ts';
import { type OutsideFacts, outsideFacts, requestFacts } from '../request/request-facts.ts';

/** Looked at in one query, and written in as many commits. */
const PAGE = 100;

/** A change by which somebody holds something by rule. */
type Held = { id: string; key: string };

/**
 * The birthrights that rules give and take when a person arrives or moves. The new department's birthrights are given.
 * The old department's end, each with a revoke unless another grant keeps the access. The caller commits the events.
 */
export async function birthrightsAtTurn(
  context: Data & Parties & AtIdp,
  unit: Unit,
  person: Person,
  outside: OutsideFacts,
): Promise<Following> {
  const held = await heldByRule(unit.tx, person.id);
  const over: Change[] = [];
  for (const { id, key } of held) {
    const entitlement = context.catalogue.entitlement(key);
    if (entitlement !== null && !belongsTo(context, entitlement)) continue;
    if (entitlement !== null && isBirthright(entitlement, person.department)) continue;
    const change = await unit.change(id);
    if (change !== null) over.push(change);
  }
  const events = (await endGrants(unit, over, 'move', null)) ?? [];
  for (const { id, key } of await askedByRule(unit.tx, person.id)) {
    const entitlement = context.catalogue.entitlement(key);
    const change = await unit.change(id);
    if (entitlement === null || change === null || !belongsTo(context, entitlement)) continue;
    const why = noLongerNeeded(change, entitlement, person.department);
    if (why !== null) events.push(birthrightClosed(change.id, why, unit.now));
  }
  // A person whom an admin offboarded gets nothing by rule afterwards either, though the IdP may never be told of it.
  if (person.status !== 'active' || (await isKeptOut(unit.tx, person.id))) return { events };
  const following: Following[] = [{ events }];
  for (const entitlement of birthrightsOf(context.catalogue.current(), person.department))
    if (belongsTo(context, entitlement) && !held.some(({ key }) => key === entitlement.key))
      following.push(await give(context, unit, entitlement, { person, held, outside }));
  return together(following);
}

/**
 * Renews birthrights before their end, while rules give them. It also gives those that were missed (the entitlement
 * could not be given on the day of arrival). Level-triggered, so safe to run twice.
 */
export async function renewBirthrights(context: Context): Promise<void> {
  for (const entitlement of context.catalogue.current().entitlements)
    if (entitlement.birthright !== null && context.catalogue.status(entitlement.key).status === 'ready')
      await renewOne(context, entitlement, entitlement.birthright.departments);
}

/** The lock of a person as one identity provider has them. */
export function personAt(personId: string, { system }: { system: string }): string {
  return `person:${personId}:${system}`;
}

async function renewOne(
  context: Context,
  entitlement: Entitlement,
  departments: readonly string[],
): Promise<void> {
  const { system } = at(context, entitlement).idp;
  const now = await databaseNow(context.db);
  const until = new Date(now.getTime() + renewAheadSeconds(entitlement.maxSeconds) * 1_000);
  let after: string | null = null;
  for (;;) {
    const due = await birthrightsDue(
      context.db,
      { entitlementKey: entitlement.key, system, departments, until },
      after,
      PAGE,
    );
    for (const personId of due)
      await context.locks.withLock(personAt(personId, { system }), async () => {
        const known = await readPerson(context.db, personId);
        const outside =
          known === null
            ? {}
            : await outsideFacts(at(context, entitlement), context.db, known, { askerId: null });
        await commit(
          context.db,
          async (unit) => {
            await holdPerson(unit.tx, personId);
            const person = await readPersonAt(unit.tx, personId, system);
            if (person === null || person.status !== 'active') return { result: null };
            if (await isKeptOut(unit.tx, personId)) return { result: null };
            if (!isBirthright(entitlement, person.department)) return { result: null };
            const held = await heldByRule(unit.tx, personId);
            return { result: null, ...(await give(context, unit, entitlement, { person, held, outside })) };
          },
          context.nudge,
        );
      });
    after = due.at(-1) ?? null;
    if (due.length < PAGE) return;
  }
}

/** A birthright passes the policy like a request, now and at each renewal. */
async function give(
  context: Data,
  unit: Unit,
  entitlement: Entitlement,
  { person, held, outside }: { person: Person; held: readonly Held[]; outside: OutsideFacts },
): Promise<Following> {
  const status = context.catalogue.status(entitlement.key);
  if (status.status !== 'ready' || person.department === null) return {};
  // It waits for a decision: given once that is made.
  if ((await pendingRequest(unit.tx, person.id, entitlement.key)) !== null) return {};
  const renewed = held.filter(({ key }) => key === entitlement.key);
  const facts: BirthrightFacts = {
    changeId: randomUUID() as ChangeId,
    personId: person.id,
    department: person.department,
    entitlement,
    target: status.target,
    isRenewal: renewed.length > 0,
    now: unit.now,
  };
  const verdict = await verdictOn(context, unit, facts, { person, outside });
  const choice = choiceOf(verdict);
  const pair = { personId: person.id, entitlementKey: entitlement.key };
  if (choice === 'withheld') return await withhold(unit, { ...pair, renewed }, verdict);
  await forgetWithheld(unit.tx, pair);
  if (choice === 'given')
    return { events: birthrightEvents({ ...facts, grantId: randomUUID() as GrantId, verdict }) };
  return {
    events: birthrightAsked(facts, context.catalogue.current().lapseSeconds),
    jobs: [{ job: 'assessRequest', changeId: facts.changeId }],
  };
}

async function verdictOn(
  context: Data,
  unit: Unit,
  { changeId, entitlement, isRenewal }: BirthrightFacts,
  { person, outside }: { person: Person; outside: OutsideFacts },
): Promise<Verdict> {
  const change = {
    id: changeId,
    cause: isRenewal ? 'renewal' : 'birthright',
    requesterId: null,
    requestedSeconds: entitlement.maxSeconds,
    requestedAt: unit.now,
    ticket: null,
  } as const;
  const facts = await requestFacts(context, unit.tx, { entitlement, beneficiary: person, change, outside });
  return evaluateRequest(facts, context.catalogue.rules());
}

/** The audit says why, once; whoever has it is told that it will end. */
async function withhold(
  unit: Unit,
  {
    personId,
    entitlementKey,
    renewed,
  }: { personId: string; entitlementKey: string; renewed: readonly Held[] },
  verdict: Verdict,
): Promise<Following> {
  const grounds = verdict.grounds.map(({ text, clause }) => (clause === null ? text : `${text} (${clause})`));
  if (!(await noteWithheld(unit.tx, { personId, entitlementKey }, grounds.join('; ')))) return {};
  const base = { at: unit.now, actor: { part: 'latchkey' } } as const;
  const events: ChangeEvent[] = [];
  for (const { id } of renewed) {
    const change = await unit.change(id);
    if (change?.grant == null || change.endingWarnedAt !== null) continue;
    if (nextState(change.state, 'endingWarned') === null) continue;
    events.push({ ...base, type: 'endingWarned', changeId: change.id, endsAt: change.grant.endsAt });
  }
  const data = { personId, entitlementKey, isRenewal: renewed.length > 0, grounds, policy: verdict.policy };
  return { events, notes: [{ ...base, type: 'birthrightWithheld', changeId: null, data }] };
}
