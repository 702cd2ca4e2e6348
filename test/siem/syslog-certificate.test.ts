import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { environment } from '../../src/config/environment.ts';
import { siemProblems } from '../../src/config/siem.ts';
import type { Fault } from '../../src/core/fault.ts';
import type { Secret } from '../../src/secrets/secret.ts';
import { lineSettings } from '../../src/siem/destinations.ts';
import { syslogDestination } from '../../src/siem/syslog.ts';
import type { ClientCertificate } from '../../src/siem/syslog-connection.ts';
import { entries } from './entries.ts';
import { type Certified, certified, signedBy, startReceiver } from './syslog-receiver.ts';

const until = new AbortController().signal;
const lines = lineSettings('jsonl', { idp: 'Okta', version: '0.1.0' });

const own = certified('localhost');
const authority = certified('senders');
const good = signedBy(authority, 'latchkey');
const old = signedBy(authority, 'latchkey', -1);
const strangers = certified('latchkey');
const shown = ({ cert, key }: Certified): ClientCertificate => ({ certificate: cert, key });

type Receiver = Awaited<ReturnType<typeof startReceiver>>;
let receiver: Receiver;
let far: Server | undefined;
afterEach(async () => {
  await receiver?.close();
  far?.close();
  far = undefined;
});

/** A receiver that lets in whom `authority` has signed. */
async function begin(
  client: ClientCertificate | null,
  maxVersion: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3',
  port?: number,
) {
  receiver = await startReceiver({ tls: { ...own, ca: authority.cert, maxVersion } });
  return syslogDestination(
    { host: 'localhost', port: port ?? receiver.port, isTls: true, ca: own.cert, client, bytes: 8_192 },
    lines,
  );
}
const faultOf = async (sent: Promise<unknown>) => (await sent.then(String, (error) => error)) as Fault;

/** A secret whose source holds the next value by now. */
function renewed(name: string, ...values: string[]): Secret {
  const left = [...values];
  return {
    name,
    current: () => left[0] ?? '',
    refused: async () => false,
    renew: async () => left.length > 1 && left.shift() !== undefined,
    fits: () => false,
    onChange: () => () => {},
  };
}

describe.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'a receiver that demands a certificate, with %s',
  (version) => {
    test('is sent to with one that its authority has signed', async () => {
      const syslog = await begin(shown(good), version);
      await syslog.check();
      expect(await syslog.send(entries(3), until)).toBe(3);
      expect(receiver.numbers()).toEqual([1, 2, 3]);
    });

    test('has the key in the certificate, too, and the line breaks as an environment file has them', async () => {
      const together = `${good.cert}${good.key}`.replaceAll('\n', '\\n');
      const syslog = await begin({ certificate: together, key: null }, version);
      expect(await syslog.send(entries(3), until)).toBe(3);
    });

    test.each<[string, ClientCertificate | null, RegExp, RegExp]>([
      [
        'none is shown',
        null,
        /does not accept that Latchkey shows no certificate/,
        /set SIEM_SYSLOG_CERTIFICATE and SIEM_SYSLOG_KEY to it/,
      ],
      [
        'it ran out',
        shown(old),
        /our certificate,? (which )?ran out on \d{4}-\d\d-\d\d/,
        /^have a new certificate made/,
      ],
      [
        'the key is another’s',
        { certificate: good.cert, key: strangers.key },
        /do not belong together/,
        /the key that it was made with/,
      ],
      // Node's server says nothing of why: as rsyslog with gtls, it ends the connection.
      [
        'nobody known there has signed it',
        shown(strangers),
        /ended|connection failed/,
        /SIEM_SYSLOG_CERTIFICATE, have one signed by an authority|reaches SIEM_SYSLOG/,
      ],
    ])('is told of when %s: nothing arrives, by check or by sending', async (_, client, what, next) => {
      const syslog = await begin(client, version);
      for (const work of [() => syslog.check(), () => syslog.send(entries(3), until)]) {
        const fault = await faultOf(work());
        expect(fault.message).toMatch(what);
        expect(syslog.next(fault)).toMatch(next);
        expect(`${fault.message} ${JSON.stringify(fault)}`).not.toContain('PRIVATE KEY');
      }
      expect(receiver.messages).toEqual([]);
    });
  },
);

// openssl/openssl#13998 (“may result in data loss”), rustls/rustls#1707, haskell-tls/hs-tls#463, netty/netty#10502
test('over a slow network, a receiver that refuses the certificate after the handshake has not got the batch', async () => {
  receiver = await startReceiver({ tls: { ...own, ca: authority.cert } });
  const { port } = receiver;
  far = createServer((near) => {
    const there = connect(port, '127.0.0.1');
    const late = (from: Socket, to: Socket) => {
      from.on('data', (bytes) => setTimeout(() => to.writable && to.write(bytes), 60));
      from.on('end', () => setTimeout(() => to.end(), 60));
      from.on('error', () => {});
    };
    late(near, there);
    late(there, near);
  });
  await new Promise<void>((listening) => far?.listen(0, '127.0.0.1', listening));
  const syslog = syslogDestination(
    {
      host: 'localhost',
      port: (far.address() as AddressInfo).port,
      isTls: true,
      ca: own.cert,
      client: shown(strangers),
      bytes: 8_192,
    },
    lines,
  );
  expect(await faultOf(syslog.send(entries(3), until))).toMatchObject({ code: 'siem.unavailable' });
  expect(await faultOf(syslog.check())).toMatchObject({ code: 'siem.unavailable' });
  expect(receiver.messages).toEqual([]);
});

// fluent/fluent-bit#1678, elastic/logstash#18892, IonxSolutions/serilog-sinks-syslog#81: it was shown after a restart only;
// rsyslog/rsyslog#5517: one bad certificate, and the sender gave up for good.
test('a certificate that was renewed is shown at once, also where the old one has just been refused', async () => {
  const syslog = await begin({
    certificate: renewed('SIEM_SYSLOG_CERTIFICATE', old.cert, good.cert),
    key: renewed('SIEM_SYSLOG_KEY', old.key, good.key),
  });
  expect(await syslog.send(entries(3), until)).toBe(3);
  expect(receiver.numbers()).toEqual([1, 2, 3]);
});

test('a setting that is none says so, and never its value', () => {
  const { SIEM_SYSLOG_CERTIFICATE: certificate, SIEM_SYSLOG_KEY: key } = environment.shape;
  expect(certificate.safeParse(good.cert).success && key.safeParse(good.key).success).toBe(true);
  for (const [shape, value] of [
    [certificate, '/etc/latchkey/siem.pem'],
    [certificate, good.key],
    [key, good.cert],
    [key, '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGj\n-----END ENCRYPTED PRIVATE KEY-----'],
  ] as const) {
    const said = shape.safeParse(value).error?.issues.map(({ message }) => message);
    expect(said).toEqual([expect.stringMatching(/^is no .* as PEM.*file:\/\/\/…$/)]);
  }
  const given = { SIEM_SYSLOG: 'tcp://siem:601', SIEM_SYSLOG_CERTIFICATE: 'x' };
  expect(siemProblems(given)).toEqual([expect.stringMatching(/is not over TLS/)]);
  expect(siemProblems({ SIEM_SYSLOG: 'tls://siem', SIEM_SYSLOG_KEY: 'x' })).toEqual([
    'SIEM_SYSLOG_CERTIFICATE is not set, but SIEM_SYSLOG_KEY is',
  ]);
});
