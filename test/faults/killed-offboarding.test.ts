import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { people as seeded } from '../../src/sandbox/seed.ts';
import { crowdPerson } from '../bench/crowd.ts';
import { type Journey, slackIdOf, wordsOf } from '../journeys/journey.ts';
import { type LeaverWalk, walkWithLeavers } from '../journeys/offboarding-walk.ts';
import { momentsOfRun } from '../seed-of-run.ts';
import { type Killable, setKillable } from './killable.ts';

const PATIENCE_MS = 180_000;
const hour = 3_600;
const plain = crowdPerson(0);

const momentWithin = momentsOfRun('kills while people are offboarded');

let killable: Killable;
let walk: Journey;
let leavers: LeaverWalk;
beforeAll(async () => {
  killable = await setKillable({ people: [...seeded, plain] });
  walk = killable.walk;
  leavers = walkWithLeavers(walk);
});
afterAll(() => killable?.close());

/** The people who were taken out of groups in Okta: a write that changed nothing does not count. */
async function removals(): Promise<string[]> {
  const events = await killable.logged('group.user_membership.remove');
  return events.map(({ target }) => target.map(({ id }) => id).join(' '));
}

/** Kills as soon as this has happened, at some moment within the next 150 ms. */
async function killOnce(what: string, has: () => Promise<unknown>): Promise<void> {
  await walk.until(what, async () => (await has()) === true, 20_000);
  await sleep(momentWithin(150));
  await killable.killAndStart();
}

test(
  'killed again and again while two people are offboarded, all of it ends as without, and once',
  async () => {
    // given Tom with two grants, a membership by hand that is asked about, and a team that he maintains by hand. He has
    // a pending request, a decision that waits for him and two client applications. Somebody else has one grant.
    const grants = [
      await walk.isGiven('tom', { entitlement: 'orders-api-read', seconds: hour, reason: 'Tom reads' }),
      await walk.isGiven(
        'tom',
        { entitlement: 'payments-api-read', seconds: hour, reason: 'Tom reads payments' },
        'sam',
      ),
      await walk.isGiven(plain.key, { entitlement: 'orders-api-read', seconds: hour, reason: 'The crowd' }),
    ];
    await walk.request('POST', '/okta/sim/groups/anypoint-orders-deploy/members/tom');
    await walk.request('POST', '/anypoint/sim/teams/Platform%20admins/members/tom', {
      membershipType: 'maintainer',
    });
    const forErik = await walk.asks('tom', {
      entitlement: 'payments-api-read',
      reason: 'Erik needs it too',
      for: slackIdOf('erik'),
    });
    const duty = await walk.asks('ines', { entitlement: 'orders-api-deploy', reason: 'Ines has to deploy' });
    await walk.cardSays(duty, slackIdOf('tom'));
    await walk.until('the membership by hand is asked about', async () => {
      const rows = await walk.query(
        `select 1 from changes where doc->>'cause' = 'finding' and state = 'asking'`,
      );
      return rows.length === 1;
    });
    await walk.isQuiet();
    // when both leave, everything outside is slow, and Latchkey is killed at one moment after the other
    for (const vendor of ['okta', 'anypoint'] as const)
      await walk.fault({ vendor, path: '^/(api|accounts|exchange|apimanager)', kind: 'latency', ms: 60 });
    for (const key of ['tom', plain.key]) await leavers.status(key, 'DEPROVISIONED');
    const legs = async () => (await leavers.caseOf('tom'))?.legs;
    await killOnce('the case is there', async () => (await leavers.caseOf('tom')) !== null);
    await killOnce('requests are closed', async () => (await legs())?.requests != null);
    await killOnce('a team is left', async () => ((await leavers.caseOf('tom'))?.teams.length ?? 0) > 0);
    await killOnce('the groups are gone', async () => (await legs())?.groups != null);
    await killOnce('the teams are gone', async () => (await legs())?.teams != null);
    await walk.heal();
    const open = await leavers.caseIs('tom', 'appsOpen');
    const closed = await leavers.caseIs(plain.key, 'closed');
    await killable.isWhole();
    for (const key of ['tom', plain.key]) {
      expect(await leavers.teamsOf(key)).toEqual([]);
      for (const group of ['anypoint-orders-read', 'anypoint-payments-read', 'anypoint-orders-deploy'])
        expect(await walk.isInGroup(key, group), `${key} ${group}`).toBe(false);
    }
    for (const { id } of grants) {
      expect((await walk.change(id)).ended?.cause).toBe('leaver');
      expect((await walk.ending(id))?.state).toBe('inEffect');
      expect((await walk.auditTypes(id)).filter((type) => type === 'grantEnded')).toHaveLength(1);
    }
    expect((await walk.change(forErik.id)).state).toBe('closed');
    expect(await walk.change(duty.id)).toMatchObject({ state: 'asking', round: 2 });
    expect(await walk.query('select 1 from offboardings')).toHaveLength(2);
    for (const { id } of [open, closed]) {
      const types = (await leavers.entries(id)).map((e) => e.type);
      for (const once of ['offboardingStarted', 'groupsGone', 'teamsGone', 'accessGone'])
        expect(
          types.filter((type) => type === once),
          `${once} in ${types}`,
        ).toHaveLength(1);
    }
    expect(open.revokes).toHaveLength(3);
    expect(new Set(open.items.map((item) => item.key)).size).toBe(open.items.length);
    expect(open.items.map((item) => item.name).sort()).toEqual(['orders-dashboard', 'payments-reconciler']);
    expect(open.teams.filter((team) => team.membershipType === 'maintainer')).toHaveLength(1);
    const removed = await removals();
    expect(removed).toHaveLength(4);
    expect(new Set(removed).size).toBe(4);

    // and every message says how it stands now
    expect(wordsOf(await leavers.cardSays(open.id, 'two applications are left'))).toMatch(
      /Two grants ended; out of three groups in Okta/,
    );
    await leavers.cardSays(closed.id, 'Offboarding complete');
    for (const asked of grants) await walk.cardSays(asked, 'Ended: the person has left; gone from MuleSoft');
  },
  PATIENCE_MS,
);

