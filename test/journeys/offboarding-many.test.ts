import { afterAll, beforeAll, expect, test } from 'vitest';
import { runDueOffboardings } from '../../src/flow/offboarding/step.ts';
import { people as seeded } from '../../src/sandbox/seed.ts';
import { crowdPerson } from '../bench/crowd.ts';
import type { Stage } from '../stage.ts';
import { type CardSeen, type Journey, setOut, wordsOf } from './journey.ts';
import { type LeaverWalk, walkWithLeavers } from './offboarding-walk.ts';

const PATIENCE_MS = 120_000;
/** Of whom the first two pass the guard. */
const crowd = [0, 1, 2, 3].map(crowdPerson);
const keys = crowd.map((person) => person.key);
const [, , third, fourth] = keys as [string, string, string, string];

let stage: Stage;
let walk: Journey;
let leavers: LeaverWalk;
beforeAll(async () => {
  ({ stage, walk } = await setOut({
    people: [...seeded, ...crowd],
    objectiveMs: 3_000,
    catalogue: (catalogue) => ({
      ...catalogue,
      massGuard: { ...catalogue.massGuard, people: 2, share: 0.01 },
      remindSeconds: 2,
    }),
  }));
  leavers = walkWithLeavers(walk);
  await walk.isQuiet();
}, PATIENCE_MS);
afterAll(() => stage?.close());

const liveGrants = async (key: string) =>
  (
    await walk.query(
      `select 1 from grants g join people p on p.id = g.person_id where p.email = $1 and g.ended_at is null`,
      [`${key}@acme.example`],
    )
  ).length;

test(
  'more people lost at once than the guard lets pass wait for two admins: out of every team, and nothing ended',
  async () => {
    // given four people with access
    for (const key of keys)
      await walk.isGiven(key, { entitlement: 'orders-api-read', seconds: 3_600, reason: `${key} reads` });

    // when the directory loses all of them
    for (const key of keys) {
      await leavers.status(key, 'DEPROVISIONED');
      await walk.until(`${key} has a case`, () => leavers.caseOf(key));
    }

    // then the first two are offboarded, and the others are out of every team with their grants as they were
    for (const key of keys.slice(0, 2)) await leavers.caseIs(key, 'closed');
    for (const key of [third, fourth]) {
      await leavers.caseIs(key, 'held');
      await walk.until('out of every team', async () => (await leavers.teamsOf(key)).length === 0);
      expect(await liveGrants(key)).toBe(1);
      // Whom Entra has deleted is in no group until they are restored.
      expect(await walk.isInGroup(key, 'anypoint-orders-read')).toBe(walk.directory.system === 'okta');
    }

    // when one of them comes back
    await leavers.status(fourth, 'ACTIVE');

    // then they have their teams again, and drop off the card
    await leavers.caseIs(fourth, 'returned');
    await walk.until('back in the team', () => walk.isInTeam(fourth, 'Orders API readers'));
    const card = await walk.until('the card has one left', async () =>
      (await walk.messages('sam', 'access-requests')).find(
        (m): m is CardSeen => m.threadTs === null && wordsOf(m).includes('1 person was switched off'),
      ),
    );

    // when one admin, and then the other, says that the last has left
    await walk.click('sam', card, 'mass_revert');
    await walk.isQuiet();
    expect((await leavers.caseOf(third))?.state).toBe('held');
    await walk.click('sofia', card, 'mass_revert');

    // then that goes its way
    const closed = await leavers.caseIs(third, 'closed');
    expect(closed.decidedBy).not.toBeNull();
    expect(await liveGrants(third)).toBe(0);
    await walk.until('out of the group', async () => !(await walk.isInGroup(third, 'anypoint-orders-read')));
  },
  PATIENCE_MS,
);

test(
  'what Anypoint goes on showing is an alarm on the case that names the leg, and is cleared',
  async () => {
    // given Erik is in a team, which Anypoint is slow to show changes of
    await walk.request('POST', '/anypoint/sim/teams/Everyone%20viewers/members/erik', {});
    await walk.request('POST', '/anypoint/sim/lag', { ms: 8_000, team: 'Everyone viewers' });

    // when an admin offboards him by hand
    const form = await walk.openForm('sofia', `offboard <@U0000002|erik>`);
    await walk.submit('sofia', form, { reason: { reason: 'Left on Friday' } });

    // then
    const open = await walk.until('the alarm is raised', async () => {
      const found = await leavers.caseOf('erik');
      return found?.late != null && found;
    });
    expect(open.late).toMatchObject({ leg: 'delivery', clearedAt: null });
    await walk.receives('sam', 'the alarm', (m) =>
      m.text.includes(
        'Stuck at the delivery into Anypoint: Anypoint still shows Erik Lind in Everyone viewers',
      ),
    );
    await walk.receives('sam', 'the alarm cleared', (m) => m.text.includes('Alarm cleared'), {
      where: 'dm',
      ms: 30_000,
    });
    const { id } = await leavers.caseIs('erik', 'appsOpen');
    await leavers.cardSays(id, 'The alarm is cleared');
    // and what signs in to Anypoint by itself calls no API, so the admins are asked about it
    const asked = await leavers.askedAbout('sam', id, 'ci-deployer');
    expect(wordsOf(asked)).toContain('connected app: signs in to Anypoint by itself');
    await walk.click('sam', asked, 'offboarding_revoke');
    await leavers.caseIs('erik', 'closed');
    expect(await leavers.application('ci-deployer')).toBeNull();
  },
  PATIENCE_MS,
);

test(
  'a hand-over whose answer never comes is read back, and done once',
  async () => {
    // given Tom has left, and Olga is asked about his dashboard
    const form = await walk.openForm('sofia', 'offboard <@U0000003|tom>');
    await walk.submit('sofia', form, { reason: { reason: 'Left on Monday' } });
    const { id } = await walk.until('the case is there', () => leavers.caseOf('tom'));
    const asked = await leavers.askedAbout('olga', id, 'orders-dashboard');

    // who is reminded as long as she does nothing
    await walk.until('she is reminded', async () => {
      await runDueOffboardings(stage.latchkey.context, [id]);
      return (await walk.messages('olga', 'dm')).some((m) => m.text.includes('Still open: orders-dashboard'));
    });

    // when Anypoint takes the hand-over and does not answer
    await walk.fault({
      vendor: 'anypoint',
      method: 'POST',
      path: '/owners',
      kind: 'timeoutAfterWrite',
      times: 1,
    });
    await walk.clickAndFill('olga', asked, 'offboarding_hand_over', { to: { to: 'U0000006' } });

    // then
    await leavers.askedAbout('olga', id, 'Handed over to Sofia Ricci by Olga Brandt');
    expect((await leavers.application('orders-dashboard'))?.owners).toEqual(['sofia']);
    const settled = (await leavers.entries(id)).filter((e) => e.type === 'applicationSettled');
    expect(settled.map((e) => e.data.outcome)).toEqual(['handedOver']);
  },
  PATIENCE_MS,
);
