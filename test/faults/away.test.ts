import { afterAll, beforeAll, expect, test } from 'vitest';
import { people as seeded } from '../../src/sandbox/seed.ts';
import { crowdPerson } from '../bench/crowd.ts';
import { type Asked, type Journey, wordsOf } from '../journeys/journey.ts';
import { type LeaverWalk, walkWithLeavers } from '../journeys/offboarding-walk.ts';
import { type Killable, setKillable } from './killable.ts';

/** Latchkey is away for long, and what happens in Okta meanwhile is pushed and told to nobody. */
const PATIENCE_MS = 90_000;
const READ = { group: 'anypoint-orders-read', team: 'Orders API readers' };
const DEPLOY = { group: 'anypoint-orders-deploy', team: 'Orders API deployers' };
const ADMIN = { group: 'anypoint-platform-admin', team: 'Platform admins' };

/** Who holds a grant to read orders. */
const names = ['lost', 'back', 'left', 'deleted', 'suspended', 'returned', 'lost2', 'left2', 'suspended2'];
const holders = names.map((key, n) => ({
  ...crowdPerson(n),
  key,
  name: `Somebody ${key}`,
  email: `${key}@acme.example`,
}));

let killable: Killable;
let walk: Journey;
let leavers: LeaverWalk;
let held: Record<string, Asked>;
beforeAll(async () => {
  killable = await setKillable({ people: [...seeded, ...holders] });
  walk = killable.walk;
  leavers = walkWithLeavers(walk);
  const given = await Promise.all(
    names.map((key) =>
      walk.isGiven(key, { entitlement: 'orders-api-read', seconds: 3_600, reason: `Held by ${key}` }),
    ),
  );
  held = Object.fromEntries(names.map((key, n) => [key, given[n] as Asked]));
  await leavers.status('returned', 'SUSPENDED');
  await walk.until('out of the team', async () => !(await walk.isInTeam('returned', READ.team)));
  await walk.isQuiet();
}, PATIENCE_MS);
afterAll(() => killable?.close());

const byHand = (method: 'POST' | 'DELETE', key: string, group: string) =>
  walk.request(method, `/okta/sim/groups/${group}/members/${key}?by=sofia`);

const asked = async (key: string, cause: 'finding' | 'loss') =>
  (
    await walk.query<{ id: string }>(
      `select c.id from changes c join people p on p.id = c.person_id
       where p.email = $1 and c.doc->>'cause' = $2 and c.state = 'asking'`,
      [`${key}@acme.example`, cause],
    )
  ).map(({ id }) => id);

/** The card of the one question about this person. */
async function cardAbout(key: string, cause: 'finding' | 'loss') {
  const [id] = await walk.until(
    `a ${cause} about ${key}`,
    async () => {
      const ids = await asked(key, cause);
      return ids.length > 0 && ids;
    },
    40_000,
  );
  return await walk.card('olga', (m) => m.metadata?.event_payload?.marker === `${id}:card`);
}

