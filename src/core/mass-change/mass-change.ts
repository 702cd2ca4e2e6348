import type { Change } from '../change/change.ts';
import type { Actor } from '../change/events.ts';
import type { Shown } from '../change/shown.ts';
import { invariant } from '../fault.ts';
import type { ChangeId, EntitlementKey, MassChangeId, PersonId } from '../ids.ts';
import type { ApproverPlan } from '../policy/routing.ts';

/**
 * Many pairs decided on one card.
 * - `finding`: many are in a group and nothing wants it
 * - `lost`: many were taken out of a group, though a grant wants them in or they were in it before Latchkey
 * - `excess`: many are in an Anypoint team and nothing gives it to them
 * - `deactivated`: many people were lost at once
 * - `moved`: memberships of one person that no longer fit after a move
 */
export type MassKind = 'finding' | 'lost' | 'excess' | 'deactivated' | 'moved';

/** Note of somebody who was taken out and holds no grant. */
export const FOUND_THERE = 'was in it before Latchkey';

export type MassChange = {
  id: MassChangeId;
  kind: MassKind;
  state: MassState;
  /** Grows by one with every event. */
  version: number;
  /** At most one that is not decided yet for each kind and scope: a group's or team's id, or whom and whose. */
  scope: string;
  entitlementKey: EntitlementKey | null;
  target: Change['target'];
  /** E-mail of who decides; null: the catalogue's admins. */
  owner: string | null;
  /** For `moved`: who, and between which departments. */
  moved: { personId: PersonId; from: string | null; to: string | null } | null;
  /** Grows when there is more to decide than the card showed; a button of an earlier round is stale. */
  round: number;
  openedAt: Date;
  /** When it last grew: by then what is on it had arisen. */
  grewAt?: Date;
  /** What the card shows of the entitlement, where it is about one. */
  shown?: Shown;
  plan: ApproverPlan | null;
  answers: MassAnswer[];
  /** The answers about single items that are not decided yet, in their order. */
  itemAnswers: MassItemAnswer[];
  remindedAt: Date | null;
  decision: MassDecision | null;
  /** The people whose answer counted, and who turned out to have put these in. `count` items are asked about anew. */
  reopened?: { by: PersonId; name: string; count: number }[];
};

export const massVerbs = ['keep', 'revert', 'choose'] as const;
export type MassVerb = (typeof massVerbs)[number];

/** One answer to the card; a decision may need several people of one mind. */
export type MassAnswer = {
  verb: MassVerb;
  by: PersonId;
  byName: string;
  at: Date;
  clickId: string;
  /** The approver who was away and had named them to decide meanwhile. Left out: they decided for themselves. */
  insteadOf?: { id: PersonId; name: string };
};

export type MassDecision = MassAnswer & {
  /** For `choose`: the items to revert; the others are kept. */
  chosen: string[] | null;
};

/** An answer about single items; the others on the card wait. */
export type MassItemAnswer = Omit<MassAnswer, 'verb'> & { choices: ItemChoice[] };

export type ItemChoice = { key: string; choice: 'keep' | 'revert' };

/** One pair, grant or person on the card. */
export type MassItem = {
  /** A person's id, the id of the change that granted, or an offboarding's id. */
  key: string;
  personId: PersonId;
  /** The note about this one; null: nothing of its own. */
  note: string | null;
};

/** The life cycle, whole: state by event. What is not listed can't happen. */
export const massLifeCycle = {
  received: {
    massGrew: 'received',
    massShrank: 'received',
    massMoved: 'received',
    massAsked: 'asking',
    massClosed: 'closed',
  },
  asking: {
    massGrew: 'asking',
    massShrank: 'asking',
    massMoved: 'asking',
    massAsked: 'asking',
    massReminded: 'asking',
    massAnswered: 'asking',
    massItemsAnswered: 'asking',
    massItemsDecided: 'asking',
    massDecided: 'decided',
    massClosed: 'closed',
  },
  decided: { massReopened: 'decided', massDone: 'done' },
  done: { massReopened: 'done' },
  closed: {},
} as const satisfies Record<string, Partial<Record<MassChangeEvent['type'], string>>>;

export type MassState = keyof typeof massLifeCycle;

