import { afterAll, beforeAll, expect, test } from 'vitest';
import { seedAndCrowd } from '../bench/crowd.ts';
import { type Asked, type Journey, setOut } from '../journeys/journey.ts';
import type { Stage } from '../stage.ts';

/** More changes than one lane of one process runs at once. */
const AT_ENTRA = 14;
const AT_OKTA = 4;
const crowd = seedAndCrowd().slice(0, -200 + AT_ENTRA + AT_OKTA);

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ idp: 'both', people: crowd }));
});
afterAll(() => stage?.close());

const keys = crowd.filter(({ key }) => key.startsWith('crowd')).map(({ key }) => key);

test('an identity provider that answers nothing for half a minute holds up its own changes, and not another’s', async () => {
  // given changes that can only wait for Entra
  await walk.isQuiet();
  await walk.fault({
    vendor: 'entra',
    method: 'POST',
    path: '/members/\\$ref$',
    kind: 'latency',
    ms: 30_000,
  });
  const atEntra: Asked[] = [];
  for (const key of keys.slice(0, AT_ENTRA))
    atEntra.push(await walk.asks(key, { entitlement: 'dashboards-view', reason: `At Entra ${key}` }));
  for (const asked of atEntra) await walk.click('olga', await walk.cardNow(asked), 'approve');
  await walk.until('Entra is written to', async () => {
    const seen = await walk.request<unknown[]>('GET', '/control/requests?vendor=entra&method=POST&path=ref');
    return seen.length >= 8;
  });

  // when
  const startedAt = performance.now();
  for (const key of keys.slice(AT_ENTRA)) {
    const asked = await walk.asks(key, { entitlement: 'orders-api-read', reason: `At Okta ${key}` });
    await walk.click('tom', await walk.cardNow(asked), 'approve');
    await walk.becomes(asked.id, 'inEffect', 10_000);
  }

  // then
  expect((performance.now() - startedAt) / AT_OKTA).toBeLessThan(5_000);
  for (const { id } of atEntra) expect((await walk.change(id)).state).toBe('applying');

  // and when Entra answers again, nothing was lost
  await walk.heal();
  for (const { id } of atEntra) await walk.becomes(id, 'inEffect', 60_000);
}, 150_000);
