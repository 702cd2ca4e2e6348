import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SeenMessage } from '../../src/sandbox/visitor.ts';
import type { Stage } from '../stage.ts';
import { buttonsOf, type Journey, setOut, wordsOf } from './journey.ts';

let stage: Stage;
let walk: Journey;

const orders = 'orders-api-read';

beforeAll(async () => {
  ({ stage, walk } = await setOut());
});
afterAll(async () => stage.close());

/** Types `/access` and these words in the channel; answers what only they see there. */
async function types(as: string, text: string): Promise<SeenMessage> {
  const known = new Set((await walk.messages(as, 'access-requests')).map((m) => m.ts));
  await walk.request('POST', '/slack/sim/command', {
    as,
    command: '/access',
    channel: 'access-requests',
    text,
  });
  return await walk.until(`an answer to ${text}`, async () =>
    (await walk.messages(as, 'access-requests')).find((m) => m.ephemeral && !known.has(m.ts)),
  );
}

test('a mistyped word asks for nothing and says what is meant; its button opens the form with the words', async () => {
  for (const text of ['mnie', 'whoo orders', 'stauts', 'xyzzy']) {
    const answer = await types('ines', text);
    expect(answer.text).toMatch(/knows no word .* Nothing was asked for\. (Did you mean|What there is)/);
  }
  expect((await walk.workspace('ines')).views).toEqual([]);

  const answer = await types('ines', 'mnie orders logs');
  await walk.click('ines', { ...answer, channel: await channelId() }, 'ask_in_words');
  const form = await walk.until('the form', async () =>
    (await walk.workspace('ines')).views.find((v) => v.callback_id === 'request'),
  );
  expect(JSON.stringify(form.blocks)).toContain('mnie orders logs');
  await walk.request('POST', '/slack/sim/view/close', { as: 'ines', viewId: form.id });
});

test('mine has dates and buttons; status says whom a request waits for, and what waits for oneself', async () => {
  // given
  const first = await walk.asks('ines', { entitlement: orders, reason: 'To be held' });
  const waits = await types('ines', 'status');
  expect(wordsOf(waits)).toMatch(/Your open requests: 1[\s\S]*Waiting for <@U\w+>/);
  expect(buttonsOf(waits)).toEqual(['withdraw']);
  const forTom = await types('tom', 'status');
  expect(wordsOf(forTom)).toMatch(/Waiting for you: 1[\s\S]*<@U\w+> asks for Orders API/);
  expect(buttonsOf(forTom)).toContain('approve');

  // when it is approved in that answer
  await walk.click('tom', { ...forTom, channel: await channelId() }, 'approve');
  await walk.becomes(first.id, 'inEffect');

  // then
  const mine = await types('ines', 'mine');
  expect(wordsOf(mine)).toMatch(/You have: 1[\s\S]*Gives read access[\s\S]*\*Until <!date\^/);
  expect(buttonsOf(mine)).toEqual(['extend', 'release']);
});

test('who names the holders to owner, approvers and admins; to a manager their reports; to others a number', async () => {
  for (const as of ['olga', 'sofia'])
    expect(wordsOf(await types(as, `who ${orders}`))).toMatch(
      /1 person holds it[\s\S]*• <@U\w+> · until <!date/,
    );
  const toManager = wordsOf(await types('tom', `who ${orders}`));
  expect(toManager).toMatch(/of those who report to you[\s\S]*• <@U\w+> · until/);

  const toOthers = wordsOf(await types('erik', 'who has Orders API: read logs and messages in prod?'));
  expect(toOthers).toMatch(/1 person holds it\. Its owner is <@U\w+>\. Who they are is for the owner/);
  expect(toOthers).not.toContain('•');

  expect(wordsOf(await types('erik', 'who orders'))).toMatch(/Which of these\?[\s\S]*orders-api-deploy/);
  expect(wordsOf(await types('erik', 'who orders-api-raed'))).toContain(
    'Did you mean `/access who orders-api-read`',
  );
  expect(wordsOf(await types('erik', 'who'))).toContain('Say which');
});

test('a message’s own menu opens the form with the message as the reason; so does the menu of all', async () => {
  // given
  const said = 'Payouts hang: who can look at <https://wiki.example/x|the logs> &amp; tell <@U0000002>?';
  const { ts } = await walk.request<{ ts: string }>('POST', '/slack/sim/message', {
    as: 'sam',
    channel: 'access-requests',
    text: said,
  });

  // when
  await walk.request('POST', '/slack/sim/shortcut', {
    as: 'ines',
    callbackId: 'ask_because_of_message',
    channel: 'access-requests',
    ts,
  });

  // then
  const form = await walk.until('the form', async () =>
    (await walk.workspace('ines')).views.find((v) => v.callback_id === 'request'),
  );
  const reason = JSON.stringify(form.blocks.find((b) => b.block_id === 'reason'));
  expect(reason).toContain(
    'Payouts hang: who can look at the logs (https://wiki.example/x) & tell @Erik Lind?',
  );
  expect(reason).toMatch(/Because of this message: https:\/\/acme\.slack\.com\/archives\/C\w+\/p\d{16}/);

  // when from the menu of all
  await walk.request('POST', '/slack/sim/shortcut', { as: 'erik', callbackId: 'ask_for_access' });
  await walk.until('the form', async () =>
    (await walk.workspace('erik')).views.find((v) => v.callback_id === 'request'),
  );

  // and a guest is told
  await walk.request('POST', '/slack/sim/shortcut', { as: 'gus', callbackId: 'ask_for_access' });
  await walk.until('a refusal', async () =>
    (await walk.workspace('gus')).views.find((v) => v.callback_id === 'message'),
  );
});

async function channelId(): Promise<string> {
  const channel = (await walk.workspace('ines')).channels.find((c) => c.name === 'access-requests');
  return channel?.id ?? '';
}
