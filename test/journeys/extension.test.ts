import { afterAll, beforeAll, expect, test } from 'vitest';
import { letTimePass } from '../../src/sandbox/time-passes.ts';
import type { Stage } from '../stage.ts';
import { buttonsOf, type Journey, setOut, wordsOf } from './journey.ts';
import { clickPayload, sendRaw } from './slack-wire.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut());
});
afterAll(() => stage?.close());

const DAY = 86_400;
const HOUR = 3_600;
const read = 'orders-api-read';
const payments = 'payments-api-read';

const goBy = (id: string, seconds: number) => letTimePass(stage.latchkey.context.db, id, seconds);

/** The warnings that this person has of a change, as they stand now. */
const warningsTo = async (as: string, id: string) =>
  (await walk.messages(as, 'dm')).filter((m) =>
    m.metadata?.event_payload?.marker?.startsWith(`${id}:beneficiary:ending`),
  );

async function warned(as: string, id: string, count = 1) {
  return await walk.until(`${as} is warned ${count} times`, async (saw) => {
    const all = saw(await warningsTo(as, id));
    return all.length === count && all.at(-1);
  });
}

const extensionOf = (key: string, as: string) =>
  walk.query<{ id: string; state: string; reason: string; seconds: number; by: string | null }>(
    `select c.id, c.state, doc->>'reason' as reason, (doc->>'requestedSeconds')::int as seconds,
       doc->'decision'->>'by' as by
     from changes c join people p on p.id = c.person_id
     where entitlement_key = $1 and doc->>'cause' = 'extension' and lower(split_part(p.name, ' ', 1)) = $2
     order by requested_at desc`,
    [key, as],
  );

test('a week is warned of a day and an hour before, once each, and extended with one click and an approval', async () => {
  // given
  const reason = 'A week of refunds';
  const first = await walk.isGiven('ines', { entitlement: read, seconds: 7 * DAY, reason });

  // when a day is left
  await goBy(first.id, 6 * DAY);

  // then she is told so once, with what she can do; nobody in the channel is
  const warning = await warned('ines', first.id);
  expect(warning.text).toMatch(/ends <!date\^.*Extend it, or let it end\./);
  expect(buttonsOf(warning)).toEqual(['extend_now', 'let_end']);
  expect(wordsOf(warning)).toContain('Extend by 7 days');

  // when an hour is left, then once more
  await goBy(first.id, DAY - HOUR);
  const last = await warned('ines', first.id, 2);
  expect((await walk.auditTypes(first.id)).filter((t) => t === 'endingWarned')).toHaveLength(2);
  expect(
    (await walk.messages('sofia', 'access-requests')).filter((m) => m.text.includes(' ends <!date^')),
  ).toEqual([]);

  // when she presses it
  await walk.click('ines', last, 'extend_now');

  // then it is asked for with her own reason, for the same time, and the first says that it waits
  const [extension] = await walk.until('it is asked for', async () => {
    const all = await extensionOf(read, 'ines');
    return all[0]?.state === 'asking' && all;
  });
  expect(extension).toMatchObject({ reason, seconds: 7 * DAY });
  const id = extension?.id ?? '';
  await walk.until('the warning has no buttons', async () => {
    const all = await warningsTo('ines', first.id);
    return all.every((m) => buttonsOf(m).length === 0) && all[1]?.text.includes('not decided yet');
  });

  // when it is approved
  const card = await walk.card('olga', (m) => m.metadata?.event_payload?.marker === `${id}:card`);
  await walk.click('olga', card, 'approve');
  await walk.becomes(id, 'inEffect');

  // then it is one access: one grant, one message with buttons, and the old one says where it goes on
  const live = await walk.query(
    `select change_id, ends_at from grants where ended_at is null and entitlement_key = $1
       and person_id = (select person_id from changes where id = $2)`,
    [read, id],
  );
  expect(live).toMatchObject([{ change_id: id }]);
  await walk.until('the first has no buttons', async () => {
    const now = await walk.statusOf('ines', first.id);
    return buttonsOf(now).length === 0 && wordsOf(now).includes('Extended until');
  });
  await walk.until(
    'the extension has them',
    async (saw) => saw(buttonsOf(await walk.statusOf('ines', id))).join() === 'extend,release',
  );
  await walk.until('the warning says so', async () =>
    (await warningsTo('ines', first.id))[1]?.text.includes('is extended until'),
  );

  // when it is over, then one notice to her tells of one end
  await goBy(id, 8 * DAY);
  await walk.endsAs(id, 'inEffect');
  await walk.receives('ines', 'that it is gone', (m) => m.text.includes('is gone from MuleSoft'));
  await walk.isQuiet();
  const ends = (await walk.messages('ines', 'dm')).filter((m) =>
    /is gone from|has ended|stays until/.test(m.text),
  );
  expect(ends.map((m) => m.metadata?.event_payload?.marker)).toEqual([`${id}:beneficiary:gone`]);
}, 60_000);

