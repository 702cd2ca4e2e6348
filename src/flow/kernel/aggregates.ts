import { type Change, isCanary, isOnMassCard } from '../../core/change/change.ts';
import type { ChangeEvent } from '../../core/change/events.ts';
import { evolve } from '../../core/change/evolve.ts';
import type { Delegation, DelegationEvent } from '../../core/delegation/delegation.ts';
import {
  type ConcernedHomes,
  homesOfChange,
  homesOfDelegation,
  homesOfMassChange,
  homesOfOffboarding,
} from '../../core/home/concerned.ts';
import {
  campaignReactions,
  delegationReactions,
  type Job,
  massReactions,
  offboardingReactions,
  type Pair,
  reactions,
} from '../../core/jobs/reactions.ts';
import type { MassChange, MassChangeEvent } from '../../core/mass-change/mass-change.ts';
import type { OffboardingEvent } from '../../core/offboarding/events.ts';
import type { Offboarding } from '../../core/offboarding/offboarding.ts';
import type { Campaign, CampaignEvent } from '../../core/review/campaign.ts';
import { endedBy, extendedBy } from '../../store/changes.ts';
import { lockChange, writeChanges } from '../../store/changes-held.ts';
import { lockDelegation, waitingFor, writeDelegationEvent } from '../../store/delegations.ts';
import { digestsShowing } from '../../store/digests.ts';
import { writeGrants } from '../../store/grants.ts';
import { jointIds } from '../../store/joint-requests.ts';
import { lockMassChange, writeMassEvent } from '../../store/mass-changes.ts';
import { lockOffboarding, writeOffboardingEvent } from '../../store/offboardings.ts';
import type { Tx } from '../../store/postgres/database.ts';
import { partsShowing } from '../../store/review-progress.ts';
import { lockCampaign, writeCampaignEvent } from '../../store/reviews.ts';

export type AnyEvent = ChangeEvent | MassChangeEvent | OffboardingEvent | DelegationEvent | CampaignEvent;

/** One kind of thing that a commit changes by events. */
type Aggregate<State, Event extends AnyEvent> = {
  isOf(event: AnyEvent): event is Event;
  idOf(event: Event): string;
  /** The event that makes it: before that there is nothing to lock. */
  firstEvent: Event['type'];
  lock(tx: Tx, id: string): Promise<State | null>;
  /** The state after the event. What `store` does not write, this writes. */
  write(tx: Tx, before: State | null, event: Event): Promise<State>;
  /** Writes all of a commit's events at once. */
  store?(tx: Tx, steps: readonly Step<State, Event>[], idempotencyKey: string | null): Promise<void>;
  reactions(tx: Tx, event: Event, after: State): Promise<Job[]>;
  /** On whose Home the event shows. */
  homes(before: State | null, after: State): ConcernedHomes;
};

/** An event, with the states before and after it. */
type Step<State, Event> = { event: Event; before: State | null; after: State };

const change: Aggregate<Change, ChangeEvent> = {
  isOf: (event) => 'changeId' in event,
  idOf: (event) => event.changeId,
  firstEvent: 'changeReceived',
  lock: lockChange,
  write: async (_, before, event) => evolve(before, event),
  async store(tx, steps, idempotencyKey) {
    // Each as its last event leaves it.
    const written = new Map<
      string,
      { before: Change | null; after: Change; idempotencyKey: string | null }
    >();
    for (const { before, after } of steps)
      written.set(after.id, { before, idempotencyKey, ...written.get(after.id), after });
    await writeChanges(tx, [...written.values()]);
    await writeGrants(tx, steps);
  },
  reactions: async (tx, event, after) => [
    ...(await reactionsOf(tx, event, after)),
    ...(await digestsOn(tx, after)),
  ],
  homes: homesOfChange,
};

const massChange: Aggregate<MassChange, MassChangeEvent> = {
  isOf: (event) => 'massChangeId' in event,
  idOf: (event) => event.massChangeId,
  firstEvent: 'massOpened',
  lock: lockMassChange,
  write: writeMassEvent,
  reactions: async (_, event) => massReactions(event),
  homes: homesOfMassChange,
};

const offboarding: Aggregate<Offboarding, OffboardingEvent> = {
  isOf: (event) => 'offboardingId' in event,
  idOf: (event) => event.offboardingId,
  firstEvent: 'offboardingStarted',
  lock: lockOffboarding,
  write: writeOffboardingEvent,
  reactions: async (_, event) => offboardingReactions(event),
  homes: (_, after) => homesOfOffboarding(after),
};

const delegation: Aggregate<Delegation, DelegationEvent> = {
  isOf: (event) => 'delegationId' in event,
  idOf: (event) => event.delegationId,
  firstEvent: 'delegationNamed',
  lock: lockDelegation,
  write: writeDelegationEvent,
  // Decisions that wait for a person who is away are the delegate's too, at once. They are theirs alone again when it
  // ends.
  reactions: async (tx, event, after) => delegationReactions(event, await waitingFor(tx, after.person.id)),
  homes: (_, after) => homesOfDelegation(after),
};

