import { afterAll, beforeAll, expect, test } from 'vitest';
import { reconcile } from '../../src/flow/drift/reconcile.ts';
import { people as seeded } from '../../src/sandbox/seed.ts';
import type { Stage } from '../stage.ts';
import { type Journey, setOut } from './journey.ts';

/** Anypoint knows people by the name that the directory sends, so a login that changes hands takes the Anypoint user along. */
const READERS = 'Orders API readers';
const PAYMENTS = 'Payments API readers';
const PATIENCE_MS = 90_000;
const SWAPPED = 'Sofia Ricci olga@acme.example,Olga Brandt sofia@acme.example';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut());
  await walk.isQuiet();
}, PATIENCE_MS);
afterAll(() => stage?.close());

const userOf = (key: string) => seeded.find((person) => person.key === key)?.anypointId ?? '';
const isNamed = (key: string, login: string) => walk.directory.changes(key, { login });
const isKnownAs = (login: string) =>
  walk.until(
    `somebody is known as ${login}`,
    async () => (await walk.query('select 1 from people where login = $1', [login])).length > 0,
  );
const signIn = async (key: string, username: string) =>
  (await walk.request<{ userId: string }>('POST', `/anypoint/sim/users/${key}/sign-in`, { username })).userId;
const teamsOf = async (userId: string) =>
  (await walk.request<{ name: string; members: { userId: string }[] }[]>('GET', '/anypoint/sim/teams'))
    .filter((team) => team.members.some((member) => member.userId === userId))
    .map((team) => team.name);

test(
  'who is renamed waits for the first sign-in under the new name, keeps what was noted, and ends what the old name has',
  async () => {
    // given Ines in a team, who is renamed
    const asked = await walk.isGiven('ines', {
      entitlement: 'orders-api-read',
      reason: 'Before the wedding',
    });
    expect(await teamsOf(userOf('ines'))).toEqual([READERS]);
    await isNamed('ines', 'ines.moreau@acme.example');
    await isKnownAs('ines.moreau@acme.example');

    // when she signs in to Anypoint, which makes another user of her
    const anew = await signIn('ines', 'ines.moreau@acme.example');
    await reconcile(stage.latchkey.context);

    // then what she was given is where she is now
    await walk.until('she has it there', async () => (await teamsOf(anew)).includes(READERS));

    // and when it ends, it is gone under both names
    const status = await walk.statusOf('ines', asked.id);
    await walk.click('ines', status, 'release');
    await walk.endsAs(asked.id, 'inEffect');
    expect([await teamsOf(anew), await teamsOf(userOf('ines'))]).toEqual([[], []]);
  },
  PATIENCE_MS,
);

test(
  'a newcomer who gets the old name gets nothing of theirs there, and loses nothing when they leave',
  async () => {
    // given Tom, who has access and is renamed; Erik gets his login, and so his Anypoint user
    await walk.isGiven('tom', { entitlement: 'orders-api-read', reason: 'Tom before' });
    await isNamed('tom', 'thomas@acme.example');
    await isKnownAs('thomas@acme.example');
    await isNamed('erik', 'tom@acme.example');
    await walk.until('Erik is known as tom', async () => {
      const rows = await walk.query<{ name: string }>(
        `select name from people where login = 'tom@acme.example'`,
      );
      return rows.length === 1 && rows[0]?.name === 'Erik Lind';
    });

    // when Erik is given access
    await walk.isGiven('erik', { entitlement: 'payments-api-read', reason: 'Erik after' }, 'sam');

    // then it is where he signs in, and what Tom had there is not his
    expect(await teamsOf(userOf('tom'))).toContain(PAYMENTS);
    await reconcile(stage.latchkey.context);
    await walk.until(
      'Tom’s team is not Erik’s',
      async () => !(await teamsOf(userOf('tom'))).includes(READERS),
    );

    // and when Tom leaves
    await walk.directory.sets('tom', 'DEPROVISIONED');
    await walk.until('his case is over', async () => {
      const rows = await walk.query<{ state: string }>(
        `select o.state from offboardings o join people p on p.id = o.person_id where p.login = 'thomas@acme.example'`,
      );
      return rows.some(({ state }) => state === 'closed' || state === 'appsOpen');
    });
    expect(await teamsOf(userOf('tom'))).toEqual([PAYMENTS]);
  },
  PATIENCE_MS,
);

test(
  'two who get each other’s login get each other’s Anypoint user, and nothing of what the other was given',
  async () => {
    // given Olga and Sofia, each with a user; then their logins are swapped
    await walk.isGiven('sofia', { entitlement: 'orders-api-read', reason: 'Before the swap' });
    await isNamed('olga', 'between@acme.example');
    await isNamed('sofia', 'olga@acme.example');
    await isNamed('olga', 'sofia@acme.example');
    await walk.until('both are known by them', async () => {
      const rows = await walk.query<{ name: string; login: string }>(
        `select name, login from people where login in ('olga@acme.example', 'sofia@acme.example') order by login`,
      );
      return rows.map(({ name, login }) => `${name} ${login}`).join() === SWAPPED;
    });

    // when the teams are compared
    await reconcile(stage.latchkey.context);

    // then each has their own where they sign in now
    await walk.until('each has their own', async () => {
      const [ofSofia, ofOlga] = [await teamsOf(userOf('olga')), await teamsOf(userOf('sofia'))];
      return ofSofia.join() === READERS && ofOlga.join() === 'Platform admins';
    });
  },
  PATIENCE_MS,
);
