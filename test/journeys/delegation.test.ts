import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Stage } from '../stage.ts';
import { type Journey, setOut, slackIdOf, wordsOf } from './journey.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut({
    catalogue: (catalogue) => ({ ...catalogue, canary: null, delegation: { notFor: ['critical'] } }),
  }));
});
afterAll(() => stage?.close());

const read = 'orders-api-read';
const DAY = 86_400;
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;

const says = (as: string, text: string) =>
  walk.request('POST', '/slack/sim/command', { as, command: '/access', text });

type Form = { delegate: string; until?: number; from?: number; always?: boolean };

async function goesAway(as: string, { delegate, until = inSeconds(3 * DAY), from, always }: Form) {
  const before = (await walk.workspace(as)).views.at(-1);
  await says(as, 'away');
  const view = await walk.until(`${as} has the form`, async () => {
    const now = (await walk.workspace(as)).views.at(-1);
    return now?.id !== before?.id && now;
  });
  return await walk.submit(as, view, {
    delegate: { delegate: slackIdOf(delegate) },
    until: { until: String(until) },
    ...(from === undefined ? {} : { from: { from: String(from) } }),
    usual: { usual: always === true ? ['always'] : [] },
  });
}

const notes = (as: string, words: string) => walk.receives(as, words, (m) => wordsOf(m).includes(words));

test('what waits moves at once, its clock runs on, and both are named on the card and in the audit', async () => {
  // given
  const asked = await walk.asks('ines', { entitlement: read, reason: 'While Tom is away' });
  const before = await walk.change(asked.id);

  // when
  expect(await goesAway('tom', { delegate: 'nadia' })).toMatchObject({ sent: true });

  // then both are told, and so is the thread of what waits
  await notes('tom', 'decides in your stead');
  await notes('nadia', 'has named you to decide meanwhile');
  await walk.cardSays(asked, /for Tom Okafor, who is away until/);
  await walk.receives(
    'nadia',
    'that she decides on it',
    (m) => m.text.includes('decides on this too'),
    'access-requests',
  );
  const moved = await walk.change(asked.id);
  expect({ lapsesAt: moved.lapsesAt, round: moved.round }).toEqual({
    lapsesAt: before.lapsesAt,
    round: before.round,
  });

  // when
  await walk.click('nadia', asked.card, 'approve');

  // then
  await walk.becomes(asked.id, 'inEffect');
  await walk.cardSays(asked, /Approved by Nadia [A-Za-z]+ \(for Tom Okafor\)/);
  expect((await walk.audit(asked.id)).find((e) => e.type === 'approvalGiven')).toMatchObject({
    actor: { name: expect.stringMatching(/^Nadia/) },
    data: { approval: { insteadOf: { name: 'Tom Okafor' } } },
  });

  // and when Tom is back
  await says('tom', 'back');

  // then she decides no more
  await notes('nadia', 'You no longer decide for');
  const next = await walk.asks('erik', { entitlement: read, reason: 'Tom is back' });
  await walk.click('nadia', next.card, 'approve');
  await walk.receives(
    'nadia',
    'the refusal',
    (m) => m.ephemeral && m.text.includes('not among those who may decide'),
    'access-requests',
  );
  await walk.click('tom', next.card, 'approve');
  await walk.becomes(next.id, 'inEffect');
});

test('nobody can name themselves, or somebody who is away', async () => {
  expect(await goesAway('tom', { delegate: 'tom' })).toMatchObject({
    sent: false,
    errors: { delegate: expect.stringContaining('in your own stead') },
  });
  expect(await goesAway('olga', { delegate: 'sam', until: inSeconds(-60) })).toMatchObject({
    sent: false,
    errors: { until: expect.stringContaining('in the past') },
  });
  expect(await goesAway('sofia', { delegate: 'sam' })).toMatchObject({ sent: true });
  expect(await goesAway('sam', { delegate: 'sofia' })).toMatchObject({
    sent: false,
    errors: { delegate: expect.stringContaining('circle') },
  });
  expect(await goesAway('tom', { delegate: 'sofia' })).toMatchObject({
    sent: false,
    errors: { delegate: expect.stringContaining('not passed on again') },
  });
  await says('sofia', 'back');
});

