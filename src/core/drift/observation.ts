/** Who tells what happens in the directory. */
export const voices = ['scim', 'oktaHook', 'oktaLog', 'graph', 'set', 'reconcile'] as const;
export type Voice = (typeof voices)[number];

/**
 * A person as a voice names them. `pushed`: what SCIM itself said of them, enough to remember somebody never met;
 * without an id (a client that sends no externalId) the login says who it is.
 */
export type ToldPerson =
  | { id: string | null; pushed?: { login: string; email: string; name: string; isActive: boolean } }
  | { email: string }
  /** By Entra's id, where another product is the IdP. */
  | { entraId: string }
  /** One person by several names, the surest first. */
  | { anyOf: readonly ToldPerson[] };

/** A group by the IdP's own id or, where a voice does not know that, by its name. */
export type ToldGroup = { id: string } | { name: string };

/** What was told. Only a hint where to look: the IdP is read before anything follows from it. */
export type Told =
  | { kind: 'membership'; person: ToldPerson; group: ToldGroup; direction: 'added' | 'removed' }
  | {
      kind: 'person';
      person: ToldPerson;
      happening:
        | 'created'
        | 'changed'
        | 'switchedOff'
        | 'switchedOn'
        | 'suspended'
        | 'returned'
        | 'deprovisioned'
        | 'deleted'
        | 'sessionsRevoked';
    }
  /** Something about a group's members, without saying whose. */
  | { kind: 'group'; group: ToldGroup };

/** One observed change, whichever voice told it. */
export type Observation = {
  /**
   * Names the happening, at most 500 characters: told twice, by one voice or by two, it is one observation. Okta's
   * hook and System Log share `okta:<LogEvent uuid>`.
   */
  key: string;
  voice: Voice;
  told: Told;
  /** Who did it, where the voice says so: by the IdP's id. */
  actor: { id: string; name: string } | null;
  occurredAt: Date;
};

/** What came of an observation. */
export type Heeded =
  /** What it says is wanted: evidence, nothing to ask. */
  | 'expected'
  /** Nobody was known to want it: the IdP is read and the difference weighed. */
  | 'weighed'
  /** The person is looked at anew. */
  | 'regarded'
  /** The whole group is looked at. */
  | 'surveyed'
  /** No entitlement hangs on this group. */
  | 'not ours'
  /** The IdP knows nobody (or several) by this name. */
  | 'unknown person';
