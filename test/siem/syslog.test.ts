import { afterEach, describe, expect, test } from 'vitest';
import type { Fault } from '../../src/core/fault.ts';
import { lineSettings } from '../../src/siem/destinations.ts';
import { type SyslogSettings, syslogDestination } from '../../src/siem/syslog.ts';
import { syslogFrame } from '../../src/siem/syslog-message.ts';
import { entries, entry } from './entries.ts';
import { certified, type Receiving, startReceiver } from './syslog-receiver.ts';

const until = new AbortController().signal;
const lines = lineSettings('jsonl', { idp: 'Okta', version: '0.1.0' });

type Receiver = Awaited<ReturnType<typeof startReceiver>>;
let receiver: Receiver;
afterEach(() => receiver?.close());

async function begin(receiving: Receiving = {}, settings: Partial<SyslogSettings> = {}) {
  receiver = await startReceiver(receiving);
  return syslogDestination(
    {
      host: '127.0.0.1',
      port: receiver.port,
      isTls: false,
      ca: null,
      client: null,
      bytes: 8_192,
      ...settings,
    },
    lines,
  );
}
const faultOf = async (sent: Promise<unknown>) => (await sent.then(String, (error) => error)) as Fault;

describe('a message', () => {
  test('is RFC 5424 of facility “log audit”, with the time and the number of the entry', async () => {
    const syslog = await begin();
    const all = [
      entry({ seq: 5, type: 'clickRefused', data: { reason: 'selfApproval' } }),
      entry({ seq: 2_147_483_648 }),
    ];
    expect(await syslog.send(all, until)).toBe(2);
    expect(receiver.messages).toMatchObject([
      { priority: 109, at: '2026-03-01T09:30:00.250Z', app: 'latchkey', type: 'clickRefused', sequence: 5 },
      { priority: 110, type: 'changeApproved', sequence: 1, json: { seq: 2_147_483_648 } },
    ]);
  });

  // rsyslog/rsyslog#1165, fluent/fluent-bit#12399: a line end within made two messages of one.
  // fluent/fluentd#2815, wizecore/graylog2-output-syslog#52: what to do with the byte order mark, receivers do not agree on.
  test('has no line end, no control and no byte order mark in it, and gives every character back', async () => {
    const odd = '\ufeffone\ntwo\r\n\u0000\u001b[31m\u0085\u2028 名前 🔑 é ] " \\';
    const syslog = await begin();
    await syslog.send([entry({ data: { reason: odd }, actor: { person: 'p', name: odd } })], until);
    expect(receiver.messages[0]?.json.data).toEqual({ reason: odd });
    expect(syslogFrame(entry({ data: { reason: odd } }), lines, 8_192)).toMatch(/^[\x20-\x7e]+$/);
  });

  // fluent/fluentd#2982: the count is of the message, without the blank behind the count.
  test('stands behind its length in bytes', () => {
    const [, length, message] =
      /^(\d+) (.*)$/.exec(syslogFrame(entry({ data: { name: '名前' } }), lines, 8_192)) ?? [];
    expect(Number(length)).toBe(Buffer.byteLength(message ?? ''));
  });

  // hashicorp/vault#28136, #11946 (“message too long”); syslog-ng/syslog-ng#881 ends the connection at one that is too long;
  // rsyslog/rsyslog#5556 makes two of it.
  test('of a huge entry is within the limit, says that it was cut, and holds up none behind it', async () => {
    const syslog = await begin({}, { bytes: 2_048 });
    const all = [
      entry({ seq: 1, data: { ids: Array.from({ length: 3_000 }, (_, n) => `id-${n}`) } }),
      entry({ seq: 2 }),
    ];
    expect(await syslog.send(all, until)).toBe(2);
    expect(receiver.messages[0]?.json).toMatchObject({ seq: 1, isTruncated: true });
    expect(receiver.messages[0]?.json.untruncatedSize).toBeGreaterThan(20_000);
    expect(syslogFrame(all[0] as (typeof all)[0], lines, 2_048).length).toBeLessThan(2_060);
    expect(receiver.numbers()).toEqual([1, 2]);
  });
});