test('a delegate decides on nothing of their own, nor where policy keeps the tier from it', async () => {
  // given Olga, the owner, is away and has named Ines
  expect(await goesAway('olga', { delegate: 'ines' })).toMatchObject({ sent: true });

  // when Ines asks for something herself
  const own = await walk.asks('ines', { entitlement: 'payments-api-read', reason: 'Her own' });
  await walk.click('ines', own.card, 'approve');

  // then
  await walk.receives(
    'ines',
    'the refusal',
    (m) => m.ephemeral && m.text.includes('You asked for this access'),
    'access-requests',
  );

  // and when it is critical
  const critical = await walk.asks('erik', { entitlement: 'platform-admin', reason: 'Critical' });
  await walk.click('ines', critical.card, 'approve');

  // then the card says why, and so does the refusal
  await walk.cardSays(critical, 'policy lets nobody decide in somebody’s stead on tier critical');
  await walk.receives(
    'ines',
    'the refusal',
    (m) => m.ephemeral && m.text.includes('not among those who may decide'),
    'access-requests',
  );
  expect((await walk.change(critical.id)).approvals).toEqual([]);
  await says('olga', 'back');
});

test('two who are both needed can’t be one because one of them named the other', async () => {
  // given manager and owner have to approve
  const asked = await walk.asks('erik', { entitlement: 'orders-api-deploy', reason: 'Four eyes' });

  // when
  expect(await goesAway('tom', { delegate: 'olga' })).toMatchObject({ sent: true });
  await walk.cardSays(asked, 'Olga Brandt, whom they named, is asked already');
  await walk.click('olga', asked.card, 'approve');

  // then
  await walk.cardSays(asked, 'Approved by Olga Brandt; still needed: manager (Tom Okafor)');
  expect((await walk.change(asked.id)).state).toBe('asking');
  await says('tom', 'back');
});

test('a status that says so starts it for whom they named beforehand, and ends it', async () => {
  // given
  await goesAway('tom', { delegate: 'nadia', always: true });
  await says('tom', 'back');
  const asked = await walk.asks('sam', { entitlement: read, reason: 'By status' });

  // when
  await walk.request('POST', '/slack/sim/status', {
    as: 'tom',
    emoji: ':palm_tree:',
    text: 'Vacationing',
    seconds: 3 * DAY,
  });

  // then
  await notes('tom', 'Your Slack status says that you are away');
  const olga = await walk.cardNow(asked);
  expect(olga.ts).toBe(asked.card.ts);
  const [row] = await walk.query<{ cause: string; state: string }>(
    `select doc->>'cause' as cause, state from delegations order by starts_at desc limit 1`,
  );
  expect(row).toEqual({ cause: 'status', state: 'active' });

  // when
  await walk.request('POST', '/slack/sim/status', { as: 'tom' });

  // then
  await walk.until('it has ended', async () => {
    const open = await walk.query(`select 1 from delegations where state <> 'ended'`);
    return open.length === 0;
  });
});

test('who decides on something and has named nobody is asked to, once; nobody else is', async () => {
  // when
  for (const as of ['olga', 'erik'])
    await walk.request('POST', '/slack/sim/status', {
      as,
      emoji: ':palm_tree:',
      text: 'Vacationing',
      seconds: 3 * DAY,
    });
  await walk.request('POST', '/slack/sim/status', {
    as: 'olga',
    emoji: ':palm_tree:',
    text: 'Beach',
    seconds: 3 * DAY,
  });

  // then
  await notes('olga', 'type /access away');
  await walk.owesNothing();
  expect(await walk.query(`select 1 from delegations where state <> 'ended'`)).toEqual([]);
});

test('it ends by itself, and the delegate who can’t says so', async () => {
  // given it is for a moment only
  expect(await goesAway('sofia', { delegate: 'erik', until: inSeconds(3) })).toMatchObject({ sent: true });
  await notes('erik', 'has named you to decide meanwhile');

  // then
  await notes('erik', 'the time is over');

  // and when Sam names him and he can't
  expect(await goesAway('sam', { delegate: 'erik' })).toMatchObject({ sent: true });
  const note = await walk.until('Erik reads that Sam named him', async () =>
    (await walk.messages('erik', 'dm')).find(
      (m) => wordsOf(m).includes('I can’t') && wordsOf(m).includes(slackIdOf('sam')),
    ),
  );
  await walk.click('erik', note, 'delegation_decline');

  // then
  await notes('sam', 'can’t decide in your stead');
});
