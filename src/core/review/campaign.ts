import type { Actor } from '../change/events.ts';
import { invariant } from '../fault.ts';
import type { CampaignId, EntitlementKey, PersonId } from '../ids.ts';
import type { Tier } from '../policy/catalogue.ts';
import type { LineDecision } from './line.ts';

/** Which memberships are reviewed: all that fit every part that is given. */
export type Scope = {
  /** Null: all. */
  entitlements: EntitlementKey[] | null;
  tiers: Tier[] | null;
  /** E-mails of those who hold it; null: everybody. */
  people: string[] | null;
  departments: string[] | null;
  /** Held since this time at the earliest; null: however long. */
  sinceAt: Date | null;
  /** Not used for so many days, as far as anybody can tell; null: used or not. */
  unusedDays: number | null;
  /** `temporary`: with an end; `permanent`: what a rule gives, or was there before Latchkey. */
  ends: 'temporary' | 'permanent' | null;
};

export const everything: Scope = {
  entitlements: null,
  tiers: null,
  people: null,
  departments: null,
  sinceAt: null,
  unusedDays: null,
  ends: null,
};

/** The reviewer who is asked first. If they can't be, the next is asked, and at last the fallback. */
export type ReviewerRule = 'owner' | 'manager';

export const overduePolicies = ['revoke', 'extend', 'escalate'] as const;
/** The policy on lines that nobody decided in time: written in the campaign before it starts. */
export type OverduePolicy = (typeof overduePolicies)[number];

/** What a campaign is asked to be. */
export type CampaignPlan = {
  name: string;
  scope: Scope;
  reviewers: ReviewerRule;
  /** E-mails of whoever reviews what nobody else can; the catalogue's admins at the least. */
  fallback: string[];
  /** From the start until the lines are due, in seconds. */
  dueSeconds: number;
  overdue: OverduePolicy;
  /** For `extend`: by how much, once; after that the fallback is asked. */
  extendSeconds: number;
};

/** What the snapshot came to, once reviewers are found and facts gathered. */
export type Prepared = {
  lines: number;
  /** Of these, rules that give something to whole departments: one line for each. */
  rules: number;
  /** People who hold by such a rule; they have no line of their own. */
  byRule: number;
  /** Reviewed by a card since the last campaign; nobody is asked again. */
  counted: number;
  withoutReviewer: number;
  reviewers: number;
  /** Memberships that are being asked about on a card of their own now, outside of the campaign. */
  onCards: number;
};

export type Campaign = CampaignPlan & {
  id: CampaignId;
  state: CampaignState;
  /** Grows by one with every event. */
  version: number;
  /** `cadence`: the catalogue's `review.every` began it. */
  cause: 'person' | 'cadence';
  startedBy: { id: PersonId; name: string } | null;
  openedAt: Date;
  /** When the snapshot was taken: the population is that of this moment; null: not yet. */
  snapshotAt: Date | null;
  prepared: Prepared | null;
  /** When the comparison began that the snapshot stands on; null: there was none. */
  comparedAt: Date | null;
  startedAt: Date | null;
  dueAt: Date | null;
  extendedAt: Date | null;
  overdueAt: Date | null;
  /** Reminders that were sent, by their names, in that order. */
  reminders: string[];
  decidedAt: Date | null;
  closedAt: Date | null;
  certificate: { sha256: string; kid: string } | null;
  cancelled: { by: string; why: string; at: Date } | null;
};

/** The life cycle, whole: state by event. What is not listed can't happen. */
export const campaignLifeCycle = {
  preparing: { snapshotTaken: 'preparing', campaignPrepared: 'ready', campaignCancelled: 'cancelled' },
  ready: { campaignStarted: 'open', campaignCancelled: 'cancelled' },
  open: {
    linesSubmitted: 'open',
    linesReassigned: 'open',
    linesDropped: 'open',
    reviewersReminded: 'open',
    campaignExtended: 'open',
    campaignOverdue: 'open',
    objectionAnswered: 'open',
    campaignDecided: 'closing',
    campaignCancelled: 'cancelled',
  },
  closing: { objectionAnswered: 'closing', campaignClosed: 'closed', campaignCancelled: 'cancelled' },
  closed: {},
  cancelled: {},
} as const satisfies Record<string, Partial<Record<CampaignEvent['type'], string>>>;

export type CampaignState = keyof typeof campaignLifeCycle;

/** States in which something is still to happen. */
export const unfinishedCampaignStates = [
  'preparing',
  'ready',
  'open',
  'closing',
] as const satisfies readonly CampaignState[];