describe('what has arrived', () => {
  test('is sent on a connection that we end, many at once', async () => {
    const syslog = await begin();
    const all = entries(2_000);
    for (let sent = 0; sent < all.length; ) sent += await syslog.send(all.slice(sent), until);
    expect(receiver.numbers()).toEqual(all.map(({ seq }) => seq));
    expect(receiver.connections()).toBeLessThan(10);
  });

  // rsyslog/rsyslog#3929, #4354, #491, #939, #5021 of syslog-ng: what was written into a connection that nobody read was lost.
  test.each<[string, NonNullable<Receiving['serve']>]>([
    [
      'is cut in the midst of it',
      (socket, read) =>
        socket.once('data', (bytes) => {
          read(bytes.subarray(0, 1_000));
          socket.resetAndDestroy();
        }),
    ],
    ['ends of itself before it has read', (socket) => socket.end()],
    [
      'ends of itself, having read a part',
      (socket, read) =>
        socket.once('data', (bytes) => {
          read(bytes.subarray(0, 1_000));
          socket.end();
          socket.destroySoon();
        }),
    ],
    ['is never read', (socket) => socket.pause()],
  ])('is not what was written into a connection that %s', async (_, serve) => {
    const syslog = await begin({ serve }, { timeoutMs: { connect: 1_000, all: 500 } });
    const fault = await faultOf(syslog.send(entries(300), until));
    expect(fault.code).toBe('siem.unavailable');
    expect(syslog.next(fault)).not.toBe('');
    const { port } = receiver;
    await receiver.close();
    // and it is sent again, whole, when the receiver is there again
    receiver = await startReceiver({ port });
    expect(await syslog.send(entries(300), until)).toBe(300);
    expect(receiver.numbers()).toEqual(entries(300).map(({ seq }) => seq));
  });

  test('a receiver that reads slowly is waited for', async () => {
    const serve: Receiving['serve'] = (socket, read) =>
      socket.on('data', (bytes) => {
        read(bytes);
        socket.pause();
        setTimeout(() => socket.resume(), 20);
      });
    const syslog = await begin({ serve });
    const all = entries(100, () => ({ data: { text: 'x'.repeat(2_000) } }));
    expect(await syslog.send(all, until)).toBe(100);
    expect(receiver.numbers()).toHaveLength(100);
  });
});

describe('TLS', () => {
  const own = certified('siem.example');
  const localhost = certified('localhost');

  test('is spoken with whom the authority of SIEM_SYSLOG_CA has signed', async () => {
    const syslog = await begin({ tls: localhost }, { host: 'localhost', isTls: true, ca: localhost.cert });
    await syslog.check();
    expect(await syslog.send(entries(3), until)).toBe(3);
    expect(receiver.numbers()).toEqual([1, 2, 3]);
    expect(receiver.messages).toHaveLength(3);
  });

  test.each([
    ['nobody known has signed it', localhost, null],
    ['it is another’s', own, own.cert],
  ])('is not spoken when %s: nothing is sent', async (_, tls, ca) => {
    const syslog = await begin({ tls }, { host: 'localhost', isTls: true, ca });
    const fault = await faultOf(syslog.send(entries(3), until));
    expect(fault).toMatchObject({ code: 'siem.unauthorized' });
    expect(syslog.next(fault)).toMatch(/SIEM_SYSLOG_CA/);
    expect(receiver.messages).toEqual([]);
  });
});

test('a receiver that is not there, or does not answer, is told of by its setting', async () => {
  const syslog = await begin();
  await receiver.close();
  const away = await faultOf(syslog.check());
  expect(away).toMatchObject({ code: 'siem.unavailable', vendorCode: 'ECONNREFUSED' });
  expect(`${syslog.called}: ${syslog.next(away)}`).toMatch(
    /^the syslog receiver 127\.0\.0\.1:\d+: .*SIEM_SYSLOG/,
  );
  const silent = await begin(
    { serve: () => {} },
    { isTls: true, host: '127.0.0.1', timeoutMs: { connect: 200, all: 200 } },
  );
  expect(await faultOf(silent.send(entries(1), until))).toMatchObject({ code: 'siem.timeout' });
});
