import { createHmac, type webcrypto } from 'node:crypto';
import Fastify from 'fastify';
import { exportSPKI, importJWK } from 'jose';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Observation } from '../../src/core/drift/observation.ts';
import { setReceiver } from '../../src/inbound/set-receiver.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { eventually } from '../eventually.ts';
import { newKey, startTransmitter, type Transmitter } from './transmitter.ts';

const AUDIENCE = 'https://latchkey.example/set';
const ISSUER = 'https://idp.example';
const REVOKED = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked';
const email = (address: string) => ({ format: 'email', email: address });
/** A session-revoked about Erik; claims can be changed. */
const aboutErik = { claims: { sub_id: email('erik@acme.example') } };

let fresh: FreshDatabase;
let idp: Transmitter;
let other: Transmitter;
let url: string;
let close: () => Promise<void>;
let seen = 0;

async function startReceiver(database: FreshDatabase) {
  const app = Fastify({ forceCloseConnections: true });
  const issuers = [idp, other].map(({ issuer, jwksUrl }) => ({ issuer, jwksUrl }));
  const log = pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' });
  await setReceiver(app, { db: database.database.db, nudge: () => {}, log }, { issuers, audience: AUDIENCE });
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }), close: () => app.close() };
}

beforeAll(async () => {
  [fresh, idp, other] = await Promise.all([
    freshDatabase(),
    startTransmitter(ISSUER, AUDIENCE),
    startTransmitter('https://other.example', AUDIENCE),
  ]);
  ({ url, close } = await startReceiver(fresh));
});
afterAll(async () => {
  await close();
  await Promise.all([idp.close(), other.close(), fresh.close()]);
});
beforeEach(async () => {
  idp.answerWith(null);
  seen = (await observed()).length;
});

async function observed(): Promise<Observation[]> {
  const { rows } = await sql<Observation>`
    select key, event_source as "eventSource", payload, occurred_at as "occurredAt" from observed order by id`.execute(
    fresh.database.db,
  );
  return rows;
}
const news = async () => (await observed()).slice(seen).map(({ payload: told }) => told);

const push = (token: string, contentType = 'application/secevent+jwt', at = url) =>
  fetch(`${at}/set`, {
    method: 'POST',
    headers: { 'content-type': contentType, accept: 'application/json' },
    body: token,
  });

/** After a rotation, the receiver may not look again at once. */
const keyIsKnown = () =>
  eventually(
    'the key is known',
    async () => (await push(await idp.sign({ 'urn:example:probe': {} }))).status === 202,
  );

/** RFC 8935 section 2.3 and 2.4: 400, JSON, the language named; and nothing is stored. */
async function expectRefused(token: string, err: string, about = ''): Promise<void> {
  const response = await push(token);
  const body = (await response.json()) as Record<string, unknown>;
  expect({ status: response.status, err: body.err }).toEqual({ status: 400, err });
  expect(body.description).toContain(about);
  expect(Object.keys(body).sort()).toEqual(['description', 'err']);
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  expect(response.headers.get('content-language')).toBe('en');
  expect(await news()).toEqual([]);
}

async function expectTaken(token: string): Promise<void> {
  const response = await push(token);
  expect({ status: response.status, body: await response.text() }).toEqual({ status: 202, body: '' });
}

