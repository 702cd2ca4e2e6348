import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Stage } from '../stage.ts';
import { type Journey, setOut } from './journey.ts';
import { type LeaverWalk, walkWithLeavers } from './offboarding-walk.ts';

let stage: Stage;
let walk: Journey;
let leavers: LeaverWalk;
beforeAll(async () => {
  // So long that nothing is seen merely because it has passed.
  ({ stage, walk } = await setOut({ objectiveMs: 3_600_000 }));
  leavers = walkWithLeavers(walk);
  await walk.isQuiet();
});
afterAll(() => stage?.close());

test('somebody deleted there, of which nothing is pushed, is seen gone from MuleSoft without waiting for a push', async () => {
  const asked = await walk.isGiven('ines', { entitlement: 'orders-api-read', reason: 'Until deleted' });

  await walk.directory.pausePush(true);
  await walk.directory.deletes('ines');

  await leavers.caseIs('ines', 'closed');
  await walk.endsAs(asked.id, 'inEffect', 40_000);
  await walk.cardSays(asked, 'Ended: the person has left; gone from MuleSoft');
  expect(await leavers.teamsOf('ines')).toEqual([]);
  expect(await walk.isInGroup('ines', 'anypoint-orders-read')).toBe(false);
}, 90_000);
