import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Journey, setOut, wordsOf } from '../journeys/journey.ts';
import type { Stage } from '../stage.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut());
  await walk.isQuiet();
});
afterEach(() => walk.heal());
afterAll(() => stage?.close());

const read = 'orders-api-read';
const writes = () => walk.requests({ vendor: 'okta', method: 'PUT', path: '/groups/.*/users/' });

test('Okta says 429: Latchkey waits as long as it was told, then completes', async () => {
  // given
  const asked = await walk.asks('ines', { entitlement: read, reason: 'Too many requests' });
  await walk.request('DELETE', '/control/requests');
  await walk.fault({ vendor: 'okta', method: 'PUT', kind: 'status', status: 429, times: 1 });

  // when
  await walk.click('olga', asked.card, 'approve');

  // then
  await walk.becomes(asked.id, 'inEffect');
  const [refused, taken, ...more] = await writes();
  expect([refused?.status, taken?.status, more.length]).toEqual([429, 204, 0]);
  // The emulator's 429 gives its reset in whole seconds, at least one away.
  const resetAt = (Math.ceil((refused?.at ?? 0) / 1_000) + 1) * 1_000;
  expect(taken?.at).toBeGreaterThanOrEqual(resetAt);
});

test('a write that timed out after its effect is read back, not repeated', async () => {
  // given
  const asked = await walk.asks('erik', { entitlement: read, reason: 'No answer after the write' });
  await walk.request('DELETE', '/control/requests');
  await walk.fault({ vendor: 'okta', method: 'PUT', kind: 'timeoutAfterWrite', times: 1 });

  // when
  await walk.click('olga', asked.card, 'approve');

  // then
  await walk.becomes(asked.id, 'inEffect', 25_000);
  expect(await writes()).toHaveLength(1);
  const read_back = await walk.requests({ vendor: 'okta', method: 'GET', path: '/users/.*/groups$' });
  expect(read_back.length).toBeGreaterThanOrEqual(2);
  const written = (await walk.audit(asked.id)).filter((e) => e.type === 'idpWritten');
  expect(written.map((e) => e.data.wrote)).toEqual(['added']);
  expect(await walk.isInTeam('erik', 'Orders API readers')).toBe(true);
}, 60_000);

test('a write whose connection broke before it had an effect is repeated', async () => {
  // given
  const asked = await walk.asks('sam', { entitlement: read, reason: 'The line was cut' });
  await walk.request('DELETE', '/control/requests');
  await walk.fault({ vendor: 'okta', method: 'PUT', kind: 'disconnect', times: 1 });

  // when
  await walk.click('olga', asked.card, 'approve');

  // then
  await walk.becomes(asked.id, 'inEffect');
  expect(await writes()).toHaveLength(2);
  expect((await walk.auditTypes(asked.id)).filter((type) => type === 'idpWritten')).toHaveLength(1);
});

test('a change that Okta refuses for good says so to requester and owner, with Okta’s code', async () => {
  // given
  const asked = await walk.asks('tom', { entitlement: read, reason: 'Okta forbids it' });
  await walk.fault({ vendor: 'okta', method: 'PUT', kind: 'status', status: 403 });

  // when
  await walk.click('olga', asked.card, 'approve');

  // then
  await walk.becomes(asked.id, 'failed');
  const card = await walk.cardSays(asked, 'but Okta refuses the change');
  expect(wordsOf(card)).toContain('E0000006');
  await walk.receives('tom', 'that Okta refuses', (m) => wordsOf(m).includes('Okta refuses the change'));
  await walk.receives('olga', 'an alarm', (m) => m.text.includes('Okta refuses the grant of'));
  expect(await walk.isInGroup('tom', 'anypoint-orders-read')).toBe(false);
});

test('Okta is down when /access is typed: the form says so and what to do', async () => {
  // given
  await walk.fault({ vendor: 'okta', kind: 'status', status: 503 });

  // when
  const form = await walk.openForm('sofia');

  // then
  expect(form.callback_id).toBe('message');
  expect(wordsOf(form)).toContain('the identity provider or Slack does not answer');
  expect(wordsOf(form)).toContain('Nothing was asked. Close this and try again in a minute.');
});

test('Okta is slow when /access is typed: the form is there at once and filled later', async () => {
  // given
  await walk.fault({ vendor: 'okta', kind: 'latency', ms: 3_500 });

  // when
  const typed = Date.now();
  const acked = await walk.request<{ ok: boolean; ackMs: number }>('POST', '/slack/sim/command', {
    as: 'sofia',
    command: '/access',
  });
  const loading = await walk.until('a form is there', () => walk.topView('sofia'));

  // then
  expect(acked.ok).toBe(true);
  expect(Date.now() - typed).toBeLessThan(3_000);
  expect(wordsOf(loading)).toContain('One moment: looking up what you may ask for');
  await walk.until(
    'the form is filled',
    async () => (await walk.topView('sofia'))?.callback_id === 'request',
  );
});

test('Okta is down at the click: the decision is made as soon as it is back', async () => {
  // given
  const asked = await walk.asks('sofia', { entitlement: read, reason: 'Down at the click' });
  await walk.fault({ vendor: 'okta', method: 'GET', kind: 'status', status: 503 });

  // when
  const click = await walk.click('olga', asked.card, 'approve');

  // then it is taken and nothing is decided unchecked
  expect(click.acked).toBe(true);
  await walk.until('it was tried', async () => {
    const [row] = await walk.query<{ attempts: number }>(
      `select attempts from outbox where job = 'settleClick' and done_at is null`,
    );
    return row !== undefined && row.attempts >= 2;
  });
  expect((await walk.change(asked.id)).state).toBe('asking');

  // when
  await walk.heal();

  // then
  await walk.becomes(asked.id, 'inEffect');
  expect((await walk.auditTypes(asked.id)).filter((type) => type === 'changeApproved')).toHaveLength(1);
});