const campaign: Aggregate<Campaign, CampaignEvent> = {
  isOf: (event) => 'campaignId' in event,
  idOf: (event) => event.campaignId,
  firstEvent: 'campaignOpened',
  lock: lockCampaign,
  write: writeCampaignEvent,
  reactions: async (tx, event, after) =>
    campaignReactions(event, after.startedAt === null ? [] : await partsShowing(tx, event)),
  homes: (_, { id }) => ({ people: [], campaigns: [id], admins: false }),
};

/**
 * All that a commit can change, each held for its time; `inOrder`: as they are written, locked and audited. Only
 * commit.ts calls this.
 */
export function heldIn(tx: Tx) {
  const held = {
    change: holdingOf(tx, change),
    massChange: holdingOf(tx, massChange),
    offboarding: holdingOf(tx, offboarding),
    delegation: holdingOf(tx, delegation),
    campaign: holdingOf(tx, campaign),
  };
  return {
    ...held,
    inOrder: [held.change, held.massChange, held.offboarding, held.delegation, held.campaign],
  };
}

/** The states that a commit has locked, read once and then as its own events have left them. */
function holdingOf<State, Event extends AnyEvent>(tx: Tx, aggregate: Aggregate<State, Event>) {
  const held = new Map<string, State | null>();

  async function read(id: string): Promise<State | null> {
    if (!held.has(id)) held.set(id, await aggregate.lock(tx, id));
    return held.get(id) ?? null;
  }

  return {
    read,
    /** It is locked already: read by a statement that went out with the begin. */
    know: (id: string, state: State | null) => void held.set(id, state),
    /** Those events that are its own. */
    eventsOf: (events: readonly AnyEvent[]): AnyEvent[] => events.filter(aggregate.isOf),
    /** Writes those events that are its own. Answers the work that follows from them, and whose Homes they show on. */
    async write(
      events: readonly AnyEvent[],
      idempotencyKey: string | null,
    ): Promise<{ jobs: Job[]; homes: ConcernedHomes[] }> {
      const steps: Step<State, Event>[] = [];
      for (const event of events.filter(aggregate.isOf)) {
        const id = aggregate.idOf(event);
        const before = event.type === aggregate.firstEvent ? null : await read(id);
        const after = await aggregate.write(tx, before, event);
        held.set(id, after);
        steps.push({ event, before, after });
      }
      if (steps.length > 0) await aggregate.store?.(tx, steps, idempotencyKey);
      // Side by side: what they read of the database goes out together.
      const following = await Promise.all(
        steps.map(({ event, after }) => aggregate.reactions(tx, event, after)),
      );
      return {
        jobs: following.flat(),
        homes: steps.map(({ before, after }) => aggregate.homes(before, after)),
      };
    },
  };
}

function pairOf(change: Change): Pair | null {
  if (change.target === null) return null;
  const urgency =
    change.kind === 'grant'
      ? 'grant'
      : change.cause === 'leaver' || change.cause === 'lostApp'
        ? 'leaver'
        : 'revoke';
  const { groupId, teamId, idp, delivery } = change.target;
  return {
    personId: change.personId,
    groupId,
    teamId,
    ...(idp === undefined ? {} : { idp }),
    ...(delivery === undefined ? {} : { delivery }),
    ...(isOnMassCard(change) ? { isOneOfMany: true } : {}),
    urgency,
  };
}

/** A change that a digest led to, or asked about, is shown there too as it goes on. */
async function digestsOn(tx: Tx, change: Change): Promise<Job[]> {
  if (change.cause !== 'review' && change.cause !== 'finding') return [];
  const ids = await digestsShowing(tx, change.id);
  return ids.map((id) => ({ job: 'updateCard', about: 'digest', id }));
}

async function reactionsOf(tx: Tx, event: ChangeEvent, change: Change): Promise<Job[]> {
  const { ids, jointly } = await shownOn(tx, change);
  return reactions(event, pairOf(change), ids, jointly);
}

/**
 * The changes whose messages show it, and the joint requests that it is part of. What is part of a mass change is on
 * that one's card until it ends.
 */
async function shownOn(tx: Tx, change: Change): Promise<{ ids: string[]; jointly: string[] }> {
  if (isOnMassCard(change) || isCanary(change)) return { ids: [], jointly: [] };
  const { id, kind, cause, joint } = change;
  if (joint !== undefined) return { ids: await jointIds(tx, joint.id), jointly: [joint.id] };
  if (kind === 'revoke') return await withJoint(tx, await endedBy(tx, id));
  if (cause !== 'extension') return { ids: [id], jointly: [] };
  // The message of what is extended says whether its extension waits.
  return await withJoint(tx, [{ id, jointId: null }, ...(await extendedBy(tx, change))]);
}

/** With what was asked for together with it: all of that can stand on one card. */
async function withJoint(
  tx: Tx,
  changes: readonly { id: string; jointId: string | null }[],
): Promise<{ ids: string[]; jointly: string[] }> {
  const jointly = [...new Set(changes.flatMap(({ jointId }) => jointId ?? []))];
  const ids = new Set(changes.map(({ id }) => id));
  for (const jointId of jointly) for (const id of await jointIds(tx, jointId)) ids.add(id);
  return { ids: [...ids], jointly };
}
