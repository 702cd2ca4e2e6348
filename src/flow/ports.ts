import type { EventSource, Observation } from '../core/drift/observation.ts';
import type { FactSheet } from '../core/facts/request-facts.ts';

export type { FactSheet } from '../core/facts/request-facts.ts';

/** What the road needs of the outside world. Every product (Okta, Anypoint, Slack, a model) is an adapter to one of these. */

export type IdpPersonStatus = 'active' | 'suspended' | 'deprovisioned' | 'inactive';

/** A person as the identity provider knows them, read at the time of asking. */
export type IdpPerson = {
  /** The IdP's own id; never changes. */
  id: string;
  login: string;
  email: string;
  displayName: string;
  /** `active` may ask and approve; every other status may not. */
  status: IdpPersonStatus;
  title: string | null;
  department: string | null;
  /** Login or e-mail of the manager, as the IdP has it; null when there is none. */
  manager: string | null;
  /** IANA time zone, or null. */
  timeZone: string | null;
};

/** Whether members can be written into a group, and if not, why, in words for the catalogue's owner. */
export type Writability = { writable: true } | { writable: false; reason: string };

export type IdpGroup = { id: string; name: string; description: string | null } & Writability;

/** One page of a long list. */
export type Page<Row> = {
  rows: Row[];
  /** Where the list goes on, in the vendor's own words; null at its end. Asked again, it gives the same place. */
  next: string | null;
  /** How long to leave what is left of the vendor's limit to more urgent work, in milliseconds; 0: plenty is left. */
  easeMs: number;
};

/** Where somebody signed in. `country` as the IdP names it; null when it could not tell. */
export type SignIn = { at: Date; country: string | null };

/**
 * An identity provider. Every call may throw a Fault `idp.*`; a write that got no answer throws
 * `idp.timeout` with `outcomeUnknown`.
 */
export interface IdentityProvider {
  readonly name: 'okta' | 'entra';
  /** Everybody with exactly this e-mail address (case-insensitive), whatever their status. E-mail need not be unique. */
  findPeopleByEmail(email: string): Promise<IdpPerson[]>;
  /** By id or login; null when there is none. */
  readPerson(idOrLogin: string): Promise<IdpPerson | null>;
  /** By exact name; null when there is none. Includes whether its members can be written. */
  findGroup(name: string): Promise<IdpGroup | null>;
  isMember(groupId: string, personId: string): Promise<boolean>;
  /** Ids of every group the person is in; none for somebody the IdP does not know. */
  groupIdsOf(personId: string): Promise<string[]>;
  /** Direct members, page by page. */
  listMembers(groupId: string): AsyncIterable<IdpPerson>;
  /** The same for whoever keeps the place between pages; `from` null: the first, and the largest page there is. */
  pageOfMembers(groupId: string, from: string | null): Promise<Page<IdpPerson>>;
  /** Those of these ids whom the IdP knows, in any order and whatever their status; many in few calls. */
  readPeople(ids: readonly string[]): Promise<IdpPerson[]>;
  /** Idempotent. */
  addMember(groupId: string, personId: string): Promise<void>;
  /** Idempotent. */
  removeMember(groupId: string, personId: string): Promise<void>;
  /** The newest that succeeded within so many seconds; null: none. Left out where the IdP can't be asked. */
  lastSignIn?(personId: string, withinSeconds: number): Promise<SignIn | null>;
  /** Where the IdP keeps one that can be asked. */
  readonly log?: DirectoryLog;
  /** Cheap call that proves the credentials; throws a Fault otherwise. */
  check(): Promise<void>;
}

export type LogPage = {
  observations: Observation[];
  /** What the log says that we don't understand. */
  unread: readonly { event: string; why: string }[];
  /** Where to go on once this page is stored. */
  position: string;
};

/** An identity provider's own log of what happened: the net beneath its notifications. Faults `idp.*`. */
export interface DirectoryLog {
  readonly eventSource: EventSource;
  /**
   * Page by page from this position to the end as it is now, and always at least one; null: from a few minutes ago.
   * What was read before may come again, and nothing is left out for having been written late.
   */
  read(position: string | null): AsyncIterable<LogPage>;
  /** Cheap call that proves that we may read it. */
  check(): Promise<void>;
}

/** Entra beside another IdP, whose notifications name people by Entra's ids. Faults `idp.*`. */
export interface EntraDirectory {
  /** E-mail and user principal name of a person; null when Entra has nobody by this id. */
  namesOf(entraId: string): Promise<{ email: string | null; login: string } | null>;
}

