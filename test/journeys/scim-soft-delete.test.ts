import { afterAll, beforeAll, expect, test } from 'vitest';
import { people as seeded } from '../../src/sandbox/seed.ts';
import type { Stage } from '../stage.ts';
import { type Journey, setOut, wordsOf } from './journey.ts';
import { type LeaverWalk, mira, walkWithLeavers } from './offboarding-walk.ts';
import { scimCall } from './scim-wire.ts';

/** What Entra puts before the name of whom it deletes. */
const ID = '283405f5aa114c2b9d0e7f6a5b4c3d2e';
const PATIENCE_MS = 90_000;
const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

let stage: Stage;
let walk: Journey;
let leavers: LeaverWalk;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ people: [...seeded, mira] }));
  leavers = walkWithLeavers(walk);
  await walk.isQuiet();
}, PATIENCE_MS);
afterAll(() => stage?.close());

/** The SCIM record of somebody; Okta pushes whom it was to have pushed before once they are assigned anew. */
async function recordOf(key: string): Promise<string> {
  const look = async () =>
    await walk.query<{ id: string }>('select id from scim_users where user_name = $1', [
      `${key}@acme.example`,
    ]);
  if ((await look()).length === 0)
    for (const assigned of [false, true]) await walk.request('POST', '/okta/sim/assign', { key, assigned });
  return (await walk.until(`${key} is provisioned`, async () => (await look())[0])).id;
}
/** As Entra sends it, with the token of the IdP's source. */
const patch = (id: string, ...Operations: unknown[]) =>
  scimCall(stage.latchkey.url, 'PATCH', `/Users/${id}`, { schemas: [PATCH_OP], Operations });
const replace = (path: string, value: unknown) => ({ op: 'Replace', path, value });
const count = async (table: 'people' | 'offboardings') =>
  (await walk.query<{ n: number }>(`select count(*)::int as n from ${table}`))[0]?.n;

test(
  'somebody Entra deletes and renames in one request loses all, once, and gets it back when restored',
  async () => {
    // given
    const asked = await walk.isGiven('ines', { entitlement: 'orders-api-read', reason: 'Until deleted' });
    const id = await recordOf('ines');
    const people = await count('people');

    // when
    await patch(id, replace('active', 'False'), replace('userName', `${ID}ines@acme.example`));

    // then
    await walk.until('she is out of the teams', async () => (await leavers.teamsOf('ines')).length === 0);
    expect((await leavers.caseIs('ines', 'asking')).cause).toBe('lostApp');
    await walk.isQuiet();
    expect(await count('people')).toBe(people);
    expect(await count('offboardings')).toBe(1);

    // and when Entra restores her
    await patch(id, replace('active', 'True'), replace('userName', 'ines@acme.example'));

    // then
    await leavers.caseIs('ines', 'returned');
    await walk.isQuiet();
    expect(await count('people')).toBe(people);
    expect(await count('offboardings')).toBe(1);
    expect((await walk.change(asked.id)).state).not.toBe('failed');
  },
  PATIENCE_MS,
);

test(
  'a newcomer with the name of somebody deleted gets and loses nothing of theirs',
  async () => {
    // given Mira, who has what her department has, deleted by Entra
    const id = await recordOf('mira');
    await patch(id, replace('active', 'False'), replace('userName', `${ID}mira@acme.example`));
    await leavers.caseIs('mira', 'asking');
    await walk.directory.deletes('mira');
    await leavers.caseIs('mira', 'closed');
    await walk.isQuiet();
    const before = await count('offboardings');

    // when somebody new has her name
    const newId = await walk.directory.hires({
      firstName: 'Mira',
      lastName: 'Vogt',
      login: mira.email,
      email: mira.email,
      department: 'Sales',
    });
    await walk.request('POST', '/okta/sim/assign', { key: 'mira', assigned: true });
    await walk.until(
      'the newcomer is provisioned',
      async () =>
        (await walk.query('select 1 from scim_users where external_id = $1 and active', [newId])).length > 0,
    );
    await walk.isQuiet();

    // then
    expect(await leavers.teamsOf('mira')).toEqual([]);
    expect(await count('offboardings')).toBe(before);
    const grants = await walk.query(
      `select 1 from changes c join person_links l using (person_id) where l.external_id = $1`,
      [newId],
    );
    expect(grants).toEqual([]);
    const records = await walk.query<{ active: boolean; known_as: string | null }>(
      `select active, known_as from scim_users where user_name like '%mira@acme.example' order by active`,
    );
    expect(records).toEqual([
      { active: false, known_as: 'mira@acme.example' },
      { active: true, known_as: null },
    ]);
  },
  PATIENCE_MS,
);

test(
  'a deactivation that had to be refused is told to an admin, once, and the IdP is asked',
  async () => {
    // given Erik, of whom Okta pushes nothing else
    const id = await recordOf('erik');
    await walk.request('POST', '/okta/sim/push', { drop: 'all' });
    const asSent = { schemas: [PATCH_OP], Operations: [replace('active', 'perhaps')] };
    const refused = () => scimCall(stage.latchkey.url, 'PATCH', `/Users/${id}`, asSent).catch(() => null);

    // when his deactivation is refused, again and again
    for (let n = 0; n < 3; n += 1) await refused();

    // then
    const isAboutIt = (m: { text: string; blocks: unknown }) =>
      m.text.includes('had to refuse') && wordsOf(m).includes('erik@acme.example: possible deactivation');
    const told = await walk.receives(
      'sam',
      'of the refusal',
      (m) => isAboutIt(m) && wordsOf(m).includes('3 times'),
      'dm',
    );
    expect(wordsOf(told)).toMatch(/What to do:.*failed tasks/s);
    expect((await walk.messages('sam', 'dm')).filter(isAboutIt)).toHaveLength(1);

    await walk.until('he was looked at each time', async () => {
      const looks = await walk.query<{ outcome: string | null }>(
        `select outcome from observed where key like 'scim:refused:%'`,
      );
      return looks.length === 3 && looks.every(({ outcome }) => outcome === 'evaluated');
    });

    // and when it comes through
    await patch(id, replace('active', 'False'));
    await walk.receives(
      'sam',
      'that it is over',
      (m) => m.ts === told.ts && m.text.includes('has come through'),
      'dm',
    );
  },
  PATIENCE_MS,
);