test('whoever lets it end is not warned again, and it ends', async () => {
  // given
  const first = await walk.isGiven('erik', { entitlement: read, seconds: 7 * DAY, reason: 'Not for longer' });
  await goBy(first.id, 6 * DAY + 60);
  const warning = await warned('erik', first.id);

  // when
  await walk.click('erik', warning, 'let_end');

  // then the warning says so
  await walk.until('it is settled', async () => {
    const [now] = await warningsTo('erik', first.id);
    return now !== undefined && buttonsOf(now).length === 0 && now.text.includes('You let it end.');
  });

  // and an hour before there is no other
  await goBy(first.id, DAY - HOUR);
  await walk.isQuiet();
  expect(await warningsTo('erik', first.id)).toHaveLength(1);
  await goBy(first.id, HOUR);
  await walk.endsAs(first.id, 'inEffect');
  expect(await walk.isInTeam('erik', 'Orders API readers')).toBe(false);
});

test('where the catalogue says so the first extension needs nobody, and the next one an approver', async () => {
  // given payments-api-read is written `extension: { approval: afterFirst }`, and it is known from where she asks
  await walk.directory.signsIn('ines', 'Germany');
  const first = await walk.isGiven('ines', { entitlement: payments, reason: 'Paid twice' }, 'sam');
  await goBy(first.id, DAY - HOUR + 60);

  // when she presses it twice
  const warning = await warned('ines', first.id);
  expect(wordsOf(warning)).toContain('Extend by 1 day');
  await Promise.all([walk.click('ines', warning, 'extend_now'), walk.click('ines', warning, 'extend_now')]);

  // then it goes on by rule, once
  const [extension] = await walk.until('it is extended', async () => {
    const all = await extensionOf(payments, 'ines');
    return all[0]?.state === 'inEffect' && all;
  });
  await walk.isQuiet();
  expect(await extensionOf(payments, 'ines')).toMatchObject([{ by: null, state: 'inEffect' }]);
  const id = extension?.id ?? '';
  expect((await walk.change(id)).verdict?.grounds.at(-1)?.text).toContain('extended without approval');

  // when it is extended again
  await goBy(id, DAY);
  await walk.click('ines', await warned('ines', id), 'extend_now');

  // then somebody decides
  const [second] = await walk.until('it is asked for', async () => {
    const all = await extensionOf(payments, 'ines');
    return all.length === 2 && all[0]?.state === 'asking' && all;
  });
  expect(second?.by).toBeNull();
}, 60_000);

test('an extension never ends later than the longest time from now, and one that lengthens nothing is refused', async () => {
  // given somebody who holds it for as long as it can be had
  await walk.isGiven('tom', { entitlement: read, seconds: 7 * DAY, reason: 'All of it at once' });

  // when
  const answer = await walk.ask('tom', { entitlement: read, seconds: DAY, reason: 'And more' });

  // then nothing is asked for, and the form says why
  expect(answer).toMatchObject({
    sent: false,
    errors: { entitlement: expect.stringContaining('is held already for as long as can be given at once') },
  });
  expect(await walk.changeBecause('And more')).toBeNull();
});

test('nobody else extends it or lets it end', async () => {
  // given
  const first = await walk.isGiven('sofia', { entitlement: read, reason: 'Hers alone' });

  // when
  for (const action of ['extend_now', 'let_end'])
    await sendRaw(
      walk,
      clickPayload('erik', first.card, action, JSON.stringify({ change: first.id, round: 1 })),
    );

  // then
  await walk.until('both are refused', async () => {
    const said = await walk.whispers('erik');
    return (
      said.some((text) => text.includes('Only its holder or requester can extend it')) &&
      said.some((text) => text.includes('Only its holder or requester can let it end'))
    );
  });
  expect(await extensionOf(read, 'sofia')).toEqual([]);
  expect((await walk.change(first.id)).endAgreed).toBeUndefined();
});
