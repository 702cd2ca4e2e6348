import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Stage } from '../stage.ts';
import { type Journey, setOut, wordsOf } from './journey.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut());
});
afterAll(() => stage?.close());

const BUNDLE = 'bundle:order-support';
const TITLE = 'Order support: read Orders and Payments in prod';

const ofReason = async (reason: string) =>
  await walk.query<{ entitlement_key: string; state: string; id: string }>(
    `select id, entitlement_key, state from changes where doc->>'reason' = $1 order by entitlement_key`,
    [reason],
  );

test('a bundle is offered to whoever may have all of it', async () => {
  expect(wordsOf(await walk.openForm('ines'))).toContain(TITLE);
  // Payments is not open to Security.
  expect(wordsOf(await walk.openForm('sam'))).not.toContain(TITLE);
});

test('asked for as one, each of it is decided by itself, for as long as all of it can be had', async () => {
  // when
  const reason = 'Orders that were paid twice';
  expect(await walk.ask('ines', { entitlement: BUNDLE, reason })).toEqual({ sent: true });

  // then
  const both = await walk.until('both are put to approvers', async () => {
    const rows = await ofReason(reason);
    return rows.every((row) => row.state === 'asking') && rows.length === 2 && rows;
  });
  expect(both.map((row) => row.entitlement_key)).toEqual(['orders-api-read', 'payments-api-read']);
  const changes = await Promise.all(both.map((row) => walk.change(row.id)));
  expect(changes.map((c) => c.requestedSeconds)).toEqual([86_400, 86_400]);
  const cards = async () =>
    (await walk.messages('sofia', 'access-requests')).filter((m) => wordsOf(m).includes(reason));
  await walk.until('each has its card', async () => (await cards()).length === 2);
  await walk.isQuiet();
  expect(await cards()).toHaveLength(2);
});

test('what of it waits already is not asked for again, and the form says so', async () => {
  // when
  const answer = await walk.ask('ines', { entitlement: BUNDLE, reason: 'Once more' });

  // then
  expect(answer).toMatchObject({
    sent: false,
    errors: { entitlement: expect.stringContaining('is waiting for a decision already') },
  });
  expect(await ofReason('Once more')).toEqual([]);
});

test('what of it is held already is left out, and the rest is asked for', async () => {
  // given
  await walk.isGiven('erik', { entitlement: 'orders-api-read', reason: 'Only Orders at first' });

  // when
  const answer = await walk.ask('erik', { entitlement: BUNDLE, reason: 'Now Payments too' });

  // then
  if (answer.sent || !('view' in answer)) throw new Error(`answered ${JSON.stringify(answer)}`);
  expect(wordsOf(answer.view)).toContain('Asked for Payments API: read logs in prod.');
  expect(wordsOf(answer.view)).toContain('Orders API: read logs and messages in prod is held already');
  expect((await ofReason('Now Payments too')).map((row) => row.entitlement_key)).toEqual([
    'payments-api-read',
  ]);
});
