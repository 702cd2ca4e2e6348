import { afterAll, beforeAll, expect, test } from 'vitest';
import { letTimePass } from '../../src/sandbox/time-passes.ts';
import type { SeenMessage } from '../../src/sandbox/visitor.ts';
import type { Stage } from '../stage.ts';
import { buttonsOf, type Journey, setOut, slackIdOf, wordsOf } from './journey.ts';
import { buttonValueOf, clickPayload, sendRaw } from './slack-wire.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut());
  await walk.isQuiet();
});
afterAll(() => stage?.close());

const TEAM = 'Orders API readers';
const read = 'orders-api-read';

type Dm = SeenMessage & { channel: string };

/** The newest digest of this person. */
async function digestOf(as: string, says: string | RegExp): Promise<Dm> {
  return await walk.until(`${as} has a digest that says ${says}`, async (saw) => {
    const all = (await walk.messages(as, 'dm')).filter((m) => m.text.startsWith('Your week in access'));
    const newest = all.at(-1);
    saw(newest === undefined ? null : wordsOf(newest));
    return newest !== undefined && wordsOf(newest).search(says) >= 0 && newest;
  });
}
const asks = (as: string) =>
  walk.request('POST', '/slack/sim/command', { as, command: '/access', text: 'digest' });
/** The block of buttons under the line that says this. */
function blockUnder(message: Dm, says: string): string {
  const at = message.blocks.findIndex((block) => JSON.stringify(block).includes(says));
  return String(message.blocks[at + 1]?.block_id);
}
const press = (as: string, message: Dm, actionId: string, says: string) =>
  walk.request('POST', '/slack/sim/action', {
    as,
    channel: message.channel,
    ts: message.ts,
    actionId,
    blockId: blockUnder(message, says),
  });

test('the owner is told what is new, and takes it away there: it is gone from Anypoint, and the message says so', async () => {
  // given
  const asked = await walk.isGiven('ines', { entitlement: read, seconds: 604_800, reason: 'For the digest' });
  await walk.isGiven('erik', { entitlement: read, seconds: 604_800, reason: 'For the digest too' });
  await asks('olga');
  const digest = await digestOf('olga', 'New this week');
  expect(digest.text).toMatch(/2 new/);

  // when
  await press('olga', digest, 'digest_revoke', slackIdOf('ines'));

  // then
  await walk.endsAs(asked.id, 'inEffect');
  expect(await walk.isInTeam('ines', TEAM)).toBe(false);
  await digestOf('olga', /Taken away by Olga Brandt; gone from MuleSoft/);
  expect(await walk.ending(asked.id)).toMatchObject({ cause: 'review', decision: { byName: 'Olga Brandt' } });
  const entries = await walk.query("select actor from audit where type = 'accessReviewed'");
  expect(entries).toMatchObject([{ actor: { name: 'Olga Brandt' } }]);
});

test('the other line is kept, and the same digest shows it; what is kept is no more asked about', async () => {
  const digest = await digestOf('olga', 'New this week');
  await press('olga', digest, 'digest_keep', slackIdOf('erik'));
  const after = await digestOf('olga', 'Kept by Olga Brandt');
  expect(buttonsOf(after)).toEqual([]);
});

test('the manager asks the holder, who answers; the manager reads it', async () => {
  await walk.isGiven('ines', { entitlement: read, seconds: 604_800, reason: 'Once more' });
  await asks('tom');
  const digest = await digestOf('tom', 'New this week');
  await press('tom', digest, 'digest_ask', slackIdOf('ines'));
  const question = await walk.receives('ines', 'the question', (m) => m.text.startsWith('Do you still need'));
  expect(buttonsOf(question)).toEqual(['digest_still_needed', 'release']);
  const [asked] = (await walk.messages('ines', 'dm')).filter((m) => m.ts === question.ts);
  await walk.click('ines', asked as Dm, 'digest_still_needed');
  await digestOf('tom', 'Still needed, they said');
});

test('somebody else who gets hold of the button changes nothing', async () => {
  const [row] = await walk.query<{ id: string; place: number }>(
    "select digest_id as id, place from digest_lines l join digests d on d.id = l.digest_id where answer->>'verb' = 'ask'",
  );
  await stage.latchkey.context.db
    .insertInto('outbox')
    .values({
      key: 'settleCardClick:forged',
      job: 'settleCardClick',
      priority: 1,
      payload: JSON.stringify({
        job: 'settleCardClick',
        clickKey: 'forged',
        answer: {
          clickId: 'forged',
          about: 'digest',
          id: row?.id,
          chatUserId: slackIdOf('erik'),
          channel: slackIdOf('erik'),
          verb: 'revoke',
          item: JSON.stringify({ place: row?.place }),
        },
      }),
    })
    .execute();
  await walk.owesNothing();
  expect(await walk.isInTeam('ines', TEAM)).toBe(true);
  const refused = await walk.query("select data from audit where type = 'clickRefused'");
  expect(refused).toMatchObject([{ data: { verb: 'revoke', reason: 'notAnApprover' } }]);
});

