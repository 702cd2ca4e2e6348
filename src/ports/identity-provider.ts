import type { EventSource, Observation } from '../core/drift/observation.ts';
import type { PartyAdvice } from '../core/fault-words.ts';
import type { ProvisioningTrouble } from '../core/provisioning-trouble.ts';
import type { Page } from './page.ts';
import type { UseRecord } from './usage.ts';

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
  /** When their account was made there; left out: not told. */
  since?: Date;
};

/** Whether members can be written into a group, and if not, why, in words for the catalogue's owner. */
export type Writability =
  | { writable: true }
  /** `isUnpushed`: it would not be pushed to us, and nothing else is wrong: what something else carries needs no push. */
  | { writable: false; reason: string; isUnpushed?: true };

export type IdpGroup = { id: string; name: string; description: string | null } & Writability;

/** Where somebody signed in. `country` as the IdP names it; null when it could not tell. */
export type SignIn = { at: Date; country: string | null };

/**
 * `scim`: how its SCIM client is set up; `pushGroups`: where it is told which groups to push; `pushNow`: how one of them,
 * `{group}`, is pushed at once; `connectorNow`: how its own Anypoint connector pushes one, left out where that is usual.
 */
export type IdpAdvice = PartyAdvice & {
  scim: string;
  pushGroups: string;
  pushNow: string;
  connectorNow?: string;
};

/** The claim with somebody's groups that an identity provider sends to Anypoint when they sign in there. */
export type GroupClaim = {
  /** How it names a group unless it is set otherwise. */
  readonly names: 'name' | 'id';
  /** Who is in more groups than this may come without one that they are in. */
  readonly most: number;
  /** What becomes of the claim then, and what to do; a sentence that goes on after `is in 231 groups, and`. */
  readonly overfull: string;
  /** Where its groups are set up; an order to whoever reads it. */
  readonly advice: string;
  /** How many groups of somebody count. Faults `idp.*`. */
  countOf(personId: string): Promise<number>;
};

/**
 * `met`: what was recalled of the members who are in no row, because the caller knows them just so. `prints`: of each
 * row; left out or empty where the IdP's answer gives none.
 */
export type MembersPage<Met> = Page<IdpPerson> & { prints?: readonly string[]; met?: readonly Met[] };

/**
 * Memberships that Latchkey wrote a moment ago, in whichever of its processes, and the IdP acknowledged. For one whose
 * answers lag behind its writes.
 */
export interface RecentWrites {
  note(groupId: string, personId: string, isMember: boolean): Promise<void>;
  /** Somebody else has changed it since; what was written later stays. */
  forget(groupId: string, personId: string, isMember: boolean): Promise<void>;
  /** What was written last; null: nothing, or so long ago that what is read counts. */
  of(groupId: string, personId: string): Promise<boolean | null>;
}

/**
 * An identity provider. Every call may throw a Fault `idp.*`; a write that got no answer throws
 * `idp.timeout` with `outcomeUnknown`.
 */
export interface IdentityProvider {
  /** The key of its ids in the store, and its part in the audit, e.g. `okta`. */
  readonly system: string;
  /** Its name in sentences, e.g. `Okta`. */
  readonly name: string;
  /**
   * Its SCIM carries the members of the groups alone: whoever is in none of them any more is switched off there. That
   * says nothing else of them. Left out: it carries people whatever groups they are in.
   */
  readonly carriesMembersAlone?: boolean;
  /** What the person who runs Latchkey can do about it, where something is wrong. */
  readonly advice: IdpAdvice;
  /** Left out: nothing is known of it. */
  readonly groupClaim?: GroupClaim;
  /**
   * Everybody with exactly this e-mail address (case-insensitive), whatever their status. E-mail need not be unique.
   */
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
  /**
   * Reads one page of the members, the largest there is. `from`: the cursor of the page before; null: the first.
   * `recall`: what the caller remembers of a member by a print of all that is said of them.
   */
  pageOfMembers<Met>(
    groupId: string,
    from: string | null,
    recall?: (print: string) => Met | undefined,
  ): Promise<MembersPage<Met>>;
  /** Those of these ids whom the IdP knows, in any order and whatever their status; many in few calls. */
  readPeople(ids: readonly string[]): Promise<IdpPerson[]>;
  /** Idempotent. */
  addMember(groupId: string, personId: string): Promise<void>;
  /** Idempotent. */
  removeMember(groupId: string, personId: string): Promise<void>;
  /** The newest that succeeded within so many seconds; null: none. Left out where the IdP can't be asked. */
  lastSignIn?(personId: string, withinSeconds: number): Promise<SignIn | null>;
  /** Where it carries groups to us by SCIM only now and then, and can be asked to do so at once. */
  readonly provisioning?: Provisioning | null;
  /** Where the IdP keeps one that can be asked. */
  readonly log?: DirectoryLog;
  /** The record of people who signed in to Anypoint from it, where it is known which of its apps that is. */
  readonly signIns?: UseRecord | null;
  /** Cheap call that proves the credentials; throws a Fault otherwise. */
  check(): Promise<void>;
}

/** What came of carrying; `why` is in the IdP's words. */
export type Carried = { came: 'carried' | 'already so' } | { came: 'refused'; why: string };

/** An identity provider's own way of carrying groups to us by SCIM. Faults `idp.*`. */
export interface Provisioning {
  /** The most people in one call. */
  readonly peopleAtOnce: number;
  /**
   * Carries at once whether these people are in this group. @throws idp.throttled, which says when it may be asked
   * again
   */
  carry(groupId: string, personIds: readonly string[]): Promise<Carried>;
  /** Why it carries nothing at all; null: it works. */
  trouble(): Promise<ProvisioningTrouble | null>;
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
  /** Who did something stands there minutes later than that it was done. */
  readonly isLate?: boolean;
  /**
   * Page by page from this position to the end as it is now, and always at least one page. Null: from a few minutes
   * ago. An event that was read before may come again. None is left out for having been written late.
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
