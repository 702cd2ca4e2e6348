import { isIP } from 'node:net';
import { Fault } from '../core/fault.ts';
import { nextStepFor } from '../core/fault-words.ts';
import type { AuditDestination } from '../ports/audit-destination.ts';
import { secretOf } from '../secrets/secret.ts';
import type { LineSettings } from './line.ts';
import { portionOf } from './portion.ts';
import {
  type Connected,
  certificateAdvice,
  connected,
  connectionFault,
  endedAtOnce,
  isAboutCertificates,
  type SyslogPlace,
} from './syslog-connection.ts';
import { syslogFrame } from './syslog-message.ts';

export type SyslogSettings = SyslogPlace & {
  /** A message may have so many bytes. */
  bytes: number;
  /** For a connection, and for all that is sent on one, in milliseconds. */
  timeoutMs?: { connect: number; all: number };
};

/** Sent on one connection. */
const AT_ONCE = { bytes: 256_000, entries: 500 };
const TIMEOUT_MS = { connect: 10_000, all: 60_000 };
/**
 * A receiver that ends of itself has had the time to say so before we end: this long, and twice as long as the connection
 * took. Else the end of one that refuses our certificate, which it says after the handshake (TLS 1.3), would be taken for
 * its answer to ours.
 */
const SETTLE_MS = 200;
const ROUND_TRIPS = 2;
/** To see whether one ends at once there is more time. */
const LOOK_MS = 300;

/**
 * A receiver of syslog over TCP or TLS. Syslog has no answers, and what was written into a connection may never have
 * been read. So each portion has a connection of its own, which we end. It has arrived when the receiver, having read
 * to our end, ends its side too.
 */
export function syslogDestination(settings: SyslogSettings, lines: LineSettings): AuditDestination {
  const { host, port, bytes, timeoutMs = TIMEOUT_MS } = settings;
  const called = `the syslog receiver ${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  return {
    name: 'syslog',
    called,
    async send(entries, until) {
      const { lines: frames } = portionOf(entries, (entry) => syslogFrame(entry, lines, bytes), AT_ONCE);
      await withNewCertificate(settings, async () => {
        const connection = await connected(settings, timeoutMs.connect, until);
        const inTime = AbortSignal.any([until, AbortSignal.timeout(timeoutMs.all)]);
        await delivered(settings, connection, frames.join(''), inTime);
      });
      return frames.length;
    },
    check: () =>
      withNewCertificate(settings, async () => {
        await stays(settings, await connected(settings, timeoutMs.connect));
      }),
    next(fault) {
      if (fault.vendorCode === 'not read')
        return 'see that it takes RFC 5424 with octet counting (RFC 6587), and messages as large as SIEM_SYSLOG_BYTES, and that it ends its side of a connection that was ended';
      const advice = certificateAdvice(fault, settings);
      if (advice !== null) return advice;
      return nextStepFor(fault, { address: 'SIEM_SYSLOG', credentials: '', rights: '' });
    },
  };
}

/** Resolves once the receiver has read to the end. */
async function delivered(
  place: SyslogPlace,
  { socket, tookMs }: Connected,
  frames: string,
  until: AbortSignal,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let isEnded = false;
    const fail = (fault: Fault) => {
      socket.destroy();
      reject(fault);
    };
    const late = () => fail(unread('it did not read to the end in time'));
    until.addEventListener('abort', late, { once: true });
    socket.on('error', (error) => fail(connectionFault(error, place)));
    // What it says of itself is no answer that anybody knows.
    socket.resume();
    socket.on('end', () => {
      if (!isEnded) fail(unread('it ended the connection before everything was sent', place));
    });
    socket.on('close', () => {
      until.removeEventListener('abort', late);
      if (isEnded && socket.readableEnded) resolve();
      else fail(unread('the connection broke before it had read to the end'));
    });
    socket.write(frames, () =>
      setTimeout(
        () => {
          isEnded = true;
          socket.end();
        },
        Math.max(SETTLE_MS, ROUND_TRIPS * tookMs),
      ),
    );
  });
}

/** Over TLS, who ends before it has read may not take our certificate; else it does not take what is sent. */
function unread(why: string, place?: SyslogPlace): Fault {
  if (place?.isTls === true) return endedAtOnce(why, place);
  return new Fault('siem.unavailable', why, {
    retryable: true,
    outcomeUnknown: true,
    vendorCode: 'not read',
  });
}

/** Throws when the receiver ends a connection by itself that nothing is sent on. */
async function stays(place: SyslogPlace, { socket, tookMs }: Connected): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, LOOK_MS + ROUND_TRIPS * tookMs);
    const ended = (fault: Fault) => {
      clearTimeout(timer);
      reject(fault);
    };
    socket.once('error', (error) => ended(connectionFault(error, place)));
    socket.once('end', () => ended(unread('it ended the connection as soon as it was made', place)));
    socket.resume();
  }).finally(() => socket.destroy());
}

/** Where a certificate is refused, it may have been renewed just now: it is read anew then, and tried once more. */
async function withNewCertificate({ client }: SyslogPlace, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const isRefusal = error instanceof Fault && isAboutCertificates(error);
    if (client === null || !isRefusal) throw error;
    const both = [client.certificate, client.key].flatMap((one) => (one === null ? [] : [secretOf(one)]));
    const isNew = await Promise.all(both.map(async (secret) => await secret.renew()));
    if (!isNew.includes(true)) throw error;
    await work();
  }
}
