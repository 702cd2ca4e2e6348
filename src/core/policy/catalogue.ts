import type { EntitlementKey } from '../ids.ts';
import { nameKey } from '../name-key.ts';
import type { CarriedElsewhere } from './delivery.ts';

export type Tier = 'low' | 'medium' | 'high' | 'critical';

/**
 * The people who may approve. Each source yields people at the time of asking, and again at the click. `quorum`: how
 * many of its own people it takes for this source to have approved; left out: one.
 */
export type ApproverSource = (
  | { manager: true }
  | { owner: true }
  | { onCall: true }
  | { admins: true }
  | { person: string }
  | { group: string }
) & { quorum?: number };

export type StageRule = {
  /** `any`: `quorum` people out of all sources together, one source whole. `all`: every source, and `quorum` in all. */
  of: 'any' | 'all';
  quorum: number;
  sources: ApproverSource[];
  /** Sources that are mentioned on the card; the others may approve without being pinged. Absent: all. */
  ping?: ApproverSource[];
};

export type ApproverRule = {
  /** One after the other: a stage is asked once the stage before is approved. At least one. */
  stages: StageRule[];
  /** Nobody counts in more than one stage. False: an approval counts in every stage that the person belongs to. */
  distinct: boolean;
  /** Who is only told: they see the card, and may not decide. */
  tell?: ApproverSource[];
};

/** A rung of the escalation ladder: asked besides once the one before has had that long to answer. */
export type EscalationRung = { afterSeconds: number; to: ApproverSource[] };

/** When approvers are reminded, by their own clock. `from`, `to`: minutes after midnight. `days`: 1 is Monday. */
export type WorkingHours = {
  from: number;
  to: number;
  days: number[];
  /** IANA zone of whoever's own is not known. */
  timeZone: string;
};

/** What a plan and a rule have in common. */
type Staged = { stages: readonly { quorum: number }[]; distinct: boolean };

/** How many people it takes at the least by what the catalogue says: of `all`, as many as every source takes. */
export function approversTaken({ stages, distinct }: Pick<ApproverRule, 'stages' | 'distinct'>): number {
  const taken = stages.map(({ of, quorum, sources }) => {
    const ofEach = sources.map((source) => source.quorum ?? 1);
    return Math.max(quorum, of === 'all' ? sum(ofEach) : Math.min(...ofEach));
  });
  return distinct ? sum(taken) : Math.max(...taken);
}

/** How many people the quorums of all stages ask for together. */
export function quorumOf({ stages, distinct }: Staged): number {
  const each = stages.map(({ quorum }) => quorum);
  return distinct ? sum(each) : Math.max(...each);
}

