/**
 * Faults: what went wrong through nobody's choice. Thrown, never returned; a refusal (somebody may not do
 * something) is a value instead, see refusal.ts.
 */

/** Outside parties that can fail. The code of a fault is `<party>.<trouble>`. */
export type Party =
  | 'idp'
  | 'mulesoft'
  | 'slack'
  | 'model'
  | 'store'
  | 'queue'
  | 'tickets'
  | 'secrets'
  | 'siem'
  | 'vanta';

export type Trouble =
  /** Our credentials were not accepted. */
  | 'unauthorized'
  /** The credentials are good, but what we asked is not allowed to them. */
  | 'forbidden'
  /** What we named does not exist there. */
  | 'not_found'
  /** The other side says our request is malformed. */
  | 'invalid'
  /** Rate limit; `retryAfterMs` says how long to wait. */
  | 'throttled'
  /** The other side is down or answers 5xx. */
  | 'unavailable'
  /** No answer in time. After a write the outcome is unknown: read back before repeating. */
  | 'timeout'
  /** An answer came that does not fit the published shape. */
  | 'bad_answer';

export type FaultCode =
  | `${Party}.${Trouble}`
  | 'config.invalid'
  | 'catalogue.invalid'
  | 'policy.unanswered'
  | 'bug.invariant';

export type FaultDetails = {
  /** Trying the same again later may succeed. */
  retryable: boolean;
  /** Milliseconds to wait before trying again, where the other side said so. */
  retryAfterMs?: number;
  /** True after a write without an answer: it may or may not have happened. */
  outcomeUnknown?: boolean;
  /** The other side's own error code or status, e.g. `E0000006` or `ratelimited`. */
  vendorCode?: string;
  /** Which of several the party is: the `system` of an identity provider. */
  system?: string;
  cause?: unknown;
};

export class Fault extends Error {
  readonly code: FaultCode;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly outcomeUnknown: boolean;
  readonly vendorCode: string | undefined;
  readonly system: string | undefined;

  constructor(code: FaultCode, message: string, details: FaultDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'Fault';
    this.code = code;
    this.retryable = details.retryable;
    this.retryAfterMs = details.retryAfterMs;
    this.outcomeUnknown = details.outcomeUnknown ?? false;
    this.vendorCode = details.vendorCode;
    this.system = details.system;
  }
}

/** A state that our own code promised can't be reached. */
export function invariant(holds: unknown, message: string): asserts holds {
  if (!holds) throw new Fault('bug.invariant', message, { retryable: false });
}
