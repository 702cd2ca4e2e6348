import { X509Certificate } from 'node:crypto';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls';
import { Fault } from '../core/fault.ts';
import { type GivenSecret, pemOf, secretOf } from '../secrets/secret.ts';

/** What Latchkey shows to a receiver that asks who it is. `key`: null where it stands in `certificate` too. */
export type ClientCertificate = { certificate: GivenSecret; key: GivenSecret | null };

export type SyslogPlace = {
  host: string;
  port: number;
  isTls: boolean;
  /** The authority of its certificate as PEM; null: those that Node trusts. */
  ca: string | null;
  /** Null: Latchkey shows none. */
  client: ClientCertificate | null;
};

/** `tookMs`: until it was there, which is two round trips of the network or more. */
export type Connected = { socket: Socket; tookMs: number };

/** @throws siem.unauthorized of either side's certificate, siem.timeout, siem.unavailable */
export async function connected(
  place: SyslogPlace,
  withinMs: number,
  until?: AbortSignal,
): Promise<Connected> {
  const { host, port, isTls } = place;
  const inTime = AbortSignal.timeout(withinMs);
  const signal = until === undefined ? inTime : AbortSignal.any([inTime, until]);
  const begunAt = performance.now();
  // A name is asked for by its name; an address has none.
  const name = isIP(host) === 0 ? { servername: host } : {};
  const socket = isTls
    ? connectTls({ host, port, secureContext: contextOf(place), ...name })
    : connectPlain({ host, port });
  return await new Promise((resolve, reject) => {
    const give = (fault: Fault) => {
      socket.destroy();
      reject(fault);
    };
    const late = () =>
      give(new Fault('siem.timeout', `no connection within ${withinMs} ms`, { retryable: true }));
    signal.addEventListener('abort', late, { once: true });
    socket.once('error', (error) => give(connectionFault(error, place)));
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      signal.removeEventListener('abort', late);
      socket.removeAllListeners('error');
      resolve({ socket, tookMs: performance.now() - begunAt });
    });
  });
}

/** Made anew for each connection, so that a certificate that was renewed is shown from then on. */
function contextOf({ ca, client }: SyslogPlace): SecureContext {
  const trust = { minVersion: 'TLSv1.2' as const, ...(ca === null ? {} : { ca }) };
  if (client === null) return createSecureContext(trust);
  const cert = pemOf(secretOf(client.certificate).current());
  const key = client.key === null ? cert : pemOf(secretOf(client.key).current());
  try {
    return createSecureContext({ ...trust, cert, key });
  } catch {
    // Nothing of what was given is told on: it may be the key.
    throw new Fault('siem.unauthorized', 'our certificate and its private key do not belong together', {
      retryable: true,
      vendorCode: NOT_A_PAIR,
    });
  }
}

const NOT_A_PAIR = 'not a pair';
const OUT_OF_TIME = 'certificate out of time';
const ENDED_AT_ONCE = 'ended at once';
/** OpenSSL's name of what the other side says of our certificate, or of its absence. */
const REFUSES_OURS =
  /ALERT_(?:BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE|NO_CERTIFICATE)/;
/** Node names what is wrong with the receiver's certificate; the names of OpenSSL all have one of these words. */
const REFUSED_BY_US = /CERT|SELF_SIGNED|ALTNAME|UNABLE_TO_(?:VERIFY|GET_ISSUER)/;

/** What broke a connection. */
export function connectionFault(cause: NodeJS.ErrnoException, place: SyslogPlace): Fault {
  const code = cause.code ?? 'broken';
  const of = { retryable: true, vendorCode: code, cause };
  if (REFUSES_OURS.test(code))
    return new Fault('siem.unauthorized', `it does not accept ${whatItSaw(place)} (${code})`, of);
  if (REFUSED_BY_US.test(code))
    return new Fault('siem.unauthorized', `its certificate is not accepted (${code})`, of);
  const is = place.client === null ? null : timesOf(place.client);
  if (is !== null) return refused(`the connection failed (${code}), and our certificate ${is}`, cause);
  return new Fault('siem.unavailable', `the connection failed (${code})`, of);
}

/** That a receiver over TLS ended a connection by itself. Not every one says that it refuses our certificate. */
export function endedAtOnce(why: string, { client }: SyslogPlace): Fault {
  const is = client === null ? null : timesOf(client);
  if (is !== null) return refused(`${why}, and our certificate ${is}`);
  return new Fault('siem.unavailable', why, {
    retryable: true,
    outcomeUnknown: true,
    vendorCode: ENDED_AT_ONCE,
  });
}

function refused(why: string, cause?: unknown): Fault {
  return new Fault('siem.unauthorized', why, { retryable: true, vendorCode: OUT_OF_TIME, cause });
}

/** A certificate that has run out is seldom called so by who refuses it: some ask as if there were none. */
function whatItSaw({ client }: SyslogPlace): string {
  if (client === null) return 'that Latchkey shows no certificate';
  const is = timesOf(client);
  if (is === null) return 'our certificate';
  return `our certificate, which ${is}`;
}

/** Null: it is good today, as far as its times go. */
function timesOf(client: ClientCertificate): string | null {
  const { validFromDate, validToDate } = new X509Certificate(pemOf(secretOf(client.certificate).current()));
  const now = Date.now();
  const day = (at: Date) => at.toISOString().slice(0, 10);
  if (validToDate.getTime() < now) return `ran out on ${day(validToDate)}`;
  return validFromDate.getTime() > now ? `is good from ${day(validFromDate)} only` : null;
}

/** Whether another certificate might help. */
export function isAboutCertificates({ code, vendorCode }: Fault): boolean {
  return code === 'siem.unauthorized' || vendorCode === ENDED_AT_ONCE;
}

/** What to do about a certificate that was not accepted; null: it is not about one. */
export function certificateAdvice(
  { code, vendorCode = '' }: Fault,
  { isTls, client }: SyslogPlace,
): string | null {
  if (vendorCode === NOT_A_PAIR)
    return 'set SIEM_SYSLOG_CERTIFICATE and SIEM_SYSLOG_KEY to a certificate and the key that it was made with';
  const isOurs = vendorCode === OUT_OF_TIME || REFUSES_OURS.test(vendorCode);
  if (isOurs && client === null)
    return 'have the receiver’s authority make a certificate for Latchkey, and set SIEM_SYSLOG_CERTIFICATE and SIEM_SYSLOG_KEY to it and its key';
  if (isOurs && client !== null)
    return timesOf(client) === null
      ? 'have SIEM_SYSLOG_CERTIFICATE signed by an authority that the receiver takes for senders, with those in between in it too, and see which names the receiver lets in'
      : 'have a new certificate made, and set SIEM_SYSLOG_CERTIFICATE and SIEM_SYSLOG_KEY to it and its key';
  if (isTls && code === 'siem.unauthorized')
    return 'set SIEM_SYSLOG_CA to the authority that signed its certificate, and SIEM_SYSLOG to the name in it';
  if (isTls && vendorCode === ENDED_AT_ONCE)
    return client === null
      ? 'see its log; if it demands a certificate of Latchkey, set SIEM_SYSLOG_CERTIFICATE and SIEM_SYSLOG_KEY'
      : 'see its log; if it does not take the certificate of SIEM_SYSLOG_CERTIFICATE, have one signed by an authority that it takes for senders, and see which names it lets in';
  return null;
}
