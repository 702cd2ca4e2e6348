import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Stage } from '../stage.ts';
import { buttonsOf, type Journey, setOut, wordsOf } from './journey.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut());
});
afterAll(() => stage?.close());

test('whoever waits sees why each approver is asked, asks them once more, and is told when it is too early', async () => {
  // given
  const asked = await walk.asks('ines', { entitlement: 'orders-api-read', reason: 'Waiting for somebody' });
  const status = await walk.statusOf('ines', asked.id);
  expect(wordsOf(status)).toContain('Why them: Tom Okafor (the manager), Olga Brandt (owns it).');
  expect(buttonsOf(status)).toEqual(['nudge', 'withdraw']);

  // when
  await walk.click('ines', status, 'nudge');

  // then it stands under the card, with those who decide, and in her message
  const reply = await walk.receives(
    'sofia',
    'that she asks once more',
    (m) => m.text.includes('Ines Moreau asks once more: still waiting for'),
    'access-requests',
  );
  expect(reply.threadTs).toBe(asked.card.ts);
  expect(reply.text).toMatch(/<@U\d+>/);
  await walk.until('her message says so', async () =>
    wordsOf(await walk.statusOf('ines', asked.id)).includes('Asked once more'),
  );

  // when she presses again at once
  await walk.click('ines', await walk.statusOf('ines', asked.id), 'nudge');

  // then nobody is asked, and she is told when she can
  await walk.receives('ines', 'that it is too early', (m) =>
    m.text.includes('You can do so again in 3 hours'),
  );
  expect((await walk.change(asked.id)).nudges).toHaveLength(1);
});
