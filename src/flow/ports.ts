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
  /** Direct members, page by page. */
  listMembers(groupId: string): AsyncIterable<IdpPerson>;
  /** Idempotent. */
  addMember(groupId: string, personId: string): Promise<void>;
  /** Idempotent. */
  removeMember(groupId: string, personId: string): Promise<void>;
  /** Cheap call that proves the credentials; throws a Fault otherwise. */
  check(): Promise<void>;
}

export type AnypointUser = { id: string; username: string; email: string; enabled: boolean };
export type AnypointTeam = { id: string; name: string };
export type TeamMembership = {
  membershipType: 'member' | 'maintainer';
  /** The membership comes from a group claim at sign-in; a direct removal does not stick. */
  isAssignedViaExternalGroups: boolean;
};

/** MuleSoft Anypoint. Every call may throw a Fault `mulesoft.*`. */
export interface MuleSoft {
  /**
   * The one enabled or disabled, not deleted, Anypoint user of this person; null when they have never signed in.
   * Matches e-mail or user name exactly (case-insensitive); several matches: the enabled and most recently signed-in one.
   */
  findUser(who: { email: string; login: string }): Promise<AnypointUser | null>;
  /** By exact name; null when there is none. */
  findTeam(name: string): Promise<AnypointTeam | null>;
  /** What Anypoint itself says now; null when the user is not a member of the team. */
  readMembership(teamId: string, userId: string): Promise<TeamMembership | null>;
  /** Idempotent. */
  addMember(teamId: string, userId: string): Promise<void>;
  /** Idempotent: not a member is success. */
  removeMember(teamId: string, userId: string): Promise<void>;
  check(): Promise<void>;
}

/** One numbered fact (`f1`, `f2`...), ready to be read by people and by the model. */
export type SheetFact = {
  id: string;
  label: string;
  text: string;
  /** The requester's own words or anything else that a stranger could have written. */
  untrusted: boolean;
};

/** The one document the model reads. */
export type FactSheet = {
  facts: SheetFact[];
  /** The written policy's clauses that bear on this change, e.g. `AC-3`. */
  clauses: { id: string; text: string }[];
};

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
};

/** The model's advice, already validated; text is plain, not Slack markup. Never reaches the function that decides. */
export type Advice = {
  headline: string;
  /** At most three. */
  risks: Risk[];
  questions: string[];
  lean: 'approve' | 'deny' | 'ask more';
};

export type AdviceResult =
  | { answered: true; advice: Advice; provenance: Provenance }
  | {
      answered: false;
      /** For the card: why the deterministic summary stays. */
      why: 'slow' | 'down' | 'refused' | 'off-schema' | 'nothing left after checking' | 'not configured';
    };

/** The model. Never throws for anything the model or its server does; answers within its budget (8 s). */
export interface Adviser {
  summarizeRequest(sheet: FactSheet): Promise<AdviceResult>;
}