test(
  'back again, Latchkey reads in Okta’s log all that it missed: each change has come to what it would have come to',
  async () => {
    // given
    await killable.kill();
    await killable.silence({ log: 'told' });

    // when people are added, taken out, taken out and put back, added and taken out again,
    await byHand('POST', 'sam', DEPLOY.group);
    await byHand('POST', 'erik', ADMIN.group);
    await byHand('DELETE', 'lost', READ.group);
    await byHand('DELETE', 'back', READ.group);
    await byHand('POST', 'back', READ.group);
    await byHand('POST', 'sofia', DEPLOY.group);
    await byHand('DELETE', 'sofia', DEPLOY.group);
    // leave, are deleted, suspended and back, and change departments
    await leavers.status('left', 'DEPROVISIONED');
    await walk.request('DELETE', '/okta/sim/users/deleted');
    await leavers.status('suspended', 'SUSPENDED');
    await leavers.status('returned', 'ACTIVE');
    await walk.request('POST', '/okta/sim/users/ines/profile', { department: 'Support' });
    // Okta does push what Latchkey itself writes there.
    await walk.request('POST', '/okta/sim/push', { drop: 'none' });
    await killable.latchkey.start();

    // then who was added by hand is asked about, and the card says by whom
    await walk.until(
      'the card says who did it',
      async () => wordsOf(await cardAbout('sam', 'finding')).includes('Sofia Ricci in Okta'),
      40_000,
    );
    // an admin by hand is taken out at once
    await walk.until('taken out', async () => !(await walk.isInGroup('erik', ADMIN.group)), 40_000);
    // who was taken out though they hold a grant is missed
    expect(wordsOf(await cardAbout('lost', 'loss'))).toContain('Somebody lost');
    // leavers are out of everything
    for (const key of ['left', 'deleted']) {
      await leavers.caseIs(key, 'closed', 40_000);
      expect((await walk.change(held[key]?.id ?? '')).ended?.cause).toBe('leaver');
      expect(await leavers.teamsOf(key)).toEqual([]);
    }
    // who is suspended is out of the team and keeps the grant; who is back has the team again
    await walk.until('out', async () => !(await walk.isInTeam('suspended', READ.team)), 40_000);
    expect((await walk.change(held.suspended?.id ?? '')).ended).toBeNull();
    await walk.until('back in', () => walk.isInTeam('returned', READ.team), 40_000);
    // and the new department gives what is its by rule
    await walk.until('given by rule', () => walk.isInTeam('ines', 'Dashboard viewers'), 40_000);

    // and nothing came of what is as it was
    await killable.isWhole();
    for (const key of ['back', 'sofia']) {
      expect(await asked(key, 'finding'), key).toEqual([]);
      expect(await asked(key, 'loss'), key).toEqual([]);
    }
    expect((await walk.change(held.back?.id ?? '')).state).toBe('inEffect');
    expect(await walk.isInTeam('back', READ.team)).toBe(true);
    expect(await walk.query('select 1 from offboardings')).toHaveLength(2);
  },
  PATIENCE_MS,
);

test(
  'with the log refused too, the comparison finds it all',
  async () => {
    // given the last comparison is an hour ago
    await killable.kill();
    await killable.silence();
    await walk.query(
      `insert into reconcile_runs (cause, started_at, finished_at, found)
       values ('everything', now() - interval '1 hour', now() - interval '1 hour', '{}')`,
    );

    // when
    await byHand('POST', 'tom', DEPLOY.group);
    await byHand('DELETE', 'lost2', READ.group);
    await leavers.status('left2', 'DEPROVISIONED');
    await leavers.status('suspended2', 'SUSPENDED');
    await leavers.status('suspended', 'ACTIVE');
    await walk.request('POST', '/okta/sim/push', { drop: 'none' });
    await killable.latchkey.start();

    // then
    await cardAbout('tom', 'finding');
    await cardAbout('lost2', 'loss');
    await leavers.caseIs('left2', 'closed', 40_000);
    expect(await leavers.teamsOf('left2')).toEqual([]);
    await walk.until('out', async () => !(await walk.isInTeam('suspended2', READ.team)), 40_000);
    await walk.until('back in', () => walk.isInTeam('suspended', READ.team), 40_000);
    await killable.isWhole();
    const eventSources = await walk.query<{ eventSource: string }>(
      `select distinct o.event_source as "eventSource" from observed o join people p on p.id = o.person_id
       where p.login in ('tom@acme.example', 'lost2@acme.example')
         and o.payload->'group'->>'id' = any(array['00gorderswrite0001', '00gordersread00001'])
         and o.occurred_at > (select max(started_at) from reconcile_runs where cause = 'everything')`,
    );
    expect(eventSources).toEqual([{ eventSource: 'reconcile' }]);
  },
  PATIENCE_MS,
);
