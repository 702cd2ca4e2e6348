import type { Page } from './page.ts';
import type { UseRecord } from './usage.ts';

export type AnypointUser = {
  id: string;
  username: string;
  email: string;
  enabled: boolean;
  /** Signs in through the identity provider, not with a password of Anypoint's own. */
  isFederated: boolean;
  /** Which of Anypoint's identity providers that is, by Anypoint's own id; null: not said. */
  provider: string | null;
  /**
   * The name that was found alike: the user name and the login asked for, or merely an e-mail. Neither says by itself
   * who it is.
   */
  matchedBy: 'username' | 'email';
  /** Left out: not said. */
  lastSignInAt?: Date;
};
export type AnypointTeam = { id: string; name: string };
/** A permission that a team gives, of one organisation and, where it is an environment's, one environment. */
export type TeamRole = { id: string; name: string; orgId: string | null; environmentId: string | null };
export type TeamMembership = {
  membershipType: 'member' | 'maintainer';
  /** The membership comes from a group claim at sign-in; a direct removal does not stick. */
  isAssignedViaExternalGroups: boolean;
};

/** Whoever signs in with this group in their claim is in the team from then on. */
export type GroupMapping = {
  externalGroupName: string;
  membershipType: 'member' | 'maintainer';
  /** Which of Anypoint's identity providers it listens to, by Anypoint's own id. */
  providerId: string;
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
   * An unconfirmed record: the contact that Exchange names for the API. A person who may edit the asset can write
   * anybody there. So it says nothing about who may decide. Null when it names nobody.
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
   * Every Anypoint user, not deleted, whose user name or e-mail is exactly one of the person's (case-insensitive). A
   * changed user name makes a second user. Most likely first: by user name, federated, enabled, last signed in. Whose
   * they are is not said by that (flow/membership/anypoint-users.ts).
   */
  findUsers(who: { email: string; login: string }): Promise<AnypointUser[]>;
  /** By Anypoint's own id; null when there is none, or it is deleted. */
  readUser(userId: string): Promise<AnypointUser | null>;
  /** By exact name; null when there is none. A member of a team has the roles of the teams above it too. */
  findTeam(name: string): Promise<(AnypointTeam & { ancestorIds: string[] }) | null>;
  /** What the team itself gives. */
  rolesOf(teamId: string): Promise<TeamRole[]>;
  /** The external groups that give the team at a sign-in. */
  groupMappingsOf(teamId: string): Promise<GroupMapping[]>;
  /** Everybody in the team; `from` null: the first page. */
  pageOfMembers(teamId: string, from: string | null): Promise<Page<TeamMember>>;
  /** Every not deleted user of the organisation; `from` null: the first page. */
  pageOfUsers(from: string | null): Promise<Page<{ id: string; username: string; isFederated: boolean }>>;
  /** The membership as Anypoint itself has it now; null when the user is not a member of the team. */
  readMembership(teamId: string, userId: string): Promise<TeamMembership | null>;
  /** Idempotent. */
  addMember(teamId: string, userId: string): Promise<void>;
  /** Idempotent: not a member is success. */
  removeMember(teamId: string, userId: string): Promise<void>;
  /** Every team the user is in, as Anypoint says now. */
  listTeamsOf(userId: string): Promise<UserTeam[]>;
  /** Every client application and every connected app that one of these users owns, alone or with others. */
  listApplications(ownerUserIds: readonly string[]): Promise<OwnedApplication[]>;
  /** The application as Anypoint itself has it now; null when there is no such application any more. */
  readApplication(app: ApplicationRef): Promise<OwnedApplication | null>;
  /** Idempotent: afterwards its credentials open nothing any more, for none of its owners. */
  revokeApplication(app: ApplicationRef): Promise<void>;
  /**
   * Idempotent: puts `to` in the place of those of `from` who own it; one that none of `from` owns is left alone.
   * Throws `mulesoft.not_found` when the application or `to` is gone, `mulesoft.invalid` when `to` can't own it.
   */
  transferApplication(app: ApplicationRef, hands: { from: readonly string[]; to: string }): Promise<void>;
  /** What Anypoint keeps of who used it. */
  readonly useRecords: readonly UseRecord[];
  check(): Promise<void>;
}
