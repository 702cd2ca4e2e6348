import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkMembership } from '../../../src/flow/drift/check-membership.ts';
import { letTimePass } from '../../../src/sandbox/time-passes.ts';
import { type Journey, setOut } from '../../journeys/journey.ts';
import type { Stage } from '../../stage.ts';

const GROUP = 'anypoint-orders-read';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ idp: 'okta' }));
});
afterAll(() => stage?.close());

test('while a request waits, a membership that agrees is left alone, and one that differs is looked at again', async () => {
  // given
  await walk.directory.silence();
  const { id } = await walk.asks('ines', { entitlement: 'orders-api-read', reason: 'It waits' });
  const { personId } = await walk.change(id);
  const groupId = await walk.directory.groupId(GROUP);
  const look = () =>
    checkMembership(stage.latchkey.context, { job: 'checkMembership', personId, groupId, idp: 'okta' });

  // then nothing is owed for as long as nobody decides
  expect(await look()).toEqual({ done: true });

  // when somebody adds her by hand
  await walk.directory.adds(GROUP, 'ines');
  expect(await look()).toEqual({ againInMs: 30_000 });
  expect(await walk.query(`select 1 from changes where doc->>'cause' = 'finding'`)).toEqual([]);

  // when it is as wanted again
  await walk.directory.removes(GROUP, 'ines');
  expect(await look()).toEqual({ done: true });
});

// A played quarter found it: a comparison between the end of a grant and the timer that ends it. The find stayed open
// when the access was gone, so the next request for it was refused.
test('a grant whose time is over and that nobody has ended yet is no membership that nobody asked for', async () => {
  // given its end is due, and the timers do not come to it
  const { context } = stage.latchkey;
  await walk.heal();
  await walk.directory.speaks();
  const { id } = await walk.isGiven('erik', { entitlement: 'orders-api-read', reason: 'It ends' });
  const { personId } = await walk.change(id);
  const groupId = await walk.directory.groupId(GROUP);
  await context.locks.withLock('due', async () => {
    await letTimePass(context.db, id, 2 * 86_400);

    // when a comparison looks at it, then it waits for the end
    const job = { job: 'checkMembership', personId, groupId, idp: 'okta' } as const;
    expect(await checkMembership(context, job)).toEqual({ againInMs: 2_000 });
    expect(await walk.query(`select 1 from changes where doc->>'cause' = 'finding'`)).toEqual([]);
  });
  await walk.endsAs(id, 'inEffect');
});
