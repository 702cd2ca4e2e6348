import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Fault, type Trouble } from '../core/fault.ts';
import { nextStepFor } from '../core/fault-words.ts';
import type { AuditDestination } from '../ports/audit-destination.ts';
import type { LineSettings } from './line.ts';
import { portionOf } from './portion.ts';
import { syslogFrame } from './syslog-message.ts';

export type SyslogSettings = {
  host: string;
  port: number;
  isTls: boolean;
  /** The authority of its certificate as PEM; null: those that Node trusts. */
  ca: string | null;
  /** A message may have so many bytes. */
  bytes: number;
  /** For a connection, and for all that is sent on one, in milliseconds. */
  timeoutMs?: { connect: number; all: number };
};

/** Sent on one connection. */
const AT_ONCE = { bytes: 256_000, entries: 500 };
const TIMEOUT_MS = { connect: 10_000, all: 60_000 };
/** A receiver that ends of itself has had the time to say so before we end. */
const SETTLE_MS = 20;

/**
 * A receiver of syslog over TCP or TLS. Syslog has no answers, and what was written into a connection may never have
 * been read. So each portion has a connection of its own, which we end. It has arrived when the receiver, having read
 * to our end, ends its side too.
 */
export function syslogDestination(settings: SyslogSettings, lines: LineSettings): AuditDestination {
  const { host, port, isTls, bytes, timeoutMs = TIMEOUT_MS } = settings;
  const called = `the syslog receiver ${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  return {
    name: 'syslog',
    called,
    async send(entries, until) {
      const { lines: frames } = portionOf(entries, (entry) => syslogFrame(entry, lines, bytes), AT_ONCE);
      const socket = await connected(settings, timeoutMs.connect, until);
      await delivered(socket, frames.join(''), AbortSignal.any([until, AbortSignal.timeout(timeoutMs.all)]));
      return frames.length;
    },
    async check() {
      const socket = await connected(settings, timeoutMs.connect);
      socket.destroy();
    },
    next(fault) {
      if (fault.vendorCode === 'not read')
        return 'see that it takes RFC 5424 with octet counting (RFC 6587), and messages as large as SIEM_SYSLOG_BYTES, and that it ends its side of a connection that was ended';
      if (isTls && fault.code === 'siem.unauthorized')
        return 'set SIEM_SYSLOG_CA to the authority that signed its certificate, and SIEM_SYSLOG to the name in it';
      return nextStepFor(fault, { address: 'SIEM_SYSLOG', credentials: '', rights: '' });
    },
  };
}

async function connected(
  { host, port, isTls, ca }: SyslogSettings,
  withinMs: number,
  until?: AbortSignal,
): Promise<Socket> {
  const inTime = AbortSignal.timeout(withinMs);
  const signal = until === undefined ? inTime : AbortSignal.any([inTime, until]);
  const trust = ca === null ? {} : { ca };
  // A name is asked for by its name; an address has none.
  const name = isIP(host) === 0 ? { servername: host } : {};
  const socket = isTls
    ? connectTls({ host, port, minVersion: 'TLSv1.2', ...trust, ...name })
    : connectPlain({ host, port });
  return await new Promise((resolve, reject) => {
    const give = (fault: Fault) => {
      socket.destroy();
      reject(fault);
    };
    const late = () =>
      give(new Fault('siem.timeout', `no connection within ${withinMs} ms`, { retryable: true }));
    signal.addEventListener('abort', late, { once: true });
    socket.once('error', (error) => give(faultOf(error)));
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      signal.removeEventListener('abort', late);
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

/** Resolves once the receiver has read to the end. */
async function delivered(socket: Socket, frames: string, until: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let isEnded = false;
    const fail = (fault: Fault) => {
      socket.destroy();
      reject(fault);
    };
    const late = () => fail(unread('it did not read to the end in time'));
    until.addEventListener('abort', late, { once: true });
    socket.on('error', (error) => fail(faultOf(error)));
    // What it says of itself is no answer that anybody knows.
    socket.resume();
    socket.on('end', () => {
      if (!isEnded) fail(unread('it ended the connection before everything was sent'));
    });
    socket.on('close', () => {
      until.removeEventListener('abort', late);
      if (isEnded && socket.readableEnded) resolve();
      else fail(unread('the connection broke before it had read to the end'));
    });
    socket.write(frames, () =>
      setTimeout(() => {
        isEnded = true;
        socket.end();
      }, SETTLE_MS),
    );
  });
}

function unread(why: string): Fault {
  return new Fault('siem.unavailable', why, {
    retryable: true,
    outcomeUnknown: true,
    vendorCode: 'not read',
  });
}

/** Node names what is wrong with a certificate; the names of OpenSSL all have one of these words. */
const CERTIFICATE = /CERT|SELF_SIGNED|ALTNAME|UNABLE_TO_(?:VERIFY|GET_ISSUER)/;

function faultOf(cause: NodeJS.ErrnoException): Fault {
  const code = cause.code ?? 'broken';
  const trouble: Trouble = CERTIFICATE.test(code) ? 'unauthorized' : 'unavailable';
  const what = trouble === 'unauthorized' ? 'its certificate is not accepted' : 'the connection failed';
  return new Fault(`siem.${trouble}`, `${what} (${code})`, { retryable: true, vendorCode: code, cause });
}