test(
  'killed after the clicks about the applications, while Anypoint does what they say, both are settled once',
  async () => {
    // given both owners are asked
    const { id } = await leavers.caseIs('tom', 'appsOpen');
    const forOlga = await leavers.askedAbout('olga', id, 'orders-dashboard');
    const forSam = await leavers.askedAbout('sam', id, 'payments-reconciler');

    // when one hands over and Latchkey is killed at once, the other revokes and it is killed before Anypoint answers
    const sent = await walk.clickAndFill('olga', forOlga, 'offboarding_hand_over', {
      to: { to: slackIdOf('erik') },
    });
    expect(sent.sent).toBe(true);
    await killable.kill();
    await walk.fault({ vendor: 'anypoint', method: 'DELETE', kind: 'timeoutAfterWrite' });
    await killable.latchkey.start();
    expect((await walk.click('sam', forSam, 'offboarding_revoke')).acked).toBe(true);
    await walk.until('Anypoint has revoked it', async () => {
      const found = await leavers.application('payments-reconciler');
      return found === null || found.opens.length === 0;
    });
    await killable.kill();
    await walk.heal();
    await killable.latchkey.start();
    await leavers.caseIs('tom', 'closed');
    await killable.isWhole();
    expect((await leavers.application('orders-dashboard'))?.owners).toEqual(['erik']);
    const entries = await leavers.entries(id);
    const settled = entries.filter((e) => e.type === 'applicationSettled').map((e) => e.data.outcome);
    expect(settled.sort()).toEqual(['handedOver', 'revoked']);
    expect(entries.filter((e) => e.type === 'applicationDecided')).toHaveLength(2);
    expect(entries.filter((e) => e.type === 'offboardingReported')).toHaveLength(1);
    await leavers.cardSays(id, 'Offboarding complete');
  },
  PATIENCE_MS,
);

test(
  'killed once Anypoint has taken somebody out and before that is known, the case says out of which teams all the same',
  async () => {
    // given somebody whom an admin of Anypoint has made maintainer, and Anypoint that does not answer removals
    await walk.request('POST', '/anypoint/sim/teams/Platform%20admins/members/ines', {
      membershipType: 'maintainer',
    });
    await walk.fault({ vendor: 'anypoint', method: 'DELETE', kind: 'timeoutAfterWrite' });

    // when
    await leavers.status('ines', 'DEPROVISIONED');
    await walk.until('out of every team', async () => (await leavers.teamsOf('ines')).length === 0);
    await killable.kill();
    await walk.heal();
    await killable.latchkey.start();

    // then
    const { id } = await leavers.caseIs('ines', 'closed');
    await killable.isWhole();
    expect((await leavers.caseOf('ines'))?.teams).toMatchObject([
      { name: 'Platform admins', membershipType: 'maintainer', kept: null },
    ]);
    await leavers.cardSays(id, 'Maintainer of Platform admins no longer');
  },
  PATIENCE_MS,
);
