import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Journey, setOut, wordsOf } from '../journeys/journey.ts';
import type { Stage } from '../stage.ts';

let stage: Stage;
let walk: Journey;

const orders = 'orders-api-read';
const PUBLISH = 'views\\.publish';

beforeAll(async () => {
  ({ stage, walk } = await setOut());
});
afterAll(async () => stage.close());

async function homeOf(as: string): Promise<string> {
  const { home } = await walk.request<{ home: { blocks: unknown } | null }>(
    'GET',
    `/slack/sim/workspace?as=${as}`,
  );
  return home === null ? '' : wordsOf({ blocks: home.blocks });
}
const opens = (as: string) => walk.request('POST', '/slack/sim/home', { as });
const homeSays = (as: string, words: RegExp) =>
  walk.until(`the Home of ${as} says ${words}`, async () => words.test(await homeOf(as)));

test('Slack asks Homes to wait, or answers none: messages go on, and the Home is made right afterwards', async () => {
  for (const [nth, fault] of (
    [
      { kind: 'status', status: 429, times: 2 },
      { kind: 'status', status: 503, times: 2 },
    ] as const
  ).entries()) {
    // given
    await opens('ines');
    await homeSays('ines', /Your access to MuleSoft/);
    await walk.fault({ vendor: 'slack', path: PUBLISH, ...fault });

    // when
    const asked = await walk.asks('ines', { entitlement: orders, reason: `While Homes wait ${nth}` });

    // then the card was not held up, and the Home follows
    await homeSays('ines', /Your open requests: 1[\s\S]*Waiting for/);
    await walk.click('ines', await walk.statusOf('ines', asked.id), 'withdraw');
    await homeSays('ines', /Taken back by Ines Moreau/);
    await walk.heal();
  }
}, 60_000);

test('a Home tab that is switched off for the app stops nothing, and is filled once it is on and opened', async () => {
  // given
  await opens('erik');
  await homeSays('erik', /Your access to MuleSoft/);
  await walk.request('POST', '/slack/sim/home-tab', { enabled: false });

  // when
  const asked = await walk.asks('erik', { entitlement: orders, reason: 'Without a Home tab' });
  await walk.click('olga', asked.card, 'approve');

  // then
  await walk.becomes(asked.id, 'inEffect');
  await walk.owesNothing();
  expect(await homeOf('erik')).not.toContain('You have: 1');

  // when
  await walk.request('POST', '/slack/sim/home-tab', { enabled: true });
  await opens('erik');

  // then
  await homeSays('erik', /You have: 1/);
});

test('a burst of events is one publication in two seconds at most, and the last state is the one that shows', async () => {
  // given
  await opens('tom');
  await walk.isQuiet();
  await walk.request('DELETE', '/control/requests');
  const from = Date.now();

  // when
  for (const n of [1, 2, 3, 4, 5]) {
    const asked = await walk.asks('ines', { entitlement: orders, reason: `Burst ${n}` });
    await walk.click('ines', await walk.statusOf('ines', asked.id), 'withdraw');
    await walk.becomes(asked.id, 'withdrawn');
  }
  await walk.owesNothing();

  // then
  const published = (await walk.requests({ vendor: 'slack', path: PUBLISH })).length;
  // Those of Ines and of Tom, each a publication in two seconds, and one at the end.
  expect(published).toBeLessThanOrEqual(2 * (Math.ceil((Date.now() - from) / 2_000) + 1));
  expect(await homeOf('tom')).not.toContain('Waiting for you');
}, 60_000);
