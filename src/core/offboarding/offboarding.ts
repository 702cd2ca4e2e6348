import type { Leg } from '../change/change.ts';
import type { ChangeId, OffboardingId, PersonId } from '../ids.ts';
import type { Lookalike } from '../people/anypoint-user.ts';
import type { HandOverWord } from './hand-over.ts';
import type { OffboardingState } from './life-cycle.ts';

/**
 * Everything that has to happen when somebody leaves, on one case: what they asked for, decide on, hold and own.
 * - `deprovisioned`, `deleted`: the IdP says that they have left
 * - `lostApp`: the IdP has switched off the MuleSoft app alone
 * - `byHand`: an admin says so
 */
export type OffboardingCause = 'deprovisioned' | 'deleted' | 'lostApp' | 'byHand';

/** The causes by which the IdP itself says that somebody has left. */
export type DirectoryCause = Extract<OffboardingCause, 'deprovisioned' | 'deleted'>;

export type Offboarding = {
  id: OffboardingId;
  personId: PersonId;
  state: OffboardingState;
  /** Grows by one with every event. */
  version: number;
  cause: OffboardingCause;
  /** What it began as. */
  startedAs: 'asking' | 'held' | 'underway';
  /** Null: the directory told. */
  startedBy: By | null;
  reason: string | null;
  openedAt: Date;
  /** When the whole sequence was set going; null while it is only asked about or held. */
  beganAt: Date | null;
  /** Who said what it is, where that was asked. */
  decidedBy: By | null;
  legs: Record<OffboardingLeg, { at: Date; count: number } | null>;
  /** Changes whose grants ended with it, and the revokes that take memberships away. */
  ended: ChangeId[];
  revokes: ChangeId[];
  /** Names of the teams that those memberships gave. */
  given: string[];
  /** Anypoint teams that they were found in and taken out of. */
  teams: LeftTeam[];
  /** What Anypoint says of the look that found nothing left. */
  teamsNote: string | null;
  lookalikes: LeaversLookalike[];
  items: OffboardingItem[];
  late: { leg: Leg; why: string; at: Date; clearedAt: Date | null } | null;
  reminders: number;
  /** When the owners of what is left were told or reminded. */
  remindedAt: Date | null;
  /** When the directory said so too, where an admin's word had come first; null: it never has. */
  agreed: { cause: DirectoryCause; at: Date } | null;
  /** Where it stood when the person came back. */
  returnedFrom: OffboardingState | null;
  /**
   * The person who took it back, and the revokes that this stopped: the access that they were to take away was still
   * there.
   */
  cancelled: { by: By; at: Date; reason: string; stopped: ChangeId[] } | null;
  restored: { by: By; at: Date; changeIds: ChangeId[] }[];
  closedAt: Date | null;
  closing: 'complete' | 'dismissed' | 'nothing' | null;
};

/** `insteadOf`: who was away and had named them to decide meanwhile; left out: they decided for themselves. */
export type By = { id: PersonId; name: string; insteadOf?: { id: PersonId; name: string } };

/** An Anypoint user that looks like the leaver's and is not shown to be: nothing is taken there, a person is asked. */
export type LeaversLookalike = Lookalike & {
  /** Names of the teams it is in. */
  teams: string[];
};

/** Legs of the way out, in the order in which they are shown. */
export const offboardingLegs = ['requests', 'approvals', 'groups', 'teams'] as const;
export type OffboardingLeg = (typeof offboardingLegs)[number];

export type LeftTeam = {
  id: string;
  name: string;
  /** Whether the catalogue gives it; what it does not give nobody gives back by a grant. */
  isManaged: boolean;
  membershipType: 'member' | 'maintainer';
  /** Anypoint users of theirs who were in it. */
  userIds: string[];
  /** Why Anypoint lets nobody out of it; null: they are out. */
  kept: string | null;
  /** Found, and not known to be out yet. */
  isUnderway?: true;
};

