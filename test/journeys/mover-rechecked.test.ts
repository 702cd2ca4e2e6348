import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Stage } from '../stage.ts';
import { buttonsOf, type CardSeen, type Journey, setOut, wordsOf } from './journey.ts';

const DASHBOARDS = { group: 'anypoint-dashboards', team: 'Dashboard viewers' };

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut());
  await walk.isQuiet();
});
afterAll(async () => {
  await stage.close();
});

/** Changed in the directory, which tells of it. */
const moves = (key: string, profile: Record<string, string>) => walk.directory.changes(key, profile);

/** The cards about one person's move, by what they say. */
async function moveCard(words: string): Promise<CardSeen & { id: string }> {
  return await walk.until(`a card that says ${words}`, async () => {
    const masses = await walk.query<{ id: string }>(`select id from mass_changes where kind = 'moved'`);
    const cards = await walk.messages('olga', 'access-requests');
    const card = cards.find(
      (m) =>
        masses.some(({ id }) => m.metadata?.event_payload?.marker === `${id}:card`) &&
        wordsOf(m).includes(words),
    );
    const id = card?.metadata?.event_payload?.marker?.split(':')[0];
    return card === undefined || id === undefined ? null : { ...card, id };
  });
}

const stateOf = async (id: string) =>
  (await walk.query<{ state: string }>('select state from mass_changes where id = $1', [id]))[0]?.state;

test('whoever moves gets what the new department has by rule; what no longer fits is put to each owner once', async () => {
  // given Erik of Orders holds what is open to all, and two of Sam's and Olga's that are not open to Support
  const open = await walk.isGiven('erik', {
    entitlement: 'orders-api-read',
    seconds: 3_600,
    reason: 'Open to all',
  });
  const payments = await walk.isGiven(
    'erik',
    { entitlement: 'payments-api-read', seconds: 3_600, reason: 'Sam approves' },
    'sam',
  );
  const deploy = await walk.asks('erik', {
    entitlement: 'orders-api-deploy',
    seconds: 3_600,
    reason: 'Lead and owner approve',
  });
  await walk.click('tom', deploy.card, 'approve');
  await walk.click('olga', deploy.card, 'approve');
  await walk.becomes(deploy.id, 'inEffect');

  // when
  await moves('erik', { department: 'Support' });

  // then the dashboards are his by rule
  await walk.until('he sees the dashboards', () => walk.isInTeam('erik', DASHBOARDS.team));

  // and each owner is asked once, about theirs
  const ofSam = await moveCard('Payments API: read logs in prod, until');
  expect(wordsOf(ofSam)).toContain(
    'moved from Orders to Support, and still holds one access that no longer fits',
  );
  expect(wordsOf(ofSam)).toContain('not open to Support');
  expect(wordsOf(ofSam)).toContain('Waiting for <@U0000005>');
  expect(buttonsOf(ofSam)).toEqual(['mass_keep', 'mass_revert', 'mass_show']);
  const ofOlga = await moveCard('Orders API: deploy to prod, until');
  expect(wordsOf(ofOlga)).not.toContain('read logs and messages');

  // when one is ended and one kept
  await walk.click('sam', ofSam, 'mass_revert');
  await walk.click('olga', ofOlga, 'mass_keep');

  // then
  await walk.endsAs(payments.id, 'inEffect');
  await walk.until('both are done', async () => {
    const states = [await stateOf(ofSam.id), await stateOf(ofOlga.id)];
    return states.every((state) => state === 'done');
  });
  expect(await walk.isInTeam('erik', 'Payments API readers')).toBe(false);
  expect((await walk.change(payments.id)).ended?.cause).toBe('move');
  expect(wordsOf(await walk.cardNow(payments))).toContain('moved, and it no longer fits');
  for (const kept of [open, deploy]) expect((await walk.change(kept.id)).state).toBe('inEffect');
});

test('told twice, a move is acted on once', async () => {
  const before = await walk.query('select id from mass_changes');
  await moves('erik', { title: 'Support engineer' });
  await walk.isQuiet();
  expect(await walk.query('select id from mass_changes')).toEqual(before);
});

test('moving on before anybody decided: the card says so, and what fits again drops out', async () => {
  // given Ines of Orders holds what Payments may have and Support may not
  const held = await walk.isGiven(
    'ines',
    { entitlement: 'payments-api-read', seconds: 3_600, reason: 'Until she moves' },
    'sam',
  );
  await moves('ines', { department: 'Support' });
  const card = await moveCard('<@U0000001> moved from Orders to Support');
  expect(await walk.isInTeam('ines', 'Payments API readers')).toBe(true);
  await walk.until('she sees the dashboards', () => walk.isInTeam('ines', DASHBOARDS.team));

  // when
  await moves('ines', { department: 'Payments' });

  // then nothing is left to decide, and what Support had by rule is gone
  await walk.until('the card is closed', async () => (await stateOf(card.id)) === 'closed');
  await moveCard('Closed: nothing is left to decide');
  await walk.until('no dashboards', async () => !(await walk.isInTeam('ines', DASHBOARDS.team)));
  expect(await walk.isInGroup('ines', DASHBOARDS.group)).toBe(false);
  expect((await walk.change(held.id)).state).toBe('inEffect');

  // and a late click finds it closed
  await walk.click('sam', card, 'mass_revert').catch(() => {});
  await walk.isQuiet();
  expect((await walk.change(held.id)).state).toBe('inEffect');
});

test('what the old manager alone approved is asked about when there is another manager', async () => {
  // given
  const held = await walk.isGiven(
    'ines',
    { entitlement: 'orders-api-read', seconds: 3_600, reason: 'Tom approves as her manager' },
    'tom',
  );

  // when
  await moves('ines', { manager: 'sofia' });

  // then
  const card = await moveCard('approved by Tom Okafor as manager, who is no longer that');
  expect(wordsOf(card)).toContain('has another manager in Payments');
  await walk.click('tom', card, 'mass_revert');
  await walk.until('tom is told', async () =>
    (await walk.whispers('tom')).some((text) => text.includes('not among those who may decide')),
  );
  await walk.click('olga', card, 'mass_revert');
  await walk.endsAs(held.id, 'inEffect');
});
