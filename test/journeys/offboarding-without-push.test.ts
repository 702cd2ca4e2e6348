import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Stage } from '../stage.ts';
import { type Journey, setOut } from './journey.ts';
import { type LeaverWalk, walkWithLeavers } from './offboarding-walk.ts';

describe.each(['okta', 'entra'] as const)('on %s', (idp) => {
  let stage: Stage;
  let walk: Journey;
  let leavers: LeaverWalk;
  beforeAll(async () => {
    // So long that nothing is seen merely because it has passed.
    ({ stage, walk } = await setOut({ objectiveMs: 3_600_000, idp }));
    leavers = walkWithLeavers(walk);
    await walk.isQuiet();
  });
  afterAll(() => stage?.close());

  /** From here on the identity provider pushes nothing; its account is deleted. */
  const isDeletedUnpushed = {
    okta: async () => {
      await walk.request('POST', '/okta/sim/push', { drop: 'all' });
      await walk.request('DELETE', '/okta/sim/users/ines');
    },
    entra: async () => {
      await walk.request('POST', '/entra/sim/sync', { isPaused: true });
      await walk.request('POST', '/entra/sim/users', { key: 'ines', happening: 'deleted' });
    },
  };

  test('somebody deleted there, of which nothing is pushed, is seen gone from MuleSoft without waiting for a push', async () => {
    const asked = await walk.isGiven('ines', { entitlement: 'orders-api-read', reason: 'Until deleted' });

    await isDeletedUnpushed[idp]();

    await leavers.caseIs('ines', 'closed');
    await walk.endsAs(asked.id, 'inEffect', 40_000);
    await walk.cardSays(asked, 'Ended: the person has left; gone from MuleSoft');
    expect(await leavers.teamsOf('ines')).toEqual([]);
    expect(await walk.isInGroup('ines', 'anypoint-orders-read')).toBe(false);
  }, 90_000);
});
