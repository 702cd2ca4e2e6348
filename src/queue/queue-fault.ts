import { Fault, type Trouble } from '../core/fault.ts';

const NOT_TRUSTED = 'has a certificate that is not trusted: name its authority in REDIS_CA';

type Said = { trouble: Trouble; words: string };

/** The meaning for the queue of the first word of Redis's error replies, or of the system's code. */
const replies: Record<string, Said> = {
  READONLY: { trouble: 'unavailable', words: 'is read-only: a replica, as after a failover' },
  LOADING: { trouble: 'unavailable', words: 'is still loading its data' },
  MASTERDOWN: { trouble: 'unavailable', words: 'is a replica that has lost its master' },
  CLUSTERDOWN: { trouble: 'unavailable', words: 'is a Cluster that is down' },
  TRYAGAIN: { trouble: 'unavailable', words: 'is a Cluster that is moving our slot' },
  NOREPLICAS: { trouble: 'unavailable', words: 'takes no writes, because too few replicas are connected' },
  OOM: { trouble: 'unavailable', words: 'has no memory left (maxmemory)' },
  MISCONF: {
    trouble: 'unavailable',
    words: 'takes no writes, because it can’t save its data to its disk',
  },
  BUSY: { trouble: 'unavailable', words: 'is busy with a script that does not end' },
  UNBLOCKED: { trouble: 'unavailable', words: 'has become a replica' },
  NOAUTH: { trouble: 'unauthorized', words: 'wants a password, and REDIS_URL has none' },
  WRONGPASS: { trouble: 'unauthorized', words: 'does not take the password of REDIS_URL' },
  NOPERM: { trouble: 'forbidden', words: 'does not let our user do what a queue needs' },
  MOVED: {
    trouble: 'invalid',
    words: 'is a Cluster, but REDIS_URL names a single server: write redis+cluster://',
  },
  ASK: { trouble: 'unavailable', words: 'is a Cluster that is moving our slot' },
  CROSSSLOT: {
    trouble: 'invalid',
    words: 'is a Cluster, but REDIS_URL names a single server: write redis+cluster://',
  },
  NOSCRIPT: { trouble: 'unavailable', words: 'forgets its scripts' },
  ECONNREFUSED: { trouble: 'unavailable', words: 'can’t be connected to' },
  ECONNRESET: { trouble: 'unavailable', words: 'broke the connection' },
  ETIMEDOUT: { trouble: 'timeout', words: 'does not answer' },
  ENOTFOUND: { trouble: 'unavailable', words: 'has an address that is not known' },
  EAI_AGAIN: { trouble: 'unavailable', words: 'has an address that can’t be looked up now' },
  DEPTH_ZERO_SELF_SIGNED_CERT: { trouble: 'unavailable', words: NOT_TRUSTED },
  SELF_SIGNED_CERT_IN_CHAIN: { trouble: 'unavailable', words: NOT_TRUSTED },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: { trouble: 'unavailable', words: NOT_TRUSTED },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: { trouble: 'unavailable', words: NOT_TRUSTED },
  CERT_HAS_EXPIRED: { trouble: 'unavailable', words: 'has a certificate that has expired' },
  ERR_TLS_CERT_ALTNAME_INVALID: { trouble: 'unavailable', words: 'has a certificate for another name' },
  NOPROTO: { trouble: 'invalid', words: 'is too old to be spoken to' },
};

/**
 * The kind of a Redis error reply. By the protocol (RESP, simple errors) it is the first word. Before Redis 7 an error
 * inside a script came wrapped, with its own word after a hyphen.
 */
export function replyCode(error: unknown): string | null {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return null;
  const [, first] = /^([A-Z]+)\b/.exec(error.message) ?? [];
  const [, inner] = /(?:^|\s)-([A-Z]+)\s/.exec(error.message) ?? [];
  return (first === 'ERR' ? (inner ?? first) : first) ?? null;
}

/** The cause that kept the queue from taking or handing out work, as a fault `queue.*`. */
export function queueFault(cause: unknown): Fault {
  if (cause instanceof Fault) return cause;
  const code = replyCode(cause) ?? codeOf(cause);
  const said = replies[code ?? ''];
  return new Fault(
    `queue.${said?.trouble ?? 'unavailable'}`,
    said?.words ?? `does not take it${code === null ? '' : ` (${code})`}: ${textOf(cause)}`,
    { retryable: true, ...(code === null ? {} : { vendorCode: code }), cause },
  );
}

export function queueSilent(withinMs: number): Fault {
  return new Fault('queue.timeout', `does not answer within ${withinMs / 1_000} s`, { retryable: true });
}

/** PostgreSQL's or the system's. */
function codeOf(cause: unknown): string | null {
  const { code } = (cause ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : null;
}

/** One line of it. */
function textOf(cause: unknown): string {
  return String((cause as Error | undefined)?.message ?? cause).split('\n')[0] ?? '';
}
