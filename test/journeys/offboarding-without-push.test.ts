import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Stage } from '../stage.ts';
import { type Journey, setOut } from './journey.ts';
import { walkWithLeavers } from './offboarding-walk.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  // So long that nothing is seen merely because it has passed.
  ({ stage, walk } = await setOut({ objectiveMs: 3_600_000 }));
  await walk.isQuiet();
});
afterAll(() => stage?.close());

test('somebody deleted in Okta, which pushes nothing of it, is seen gone from MuleSoft without waiting for a push', async () => {
  const leavers = walkWithLeavers(walk);
  const asked = await walk.isGiven('ines', { entitlement: 'orders-api-read', reason: 'Until deleted' });
  await walk.request('POST', '/okta/sim/push', { drop: 'all' });

  await walk.request('DELETE', '/okta/sim/users/ines');

  await leavers.caseIs('ines', 'closed');
  await walk.endsAs(asked.id, 'inEffect', 40_000);
  await walk.cardSays(asked, 'Ended: the person has left; gone from MuleSoft');
  expect(await leavers.teamsOf('ines')).toEqual([]);
}, 90_000);