/** What happened, in the past tense. Every event is one audit entry. */
export type MassChangeEvent = { massChangeId: MassChangeId; at: Date; actor: Actor } & (
  | ({ type: 'massOpened' } & Pick<
      MassChange,
      'kind' | 'scope' | 'entitlementKey' | 'target' | 'owner' | 'moved'
    >)
  | { type: 'massGrew'; items: MassItem[] }
  /** Items that need no decision any more. */
  | { type: 'massShrank'; keys: string[]; why: string }
  /** The person moved on before anybody decided. */
  | { type: 'massMoved'; moved: NonNullable<MassChange['moved']> }
  /** `isAnew`: the entitlement is no longer what the card showed, so answers to that count no more. */
  | { type: 'massAsked'; plan: ApproverPlan; shown?: Shown; isAnew?: true }
  | { type: 'massReminded' }
  | { type: 'massAnswered'; answer: MassAnswer }
  | { type: 'massItemsAnswered'; answer: MassItemAnswer }
  /** Single items that are decided, and go on their way while the others wait. */
  | { type: 'massItemsDecided'; decision: MassItemAnswer }
  | { type: 'massDecided'; decision: MassDecision }
  | { type: 'massClosed'; why: string }
  | { type: 'massReopened'; key: string; by: { id: PersonId; name: string } }
  | { type: 'massDone' }
);

/** States in which nobody has decided yet. */
export const openMassStates = ['received', 'asking'] as const satisfies readonly MassState[];

/** States in which nobody has decided yet, or it is decided and still to be worked off. */
export const unfinishedMassStates = [...openMassStates, 'decided'] as const satisfies readonly MassState[];

export function isOpen(state: MassState): boolean {
  return (openMassStates as readonly MassState[]).includes(state);
}

/** The mass change after one more event. Throws `bug.invariant` for an event that can't happen in this state. */
export function evolveMass(before: MassChange | null, event: MassChangeEvent): MassChange {
  if (event.type === 'massOpened') {
    invariant(before === null, `mass change ${event.massChangeId} is opened twice`);
    const { massChangeId, at, actor: _, type: __, ...about } = event;
    return {
      ...about,
      id: massChangeId,
      state: 'received',
      version: 1,
      round: 0,
      openedAt: at,
      plan: null,
      answers: [],
      itemAnswers: [],
      remindedAt: null,
      decision: null,
    };
  }
  invariant(before !== null, `${event.type} before massOpened`);
  const state = (massLifeCycle[before.state] as Partial<Record<MassChangeEvent['type'], MassState>>)[
    event.type
  ];
  invariant(state !== undefined, `${event.type} can't happen to a mass change that is ${before.state}`);
  return { ...before, state, version: before.version + 1, ...fieldsOf(before, event) };
}

function fieldsOf(before: MassChange, event: MassChangeEvent): Partial<MassChange> {
  switch (event.type) {
    case 'massGrew':
      // Who answered has not seen these.
      return { round: before.plan === null ? 1 : before.round + 1, answers: [], grewAt: event.at };
    case 'massMoved':
      return { moved: event.moved };
    case 'massAsked':
      return {
        plan: event.plan,
        ...(event.shown === undefined ? {} : { shown: event.shown }),
        ...(event.isAnew === true ? { round: before.round + 1, answers: [], itemAnswers: [] } : {}),
      };
    case 'massReminded':
      return { remindedAt: event.at };
    case 'massAnswered':
      return { answers: [...before.answers, event.answer] };
    case 'massItemsAnswered':
      return { itemAnswers: [...before.itemAnswers, event.answer] };
    case 'massItemsDecided':
      return {
        itemAnswers: without(before.itemAnswers, new Set(event.decision.choices.map(({ key }) => key))),
      };
    case 'massShrank':
      return { itemAnswers: without(before.itemAnswers, new Set(event.keys)) };
    case 'massDecided':
      return { decision: event.decision };
    case 'massReopened': {
      const others = (before.reopened ?? []).filter((one) => one.by !== event.by.id);
      const count = (before.reopened ?? []).find((one) => one.by === event.by.id)?.count ?? 0;
      return { reopened: [...others, { by: event.by.id, name: event.by.name, count: count + 1 }] };
    }
    case 'massOpened':
    case 'massClosed':
    case 'massDone':
      return {};
    default:
      return event satisfies never;
  }
}

function without(answers: readonly MassItemAnswer[], keys: ReadonlySet<string>): MassItemAnswer[] {
  // One that says nothing any more stays: its click may come again.
  return answers.map((answer) => ({
    ...answer,
    choices: answer.choices.filter(({ key }) => !keys.has(key)),
  }));
}

/** What is to become of one item. */
export function choiceOf(decision: MassDecision, key: string): 'keep' | 'revert' {
  if (decision.verb === 'choose') return decision.chosen?.includes(key) === true ? 'revert' : 'keep';
  return decision.verb;
}

/** The change that an item became, for an item's own record. */
export type CarriedOut = { key: string; outcome: 'kept' | 'reverted' | 'dropped'; changeId: ChangeId | null };