/** Credentials in Anypoint that the person owns and that go on opening APIs without them. */
export type OffboardingItem = {
  key: string;
  kind: 'clientApplication' | 'connectedApp';
  /** Anypoint's own. */
  id: string;
  name: string;
  contracts: {
    api: string;
    environment: string;
    status: string;
    /**
     * E-mail of its owner by the catalogue; null: the admins. `contact`: an unconfirmed record, whom Exchange names.
     */
    owner?: string | null;
    contact?: string | null;
  }[];
  /** E-mails of who is asked: the owners of the APIs it calls, by the catalogue. Empty: the admins. */
  owners: string[];
  /** The people who have agreed to hand it over, and to whom, while others have a say too. */
  agreed?: HandOverWord[];
  /** People beside the leaver who own it too. */
  coOwners: number;
  /** The connected app that Latchkey itself signs in with: it changes hands, and is never revoked. */
  isOurOwn: boolean;
  decision: ItemDecision | null;
  /** Why the last decision could not be carried out. */
  trouble: string | null;
  settled: { outcome: ItemOutcome; at: Date } | null;
};

export type ItemDecision = {
  verb: 'handOver' | 'revoke';
  by: By;
  at: Date;
  clickId: string;
  /** The new owner; null for a revoke. */
  to: (By & { anypointUserId: string }) | null;
};

/** `elsewhere`, `gone`: Anypoint shows another owner or no application, and nobody decided so here. */
export type ItemOutcome = 'handedOver' | 'revoked' | 'elsewhere' | 'gone';

/** The time that each leg took, in milliseconds from the start; the last entry of a case. */
export type OffboardingReport = {
  cause: OffboardingCause;
  startedBy: string;
  legs: Record<OffboardingLeg | 'applications', number | null>;
  requests: number;
  approvals: number;
  grants: number;
  memberships: number;
  teams: string[];
  applications: { name: string; outcome: ItemOutcome; by: string | null; to: string | null }[];
};

/** States in which a case waits for something; a person has one such case at most. */
export const openOffboardingStates = [
  'asking',
  'held',
  'underway',
  'appsOpen',
] as const satisfies readonly OffboardingState[];

export function isOffboardingOpen(state: OffboardingState): boolean {
  return (openOffboardingStates as readonly OffboardingState[]).includes(state);
}

/** Whether it never came to more than being held: nothing was ended, so nothing has to be restored by anybody. */
export function wasOnlyHeld({ startedAs, beganAt }: Pick<Offboarding, 'startedAs' | 'beganAt'>): boolean {
  return startedAs === 'held' && beganAt === null;
}

/** Whether the case is at work: whatever is theirs is being taken away. */
export function hasLeft({ state }: Pick<Offboarding, 'state'>): boolean {
  return state === 'underway' || state === 'appsOpen';
}

/** Whether only an admin's word says that they have left: the directory never has. */
export function restsOnAWord({
  cause,
  beganAt,
  agreed,
}: Pick<Offboarding, 'cause' | 'beganAt' | 'agreed'>): boolean {
  if (agreed !== null || beganAt === null) return false;
  return cause === 'byHand' || cause === 'lostApp';
}

/**
 * Whether the person counts as having left: they can neither be given access nor decide on it. The directory says so
 * for itself once a case of its own is closed; an admin's word holds until it is taken back.
 */
export function countsAsLeft(
  o: Pick<Offboarding, 'state' | 'closing' | 'cause' | 'beganAt' | 'agreed'>,
): boolean {
  return hasLeft(o) || (o.state === 'closed' && o.closing === 'complete' && restsOnAWord(o));
}

export function openItemsOf({ items }: Pick<Offboarding, 'items'>): OffboardingItem[] {
  return items.filter((item) => item.settled === null);
}

/** Teams that can be left and were; what nobody can leave is no access that was taken. */
export function teamsTaken({ teams }: Pick<Offboarding, 'teams'>): LeftTeam[] {
  return teams.filter((team) => team.kept === null && team.isUnderway === undefined);
}

/** Names of all teams that they are out of, those included that went with their groups. */
export function namesOfTeamsLeft(o: Pick<Offboarding, 'teams' | 'given' | 'teamsNote'>): string[] {
  // Who has no user in Anypoint was in none.
  const given = o.teamsNote === null ? o.given : [];
  return [...new Set([...given, ...teamsTaken(o).map((team) => team.name)])];
}

/** Whether there is anything to tell people: most who leave a company have never had access to MuleSoft. */
export function isWorthTelling(o: Offboarding): boolean {
  const did = (o.legs.requests?.count ?? 0) + (o.legs.approvals?.count ?? 0);
  return (
    o.cause === 'byHand' ||
    o.late !== null ||
    o.lookalikes.some((user) => user.teams.length > 0) ||
    did + o.ended.length + o.revokes.length + teamsTaken(o).length + o.items.length > 0
  );
}
