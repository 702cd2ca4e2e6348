import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seedHistory } from '../../src/sandbox/history.ts';
import { past } from '../../src/sandbox/past-requests.ts';
import type { Stage } from '../stage.ts';
import { type Asked, type Journey, setOut, slackIdOf, wordsOf } from './journey.ts';

/** What a card says of history is true of history. */
let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut());
});
afterAll(() => stage?.close());

const read = 'orders-api-read';
const GROUP = 'anypoint-orders-read';

const fact = async (asked: Asked, label: string) => {
  const [row] = await walk.query<{ sheet: { facts: { label: string; text: string }[] } }>(
    'select sheet from summaries where about_id = $1',
    [asked.id],
  );
  return row?.sheet.facts.find((f) => f.label === label)?.text;
};
const takesBack = async (who: string, asked: Asked) => {
  await walk.click(who, await walk.statusOf(who, asked.id, 'beneficiary'), 'withdraw');
  await walk.becomes(asked.id, 'withdrawn');
};
const personOf = async (who: string) =>
  (
    await walk.query<{ person_id: string }>(
      `select person_id from person_links where system = 'slack' and external_id = $1`,
      [slackIdOf(who)],
    )
  )[0]?.person_id;

describe('how often it was granted before', () => {
  test('counts what was granted, once however long it went on, and not what is held now', async () => {
    // given
    const first = await walk.isGiven('erik', { entitlement: read, seconds: 86_400, reason: 'The first' });
    expect(await fact(first, 'history')).toBe('never granted to Erik before');

    // when it is extended
    const longer = await walk.asks(
      'erik',
      { entitlement: read, reason: 'The first, longer' },
      { seconds: 3_600 },
    );
    // then
    expect(await fact(longer, 'history')).toBe('Erik holds it now; never granted before that');
    expect(await fact(longer, 'peers')).toBe(
      'nobody holds it through Latchkey, and nobody else is in its group',
    );
    expect(wordsOf(longer.card)).toContain('*Ends at present*');
    await walk.click('tom', longer.card, 'approve');
    await walk.becomes(longer.id, 'inEffect');
    const decided = wordsOf(await walk.cardSays(longer, 'In effect'));
    expect(decided).toContain('*Would have ended*');
    const details = wordsOf(await walk.reads('tom', await walk.cardNow(longer), 'details'));
    expect(details).toContain('When it was asked for');

    // and when it is over
    const status = await walk.statusOf('erik', longer.id, 'beneficiary');
    await walk.click('erik', status, 'release');
    await walk.until('it is over', async () => !(await walk.isInGroup('erik', GROUP)));
    await walk.until(
      'both have ended',
      async () => (await walk.query(`select from grants where ended_at is null`)).length === 0,
    );
    const again = await walk.asks('erik', { entitlement: read, reason: 'The second' });
    // then
    expect(await fact(again, 'history')).toBe('1 earlier grant of it to Erik');
    expect((await walk.change(again.id)).verdict?.facts?.earlierGrants).toBe(1);
    await takesBack('erik', again);
  });

  test('counts what the record has, and not what the IdP refused', async () => {
    // given months of decisions before
    expect(await seedHistory(stage.latchkey.context)).toBeGreaterThan(0);
    await walk.openForm('ines');
    const granted = await walk.query(
      `select from changes where person_id = $1 and entitlement_key = $2 and state = 'ended'`,
      [await personOf('ines'), read],
    );
    expect(past.some((p) => p.who === 'ines' && p.entitlement === read)).toBe(true);
    expect(granted.length).toBeGreaterThan(1);

    // when
    await walk.fault({ ...walk.directory.calls.write, kind: 'status', status: 403 });
    const refused = await walk.asks('ines', { entitlement: read, reason: 'It will be refused' });
    expect(await fact(refused, 'history')).toBe(`${granted.length} earlier grants of it to Ines`);
    await walk.click('tom', refused.card, 'approve');
    await walk.becomes(refused.id, 'failed');
    await walk.heal();

    // then
    const asked = await walk.asks('ines', { entitlement: read, reason: 'After the refusal' });
    expect(await fact(asked, 'history')).toBe(`${granted.length} earlier grants of it to Ines`);
    await takesBack('ines', asked);
  });
});

test('a membership outside Latchkey is not passed over: neither others’ nor one’s own', async () => {
  // given two who were in the group before Latchkey
  const [group] = await walk.query<{ group_id: string }>(
    `select group_id from baselines where group_name = $1`,
    [GROUP],
  );
  for (const who of ['sofia', 'nadia']) {
    await walk.openForm(who);
    await walk.query(
      `insert into baseline_members (person_id, group_id, group_name, recorded_at) values ($1, $2, $3, now())`,
      [await personOf(who), group?.group_id, GROUP],
    );
  }

  // when
  const another = await walk.asks('ines', { entitlement: read, reason: 'With others in it' });
  const oneself = await walk.asks('nadia', { entitlement: read, reason: 'In it already' });

  // then
  expect(await fact(another, 'peers')).toBe(
    'nobody holds it through Latchkey; 2 people are in its group without a grant of Latchkey’s',
  );
  expect(wordsOf(await walk.reads('tom', another.card, 'details'))).toContain(
    '2 people are in its group without a grant',
  );
  expect(await fact(oneself, 'peers')).toBe(
    'nobody holds it through Latchkey; 1 person is in its group without a grant of Latchkey’s',
  );
  expect(await fact(oneself, 'history')).toBe(
    'never granted to Nadia before, who has been in its group since before Latchkey',
  );
});
