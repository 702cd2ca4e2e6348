import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recordedTypes } from '../../src/sandbox/okta/org.ts';
import { eventually } from '../eventually.ts';
import { type StartedOkta, startOkta } from './start-okta.ts';

const GROUP = 'anypoint-orders-read';
type Delivery = { eventId: string; data: { events: { eventType: string; uuid: string }[] } };

let org: StartedOkta;
let app: FastifyInstance;
let got: { authorization: string | undefined; body: Delivery }[];
/** Statuses to answer, in order; then 204. */
let answers: (number | 'never')[];
let isVerifying: boolean;

beforeEach(async () => {
  got = [];
  answers = [];
  isVerifying = true;
  app = Fastify({ forceCloseConnections: true });
  app.get('/events', async (request, reply) =>
    isVerifying
      ? { verification: request.headers['x-okta-verification-challenge'] }
      : reply.code(404).send({}),
  );
  app.post('/events', async (request, reply) => {
    got.push({ authorization: request.headers.authorization, body: request.body as Delivery });
    const answer = answers.shift() ?? 204;
    if (answer === 'never') return reply.hijack();
    return reply.code(answer).send();
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  org = await startOkta();
  await org.console.setHooks({ latencyMs: 0 });
  await hookOn(url);
});
afterEach(async () => {
  await org.close();
  await app.close();
});

async function hookOn(url: string): Promise<void> {
  const { id } = await org.console.createHook(`${url}/events`, 's3cret', recordedTypes);
  expect((await org.console.verifyHook(id)).verificationStatus).toBe('VERIFIED');
}
const idle = () => eventually('the hook is idle', async () => (await org.console.readHooks()).pending === 0);
const types = () => got.flatMap(({ body }) => body.data.events.map((e) => e.eventType));

test('a delivery carries the secret, and each event once', async () => {
  await org.console.addMember(GROUP, 'erik', 'olga');
  await idle();
  expect(got).toMatchObject([
    {
      authorization: 's3cret',
      body: {
        eventType: 'com.okta.event_hook',
        data: { events: [{ eventType: 'group.user_membership.add', actor: { displayName: 'Olga Brandt' } }] },
      },
    },
  ]);
});

test('a hook whose address does not answer the challenge is told nothing', async () => {
  isVerifying = false;
  const { id } = await org.console.createHook(`${app.listeningOrigin}/events`, 'other', recordedTypes);
  await expect(org.console.verifyHook(id)).rejects.toThrow(/400/);
  await org.console.addMember(GROUP, 'erik');
  await idle();
  expect(got.map((g) => g.authorization)).toEqual(['s3cret']);
});

test('5xx and silence are followed by one more try, 4xx by none; then it is lost', async () => {
  answers = [500];
  await org.console.addMember(GROUP, 'erik');
  await idle();
  expect(got).toHaveLength(2);
  expect(got[0]?.body.eventId).toBe(got[1]?.body.eventId);

  answers = [503, 503];
  await org.console.removeMember(GROUP, 'erik');
  await idle();
  expect(got).toHaveLength(4);

  answers = [400];
  await org.console.addMember(GROUP, 'erik');
  await idle();
  expect(got).toHaveLength(5);
  expect((await org.console.readHooks()).lost).toBe(2);

  answers = ['never'];
  await org.console.removeMember(GROUP, 'erik');
  await idle();
  expect(got).toHaveLength(7);
}, 20_000);

test('batches, copies, the latest first, and losses, as told', async () => {
  await org.console.setHooks({ paused: true });
  await org.console.addMember(GROUP, 'erik');
  await org.console.setStatus('erik', 'SUSPENDED');
  await org.console.renameGroup(GROUP, 'anypoint-orders-look');
  await org.console.setHooks({ paused: false, batch: 2, copies: 2, reorder: true });
  await idle();
  expect(types()).toEqual([
    ...['group.profile.update', 'user.lifecycle.suspend'],
    ...['group.profile.update', 'user.lifecycle.suspend'],
    'group.user_membership.add',
    'group.user_membership.add',
  ]);

  await org.console.setHooks({ lose: true });
  await org.console.setStatus('erik', 'ACTIVE');
  await idle();
  expect(types()).toHaveLength(6);
});

test('what waits outlives the world', async () => {
  await org.console.setHooks({ paused: true });
  await org.console.addMember(GROUP, 'erik');
  const saved = org.emulator.snapshot();
  await org.console.setHooks({ paused: false });
  await idle();
  org.emulator.restore(saved);
  await org.console.setHooks({ paused: false });
  await idle();
  expect(types()).toEqual(['group.user_membership.add', 'group.user_membership.add']);
});