export type AnypointUser = {
  id: string;
  username: string;
  email: string;
  enabled: boolean;
  /** Signs in through the identity provider, not with a password of Anypoint's own. */
  isFederated: boolean;
  /** Which of Anypoint's identity providers that is, by Anypoint's own id; null: not said. */
  provider: string | null;
  /** What was found alike: the user name and the login asked for, or merely an e-mail. Neither says by itself who it is. */
  matchedBy: 'username' | 'email';
};
export type AnypointTeam = { id: string; name: string };
/** A permission that a team gives, of one organisation and, where it is an environment's, one environment. */
export type TeamRole = { id: string; name: string; orgId: string | null; environmentId: string | null };
export type TeamMembership = {
  membershipType: 'member' | 'maintainer';
  /** The membership comes from a group claim at sign-in; a direct removal does not stick. */
  isAssignedViaExternalGroups: boolean;
};

export type UserTeam = AnypointTeam & TeamMembership;
export type TeamMember = { userId: string } & TeamMembership;

/** `clientApplication`: calls APIs by contract (Exchange). `connectedApp`: calls Anypoint itself. */
export type ApplicationRef = { kind: 'clientApplication' | 'connectedApp'; id: string };

export type ApplicationContract = {
  id: string;
  /** The API's name and version in words. */
  api: string;
  environment: string;
  /** `APPROVED` opens the API; `PENDING`, `REJECTED` and `REVOKED` don't. */
  status: string;
  /** The Exchange asset that the API is; left out where the contract is with something else. */
  asset?: { groupId: string; assetId: string };
  /**
   * An unconfirmed record: the contact that Exchange names for the API. Whoever may edit the asset can write anybody there, so it says
   * nothing about who may decide; null when it names nobody.
   */
  apiOwnerEmail: string | null;
};

/** Credentials in Anypoint that outlive the account of whoever owns them. The secret is never part of it. */
export type OwnedApplication = ApplicationRef & {
  name: string;
  clientId: string;
  /** A connected app has one at most; a client application may have several, who all lose it when it is revoked. */
  ownerUserIds: string[];
  /** Teams may own client applications too. */
  ownerTeamIds: string[];
  contracts: ApplicationContract[];
  /** The connected app that Latchkey itself signs in with: it can change hands, but is never revoked. */
  isOurOwn: boolean;
};

/** MuleSoft Anypoint. Every call may throw a Fault `mulesoft.*`. */
export interface MuleSoft {
  /**
   * Every not deleted Anypoint user whose user name or e-mail is exactly one of the person's (case-insensitive):
   * a changed user name makes a second user. Most likely first: by user name, federated, enabled, last signed in. Whose
   * they are is not said by that (flow/membership/anypoint-users.ts).
   */
  findUsers(who: { email: string; login: string }): Promise<AnypointUser[]>;
  /** By Anypoint's own id; null when there is none, or it is deleted. */
  readUser(userId: string): Promise<AnypointUser | null>;
  /** By exact name; null when there is none. Whoever is in a team has the roles of the teams above it too. */
  findTeam(name: string): Promise<(AnypointTeam & { ancestorIds: string[] }) | null>;
  /** What the team itself gives. */
  rolesOf(teamId: string): Promise<TeamRole[]>;
  /** Everybody in the team; `from` null: the first page. */
  pageOfMembers(teamId: string, from: string | null): Promise<Page<TeamMember>>;
  /** Every not deleted user of the organisation; `from` null: the first page. */
  pageOfUsers(from: string | null): Promise<Page<{ id: string; username: string; isFederated: boolean }>>;
  /** What Anypoint itself says now; null when the user is not a member of the team. */
  readMembership(teamId: string, userId: string): Promise<TeamMembership | null>;
  /** Idempotent. */
  addMember(teamId: string, userId: string): Promise<void>;
  /** Idempotent: not a member is success. */
  removeMember(teamId: string, userId: string): Promise<void>;
  /** Every team the user is in, as Anypoint says now. */
  listTeamsOf(userId: string): Promise<UserTeam[]>;
  /** Every client application and every connected app that one of these users owns, alone or with others. */
  listApplications(ownerUserIds: readonly string[]): Promise<OwnedApplication[]>;
  /** What Anypoint itself says now; null when there is no such application any more. */
  readApplication(app: ApplicationRef): Promise<OwnedApplication | null>;
  /** Idempotent: afterwards its credentials open nothing any more, for none of its owners. */
  revokeApplication(app: ApplicationRef): Promise<void>;
  /**
   * Idempotent: puts `to` in the place of those of `from` who own it; one that none of `from` owns is left alone.
   * Throws `mulesoft.not_found` when the application or `to` is gone, `mulesoft.invalid` when `to` can't own it.
   */
  transferApplication(app: ApplicationRef, hands: { from: readonly string[]; to: string }): Promise<void>;
  check(): Promise<void>;
}

export type Risk = { text: string; severity: 'low' | 'medium' | 'high'; facts: string[]; clauses: string[] };

