import { afterAll, beforeAll, expect, test } from 'vitest';
import { people as seeded } from '../../src/sandbox/seed.ts';
import { addJobs } from '../../src/store/outbox.ts';
import { crowdPerson } from '../bench/crowd.ts';
import type { Stage } from '../stage.ts';
import { type Journey, setOut } from './journey.ts';
import { type LeaverWalk, walkWithLeavers } from './offboarding-walk.ts';

const PATIENCE_MS = 90_000;

let stage: Stage;
let walk: Journey;
let leavers: LeaverWalk;
beforeAll(async () => {
  ({ stage, walk } = await setOut({
    people: [...seeded, crowdPerson(0)],
  }));
  leavers = walkWithLeavers(walk);
  await walk.isQuiet();
}, PATIENCE_MS);
afterAll(() => stage?.close());

test(
  'a leaver of whom the same is told once more gets no second case',
  async () => {
    // given a case that has just closed
    await walk.isGiven('crowd100', { entitlement: 'orders-api-read', seconds: 3_600, reason: 'They read' });
    await leavers.status('crowd100', 'DEPROVISIONED');
    const closed = await leavers.caseIs('crowd100', 'closed');
    const cases = () =>
      walk.query<{ id: string }>(
        `select o.id from offboardings o join people p on p.id = o.person_id where p.email = 'crowd100@acme.example'
         order by o.opened_at`,
      );
    const before = (await cases()).length;

    // when it is told again who they are and what they were in
    const [person] = await walk.query<{ id: string }>(
      `select id from people where email = 'crowd100@acme.example'`,
    );
    const personId = person?.id ?? '';
    const groupId = await walk.directory.groupId('anypoint-orders-read');
    await stage.latchkey.context.db.transaction().execute((tx) =>
      addJobs(tx, [
        { job: 'checkMembership', personId, groupId, idp: walk.directory.system },
        { job: 'evaluatePerson', personId, idp: walk.directory.system },
      ]),
    );
    stage.latchkey.context.nudge();
    await walk.isQuiet();

    // then
    expect(await cases()).toHaveLength(before);
    expect((await leavers.caseOf('crowd100'))?.id).toBe(closed.id);
  },
  PATIENCE_MS,
);
