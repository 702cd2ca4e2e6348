import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Stage } from '../stage.ts';
import { type Asked, type Journey, setOut, wordsOf } from './journey.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut());
});
afterAll(() => stage?.close());

const deploy = 'orders-api-deploy';
const admin = 'platform-admin';

async function approvedBy(asked: Asked, who: string): Promise<void> {
  await walk.click(who, asked.card, 'approve');
  await walk.until(`${who} has approved`, async () => {
    const { approvals } = await walk.change(asked.id);
    return approvals.some(({ name }) => name.toLowerCase().startsWith(who));
  });
}

test('the earlier card says so when what must be kept apart from it is asked for, and given', async () => {
  // given
  const first = await walk.asks('erik', { entitlement: admin, reason: 'Administration first' });
  expect(wordsOf(first.card)).not.toContain('must not come together');

  // when
  const second = await walk.asks('erik', { entitlement: deploy, reason: 'Deploying second' });

  // then both cards say it, and the earlier one is put anew
  await walk.cardSays(first, 'has asked for Orders API: deploy to prod');
  expect((await walk.change(first.id)).round).toBe(2);
  await walk.cardSays(second, 'has asked for Anypoint platform administration');

  // when the later one is given
  await approvedBy(second, 'tom');
  await walk.click('olga', second.card, 'approve');
  await walk.becomes(second.id, 'inEffect');

  // then the earlier card says so, and it can't be approved any more
  await walk.cardSays(first, 'holds Orders API: deploy to prod');
  await walk.click('sam', first.card, 'approve');
  await walk.until('sam is told', async () =>
    (await walk.whispers('sam')).some((text) => text.includes('Policy no longer allows this request')),
  );
  expect((await walk.change(first.id)).state).toBe('asking');
});

test('in the other order the later one is refused as well', async () => {
  // given
  const first = await walk.asks('tom', {
    entitlement: admin,
    seconds: 3_600,
    reason: 'Administration given',
  });
  await approvedBy(first, 'sam');
  await walk.click('olga', first.card, 'approve');
  await walk.becomes(first.id, 'inEffect');

  // when
  await walk.ask('tom', { entitlement: deploy, reason: 'Deploying as well' });

  // then
  const change = await walk.until('it is refused', async () => {
    const found = await walk.changeBecause('Deploying as well');
    return found?.state === 'refused' && found;
  });
  expect(change.refusal?.text).toContain(
    'whoever administers the platform is not given what must be kept apart',
  );
});

test('of two that are decided at the same moment only one is given', async () => {
  // given both wait for the last approval
  const first = await walk.asks('ines', { entitlement: admin, reason: 'One of two at once' });
  const second = await walk.asks('ines', { entitlement: deploy, reason: 'Two of two at once' });
  await walk.cardSays(first, 'has asked for Orders API: deploy to prod');
  await approvedBy(first, 'sam');
  await approvedBy(second, 'tom');

  // when
  await Promise.all([walk.click('olga', first.card, 'approve'), walk.click('olga', second.card, 'approve')]);

  // then
  await walk.until('one is in effect', async (saw) => {
    const both = saw(await Promise.all([first, second].map(async ({ id }) => (await walk.change(id)).state)));
    return both.filter((state) => state === 'inEffect').length === 1;
  });
  await walk.isQuiet();
  const states = await Promise.all([first, second].map(async ({ id }) => (await walk.change(id)).state));
  expect(states.filter((state) => state === 'inEffect')).toHaveLength(1);
  expect(states.filter((state) => state === 'asking')).toHaveLength(1);
});
