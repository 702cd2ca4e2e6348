import { randomUUID } from 'node:crypto';
import type { ChangeEvent } from '../../core/change/events.ts';
import { otherwiseThanShown } from '../../core/change/shown.ts';
import type { ChangeId, GrantId } from '../../core/ids.ts';
import { heldUntil } from '../../core/membership/desired.ts';
import { type By, hasLeft, type Offboarding } from '../../core/offboarding/offboarding.ts';
import { refuseForLeaver } from '../../core/offboarding/refusals.ts';
import { sameEmail } from '../../core/policy/catalogue.ts';
import { evaluateRequest } from '../../core/policy/verdict.ts';
import { isRefusal, type Refusal, refuse } from '../../core/refusal.ts';
import { pendingRequest, readChange } from '../../store/changes.ts';
import { unendedGrants } from '../../store/grants.ts';
import { isKeptOut, leaverCase } from '../../store/offboardings.ts';
import type { Person } from '../../store/people.ts';
import { at as atIdp } from '../idps/idps.ts';
import { commit, type Unit } from '../kernel/commit.ts';
import type { Context, Data } from '../kernel/context.ts';
import { freshPerson } from '../people/identify.ts';
import { type OutsideFacts, outsideFacts, requestFacts } from '../request/request-facts.ts';
import { adminOr, at } from './case.ts';
import { restorableOf } from './view.ts';

/** Gives again what ended and has time left: each grant anew through the road, with the clicker as its approver. */
export async function restore(
  context: Context,
  offboarding: Offboarding,
  clicker: Person,
): Promise<Refusal | null> {
  const mine = await restorableBy(context, offboarding, clicker);
  if (isRefusal(mine)) return mine;
  const person = await freshPerson(context, offboarding.personId);
  if (person === null || !person.isActive)
    return refuse(
      'inactiveInIdp',
      'The account is not active in the identity provider.',
      'Reactivate it first.',
    );
  const by = (await adminOr(context, clicker, offboarding.personId)) ?? {
    id: clicker.id,
    name: clicker.name,
  };
  const outside = await outsideFacts(atIdp(context, {}), context.db, person, { askerId: null });
  return await commit<Refusal | null>(
    context.db,
    async (unit) => {
      const locked = await unit.offboarding(offboarding.id);
      if (locked?.state !== 'returned' && locked?.state !== 'cancelled') return { result: null };
      const left = await leaverCase(unit.tx, person.id);
      if (left !== null && !hasLeft(left)) return { result: refuseForLeaver(person.name, left) };
      if (await isKeptOut(unit.tx, person.id))
        return {
          result: refuse(
            'notEligible',
            `${person.name} is being offboarded again.`,
            'Look at the newer card in the access channel.',
          ),
        };
      const done = new Set(locked.restored.flatMap((one) => one.changeIds as string[]));
      const events: ChangeEvent[] = [];
      const changeIds: ChangeId[] = [];
      const why = locked.cancelled === null ? `${person.name} is back` : 'the offboarding was taken back';
      const refused: string[] = [];
      for (const { changeId } of mine.filter((one) => !done.has(one.changeId))) {
        const given = await givenAgain(context, unit, changeId, { person, by, outside, why });
        if (typeof given === 'string') refused.push(given);
        else {
          events.push(...given);
          changeIds.push(changeId as ChangeId);
        }
      }
      const result = refused.length === 0 || changeIds.length > 0 ? null : nothingGiven(refused);
      if (changeIds.length === 0) return { result };
      return {
        result,
        events: [...events, { type: 'accessRestored', ...at(unit, locked.id, by), by, changeIds }],
      };
    },
    context.nudge,
  );
}

function nothingGiven(refused: readonly string[]): Refusal {
  return refuse(
    'notEligible',
    `Nothing was restored: ${refused.join('; ')}.`,
    'Have it asked for with /access.',
  );
}

/** What ended and this clicker may give again. */
async function restorableBy(
  context: Data,
  offboarding: Offboarding,
  clicker: Person,
): Promise<Awaited<ReturnType<typeof restorableOf>> | Refusal> {
  if (clicker.id === offboarding.personId)
    return refuse('selfApproval', 'It is about you, so you can’t restore it.', 'An admin or an owner can.');
  const all = await restorableOf(context, offboarding);
  if (all.length === 0)
    return refuse(
      'nothingToEnd',
      'There is nothing left to restore.',
      'Access can be asked for with /access.',
    );
  const owns = (key: string) => sameEmail(context.catalogue.entitlement(key)?.owner ?? '', clicker.email);
  const isTheirs = (await adminOr(context, clicker, offboarding.personId)) !== null;
  const mine = all.filter(({ entitlementKey }) => isTheirs || owns(entitlementKey));
  return mine.length > 0
    ? mine
    : refuse('notAnApprover', 'Only an admin or the owner of the access can restore it.', 'Ask one of them.');
}

/** The grant anew until its old end; a text: why not. */
async function givenAgain(
  context: Data,
  unit: Unit,
  changeId: string,
  { person, by, outside, why }: { person: Person; by: By; outside: OutsideFacts; why: string },
): Promise<ChangeEvent[] | string> {
  const before = await readChange(unit.tx, changeId);
  const entitlement = before === null ? null : context.catalogue.entitlement(before.entitlementKey);
  const status = entitlement === null ? null : context.catalogue.status(entitlement.key);
  if (before?.grant == null || entitlement === null || status?.status !== 'ready')
    return 'it can’t be given at the moment';
  const held = await unendedGrants(unit.tx, { personId: person.id, entitlementKey: entitlement.key });
  if (heldUntil(held, unit.now) !== null) return `${entitlement.title} is held already`;
  if ((await pendingRequest(unit.tx, person.id, entitlement.key)) !== null)
    return `${entitlement.title} waits for a decision already`;
  const changed = otherwiseThanShown(before, { entitlement, target: status.target, verdict: null });
  if (changed.length > 0)
    return `${entitlement.title} is not what was granted any more: ${changed.join('; ')}`;
  const facts = await requestFacts(context, unit.tx, {
    entitlement,
    beneficiary: person,
    change: before,
    outside,
  });
  const verdict = evaluateRequest(facts, context.catalogue.rules());
  if (verdict.effect === 'refuse')
    return `${entitlement.title}: ${verdict.grounds.map((ground) => ground.text).join('; ')}`;
  const id = randomUUID() as ChangeId;
  const base = { changeId: id, at: unit.now, actor: { person: by.id, name: by.name } } as const;
  return [
    {
      ...base,
      type: 'changeReceived',
      kind: 'grant',
      cause: 'restore',
      entitlementKey: entitlement.key,
      personId: person.id,
      requesterId: null,
      reason: `Given again: ${why}. First given for: ${before.reason}`.slice(0, 1_000),
      ticket: before.ticket,
      requestedSeconds: null,
      target: status.target,
      via: 'offboarding',
      lapsesAt: null,
    },
    {
      ...base,
      type: 'changeApproved',
      grant: { id: randomUUID() as GrantId, startsAt: unit.now, endsAt: before.grant.endsAt },
      verdict,
      target: status.target,
      decision: { outcome: 'approved', by: by.id, byName: by.name, at: unit.now, note: null, clickId: null },
    },
  ];
}
