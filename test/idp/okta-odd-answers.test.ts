import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createOkta } from '../../src/idp/okta/okta.ts';

/** A server that answers what no Okta should. */
let app: FastifyInstance;
let orgUrl: string;
let answer: (reply: FastifyReply) => unknown;
let asked: string[];

beforeEach(async () => {
  asked = [];
  app = Fastify({ forceCloseConnections: true });
  app.all('/*', (request, reply) => {
    asked.push(request.url);
    return answer(reply);
  });
  orgUrl = await app.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(() => app.close());

const okta = () => createOkta({ orgUrl, auth: { token: 'x' }, timeoutMs: 2_000 });
const badAnswer = expect.objectContaining({ code: 'idp.bad_answer', retryable: false });

test('an answer that does not have the published shape is a fault, not a guess', async () => {
  for (const body of [{}, [], { id: '00u1' }, { id: '00u1', status: 'ACTIVE', profile: { login: 7 } }]) {
    answer = (reply) => reply.send(body);
    await expect(okta().readPerson('00u1')).rejects.toEqual(badAnswer);
  }
  answer = (reply) => reply.send({ not: 'a list' });
  await expect(okta().isMember('00g1', '00u1')).rejects.toEqual(badAnswer);
  await expect(okta().findGroup('x')).rejects.toEqual(badAnswer);
});

test('somebody else in place of the person asked for is nobody', async () => {
  const profile = { login: 'eve@acme.example', email: 'eve@acme.example' };
  answer = (reply) => reply.send({ id: '00u2', status: 'ACTIVE', profile });
  expect(await okta().readPerson('00u1')).toBeNull();
});

test('the credentials follow no link to another host', async () => {
  answer = (reply) => reply.header('link', '<http://127.0.0.1:1/api/v1/users?after=x>; rel="next"').send([]);
  await expect(okta().isMember('00g1', '00u1')).rejects.toEqual(badAnswer);
  expect(asked).toHaveLength(1);
});

test.each([
  ['ahead of ours', 3_600_000],
  ['behind ours', -3_600_000],
])('the wait is measured by the clock that set it, even when it is %s', async (_, skewMs) => {
  answer = (reply) => {
    const now = Math.floor(Date.now() / 1_000) * 1_000 + skewMs;
    return reply
      .code(429)
      .header('date', new Date(now).toUTCString())
      .header('x-rate-limit-reset', String((now + 20_000) / 1_000))
      .send({ errorCode: 'E0000047' });
  };
  const fault = await okta()
    .check()
    .catch((error: unknown) => error);
  expect(fault).toMatchObject({ code: 'idp.throttled', retryable: true });
  const { retryAfterMs } = fault as { retryAfterMs: number };
  expect(retryAfterMs).toBeGreaterThanOrEqual(20_000);
  expect(retryAfterMs).toBeLessThanOrEqual(21_000);
});

test('a reset that is past or missing', async () => {
  const wait = async (reset: string | null) => {
    answer = (reply) => (reset === null ? reply : reply.header('x-rate-limit-reset', reset)).code(429).send();
    const fault = await okta()
      .check()
      .catch((error: unknown) => error);
    return (fault as { retryAfterMs: number }).retryAfterMs;
  };
  expect(await wait('1')).toBeGreaterThanOrEqual(1_000);
  expect(await wait('1')).toBeLessThanOrEqual(2_000);
  expect(await wait(null)).toBeGreaterThanOrEqual(60_000);
});

const shown = (id: string, login: string) => ({ id, status: 'ACTIVE', profile: { login, email: login } });
const searchIn = (url: string) => new URL(url, orgUrl).searchParams.get('search') ?? '';

test('one id that is refused keeps none of the others from being read', async () => {
  const ids = Array.from({ length: 30 }, (_, n) => (n === 17 ? 'made-up' : `00u${n}`));
  answer = (reply) => {
    const search = searchIn(asked.at(-1) ?? '');
    if (search.includes('made-up')) return reply.code(400).send({ errorCode: 'E0000031' });
    const found = [...search.matchAll(/id eq "([^"]+)"/g)].map(([, id = '']) =>
      shown(id, `${id}@acme.example`),
    );
    return reply.send(found);
  };
  const people = await okta().readPeople(ids);
  expect(people.map(({ id }) => id).sort()).toEqual(ids.filter((id) => id !== 'made-up').sort());
  expect(asked.length).toBeLessThan(15);
});

test('a login that is refused as an address is looked for by search', async () => {
  const login = "o'hara@acme.example";
  answer = (reply) =>
    searchIn(asked.at(-1) ?? '') === `profile.login eq "${login}"`
      ? reply.send([shown('00u1', login)])
      : reply.code(400).send({ errorCode: 'E0000001' });
  expect((await okta().readPerson(login))?.id).toBe('00u1');
  expect(asked).toHaveLength(2);
});
