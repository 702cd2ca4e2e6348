import { afterAll, beforeAll, expect, test } from 'vitest';
import { renewBirthrights } from '../../src/flow/joiner-mover/birthright.ts';
import { desiredTeamMembership } from '../../src/flow/membership/wanted-in-team.ts';
import { people as seeded } from '../../src/sandbox/seed.ts';
import { personByLink } from '../../src/store/people.ts';
import type { Stage } from '../stage.ts';
import { type Journey, setOut } from './journey.ts';
import { type LeaverWalk, mira, walkWithLeavers } from './offboarding-walk.ts';

const BIRTHRIGHT = 'anypoint-dashboards';
const GROUP = 'anypoint-orders-read';
const PATIENCE_MS = 90_000;

let stage: Stage;
let walk: Journey;
let leavers: LeaverWalk;
let anew: { id: string };
beforeAll(async () => {
  ({ stage, walk } = await setOut({ people: [...seeded, mira] }));
  leavers = walkWithLeavers(walk);
  await walk.isQuiet();
}, PATIENCE_MS);
afterAll(() => stage?.close());

const assign = (assigned: boolean) => walk.request('POST', '/okta/sim/assign', { key: 'mira', assigned });
const push = (paused: boolean) => walk.directory.pausePush(paused);
const scimUsers = () =>
  walk.query<{ active: boolean }>(`select active from scim_users where user_name = 'mira@acme.example'`);
const changesOf = (id: string) =>
  walk.query<{ id: string; cause: string; state: string }>(
    `select c.id, c.state, c.doc->>'cause' as cause from changes c join person_links l using (person_id)
     where l.system = 'okta' and l.external_id = $1 and c.kind = 'grant' order by c.requested_at`,
    [id],
  );
const casesOf = (id: string) =>
  walk.query<{ cause: string; state: string }>(
    `select o.doc->>'cause' as cause, o.state from offboardings o join person_links l using (person_id)
     where l.system = 'okta' and l.external_id = $1 order by o.opened_at`,
    [id],
  );
async function newcomer() {
  const found = await personByLink(stage.latchkey.context.db, 'okta', anew.id);
  return found ?? expect.fail('nobody is known by the new id');
}

test(
  'while SCIM has only what is left of the old account, the new one loses nothing and is given nothing',
  async () => {
    // given Mira with what her department has, who leaves for good
    await assign(false);
    await assign(true);
    const given = await walk.until('it is given', async () => {
      const [row] = await walk.query<{ id: string }>(
        `select c.id from changes c join people p on p.id = c.person_id where p.email = 'mira@acme.example'`,
      );
      return row;
    });
    await walk.becomes(given.id, 'inEffect');
    await walk.directory.deletes('mira');
    await leavers.caseIs('mira', 'closed');
    await walk.isQuiet();
    expect(await scimUsers()).toEqual([{ active: false }]);

    // when her account is made anew, and Okta pushes nothing yet
    await push(true);
    anew = {
      id: await walk.directory.hires({
        firstName: 'Mira',
        lastName: 'Vogt',
        login: mira.email,
        email: mira.email,
        department: mira.department,
      }),
    };
    await assign(true);
    await walk.directory.adds(GROUP, 'mira');

    // then somebody is asked about the group
    await walk.until('it is asked about', async () =>
      (await changesOf(anew.id)).some((c) => c.cause === 'finding' && c.state === 'asking'),
    );
    const { context } = stage.latchkey;
    await walk.owesNothing();
    await renewBirthrights(context);
    expect((await changesOf(anew.id)).map((c) => c.cause)).toEqual(['finding']);
    expect(await casesOf(anew.id)).toEqual([]);
    const [target] = context.catalogue.targets().filter(({ groupName }) => groupName === GROUP);
    expect(await desiredTeamMembership(context, await newcomer(), target?.teamId ?? '')).toBe('as it is');
  },
  PATIENCE_MS,
);

test(
  'once Okta has switched the record on again, it is the new account’s: it arrives, and can lose the app',
  async () => {
    // when
    await push(false);

    // then
    const given = await walk.until('it is given', async () =>
      (await changesOf(anew.id)).find((c) => c.cause === 'birthright'),
    );
    await walk.becomes(given.id, 'inEffect');
    expect(await walk.isInGroup('mira', BIRTHRIGHT)).toBe(true);
    expect(await scimUsers()).toEqual([{ active: true }]);
    await walk.isQuiet();
    expect(await casesOf(anew.id)).toEqual([]);

    // and when
    await assign(false);

    // then
    await walk.until('her case is opened', async () => (await casesOf(anew.id)).length > 0);
    expect(await casesOf(anew.id)).toEqual([{ cause: 'lostApp', state: 'asking' }]);
    await walk.until('she is out of the teams', async () => (await leavers.teamsOf('mira')).length === 0);
  },
  PATIENCE_MS,
);
