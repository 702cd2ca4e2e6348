import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Stage } from '../stage.ts';
import { buttonsOf, type Journey, setOut, wordsOf } from './journey.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut());
});
afterAll(() => stage?.close());

const read = 'orders-api-read';
const settled = () => walk.owesNothing();

test('an approver asks from the card, and who asked for the access answers in their own message', async () => {
  // given
  const asked = await walk.asks('ines', { entitlement: read, reason: 'Something about orders' });
  const before = await walk.change(asked.id);

  // when
  await walk.clickAndFill('tom', asked.card, 'question_ask', {
    words: { words: 'Which order is it, @ines?' },
  });

  // then Ines is told, with a button, and the card and its thread show it
  const note = await walk.receives(
    'ines',
    'the question',
    (m) => m.text.includes('Tom Okafor asks about your request') && wordsOf(m).includes('Which order'),
  );
  expect(buttonsOf(note)).toEqual(['question_answer']);
  const status = await walk.until('her one message has it too', async () => {
    const now = await walk.statusOf('ines', asked.id);
    return buttonsOf(now).includes('question_answer') && now;
  });
  const card = await walk.cardSays(asked, 'Which order is it');
  expect(wordsOf(card)).toContain('A question stops no clock');
  expect((await walk.change(asked.id)).lapsesAt).toEqual(before.lapsesAt);

  // when
  await walk.clickAndFill('ines', status, 'question_answer', {
    words: { words: 'Number 4711, stuck since noon' },
  });

  // then Tom is told in the thread of the card, and it is on the card and in the audit
  await walk.receives(
    'tom',
    'the answer',
    (m) => m.text.includes('Ines Moreau answers') && wordsOf(m).includes('Number 4711'),
    'access-requests',
  );
  await walk.cardSays(asked, 'Number 4711, stuck since noon');
  await walk.until(
    'nothing is left to answer',
    async () => !buttonsOf(await walk.statusOf('ines', asked.id)).includes('question_answer'),
  );
  const audit = await walk.audit(asked.id);
  expect(audit.find((e) => e.type === 'questionAsked')).toMatchObject({ actor: { name: 'Tom Okafor' } });
  expect(audit.find((e) => e.type === 'questionAnswered')).toMatchObject({
    actor: { name: 'Ines Moreau' },
    data: { of: 1, answer: { text: 'Number 4711, stuck since noon' } },
  });

  // and when Tom approves, what was asked stays on the card
  await walk.click('tom', asked.card, 'approve');
  await walk.becomes(asked.id, 'inEffect');
  expect(wordsOf(await walk.cardSays(asked, 'In effect'))).toContain('Number 4711');
});

test('who may not decide can’t ask by the button, and is told so alone', async () => {
  // given
  const asked = await walk.asks('nadia', { entitlement: read, reason: 'Erik is curious' });

  // when
  await walk.clickAndFill('erik', asked.card, 'question_ask', { words: { words: 'What for?' } });

  // then
  await walk.receives(
    'erik',
    'the refusal',
    (m) => m.ephemeral && m.text.includes('Only somebody who may decide'),
    'access-requests',
  );
  await settled();
  expect((await walk.change(asked.id)).questions).toBeUndefined();
});

test('what is written in the threads is taken over where it is a question or an answer, and nothing else is', async () => {
  // given
  const asked = await walk.asks('ines', {
    entitlement: 'payments-api-read',
    reason: 'Talked about in threads',
  });
  const write = (as: string, channel: string | undefined, threadTs: string | undefined, text: string) =>
    walk.request('POST', '/slack/sim/message', { as, channel, threadTs, text });
  const channel = asked.card.channel;

  // when a colleague, an approver outside of the thread, and an approver in it say something
  await write('erik', channel, asked.card.ts, 'I would like that too');
  await write('sam', channel, undefined, 'Lunch?');
  await write('sam', channel, asked.card.ts, 'Is <@U0000002> not on it?');

  // then only the last is a question
  await walk.until('it is asked', async () => (await walk.change(asked.id)).questions?.length === 1);
  await settled();
  expect((await walk.change(asked.id)).questions).toMatchObject([{ name: 'Sam Whitaker', inThread: true }]);
  const note = await walk.receives(
    'ines',
    'the question',
    (m) => m.text.includes('asks about your request') && wordsOf(m).includes('not on it?'),
  );
  expect(wordsOf(note)).toContain('Is @Erik');

  // when she replies under her own message
  const status = await walk.statusOf('ines', asked.id);
  await write('ines', status.channel, status.ts, 'He is away');

  // then
  await walk.receives(
    'tom',
    'the answer',
    (m) => wordsOf(m).includes('He is away') && m.text.includes('answers'),
    'access-requests',
  );
  expect(await walk.whispers('erik')).not.toContainEqual(expect.stringContaining('I would like'));
  expect((await walk.auditTypes(asked.id)).filter((type) => type.startsWith('question'))).toEqual([
    'questionAsked',
    'questionAnswered',
  ]);
});
