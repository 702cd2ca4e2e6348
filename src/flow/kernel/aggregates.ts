import { type Change, type ChangeEvent, isCanary, isOnMassCard } from '../../core/change/change.ts';
import {
  type Job,
  massReactions,
  offboardingReactions,
  type Pair,
  reactions,
} from '../../core/jobs/reactions.ts';
import type { MassChange, MassChangeEvent } from '../../core/mass-change/mass-change.ts';
import type { Offboarding, OffboardingEvent } from '../../core/offboarding/offboarding.ts';
import { idsEndedBy, lockChange, writeEvent } from '../../store/changes.ts';
import { writeGrants } from '../../store/grants.ts';
import { lockMassChange, writeMassEvent } from '../../store/mass-changes.ts';
import { lockOffboarding, writeOffboardingEvent } from '../../store/offboardings.ts';
import type { Tx } from '../../store/postgres/database.ts';

export type AnyEvent = ChangeEvent | MassChangeEvent | OffboardingEvent;

/** One kind of thing that a commit changes by events. */
type Aggregate<State, Event extends AnyEvent> = {
  isOf(event: AnyEvent): event is Event;
  idOf(event: Event): string;
  /** The event that makes it: before that there is nothing to lock. */
  firstEvent: Event['type'];
  lock(tx: Tx, id: string): Promise<State | null>;
  write(tx: Tx, before: State | null, event: Event, idempotencyKey: string | null): Promise<State>;
  reactions(tx: Tx, event: Event, after: State): Promise<Job[]>;
};

const change: Aggregate<Change, ChangeEvent> = {
  isOf: (event) => 'changeId' in event,
  idOf: (event) => event.changeId,
  firstEvent: 'changeReceived',
  lock: lockChange,
  async write(tx, before, event, idempotencyKey) {
    const after = await writeEvent(tx, before, event, idempotencyKey);
    await writeGrants(tx, event, after);
    return after;
  },
  reactions: async (tx, event, after) => reactions(event, pairOf(after), await shownOn(tx, after)),
};

const massChange: Aggregate<MassChange, MassChangeEvent> = {
  isOf: (event) => 'massChangeId' in event,
  idOf: (event) => event.massChangeId,
  firstEvent: 'massOpened',
  lock: lockMassChange,
  write: writeMassEvent,
  reactions: async (_, event) => massReactions(event),
};

const offboarding: Aggregate<Offboarding, OffboardingEvent> = {
  isOf: (event) => 'offboardingId' in event,
  idOf: (event) => event.offboardingId,
  firstEvent: 'offboardingStarted',
  lock: lockOffboarding,
  write: writeOffboardingEvent,
  reactions: async (_, event) => offboardingReactions(event),
};

/** All that a commit can change, each held for its time; `inOrder`: as they are written, locked and audited. */
export function heldIn(tx: Tx) {
  const held = {
    change: holdingOf(tx, change),
    massChange: holdingOf(tx, massChange),
    offboarding: holdingOf(tx, offboarding),
  };
  return { ...held, inOrder: [held.change, held.massChange, held.offboarding] };
}

/** What a commit has locked, read once and then as its own events have left it. */
function holdingOf<State, Event extends AnyEvent>(tx: Tx, aggregate: Aggregate<State, Event>) {
  const held = new Map<string, State | null>();

  async function read(id: string): Promise<State | null> {
    if (!held.has(id)) held.set(id, await aggregate.lock(tx, id));
    return held.get(id) ?? null;
  }

  return {
    read,
    /** Those events that are its own. */
    eventsOf: (events: readonly AnyEvent[]): AnyEvent[] => events.filter(aggregate.isOf),
    /** Writes those events that are its own. Answers the work that follows from them. */
    async write(events: readonly AnyEvent[], idempotencyKey: string | null): Promise<Job[]> {
      const jobs: Job[] = [];
      for (const event of events.filter(aggregate.isOf)) {
        const id = aggregate.idOf(event);
        const before = event.type === aggregate.firstEvent ? null : await read(id);
        const after = await aggregate.write(tx, before, event, idempotencyKey);
        held.set(id, after);
        jobs.push(...(await aggregate.reactions(tx, event, after)));
      }
      return jobs;
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
  return { personId: change.personId, groupId: change.target.groupId, teamId: change.target.teamId, urgency };
}

/** The changes whose messages show it; what is part of a mass change is on that one's card until it ends. */
async function shownOn(tx: Tx, change: Change): Promise<string[]> {
  if (isOnMassCard(change) || isCanary(change)) return [];
  return change.kind === 'grant' ? [change.id] : await idsEndedBy(tx, change.id);
}
