import { randomUUID } from 'node:crypto';
import type { Actor } from '../../core/change/events.ts';
import { otherwiseOnCard } from '../../core/change/shown.ts';
import { Fault } from '../../core/fault.ts';
import type { ChangeId, GrantId, PersonId } from '../../core/ids.ts';
import { lookAgainMs } from '../../core/jobs/look-again.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import { itemEvents } from '../../core/mass-change/items.ts';
import {
  type CarriedOut,
  choiceOf,
  type MassChange,
  type MassDecision,
  type MassItem,
} from '../../core/mass-change/mass-change.ts';
import { isAllSeen } from '../../core/mass-change/words.ts';
import { approversTaken, type Entitlement, type Target } from '../../core/policy/catalogue.ts';
import { evaluateRequest, quorumUnder } from '../../core/policy/verdict.ts';
import { endBaseline, isInBaseline } from '../../store/baseline.ts';
import { pendingRequest, underwayIds } from '../../store/changes.ts';
import { noteCarriedOut, openItems, readMassChange } from '../../store/mass-changes.ts';
import { progressOf } from '../../store/mass-progress.ts';
import { isKeptOut } from '../../store/offboardings.ts';
import { readPerson } from '../../store/people.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { at } from '../idps/idps.ts';
import { commit, type Following, together, type Unit } from '../kernel/commit.ts';
import { type Context, type Data, done, type Ran } from '../kernel/context.ts';
import { endGrant, grantsEndedWith } from '../membership/end-grants.ts';
import { isWanted } from '../membership/wanted-in-group.ts';
import { type OutsideFacts, outsideFacts, requestFacts } from '../request/request-facts.ts';
import { membershipNote } from './collect.ts';
import { shownNow } from './deciders.ts';
import type { DecideHeld } from './held-people.ts';

/** Items worked off in one commit. */
const BATCH = 100;

/**
 * Carries out what was decided on one card. Each item joins the road at "apply", one batch to a commit. So it goes on
 * where it was, whatever is killed. Then it watches until MuleSoft shows all of it, and counts on the card.
 * Level-triggered: an item that agrees meanwhile, or that somebody decides on elsewhere, is left alone.
 */
export async function carryOutMassChange(
  context: Context,
  job: Extract<Job, { job: 'carryOutMassChange' }>,
  decideHeld: DecideHeld,
): Promise<Ran> {
  return await context.locks.withLock(`carryOutMassChange:${job.massChangeId}`, async () => {
    const mass = await readMassChange(context.db, job.massChangeId);
    if (mass === null || mass.state !== 'decided' || mass.decision === null) return done;
    if ((await carryOutSome(context, { mass, decision: mass.decision, decideHeld })) > 0)
      return { againInMs: 0 };
    const isSeen = isAllSeen(await progressOf(context.db, mass.id));
    await commit(
      context.db,
      async (unit) => {
        const locked = isSeen ? await unit.massChange(mass.id) : null;
        return {
          result: null,
          jobs: [{ job: 'updateCard', about: 'massChange', id: mass.id }],
          events:
            locked?.state === 'decided'
              ? [
                  {
                    type: 'massDone',
                    massChangeId: mass.id,
                    at: unit.now,
                    actor: { part: 'latchkey' },
                  },
                ]
              : [],
        };
      },
      context.nudge,
    );
    if (isSeen) return done;
    const age = (await databaseNow(context.db)).getTime() - mass.decision.at.getTime();
    return { againInMs: lookAgainMs('massChange', age) };
  });
}

/** Answers how many were carried out. */
async function carryOutSome(context: Context, decided: Omit<Card, 'outside'>): Promise<number> {
  const card: Card = { ...decided, outside: await outsideOf(context, decided) };
  try {
    return await carryOutBatch(context, card, () => true);
  } catch (error) {
    // What passes, as a database that is away, would pass for none of them.
    if (error instanceof Fault && error.retryable) throw error;
    return await carryOutSingly(context, card, error);
  }
}

/** Something is wrong with one of them: each goes by itself, so that the others do not wait for that to be mended. */
async function carryOutSingly(context: Context, card: Card, batch: unknown): Promise<number> {
  let carriedOut = 0;
  let first = batch;
  for (const { key } of await openItems(context.db, card.mass.id, BATCH))
    try {
      carriedOut += await carryOutBatch(context, card, (item) => item.key === key);
    } catch (error) {
      if (error instanceof Fault && error.retryable) throw error;
      context.log.error({ err: error, massChange: card.mass.id, item: key }, 'can’t be carried out');
      first = error;
    }
  if (carriedOut === 0) throw first;
  return carriedOut;
}