/** A line with what is decided of it, and what was said with it. */
export type DecidedLine = { n: number; decision: LineDecision; comment: string | null };

/** What happened, in the past tense. Every event is one audit entry. */
export type CampaignEvent = { campaignId: CampaignId; at: Date; actor: Actor } & (
  | {
      type: 'campaignOpened';
      cause: Campaign['cause'];
      plan: CampaignPlan;
      startedBy: Campaign['startedBy'];
    }
  /** `keys`: the entitlements that it covers; `comparedAt`: when the comparison began that it stands on. */
  | { type: 'snapshotTaken'; keys: EntitlementKey[]; lines: number; comparedAt: Date | null }
  | { type: 'campaignPrepared'; prepared: Prepared }
  | { type: 'campaignStarted'; dueAt: Date }
  /** `by` null: nobody decided in time, and the campaign's own words say what happens then. */
  | {
      type: 'linesSubmitted';
      /** `insteadOf`: the reviewer, who is away and had named them. */
      by: { id: PersonId; name: string; insteadOf?: { id: PersonId; name: string } } | null;
      clickId: string | null;
      lines: DecidedLine[];
    }
  /** `why` is shown to whoever reviews them now; `from` null: they go to the fallback. */
  | {
      type: 'linesReassigned';
      lines: number[];
      to: { id: PersonId; name: string };
      from: { id: PersonId; name: string } | null;
      why: string;
      clickId: string | null;
    }
  /** `by` null: the catalogue no longer has the rule that was objected to. */
  | { type: 'objectionAnswered'; lines: number[]; by: { id: PersonId; name: string } | null; why: string }
  /** The access on these lines has ended by itself, so there is nothing to decide. */
  | { type: 'linesDropped'; lines: number[]; why: string }
  | { type: 'reviewersReminded'; which: string; reviewers: PersonId[] }
  | { type: 'campaignExtended'; dueAt: Date }
  | { type: 'campaignOverdue'; then: OverduePolicy }
  | { type: 'campaignDecided' }
  | { type: 'campaignClosed'; certificate: { sha256: string; kid: string } }
  | { type: 'campaignCancelled'; by: string; why: string }
);

/** The campaign after one more event. Throws `bug.invariant` for an event that can't happen in this state. */
export function evolveCampaign(before: Campaign | null, event: CampaignEvent): Campaign {
  if (event.type === 'campaignOpened') {
    invariant(before === null, `campaign ${event.campaignId} is opened twice`);
    return {
      ...event.plan,
      id: event.campaignId,
      state: 'preparing',
      version: 1,
      cause: event.cause,
      startedBy: event.startedBy,
      openedAt: event.at,
      snapshotAt: null,
      prepared: null,
      comparedAt: null,
      startedAt: null,
      dueAt: null,
      extendedAt: null,
      overdueAt: null,
      reminders: [],
      decidedAt: null,
      closedAt: null,
      certificate: null,
      cancelled: null,
    };
  }
  invariant(before !== null, `${event.type} before campaignOpened`);
  const state = (campaignLifeCycle[before.state] as Partial<Record<CampaignEvent['type'], CampaignState>>)[
    event.type
  ];
  invariant(state !== undefined, `${event.type} can't happen to a campaign that is ${before.state}`);
  return { ...before, state, version: before.version + 1, ...fieldsOf(before, event) };
}

function fieldsOf(before: Campaign, event: CampaignEvent): Partial<Campaign> {
  switch (event.type) {
    case 'snapshotTaken':
      return { snapshotAt: event.at, comparedAt: event.comparedAt };
    case 'campaignPrepared':
      return { prepared: event.prepared };
    case 'campaignStarted':
      return { startedAt: event.at, dueAt: event.dueAt };
    case 'reviewersReminded':
      return { reminders: [...before.reminders, event.which] };
    case 'campaignExtended':
      // Of the days before the new date they are reminded anew.
      return { dueAt: event.dueAt, extendedAt: event.at, reminders: [] };
    case 'campaignOverdue':
      return { overdueAt: event.at };
    case 'campaignDecided':
      return { decidedAt: event.at };
    case 'campaignClosed':
      return { closedAt: event.at, certificate: event.certificate };
    case 'campaignCancelled':
      return { cancelled: { by: event.by, why: event.why, at: event.at } };
    case 'campaignOpened':
    case 'linesSubmitted':
    case 'linesReassigned':
    case 'linesDropped':
    case 'objectionAnswered':
      return {};
    default:
      return event satisfies never;
  }
}
