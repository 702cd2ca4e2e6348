import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SeenView } from '../../src/sandbox/visitor.ts';
import type { Stage } from '../stage.ts';
import { type Journey, setOut, wordsOf } from './journey.ts';
import { requestPayload, sendRaw } from './slack-wire.ts';

/** Forms as people in haste and a slow Slack send them. */
let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut());
});
afterAll(() => stage?.close());

const orders = 'orders-api-read';
const payments = 'payments-api-read';
const HOUR = 3_600;

const durationsOf = (view: SeenView | null) =>
  (view?.blocks.find((b) => b.block_id === 'duration')?.element as { action_id?: string } | undefined)
    ?.action_id;

const choose = (as: string, view: SeenView, value: string) =>
  walk.request('POST', '/slack/sim/view/action', {
    as,
    viewId: view.id,
    actionId: 'entitlement_select',
    blockId: 'entitlement',
    value,
  });

test.each([
  ['the later choice is shown last', 0],
  ['the earlier is shown last', 400],
])('of two quick choices the later one’s times are on offer, though %s', async (_what, delayMs) => {
  // given
  const form = await walk.openForm('erik');
  if (delayMs > 0)
    await walk.fault({ vendor: 'slack', path: 'views\\.update', kind: 'latency', ms: delayMs, times: 1 });

  // when
  await Promise.all([choose('erik', form, orders), choose('erik', form, payments)]);

  // then
  await walk.until(
    'the times of the later choice',
    async () => durationsOf(await walk.topView('erik')) === `duration:${payments}`,
  );
  await walk.heal();
});

test('a time that was on offer for another access is not taken, and the right ones are shown', async () => {
  // given a form that shows the times of an earlier choice
  const before = await walk.rowCounts();
  const form = await walk.openForm('erik');
  const payload = requestPayload('erik', { entitlement: payments, reason: 'In a hurry' }, form.id);
  const values: Record<string, unknown> = payload.view.state.values;
  const option = { text: { type: 'plain_text', text: '1 hour' }, value: String(HOUR) };
  values.duration = { [`duration:${orders}`]: { type: 'static_select', selected_option: option } };

  // when
  const answer = JSON.parse((await sendRaw(walk, payload)).body);

  // then
  expect(answer.response_action).toBe('update');
  expect(durationsOf(answer.view)).toBe(`duration:${payments}`);
  expect(wordsOf({ blocks: answer.view.blocks })).toContain('That time was offered for another access');
  expect((await walk.rowCounts()).changes).toBe(before.changes);

  // and neither for a bundle
  const bundle = stage.latchkey.context.catalogue.current().bundles[0];
  const ofBundle = structuredClone(payload);
  ofBundle.view.state.values.entitlement.entitlement_select.selected_option.value = `bundle:${bundle?.key}`;
  expect(JSON.parse((await sendRaw(walk, ofBundle)).body).response_action).toBe('update');
  expect((await walk.rowCounts()).changes).toBe(before.changes);
});

test('a form that is sent again because its answer took more than three seconds is one request', async () => {
  // given somebody Latchkey has not met, and a directory that takes its time
  const reason = 'Sent again after three seconds';
  const ask = (said = reason) =>
    sendRaw(walk, {
      ...requestPayload('nadia', { entitlement: orders, seconds: 86_400, reason: said }, 'V0SLOW'),
      trigger_id: randomUUID(),
    });
  await walk.fault({
    ...walk.directory.calls.people,
    kind: 'latency',
    ms: 3_400,
    times: 1,
  });

  // when
  await expect(ask()).rejects.toThrow();
  const second = await ask();

  // then
  expect(second).toMatchObject({ status: 200, body: '' });
  const change = await walk.until('the request is stored', () => walk.changeBecause(reason));
  expect(await walk.query('select 1 from changes where person_id = $1', [change.personId])).toHaveLength(1);

  // and once more, on two replicas at once, as good as one
  const answers = await Promise.all([ask(), ask()]);
  for (const answer of answers) expect(answer).toMatchObject({ status: 200, body: '' });
  expect(await walk.query('select 1 from changes where person_id = $1', [change.personId])).toHaveLength(1);

  // and what was changed in it meanwhile is not swallowed
  const changed = JSON.parse((await ask('Something else')).body);
  expect(changed.response_action).toBe('update');
  expect(wordsOf({ blocks: changed.view.blocks })).toContain('had arrived as you first sent it');
  await walk.heal();
});

test('where Slack takes the trigger back, whoever clicked is told, also outside any channel', async () => {
  const TOO_LATE = 'Slack lets a form be opened for three seconds';
  const late = () =>
    walk.fault({ vendor: 'slack', path: 'views\\.open', kind: 'latency', ms: 3_100, times: 1 });
  const asked = await walk.asks('ines', { entitlement: orders, reason: 'To be denied too late' });

  // when a command
  await late();
  await walk.request('POST', '/slack/sim/command', { as: 'sofia', command: '/access', text: '' });
  // then
  await walk.receives('sofia', 'that it was too late', (m) => m.ephemeral && m.text.includes(TOO_LATE));

  // when a button in a channel
  await late();
  await walk.click('tom', asked.card, 'deny');
  // then
  await walk.until('only they see it there', async () =>
    (await walk.whispers('tom')).some((text) => text.includes(TOO_LATE)),
  );

  // when a button on the Home tab
  await walk.request('POST', '/slack/sim/home', { as: 'olga' });
  const home = await walk.until(
    'the Home tab',
    async () => (await walk.request<{ home: SeenView | null }>('GET', '/slack/sim/workspace?as=olga')).home,
  );
  await late();
  await walk.request('POST', '/slack/sim/view/action', { as: 'olga', viewId: home.id, actionId: 'ask' });
  // then
  await walk.receives('olga', 'that it was too late', (m) => !m.ephemeral && m.text.includes(TOO_LATE));
});