const unsigned = async (header: object, sign: (input: string) => string) => {
  const [, payload] = (await idp.sign({ [REVOKED]: {} }, aboutErik)).split('.');
  const input = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}`;
  return `${input}.${sign(input)}`;
};

describe('a good SET', () => {
  test('is stored before it is answered 202, once however often it comes', async () => {
    const toe = Math.floor(Date.now() / 1_000) - 60;
    const token = await idp.sign(
      { [REVOKED]: { event_timestamp: toe } },
      { claims: { ...aboutErik.claims, jti: 'once', toe } },
    );
    await expectTaken(token);
    await expectTaken(token);
    await Promise.all([expectTaken(token), expectTaken(token)]);
    expect((await observed()).slice(seen)).toMatchObject([
      {
        key: `set:${ISSUER}:once:0`,
        eventSource: 'set',
        payload: { kind: 'person', person: { email: 'erik@acme.example' }, happening: 'sessionsRevoked' },
        occurredAt: new Date(toe * 1_000),
      },
    ]);
  });

  test('for several audiences, with a media type for a type, needs no exp', async () => {
    await expectTaken(
      await idp.sign(
        { [REVOKED]: {} },
        {
          claims: { ...aboutErik.claims, aud: ['https://else.example', AUDIENCE] },
          header: { typ: 'application/secevent+jwt' },
        },
      ),
    );
    expect(await news()).toHaveLength(1);
  });

  test('the same jti of two issuers is two SETs', async () => {
    for (const from of [idp, other])
      await expectTaken(await from.sign({ [REVOKED]: {} }, { claims: { ...aboutErik.claims, jti: 'both' } }));
    expect(await news()).toHaveLength(2);
  });

  test('a jti that is very long is taken, and still known again', async () => {
    const claims = { ...aboutErik.claims, jti: 'j'.repeat(900) };
    await expectTaken(await idp.sign({ [REVOKED]: {} }, { claims }));
    await expectTaken(await idp.sign({ [REVOKED]: {} }, { claims }));
    expect(await news()).toHaveLength(1);
  });
});

describe('who sent it is not proven', () => {
  test('a changed payload', async () => {
    const [header, , signature] = (await idp.sign({ [REVOKED]: {} }, aboutErik)).split('.');
    const [, payload] = (await idp.sign({ [REVOKED]: {} }, aboutErik)).split('.');
    await expectRefused(`${header}.${payload}.${signature}`, 'authentication_failed');
  });

  test('signed with another key under the same kid', async () => {
    const forged = await newKey(idp.key.kid);
    await expectRefused(
      await idp.sign({ [REVOKED]: {} }, { ...aboutErik, key: forged }),
      'authentication_failed',
    );
  });

  test('one issuer’s key does not speak for another', async () => {
    const claims = { ...aboutErik.claims, iss: other.issuer };
    await expectRefused(await idp.sign({ [REVOKED]: {} }, { claims }), 'authentication_failed');
  });

  test.each(['none', 'None', 'NONE'])('alg %s', async (alg) => {
    const token = await unsigned({ alg, typ: 'secevent+jwt' }, () => '');
    await expectRefused(token, 'authentication_failed');
  });

  test('HS256 with the public key for a secret', async () => {
    const publicKey = await importJWK(idp.key.publicJwk, 'ES256', { extractable: true });
    for (const secret of [
      await exportSPKI(publicKey as webcrypto.CryptoKey),
      JSON.stringify(idp.key.publicJwk),
    ]) {
      const sign = (input: string) => createHmac('sha256', secret).update(input).digest('base64url');
      const header = { alg: 'HS256', typ: 'secevent+jwt', kid: idp.key.kid };
      await expectRefused(await unsigned(header, sign), 'authentication_failed');
    }
  });

  test('a key brought along in the header counts for nothing', async () => {
    const own = await newKey('own');
    const header = { jwk: own.publicJwk, jku: other.jwksUrl, kid: idp.key.kid };
    const token = await idp.sign({ [REVOKED]: {} }, { ...aboutErik, key: own, header });
    await expectRefused(token, 'authentication_failed');
  });
});

describe('it is not for us, or no SET', () => {
  const now = () => Math.floor(Date.now() / 1_000);
  test.each([
    ['an unknown issuer', { claims: { iss: 'https://evil.example' } }, 'invalid_issuer'],
    ['no issuer', { claims: { iss: undefined } }, 'invalid_issuer'],
    ['another audience', { claims: { aud: 'https://else.example' } }, 'invalid_audience'],
    ['no audience', { claims: { aud: undefined } }, 'invalid_audience'],
    ['an access token', { header: { typ: 'at+jwt' } }, 'invalid_request'],
    ['a plain JWT', { header: { typ: 'JWT' } }, 'invalid_request'],
    ['no type', { header: { typ: undefined } }, 'invalid_request'],
    ['no jti', { claims: { jti: undefined } }, 'invalid_request'],
    ['a jti that can’t be stored', { claims: { jti: 'a\u0000b' } }, 'invalid_request'],
    ['no iat', { claims: { iat: undefined } }, 'invalid_request'],
    ['a time to come', { claims: { iat: now() + 3_600 } }, 'invalid_request'],
    ['a time in milliseconds', { claims: { iat: Date.now() } }, 'invalid_request'],
    ['long ago', { claims: { iat: now() - 40 * 86_400 } }, 'invalid_request'],
    ['an end that has passed', { claims: { exp: now() - 3_600 } }, 'invalid_request'],
    ['events that are a list', { claims: { events: [REVOKED] } }, 'invalid_request'],
    ['no events', { claims: { events: {} } }, 'invalid_request'],
    ['an event that is no object', { claims: { events: { [REVOKED]: 'yes' } } }, 'invalid_request'],
    ['no subject', { claims: { sub_id: undefined } }, 'invalid_request'],
    ['a subject without a format', { claims: { sub_id: { email: 'a@b.c' } } }, 'invalid_request'],
    ['a subject unlike its format', { claims: { sub_id: { format: 'email' } } }, 'invalid_request'],
    ['a subject that can’t be stored', { claims: { sub_id: email('a\u0000') } }, 'invalid_request'],
    [
      'aliases of aliases',
      { claims: { sub_id: { format: 'aliases', identifiers: [{ format: 'aliases', identifiers: [{}] }] } } },
      'invalid_request',
    ],
  ])('%s', async (_, { claims = {}, header = {} }: { claims?: object; header?: object }, err) => {
    const token = await idp.sign(
      { [REVOKED]: {} },
      { claims: { ...aboutErik.claims, ...claims }, header: { ...header } },
    );
    // The description names the claim or the header that is wrong.
    await expectRefused(token, err, Object.keys({ ...claims, ...header })[0]);
  });

  test.each(['', 'x', 'a.b.c', '{"iss":"x"}', 'eyJhbGciOiJub25lIn0.e30', `${'a.'.repeat(4)}a`])(
    'a body that is no JWT: %j',
    async (body) => expectRefused(body, 'invalid_request'),
  );

  test('another media type', async () => {
    expect((await push(await idp.sign({ [REVOKED]: {} }, aboutErik), 'application/json')).status).toBe(415);
  });

  test('a huge body', async () => {
    expect((await push('a'.repeat(300_000))).status).toBe(413);
  });
});

describe('keys', () => {
  test('are fetched once for many SETs, and again when one is new', async () => {
    await expectTaken(await idp.sign({ [REVOKED]: {} }, aboutErik));
    const before = idp.fetches();
    for (let n = 0; n < 3; n += 1) await expectTaken(await idp.sign({ [REVOKED]: {} }, aboutErik));
    expect(idp.fetches()).toBe(before);
    const old = idp.key;
    await idp.rotate();
    await eventually(
      'the new key is known',
      async () => (await push(await idp.sign({ [REVOKED]: {} }, aboutErik))).status === 202,
    );
    seen = (await observed()).length;
    await expectRefused(await idp.sign({ [REVOKED]: {} }, { ...aboutErik, key: old }), 'invalid_key');
  });

  test('a key that is not published is refused, and asked about seldom however many name it', async () => {
    await idp.rotate(false);
    const before = idp.fetches();
    for (let n = 0; n < 20; n += 1)
      await expectRefused(await idp.sign({ [REVOKED]: {} }, aboutErik), 'invalid_key');
    expect(idp.fetches() - before).toBeLessThan(20);
    await idp.rotate();
  });

  test('that can’t be fetched are no error of the SET: 503, and the repeat is taken', async () => {
    const late = await startTransmitter('https://late.example', AUDIENCE);
    const again = [idp, other];
    [idp, other] = [late, again[1] as Transmitter];
    const receiver = await startReceiver(fresh);
    try {
      late.answerWith({ status: 500 });
      const token = await late.sign({ [REVOKED]: {} }, aboutErik);
      const response = await push(token, undefined, receiver.url);
      expect({ status: response.status, body: await response.text() }).toEqual({ status: 503, body: '' });
      expect(response.headers.get('retry-after')).not.toBeNull();
      expect(await news()).toEqual([]);
      late.answerWith(null);
      await eventually(
        'it is taken',
        async () => (await push(token, undefined, receiver.url)).status === 202,
      );
      expect(await news()).toHaveLength(1);
    } finally {
      [idp, other] = again as [Transmitter, Transmitter];
      await receiver.close();
      await late.close();
    }
  });

  test('with the database away it is told no', async () => {
    const gone = await freshDatabase();
    const receiver = await startReceiver(gone);
    await gone.database.close();
    await idp.rotate();
    await eventually(
      '503',
      async () =>
        (await push(await idp.sign({ [REVOKED]: {} }, aboutErik), undefined, receiver.url)).status === 503,
    );
    await receiver.close();
    await gone.close().catch(() => {});
  });
});

describe('what events say', () => {
  const scim = (uri: string, externalId?: string) => ({
    format: 'scim',
    uri,
    ...(externalId === undefined ? {} : { externalId }),
  });
  const tell = async (events: Record<string, unknown>, sub_id: unknown) => {
    await keyIsKnown();
    await expectTaken(await idp.sign(events, { claims: { sub_id } }));
    return await news();
  };
  const URN = 'urn:ietf:params:scim:event:';
  const RISC = 'https://schemas.openid.net/secevent/risc/event-type/';

  test.each([
    [`${URN}feed:add`, 'changed'],
    [`${URN}feed:remove`, 'changed'],
    [`${URN}prov:create:notice`, 'created'],
    [`${URN}prov:create:full`, 'created'],
    [`${URN}prov:patch:notice`, 'changed'],
    [`${URN}prov:patch:full`, 'changed'],
    [`${URN}prov:put:notice`, 'changed'],
    [`${URN}prov:put:full`, 'changed'],
    [`${URN}prov:delete`, 'deleted'],
    [`${URN}prov:activate`, 'switchedOn'],
    ['urn:ietf:params:SCIM:event:prov:deactivate', 'switchedOff'],
    [REVOKED, 'sessionsRevoked'],
    [`${RISC}account-disabled`, 'switchedOff'],
    [`${RISC}account-enabled`, 'switchedOn'],
    [`${RISC}account-purged`, 'deleted'],
  ])('%s: %s', async (event, happening) => {
    const person = { id: '00uerik' };
    expect(await tell({ [event]: {} }, scim('/Users/00uerik'))).toEqual([
      { kind: 'person', person, happening },
    ]);
  });

  test('a group is looked at whole, whatever is said to have changed', async () => {
    const members = [{ value: 'u1' }];
    const data = { Operations: [{ op: 'add', path: 'members', value: members }] };
    expect(await tell({ [`${URN}prov:patch:full`]: { data } }, scim('/Groups/00gorders'))).toEqual([
      { kind: 'group', group: { id: '00gorders' } },
    ]);
  });

  test('several events in one SET are several observations, each with a key of its own', async () => {
    await tell(
      { [`${URN}prov:patch:notice`]: { attributes: ['active'] }, [`${URN}prov:deactivate`]: {} },
      scim('/Users/u'),
    );
    const keys = (await observed()).slice(seen).map(({ key }) => key);
    expect(keys.map((key) => key.at(-1))).toEqual(['0', '1']);
  });

  test.each([
    [
      'scim, by externalId first',
      scim('https://x/v2/Users/2b2f', '00uerik'),
      { anyOf: [{ id: '00uerik' }, { id: '2b2f' }] },
    ],
    ['iss_sub', { format: 'iss_sub', iss: ISSUER, sub: '00uerik' }, { id: '00uerik' }],
    ['opaque', { format: 'opaque', id: '00uerik' }, { id: '00uerik' }],
    ['account', { format: 'account', uri: 'acct:erik@acme.example' }, { id: 'erik@acme.example' }],
    [
      'aliases',
      {
        format: 'aliases',
        identifiers: [
          { format: 'phone_number', phone_number: '+1' },
          email('e@x'),
          { format: 'opaque', id: 'i' },
        ],
      },
      { anyOf: [{ email: 'e@x' }, { id: 'i' }] },
    ],
    [
      'complex',
      { format: 'complex', user: email('e@x'), device: { format: 'opaque', id: 'd' } },
      { email: 'e@x' },
    ],
    ['as before RFC 9493', { subject_type: 'iss-sub', iss: ISSUER, sub: '00uerik' }, { id: '00uerik' }],
  ])('subject: %s', async (_, subId, person) => {
    expect(await tell({ [REVOKED]: {} }, subId)).toEqual([
      { kind: 'person', person, happening: 'sessionsRevoked' },
    ]);
  });

  test.each([
    ['a subject that names nobody here', { [REVOKED]: {} }, { format: 'did', url: 'did:example:1' }],
    ['an event that we don’t know', { 'https://example.com/event': {} }, email('e@x')],
    [
      'one about devices',
      { 'https://schemas.openid.net/secevent/caep/event-type/device-compliance-change': {} },
      email('e@x'),
    ],
    [
      'the stream’s verification',
      { 'https://schemas.openid.net/secevent/ssf/event-type/verification': { state: 's' } },
      { format: 'opaque', id: 'stream' },
    ],
  ])('%s is taken, and nothing follows', async (_, events, subId) => {
    expect(await tell(events, subId)).toEqual([]);
  });

  test('one that says nothing, or can’t be read, does not cost the others', async () => {
    expect(await tell({ 'https://example.com/event': {}, [REVOKED]: {} }, email('e@x'))).toHaveLength(1);
    const broken = { [`${RISC}account-disabled`]: 'yes', [REVOKED]: { subject: email('f@x') } };
    expect(await tell(broken, undefined)).toHaveLength(2);
    const unread = {
      [`${RISC}account-purged`]: { subject: { format: 'email' } },
      [REVOKED]: { subject: email('g@x') },
    };
    expect(await tell(unread, undefined)).toHaveLength(3);
  });

  test('each event can have a subject of its own', async () => {
    const events = {
      [REVOKED]: { subject: email('e@x') },
      [`${RISC}account-disabled`]: { subject: { subject_type: 'iss-sub', iss: ISSUER, sub: '00uf' } },
    };
    expect(await tell(events, undefined)).toEqual([
      { kind: 'person', person: { email: 'e@x' }, happening: 'sessionsRevoked' },
      { kind: 'person', person: { id: '00uf' }, happening: 'switchedOff' },
    ]);
  });
});

/** As transmitters document them, with our issuer, audience and time in place of theirs. */
describe('what transmitters really send', () => {
  const MS = Date.now() - 120_000;
  const RISC = 'https://schemas.openid.net/secevent/risc/event-type/';
  const user = { format: 'iss_sub', iss: ISSUER, sub: '00u1' };
  const device = { format: 'iss_sub', iss: ISSUER, sub: 'e9297990-14d2-42ec-a4a9-4036db86509a' };
  const tenant = { format: 'opaque', id: '123456789' };
  const session = { format: 'opaque', sub: 'dMTlD|1600802906337.16|16008.16' };
  const reasons = {
    initiating_entity: 'policy',
    reason_admin: { en: 'Policy Violation: C076E822' },
    reason_user: { en: 'This device is no longer compliant.' },
  };
  type Case = [string, Record<string, unknown>, Record<string, unknown>, object | null];
  test.each<Case>([
    [
      'Okta, session revoked',
      { [REVOKED]: { subject: { user }, ...reasons, event_timestamp: MS } },
      {},
      { id: '00u1' },
    ],
    [
      'CAEP draft, a simple subject whose id is called sub',
      { [REVOKED]: { subject: session, event_timestamp: MS } },
      {},
      { id: session.sub },
    ],
    [
      'CAEP draft, user, session and tenant',
      { [REVOKED]: { subject: { session, user, tenant }, reason_admin: 'x', event_timestamp: MS } },
      {},
      { id: '00u1' },
    ],
    [
      'CAEP draft, user, device and tenant',
      { [REVOKED]: { subject: { user, device, tenant }, event_timestamp: MS } },
      {},
      { id: '00u1' },
    ],
    [
      'CAEP draft, the subject as a claim',
      { [REVOKED]: { ...reasons, event_timestamp: MS } },
      { sub: 'jane@acme.example' },
      { id: 'jane@acme.example' },
    ],
    [
      'CAEP 1.0, a complex sub_id',
      { [REVOKED]: { ...reasons, event_timestamp: Math.floor(MS / 1_000) } },
      { sub_id: { format: 'complex', user, device, tenant }, txn: 8675309 },
      { id: '00u1' },
    ],
    [
      'SSF 1.0, a complex subject by aliases',
      { [REVOKED]: { event_timestamp: Math.floor(MS / 1_000) } },
      { sub_id: { format: 'complex', user: { format: 'aliases', identifiers: [user, email('e@x')] } } },
      { anyOf: [{ id: '00u1' }, { email: 'e@x' }] },
    ],
    [
      'SSF 1.0, a session without its user',
      { [REVOKED]: {} },
      { sub_id: { format: 'complex', session, device } },
      null,
    ],
    [
      'RISC, subject_type in the event',
      {
        [`${RISC}account-disabled`]: {
          subject: { subject_type: 'iss-sub', iss: ISSUER, sub: '7375626A656374' },
          reason: 'hijacking',
        },
      },
      {},
      { id: '7375626A656374' },
    ],
    [
      'RISC, ID token claims',
      {
        [`${RISC}sessions-revoked`]: {
          subject: { subject_type: 'id_token_claims', iss: ISSUER, sub: '00u1', email: 'e@x' },
        },
      },
      {},
      { anyOf: [{ id: '00u1' }, { email: 'e@x' }] },
    ],
    [
      'members that nobody knows',
      { [REVOKED]: { subject: { ...user, x: [1] }, current_ip: '1.2.3.4', x: null } },
      { x: { y: 1 }, exp: Math.floor(Date.now() / 1_000) + 600, iat: Date.now() / 1_000 },
      { id: '00u1' },
    ],
  ])('%s', async (_, events, claims, person) => {
    await keyIsKnown();
    seen = (await observed()).length;
    await expectTaken(await idp.sign(events, { claims }));
    const told = (await observed()).slice(seen);
    if (person === null) return void expect(told).toEqual([]);
    expect(told).toMatchObject([{ payload: { kind: 'person', person } }]);
    const [payload] = Object.values(events) as { event_timestamp?: number }[];
    if (payload?.event_timestamp !== undefined)
      expect(Math.abs(Number(told[0]?.occurredAt) - MS)).toBeLessThan(1_000);
  });

  test('Okta’s credential change is taken, and nothing follows', async () => {
    const type = 'https://schemas.openid.net/secevent/caep/event-type/credential-change';
    const subject = { format: 'iss_sub', iss: ISSUER, sub: 'okta-user-id1' };
    const changed = { subject, credential_type: 'password', change_type: 'revoke', event_timestamp: MS };
    await keyIsKnown();
    await expectTaken(await idp.sign({ [type]: changed }));
    expect(await news()).toEqual([]);
  });

  test('SETs of two issuers have different keys, whatever is in their names', async () => {
    const longer = await startTransmitter(`${ISSUER}:a`, AUDIENCE);
    const before = [idp, other];
    other = longer;
    const receiver = await startReceiver(fresh);
    try {
      const about = { sub_id: email('e@x') };
      for (const [from, jti] of [
        [idp, 'a:b'],
        [longer, 'b'],
        [idp, 'a%3Ab'],
        [idp, `a:${'x'.repeat(600)}`],
        [longer, 'x'.repeat(600)],
      ] as const) {
        const token = await from.sign({ [REVOKED]: {} }, { claims: { ...about, jti } });
        await eventually('taken', async () => (await push(token, undefined, receiver.url)).status === 202);
      }
      const keys = (await observed()).slice(seen).map(({ key }) => key);
      expect(new Set(keys).size).toBe(5);
    } finally {
      [idp, other] = before as [Transmitter, Transmitter];
      await receiver.close();
      await longer.close();
    }
  });
});
