import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Stage } from '../stage.ts';
import { buttonsOf, type Journey, setOut, wordsOf } from './journey.ts';
import { buttonValueOf, clickPayload, sendRaw } from './slack-wire.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut({
    catalogue: (c) => ({ ...c, remindSeconds: 1, lapseSeconds: 7 }),
  }));
});
afterAll(() => stage?.close());

test('approvers are reminded ever less often and warned, then the request lapses and all are told of it', async () => {
  // given
  const asked = await walk.asks('ines', { entitlement: 'orders-api-read', reason: 'Nobody looks at it' });

  // when nobody decides, then approvers are reminded under the card
  const reminder = await walk.receives(
    'tom',
    'a reminder',
    (m) => m.threadTs === asked.card.ts && m.text.includes('Still waiting for'),
    'access-requests',
  );
  expect(reminder.text).toContain('<@');
  expect(reminder.text).toContain('Please decide: ');

  // and warned when most of the time is over
  await walk.receives(
    'tom',
    'a warning',
    (m) => m.threadTs === asked.card.ts && m.text.includes('this lapses'),
    'access-requests',
  );

  // and later it lapses
  await walk.becomes(asked.id, 'lapsed');
  const card = await walk.cardSays(asked, 'Nobody decided in time, so nothing was changed');
  expect(buttonsOf(card)).toEqual([]);
  await walk.receives('ines', 'that it lapsed', (m) => m.text.includes('lapsed: nobody decided in time'));
  expect(buttonsOf(await walk.statusOf('ines', asked.id))).toEqual([]);
  expect(await walk.isInGroup('ines', 'anypoint-orders-read')).toBe(false);
  const audit = await walk.auditTypes(asked.id);
  expect(audit.filter((type) => type === 'approversReminded')).toHaveLength(2);
  expect(audit.filter((type) => type === 'approversWarned')).toHaveLength(1);
  expect(audit.filter((type) => type === 'requestLapsed')).toHaveLength(1);
  const reminders = (await walk.messages('tom', 'access-requests')).filter((m) =>
    m.text.includes('Still waiting for'),
  );
  expect(reminders).toHaveLength(2);

  // when somebody clicks the card as they saw it before
  const value = JSON.stringify(buttonValueOf(asked.card));
  await sendRaw(walk, clickPayload('tom', asked.card, 'approve', value));

  // then they are told that it is over
  await walk.receives(
    'tom',
    'that it lapsed',
    (m) => m.ephemeral && m.text.includes('let this lapse already'),
    'access-requests',
  );
  expect((await walk.change(asked.id)).state).toBe('lapsed');

  // and asking again is a new request with a card of its own
  const again = await walk.asks('ines', { entitlement: 'orders-api-read', reason: 'Asked once more' });
  expect(again.card.ts).not.toBe(asked.card.ts);
  expect(wordsOf(again.card)).toContain('Asked once more');
});