/** The rule as one that takes so many people at least: where it asks for fewer, the last stage asks for more. */
export function withQuorum<T extends Staged>(staged: T, least: number): T {
  const missing = least - quorumOf(staged);
  if (missing <= 0) return staged;
  const last = staged.stages.length - 1;
  const stages = staged.stages.map((stage, n) =>
    n === last ? { ...stage, quorum: staged.distinct ? stage.quorum + missing : least } : stage,
  );
  return { ...staged, stages };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** A source by its bare name: `manager`, `group security-officers`, or an e-mail address. */
export function sourceName(source: ApproverSource): string {
  if ('manager' in source) return 'manager';
  if ('owner' in source) return 'owner';
  if ('onCall' in source) return 'on call';
  if ('admins' in source) return 'admins';
  return 'person' in source ? source.person : `group ${source.group}`;
}

/** A source within a sentence: `the manager`, `somebody of security-officers`. */
export function sourceInWords(
  source: ApproverSource,
  group: (name: string) => string = (name) => `somebody of ${name}`,
): string {
  if ('manager' in source) return 'the manager';
  if ('owner' in source) return 'the owner';
  if ('onCall' in source) return 'whoever is on call';
  if ('admins' in source) return 'the catalogue’s admins';
  return 'group' in source ? group(source.group) : source.person;
}

export type WhoMayRequest = 'everyone' | { departments?: string[]; people?: string[] };

export type Entitlement = {
  key: EntitlementKey;
  title: string;
  /** What it gives in Anypoint, in words, for requester and approver. */
  gives: string;
  team: string;
  idpGroup: string;
  /** `system` of the identity provider that the group is in; left out: the first there is. */
  idp?: string;
  delivery?: CarriedElsewhere;
  tier: Tier;
  /** E-mail of the owner. */
  owner: string;
  requestableBy: WhoMayRequest;
  approvers: ApproverRule;
  /** The people who are asked too when nobody answers, rung by rung; left out: nobody. */
  escalation?: EscalationRung[];
  /** Approved by rule, without a person; only ever for tier low. */
  autoApprove: boolean;
  /** Offered durations in seconds, ascending. */
  durationsSeconds: number[];
  defaultSeconds: number;
  maxSeconds: number;
  clauses: string[];
  /**
   * Whether an extension needs approval. There are three settings:
   * - each extension does
   * - none does that follows an approval by a person, so that every other one does
   * - none does at all
   *
   * Left out: each does.
   */
  extensionApproval?: 'always' | 'afterFirst' | 'never';
  /** What to do with a membership that nobody asked for. */
  finding: 'ask' | 'revert' | 'accept';
  /** Left out: nobody can take it without approval. */
  breakGlass?: BreakGlassRule;
  /** Whoever gets it names a ticket, and it ends when that is closed; left out: who asks may choose so. */
  endsWithTicket?: true;
  /** Given by rule to everybody of these departments, on arrival and on a move. */
  birthright: { departments: string[] } | null;
  /** Narrower ones of the same family, which an approver can give instead; left out: there are none. */
  narrower?: EntitlementKey[];
  /** Entitlements that nobody should have together with this one; both name each other. */
  conflicts: { with: EntitlementKey; because: string | null }[];
  /** How often who holds it is reviewed; null: not by itself. */
  reviewEverySeconds: number | null;
  /** When somebody last looked at what the team may do, and the fingerprint of its roles then. */
  reviewed: { on: string; roles: string } | null;
};

/**
 * The people who may take it at once in an emergency: those who fit one of these. Reviewed by somebody else afterwards.
 */
export type BreakGlassRule = {
  for: { departments?: string[]; people?: string[]; group?: string; onCall?: boolean };
  maxSeconds: number;
  /** How often one person may within a day. */
  perDay: number;
};

/** Entitlements that are asked for together; each becomes a request of its own. */
export type Bundle = { key: string; title: string; entitlements: EntitlementKey[] };

/** An API and who owns it: who has a say in what calls it. */
export type OwnedApi = {
  /** Id of its Exchange asset. */
  asset: string;
  /** Id of the group that the asset is in, mostly a business group's; null: in whichever. */
  group: string | null;
  /** E-mail. */
  owner: string;
};

/** When many at once are put on one card. */
export type MassGuard = {
  /** More memberships of one group than this, found or lost within the window, are one card. */
  memberships: number;
  windowSeconds: number;
  /** More people than this lost within the window of leavers, and at least this share of all, wait for two admins. */
  people: number;
  /** Of everybody provisioned, 0 to 1. */
  share: number;
  peopleWindowSeconds: number;
};

/** A person added to and removed from a group every few minutes, the trip to Anypoint timed. */
export type Canary = { person: string; entitlement: EntitlementKey; everySeconds: number };

/**
 * The people on call: the members of this user group of Slack, by its handle, or of this group of the IdP, by its name.
 */
export type OnCallSource = { slackUserGroup: string } | { idpGroup: string };

/**
 * How a ticket is written, and what is asked of one.
 * - `requiredFor`: tiers that need one
 * - `mustBeOpen`: one that is closed, or not there, is refused; else a person is told of it
 * - `graceSeconds`: access that ends with its ticket goes on so long once that is closed
 * - `tellAfterSeconds`: the admins are told once tickets can't be read for so long
 */
export type TicketRule = {
  pattern: string;
  requiredFor: Tier[];
  example: string;
  mustBeOpen?: boolean;
  graceSeconds?: number;
  tellAfterSeconds?: number;
};

/** When people get their weekly digest, in their own time zone, and what "unused" means in it. */
export type DigestTimes = {
  /** 1 is Monday, 7 is Sunday. */
  weekday: number;
  /** Minutes after midnight. */
  minute: number;
  /** Access whose holder has not used Anypoint for so long is unused. */
  unusedSeconds: number;
};

/** How campaigns that the catalogue begins by itself (`review.every`) are held, and what others begin with. */
export type ReviewSettings = {
  /** From the start until lines are due. */
  dueSeconds: number;
  /** Who is asked first. */
  reviewers: 'owner' | 'manager';
  /** What happens to what nobody decided in time. */
  overdue: 'revoke' | 'extend' | 'escalate';
  extendSeconds: number;
  /** E-mails of whoever reviews what nobody else can; empty: the admins. */
  fallback: string[];
};

export const defaultReviewSettings: ReviewSettings = {
  dueSeconds: 14 * 86_400,
  reviewers: 'owner',
  overdue: 'escalate',
  extendSeconds: 7 * 86_400,
  fallback: [],
};

export type Clause = { id: string; text: string };

export type Catalogue = {
  /** Slack channel for cards, without `#`. */
  channel: string;
  /** E-mails of those who are asked when no approver is left. `auditors`: others who see everything on the web page. */
  admins: string[];
  auditors?: string[];
  /** A pending request lapses after this. */
  lapseSeconds: number;
  /** Approvers are reminded of a pending request after this. */
  remindSeconds: number;
  /** Left out: approvers are reminded at any hour. */
  workingHours?: WorkingHours;
  massGuard: MassGuard;
  /** On these tiers nobody decides in the stead of whoever is away; left out: there are none. */
  delegation?: { notFor: Tier[] };
  digest: DigestTimes;
  canary: Canary | null;
  /** Null: nobody says who is on call. */
  onCall: OnCallSource | null;
  /** Of a person's last sign-in only one of so long ago at most says where they are. */
  signInWithinSeconds: number;
  /** How far ahead access can be asked for; 0: not at all. Left out: 30 days. */
  startAheadSeconds?: number;
  /** How a ticket is written, and for which tiers one is needed; left out: anything will do, and none is needed. */
  ticket?: TicketRule;
  entitlements: Entitlement[];
  bundles: Bundle[];
  /** Left out: the defaults. */
  reviews?: ReviewSettings;
  /** The organisation's notes for the model that advises on reviews (`policy/review-notes.md`), one entry each. */
  reviewNotes?: string[];
  /** Of an API that is not named here the admins are the owners; left out: of every one. */
  apis?: OwnedApi[];
  clauses: Clause[];
};

/** The places behind an entitlement's names, as IdP and Anypoint answered when the catalogue was checked. */
export type Target = {
  /** `system` of the identity provider that the group is in. */
  idp: string;
  groupId: string;
  groupName: string;
  teamId: string;
  teamName: string;
  delivery?: CarriedElsewhere;
};

export type EntitlementStatus =
  | { status: 'ready'; target: Target }
  /** Can't work as written, e.g. the group is owned by a rule. */
  | {
      status: 'refused';
      why: string;
      /** Known where the places exist: what can't be offered can still give the team. */
      target: Target | null;
    }
  /** IdP or Anypoint did not answer yet. */
  | { status: 'unchecked'; why: string };

/** Whether there can be anybody who may request it. */
export function isForSomebody(who: WhoMayRequest): boolean {
  return who === 'everyone' || [who.departments, who.people].some((some) => (some?.length ?? 0) > 0);
}

/** Whether this person is among those who may request it. */
export function mayRequest(
  who: WhoMayRequest,
  person: { email: string; department: string | null },
): boolean {
  if (who === 'everyone') return true;
  if (who.people?.some((email) => sameEmail(email, person.email))) return true;
  return person.department !== null && (who.departments?.includes(person.department) ?? false);
}

/** A group is pushed by SCIM under its name in any case and any Unicode form. */
export function isSameGroupName(a: string, b: string): boolean {
  return a === b || nameKey(a) === nameKey(b);
}

export function sameEmail(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
