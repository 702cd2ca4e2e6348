import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Stage } from '../stage.ts';
import { type Journey, setOut, wordsOf } from './journey.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut());
});
afterAll(() => stage?.close());

const NO_TICKET = 'it names no ticket and no incident, and they are not on call (AC-4)';
const ELSEWHERE = 'their last sign-in came from a country in which the company does not work (AC-21)';

// First: what Slack answers is good for some seconds.
test('while neither Slack nor the directory says, a rule that does without is not held up, and the card says nothing', async () => {
  await walk.fault({ vendor: 'slack', kind: 'status', status: 500, path: 'usergroups' });
  await walk.fault({ ...walk.directory.calls.signIns, kind: 'status', status: 403 });
  const asked = await walk.asks('tom', {
    entitlement: 'orders-api-deploy',
    reason: 'Nobody knows where I am',
  });
  await walk.heal();
  const card = wordsOf(asked.card);
  expect(card).not.toMatch(/on call|sign-in|can’t be evaluated/);
  const change = await walk.change(asked.id);
  expect(change.verdict?.facts).not.toHaveProperty('isOnCall');
  expect(change.verdict?.facts).not.toHaveProperty('location');

  // when both can be read again at the click
  await walk.directory.signsIn('tom', 'Brazil');
  await walk.click('sofia', asked.card, 'approve');
  await walk.click('olga', await walk.cardSays(asked, 'Approved by Sofia Ricci; still needed'), 'approve');

  // then where it was asked from is not where they are now
  const { verdict } = await walk.becomes(asked.id, 'inEffect');
  expect(verdict?.facts).toMatchObject({ isOnCall: false });
  expect(verdict?.facts).not.toHaveProperty('location');
});

test('whoever is not on call is told of on the card, with where they signed in, and both are on record', async () => {
  // given
  await walk.directory.signsIn('ines', 'Brazil');

  // when
  const asked = await walk.asks('ines', { entitlement: 'orders-api-deploy', reason: 'From the beach' });

  // then
  const card = wordsOf(asked.card);
  expect(card).toContain('Not on call; last sign-in from Brazil.');
  expect(card).toContain(NO_TICKET);
  expect(card).toContain(ELSEWHERE);
  const entry = (await walk.audit(asked.id)).find((e) => e.type === 'approversAsked');
  expect(entry?.data.verdict).toMatchObject({ facts: { isOnCall: false, location: 'Brazil' } });
  const [summary] = await walk.query<{ sheet: { facts: { label: string; text: string }[] } }>(
    'select sheet from summaries where about_id = $1',
    [asked.id],
  );
  expect(summary?.sheet.facts).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ label: 'on call', text: 'no' }),
      expect.objectContaining({ label: 'last sign-in from', text: 'Brazil' }),
    ]),
  );

  // when they sign in at home, and who is on call can't be read at the click
  await walk.directory.signsIn('ines', 'Germany');
  await walk.fault({ vendor: 'slack', kind: 'status', status: 500, path: 'usergroups' });
  await stage.restart();
  await walk.click('tom', asked.card, 'approve');
  const waiting = await walk.cardSays(asked, 'Approved by Tom Okafor; still needed');
  await walk.click('olga', waiting, 'approve');
  const change = await walk.becomes(asked.id, 'inEffect');
  await walk.heal();

  // then from where it was asked for is what it was, and on call what was known
  expect(change.verdict?.facts).toMatchObject({ isOnCall: false, location: 'Brazil' });
});

test('whoever is on call needs no ticket, and at home nothing is said of it', async () => {
  await walk.directory.signsIn('erik', 'Sweden');
  const asked = await walk.asks('erik', { entitlement: 'orders-api-deploy', reason: 'The pager woke me' });
  const card = wordsOf(asked.card);
  expect(card).toContain('On call; last sign-in from Sweden.');
  expect(card).not.toContain('AC-21');
  expect(card).not.toContain(NO_TICKET);
});