test('an admin gets the whole picture too', async () => {
  await asks('sam');
  const picture = await walk.receives('sam', 'the picture', (m) => m.text.startsWith('The week in access'));
  expect(wordsOf(picture)).toMatch(/\d+ by \d+ people/);
  expect(wordsOf(picture)).toMatch(/\d+ given, \d+ ended/);
});

test('of many lines ten are on the message; the rest are paged in a form, where they are answered too', async () => {
  // given a digest with more than forty lines
  const small = await digestOf('tom', 'New this week');
  await walk.query(`insert into digest_lines (digest_id, place, kinds, person_id, entitlement_key, change_id, doc)
    select digest_id, place + n, kinds, person_id, entitlement_key, change_id, doc from (
      select l.* from digest_lines l join digests d on d.id = l.digest_id join people p on p.id = d.person_id
      where p.email like 'tom@%' order by d.made_at desc, place desc limit 1) l, generate_series(1, 43) n`);
  const [row] = await walk.query<{ id: string }>(
    "select d.id from digests d join people p on p.id = d.person_id where p.email like 'tom@%' order by made_at desc limit 1",
  );
  await stage.latchkey.context.db
    .insertInto('outbox')
    .values({
      key: 'updateCard:digest:again',
      job: 'updateCard',
      priority: 1,
      payload: JSON.stringify({ job: 'updateCard', about: 'digest', id: row?.id }),
    })
    .execute();
  const digest = await digestOf('tom', /And 3\d more/);
  expect(digest.ts).toBe(small.ts);

  // when
  await walk.click('tom', digest, 'digest_more');
  const form = await walk.until('the form opens', () => walk.topView('tom'));
  expect(wordsOf(form)).toMatch(/Lines 11 to 30 of 4\d/);
  const press = async (actionId: string, blockId: string) =>
    await walk.request('POST', '/slack/sim/view/action', { as: 'tom', viewId: form.id, actionId, blockId });
  await press('digest_keep', 'line_12');

  // then
  await walk.until('the form shows the answer', async (saw) => {
    const now = saw(await walk.topView('tom'));
    return now !== null && wordsOf(now).includes('Kept by Tom Okafor');
  });
  await press('digest_more', 'turn');
  await walk.until('the next page is there', async () =>
    wordsOf((await walk.topView('tom')) ?? { blocks: [] }).match(/Lines 31 to 4\d of/),
  );
  expect((await walk.topView('tom'))?.blocks.length).toBeLessThanOrEqual(100);
});

test('what a digest does not renew is extended neither with one click nor by asking, and both say who said so', async () => {
  // given Ines, who is warned that hers ends
  const [held] = await walk.query<{ id: string }>(
    `select c.id from changes c join grants g on g.change_id = c.id join people p on p.id = c.person_id
     where p.email like 'ines@%' and g.ended_at is null and g.entitlement_key = $1`,
    [read],
  );
  const id = held?.id ?? '';
  await letTimePass(stage.latchkey.context.db, id, 6 * 86_400 + 60);
  const warning = () =>
    walk.until('Ines is warned', async () =>
      (await walk.messages('ines', 'dm')).find((m) =>
        m.metadata?.event_payload?.marker?.startsWith(`${id}:beneficiary:ending`),
      ),
    );
  const before = await warning();
  expect(buttonsOf(before)).toEqual(['extend_now', 'let_end']);

  // when Olga says so on her digest
  await asks('olga');
  const digest = await digestOf('olga', 'Ines Moreau loses');
  await press('olga', digest, 'digest_not_renewed', slackIdOf('ines'));

  // then
  await digestOf('olga', 'not to be renewed');
  await walk.until('the warning says so', async () => {
    const now = await warning();
    return buttonsOf(now).length === 0 && now.text.includes('Olga Brandt reviewed it');
  });
  const why = 'Olga Brandt reviewed this access, and it is not to be renewed.';
  const value = JSON.stringify(buttonValueOf(before));
  await sendRaw(walk, clickPayload('ines', before, 'extend_now', value));
  await walk.until('her click is refused', async (saw) =>
    saw(await walk.whispers('ines', 'dm')).some((text) => text.includes(why)),
  );
  const asked = await walk.ask('ines', { entitlement: read, seconds: 3_600, reason: 'Longer' });
  expect(JSON.stringify(asked)).toContain(why);

  // nor by asking for it from right after its end
  const end = (await walk.change(id)).grant?.endsAt ?? new Date();
  const from = new Date(new Date(end).getTime() + 60_000);
  const later = await walk.ask('ines', { entitlement: read, seconds: 3_600, reason: 'Right after', from });
  expect(JSON.stringify(later)).toContain(why);
});