async function carryOutBatch(
  context: Context,
  card: Card,
  isMeant: (item: MassItem) => boolean,
): Promise<number> {
  const { mass } = card;
  return await commit(
    context.db,
    async (unit) => {
      const items = (await openItems(unit.tx, mass.id, BATCH)).filter(isMeant);
      const carriedOut: CarriedOut[] = [];
      const report: Job = { job: 'updateCard', about: 'massChange', id: mass.id };
      const following: Following[] = items.length === 0 ? [] : [{ jobs: [report] }];
      // Side by side: what they read of the database goes out together.
      const ones = await Promise.all(items.map((item) => carryOutOne(context, unit, card, item)));
      for (const [n, one] of ones.entries()) {
        carriedOut.push({ key: items[n]?.key ?? '', ...one.became });
        following.push(one);
      }
      await noteCarriedOut(unit.tx, mass.id, carriedOut);
      return { result: items.length, ...together(following) };
    },
    context.nudge,
  );
}

/**
 * The facts that only outside parties know of the people whose items are next and are kept. They are asked before anything
 * is held.
 */
async function outsideOf(
  context: Context,
  { mass, decision }: Pick<Card, 'mass' | 'decision'>,
): Promise<Map<PersonId, OutsideFacts>> {
  const found = new Map<PersonId, OutsideFacts>();
  if (mass.kind === 'moved' || mass.kind === 'deactivated') return found;
  if (!context.catalogue.rules().looksAt.has('onCall')) return found;
  // At once, so that a Slack that does not answer is waited for once and not a hundred times.
  await Promise.all(
    (await openItems(context.db, mass.id, BATCH)).map(async ({ key, personId }) => {
      if (choiceOf(decision, key) === 'revert') return;
      const person = await readPerson(context.db, personId);
      if (person !== null)
        found.set(
          personId,
          await outsideFacts(at(context, mass.target ?? {}), context.db, person, {
            askerId: null,
            isOneOfMany: true,
          }),
        );
    }),
  );
  return found;
}

/** A card that was decided on, with what only others know of those whose items are next. */
type Card = {
  mass: MassChange;
  decision: MassDecision;
  outside: ReadonlyMap<PersonId, OutsideFacts>;
  decideHeld: DecideHeld;
};

type One = Following & { became: Omit<CarriedOut, 'key'> };
const dropped = { outcome: 'dropped', changeId: null } as const;

async function carryOutOne(context: Data, unit: Unit, card: Card, item: MassItem): Promise<One> {
  const { mass, decision, decideHeld } = card;
  const choice = choiceOf(decision, item.key);
  switch (mass.kind) {
    case 'finding':
    case 'lost':
    case 'excess':
      return await carryOutPair(context, unit, card, { choice, personId: item.personId });
    case 'moved':
      return await carryOutGrant(unit, decision, choice, item.key);
    case 'deactivated':
      return {
        ...(await decideHeld(unit, item.key, choice, { id: decision.by, name: decision.byName })),
        became: { outcome: choice === 'keep' ? 'kept' : 'reverted', changeId: null },
      };
    default:
      return mass.kind satisfies never;
  }
}

const takesTwo = { text: 'two people have to decide on it, so it has to be asked for', clause: null };

/** What was found is nobody's request. */
const unasked = { cause: 'finding', requesterId: null, requestedSeconds: null, ticket: null } as const;

/** One person's membership, decided with others: what is checked before it is made so, and what it becomes. */
type Item = { choice: 'keep' | 'revert'; personId: PersonId };