export type Provenance = {
  model: string;
  promptId: string;
  promptVersion: number;
  inputTokens: number;
  outputTokens: number;
  latencyMs: number;
  /** Claims that cited nothing we know, or carried numbers, names, links or markup found in no cited fact. */
  droppedClaims: number;
  /** Answered before to the same facts, so nothing was asked. */
  isRecalled?: true;
};

/** The model's advice, already validated; text is plain, not Slack markup. Never reaches the function that decides. */
export type Advice = {
  headline: string;
  /** At most three. */
  risks: Risk[];
  questions: string[];
  lean: 'approve' | 'deny' | 'ask more';
};

/** Why there is nothing of the model; the road goes on without. */
export type WhyNoAnswer =
  | 'slow'
  | 'down'
  | 'refused'
  | 'off-schema'
  | 'nothing left after checking'
  | 'budget spent'
  | 'not configured';

/** `provenance` of what is not shown: where the server did answer, what that cost. */
export type NotAnswered = { answered: false; why: WhyNoAnswer; provenance?: Provenance };

export type AdviceResult = { answered: true; advice: Advice; provenance: Provenance } | NotAnswered;

/** What somebody wrote in words of their own, and what it may be about: the reader can only pick among these. */
export type FreeTextSheet = {
  text: string;
  candidates: { key: string; title: string; gives: string }[];
};

/** What of it could be read. Every text stands in what the person wrote; null: they did not say. */
export type FreeText = {
  entitlementKey: string | null;
  /** The words that say for how long or until when; code makes a time of them. */
  when: string | null;
  reason: string | null;
  ticket: string | null;
};

export type FreeTextResult = { answered: true; freeText: FreeText; provenance: Provenance } | NotAnswered;

/**
 * The model. Never throws for anything the model or its server does; answers within its budget (8 s, a wish 2 s: the
 * person is looking at an empty form).
 */
export interface Adviser {
  summarizeRequest(sheet: FactSheet): Promise<AdviceResult>;
  /** Of what was found in the directory, one membership or many. */
  summarizeFinding(sheet: FactSheet): Promise<AdviceResult>;
  /** Of what one person still holds, for whoever reviews it. */
  adviseReview(sheet: FactSheet): Promise<AdviceResult>;
  /** Only fills in a form, which the person then changes or sends. */
  readFreeText(freeText: FreeTextSheet): Promise<FreeTextResult>;
}

export type ChatAccountKind = 'member' | 'guest' | 'bot' | 'stranger' | 'deactivated';

/** An account in the chat workspace, read at the time of asking. */
export type ChatAccount = {
  id: string;
  /** Other ids that chat calls the same person by. */
  alsoKnownAs?: readonly string[];
  name: string;
  kind: ChatAccountKind;
  /** Null unless the chat system itself says that the address is confirmed. */
  verifiedEmail: string | null;
  timeZone: string | null;
};

/** Who is who in chat. Every call may throw a Fault `slack.*`. */
export interface ChatDirectory {
  /** Null when there is no such account. */
  whoIs(accountId: string): Promise<ChatAccount | null>;
  /** Account id of the active member with this e-mail, or null. */
  findByEmail(email: string): Promise<string | null>;
  /** Account ids of a user group, named by its handle, as of some seconds ago; null: there is none, or it is off. */
  membersOfUserGroup(handle: string): Promise<readonly string[] | null>;
  /** Cheap call that proves that people can be asked and told; throws a Fault otherwise. */
  check(): Promise<void>;
}

/** Where a message stands. */
export type Place = { channel: string; ts: string };

/** One message that should exist: to whom, which content, under which marker it can be found again. */
export type Notice<Content> = {
  /** Unique per change: `card`, `requester`, `note:seen`... */
  key: string;
  /** A channel's name or an account's id (direct message). */
  to: { channel: string } | { account: string };
  /** Posted as a reply under the notice with this key. */
  under: string | null;
  content: Content;
};

/**
 * Puts messages where people see them. Every call may throw a Fault `slack.*`: about the channel, our token or its
 * scopes, or passing trouble. What concerns one recipient or one message alone is a value.
 */
export interface Messenger<Content> {
  /** Null: this recipient can't be written to (left, deactivated, a bot). */
  post(
    to: Notice<Content>['to'],
    content: Content,
    marker: string,
    thread: string | null,
  ): Promise<Place | null>;
  /** False: the message is no longer there, or can't be edited any more. */
  update(place: Place, content: Content): Promise<boolean>;
  /** Looks for a message of ours posted under this marker since a time; for posts whose outcome is unknown. */
  find(to: Notice<Content>['to'], marker: string, since: Date, thread: string | null): Promise<Place | null>;
  /** Only this account sees it. Plain words, shown as they are. */
  whisper(channel: string, account: string, text: string): Promise<void>;
}
