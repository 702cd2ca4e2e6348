import { Fault } from '../../core/fault.ts';

/**
 * The codes of PostgreSQL (SQLSTATE) and of the system when the database does not do its work now, whatever was asked
 * of it.
 */
const passing: Record<string, string> = {
  '25006': 'is read-only: a standby, as after a failover',
  '25P03': 'ended a transaction in which nothing was asked for seconds',
  '57P05': 'ended a connection on which nothing was asked for seconds',
  '28P01': 'does not take the password of DATABASE_URL',
  '28000': 'does not let our user in',
  '3D000': 'has no such database as DATABASE_URL names',
  '53100': 'has no room left on its disk',
  '53200': 'has no memory left',
  '53300': 'has no connection left for us',
  '53400': 'has reached a limit of its configuration',
  '57P01': 'was shut down by an administrator',
  '57P02': 'has crashed and is recovering',
  '57P03': 'is starting up or shutting down',
  '57P04': 'was dropped',
  '58030': 'can’t read or write its disk',
  ECONNREFUSED: 'can’t be connected to',
  ECONNRESET: 'broke the connection',
  EPIPE: 'broke the connection',
  ETIMEDOUT: 'does not answer',
  EHOSTUNREACH: 'can’t be reached',
  ENETUNREACH: 'can’t be reached',
  ENOTFOUND: 'has an address that is not known',
  EAI_AGAIN: 'has an address that can’t be looked up now',
};

/** Codes that say that our password or our user is not taken. */
export const REFUSED: readonly string[] = ['28P01', '28000'];

/** How a proxy before PostgreSQL says it, and much else. */
export const REFUSED_BEFORE_IT = '08P01';

/** On a connection with such an answer nothing will succeed any more: those of a standby stay with it. */
export const READ_ONLY = '25006';

/**
 * As a fault `store.unavailable` what says that the database is away, full or read-only: whatever was to be stored is
 * not, and may be tried again. Everything else as it is. `isLost`: the connection is gone, and its error has no code.
 */
export function storeFault(error: unknown, isLost = false): unknown {
  if (error instanceof Fault) return error;
  const given = (error as { code?: unknown } | null)?.code;
  const code = typeof given === 'string' ? given : undefined;
  const words = passing[code ?? ''] ?? (code?.startsWith('08') ? 'broke the connection' : undefined);
  if (words === undefined && !(isLost && code === undefined)) return error;
  return new Fault('store.unavailable', `PostgreSQL ${words ?? 'does not answer'}`, {
    retryable: true,
    ...(code === undefined ? {} : { vendorCode: code }),
    cause: error,
  });
}