async function carryOutPair(context: Data, unit: Unit, card: Card, item: Item): Promise<One> {
  const { mass, decision, outside } = card;
  const { choice, personId } = item;
  const carried = carriedNow(context, mass);
  if (carried === null) return { became: dropped };
  const { entitlement, target } = carried;
  const pair = { personId, groupId: target.groupId };
  const checked: One = { became: dropped, jobs: [{ job: 'checkMembership', ...pair, idp: target.idp }] };
  // Decided on something else than it is by now: each is asked about by itself.
  if (choice === 'keep' && otherwiseOnCard(mass, shownNow(context, mass)).length > 0) return checked;
  if ((await isWanted(unit.tx, pair, unit.now)) !== (mass.kind === 'lost')) return { became: dropped };
  if (await isAttended(unit, pair, entitlement, choice)) return checked;
  const person = await readPerson(unit.tx, personId);
  if (person === null) return { became: dropped };
  const changeId = randomUUID() as ChangeId;
  const revokeId = randomUUID() as ChangeId;
  // The rules have a say in what is kept, not in what is taken away.
  const verdict =
    choice === 'revert'
      ? null
      : evaluateRequest(
          await requestFacts(context, unit.tx, {
            entitlement,
            beneficiary: person,
            change: { ...unasked, id: changeId, requestedAt: unit.now },
            outside: outside.get(personId) ?? {},
          }),
          context.catalogue.rules(),
        );
  const isByTooFew =
    verdict !== null &&
    isKeptByTooFew(card, choice, quorumUnder(verdict, approversTaken(entitlement.approvers)));
  if (isByTooFew && mass.kind === 'finding') return checked;
  const events = itemEvents(mass, decision, choice, {
    changeId,
    revokeId,
    grantId: randomUUID() as GrantId,
    personId,
    entitlement,
    target,
    // In a team only there is nothing to ask about by itself.
    verdict: isByTooFew && verdict !== null ? { ...verdict, effect: 'refuse', grounds: [takesTwo] } : verdict,
    now: unit.now,
  });
  const denied = events.find((event) => event.type === 'changeDenied');
  if (denied === undefined) return { became: { outcome: 'kept', changeId }, events };
  const after =
    mass.kind === 'lost'
      ? await notPutBack(unit, { personId, target }, { actor: denied.actor, revokeId })
      : {};
  return {
    became: { outcome: 'reverted', changeId },
    ...after,
    events: [...events, ...(after.events ?? [])],
  };
}

/** Whether something else is at work on it already; or their case, which takes it away whatever was decided of many. */
async function isAttended(
  unit: Unit,
  pair: { personId: PersonId; groupId: string },
  entitlement: Entitlement,
  choice: Item['choice'],
): Promise<boolean> {
  return (
    (await underwayIds(unit.tx, pair)).length > 0 ||
    (await pendingRequest(unit.tx, pair.personId, entitlement.key)) !== null ||
    (choice === 'keep' && (await isKeptOut(unit.tx, pair.personId)))
  );
}

/** So few are not enough for this one, though the card did not show it. What was lost one may put back. */
function isKeptByTooFew({ mass, decision }: Card, choice: Item['choice'], taken: number): boolean {
  const agreed = mass.answers.filter(({ verb }) => verb === 'keep').map(({ by }) => by);
  const keepers = new Set([decision.by, ...agreed]).size;
  return choice === 'keep' && mass.kind !== 'lost' && taken > keepers;
}

/** A lost membership stays lost: the grants of the pair end, and so does its being there before Latchkey. */
async function notPutBack(
  unit: Unit,
  found: { personId: PersonId; target: Target },
  { actor, revokeId }: { actor: Actor; revokeId: ChangeId },
): Promise<Following> {
  const { personId, target } = found;
  const events = await grantsEndedWith(unit, found, revokeId, actor);
  const pair = { personId, groupId: target.groupId };
  if (!(await isInBaseline(unit.tx, pair))) return { events };
  await endBaseline(unit.tx, pair, unit.now);
  return { events, notes: [membershipNote(unit, 'baselineEnded', target, { personId, actor })] };
}

/** As the catalogue has it now; what left it can still be taken away where it was. */
function carriedNow(context: Data, mass: MassChange): { entitlement: Entitlement; target: Target } | null {
  const entitlement =
    mass.entitlementKey === null ? null : context.catalogue.entitlement(mass.entitlementKey);
  return entitlement === null || mass.target === null ? null : { entitlement, target: mass.target };
}

async function carryOutGrant(
  unit: Unit,
  decision: MassDecision,
  choice: 'keep' | 'revert',
  changeId: string,
): Promise<One> {
  if (choice === 'keep') return { became: { outcome: 'kept', changeId: null } };
  const change = await unit.change(changeId);
  const by = { id: decision.by, name: decision.byName };
  const events = change === null ? null : await endGrant(unit, change, 'move', by);
  return events === null
    ? { became: dropped }
    : { became: { outcome: 'reverted', changeId: changeId as ChangeId }, events };
}
