/** Who tells what happens in the directory. */
export type EventSource = 'scim' | 'graph' | 'set' | 'reconcile' | OwnEventSource;
/** An identity provider's own way of telling, by its `system`: it calls us, or keeps a log that we read. */
type OwnEventSource = `${string}Hook` | `${string}Log`;

/**
 * A person as an event source names them. `pushed` is SCIM's own description of them. It is enough to remember somebody
 * never met. A client that sends no externalId gives no id: then the login says who it is.
 */
export type PersonHint =
  | { id: string | null; pushed?: { login: string; email: string; name: string; isActive: boolean } }
  | { email: string }
  /** By Entra's id, where another product is the IdP. */
  | { entraId: string }
  /** One person by several names, the surest first. */
  | { anyOf: readonly PersonHint[] };

/** A group by the IdP's own id or, where an event source does not know that, by its name. */
export type GroupHint = { id: string } | { name: string };

/**
 * What was told. Only a hint where to look: the IdP is read before anything follows from it. `idp`: the `system` of the
 * identity provider whose ids and names these are; left out: that of each is tried.
 */
export type Told = { idp?: string } & ToldWhat;

type ToldWhat =
  | { kind: 'membership'; person: PersonHint; group: GroupHint; direction: 'added' | 'removed' }
  | {
      kind: 'person';
      person: PersonHint;
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
  | { kind: 'group'; group: GroupHint };

/** One observed change, whichever event source told it. */
export type Observation = {
  /**
   * Names the happening, at most 500 characters: told twice, by one event source or by two, it is one observation.
   * Okta's hook and System Log share `okta:<LogEvent uuid>`.
   */
  key: string;
  eventSource: EventSource;
  payload: Told;
  /** The person who did it, where the event source says so: by the IdP's id. */
  actor: { id: string; name: string } | null;
  occurredAt: Date;
};

/** What came of an observation. */
export type Processed =
  /** What it says is wanted: evidence, nothing to ask. */
  | 'expected'
  /** Nobody was known to want it: the IdP is read and the difference checked. */
  | 'checked'
  /** The person is looked at anew. */
  | 'evaluated'
  /** The whole group is looked at. */
  | 'group checked'
  /** No entitlement hangs on this group. */
  | 'not ours'
  /** The IdP knows nobody (or several) by this name. */
  | 'unknown person';
