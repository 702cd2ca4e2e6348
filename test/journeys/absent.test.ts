import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Catalogue, Entitlement } from '../../src/core/policy/catalogue.ts';
import type { Stage } from '../stage.ts';
import { type Asked, type Journey, setOut, slackIdOf, wordsOf } from './journey.ts';

let stage: Stage;
let walk: Journey;

const withLadder = 'orders-api-read';
const withoutLadder = 'payments-api-read';
const critical = 'platform-admin';
const byManager = {
  approvers: { stages: [{ of: 'any', quorum: 1, sources: [{ manager: true }] }], distinct: true },
} as const satisfies Pick<Entitlement, 'approvers'>;

/** The manager alone decides: Tom for those of Orders. Behind him is the owner on one, and nobody on the others. */
const catalogue = (given: Catalogue): Catalogue => ({
  ...given,
  canary: null,
  delegation: { notFor: ['critical'] },
  entitlements: given.entitlements.map((e) =>
    e.key === withLadder
      ? { ...e, ...byManager, escalation: [{ afterSeconds: 14_400, to: [{ owner: true }] }] }
      : e.key === withoutLadder || e.key === critical
        ? { ...e, ...byManager }
        : e,
  ),
});

/** Latchkey knows whom it has asked before. */
beforeAll(async () => {
  ({ stage, walk } = await setOut({ catalogue }));
  await walk.isGiven('erik', { entitlement: withoutLadder, reason: 'The first that Tom decides on' }, 'tom');
});
afterAll(() => stage?.close());

const HOUR = 3_600;
const isStatus = (as: string, text: string, seconds: number) =>
  walk.request('POST', '/slack/sim/status', {
    as,
    text,
    emoji: ':palm_tree:',
    seconds,
  });
const isBack = async (as: string) => {
  await walk.request('POST', '/slack/sim/status', { as });
  await walk.until(
    `${as} is back`,
    async () => (await walk.query('select 1 from told_absences')).length === 0,
  );
};
const isNoted = () =>
  walk.until(
    'the absence is noted',
    async () => (await walk.query('select 1 from told_absences')).length > 0,
  );
const climbedOf = async (asked: Asked) => (await walk.change(asked.id)).clock?.climbed ?? null;

/** What whoever asked is told about their request, in the thread of their one message. */
const toldTo = (as: string, words: string) => walk.receives(as, words, (m) => wordsOf(m).includes(words));

test('whoever is away by their status and has named nobody is not waited for: the ladder is climbed at once', async () => {
  // given
  await isStatus('tom', 'Vacationing', 72 * HOUR);
  await isNoted();

  // when
  const asked = await walk.asks('ines', { entitlement: withLadder, reason: 'Tom is on the beach' });

  // then
  const seen = await walk.until('it is climbed', () => climbedOf(asked));
  expect(seen).toMatchObject({ why: 'away', to: 'the owner' });
  await walk.cardSays(asked, /Tom Okafor is away until .*nobody decides in their stead/);
  await toldTo('ines', 'nobody decides in their stead, so');
  expect((await walk.audit(asked.id)).filter(({ type }) => type === 'approversEscalated')).toMatchObject([
    { data: { why: 'away', rung: 1 } },
  ]);
  await walk.click('olga', await walk.cardNow(asked), 'approve');
  await walk.becomes(asked.id, 'inEffect');
});

test('with no ladder the admins are asked besides, and who is away can still decide', async () => {
  const asked = await walk.asks('ines', { entitlement: withoutLadder, reason: 'No ladder behind Tom' });
  await walk.cardSays(asked, 'nobody decides in their stead');
  await toldTo('ines', 'so the catalogue’s admins are asked too');
  expect((await walk.change(asked.id)).plan?.stages[0]?.escalated).toBe(true);
  await walk.click('tom', await walk.cardNow(asked), 'approve');
  await walk.becomes(asked.id, 'inEffect');
  await isBack('tom');
});

test('what waits already is looked at again when somebody goes away, once', async () => {
  // given
  const asked = await walk.asks('erik', { entitlement: withLadder, reason: 'Waits for Tom' });
  await walk.owesNothing();
  expect(await climbedOf(asked)).toBeNull();

  // when he goes away for an hour, which is a break
  await isStatus('tom', 'Vacationing', HOUR);
  await isNoted();
  await walk.owesNothing();
  expect(await climbedOf(asked)).toBeNull();

  // when he is back, and away for days before anybody has done with looking at that; and back, and away again
  await isBack('tom');
  await isStatus('tom', 'Vacationing', 48 * HOUR);
  await walk.until('it is climbed', () => climbedOf(asked));
  await isBack('tom');
  await isStatus('tom', 'Vacationing', 49 * HOUR);
  await isNoted();
  await walk.owesNothing();

  // then
  expect((await walk.auditTypes(asked.id)).filter((type) => type === 'approversEscalated')).toHaveLength(1);
  await isBack('tom');
  await walk.click('tom', await walk.cardNow(asked), 'approve');
  await walk.becomes(asked.id, 'inEffect');
});

test('a delegate who may not decide on this is nobody: others are asked', async () => {
  // given Tom away, with a delegate whom policy keeps from tier critical
  const before = (await walk.workspace('tom')).views.at(-1);
  await walk.request('POST', '/slack/sim/command', { as: 'tom', command: '/access', text: 'away' });
  const view = await walk.until('the form', async () => {
    const now = (await walk.workspace('tom')).views.at(-1);
    return now?.id !== before?.id && now;
  });
  await walk.submit('tom', view, {
    delegate: { delegate: slackIdOf('nadia') },
    until: { until: String(Math.floor(Date.now() / 1_000) + 72 * HOUR) },
    usual: { usual: [] },
  });

  // when
  const admin = await walk.asks('ines', { entitlement: critical, reason: 'Nadia may not decide on this' });

  // then
  await walk.cardSays(admin, 'policy lets nobody decide in somebody’s stead');
  expect((await walk.change(admin.id)).plan?.stages[0]?.escalated).toBe(true);
  await toldTo('ines', 'so the catalogue’s admins are asked too');
});
