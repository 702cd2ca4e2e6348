import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { credentials } from '../../src/sandbox/seed.ts';
import { type Figure, middle, spreadOf } from './figure.ts';
import { type Scene, setScene } from './scene.ts';
import { createScimClient, type ScimClient } from './scim-client.ts';

const RUNS = 3;
const ROUNDS = 7;
const PATCHED = 5_000;
const PUT = 10_000;
const AT_MOST = 2;

const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const CORE_GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';

type Way = 'patch' | 'put' | 'put again';
/** Milliseconds of each round, by what was sent to whom. */
type Times = Record<Way, { ours: number[]; bare: number[] }>;

/**
 * A whole department by one request: 5,000 members added in one PATCH, a PUT of 10,000, and the PUT sent again. Beside
 * each, a bare route inserts the same members into a group of the same table, by one statement. Rounds take turns, in
 * three runs.
 */
export async function manyMembers(say: (line: string) => void, isSmall: boolean): Promise<Figure[]> {
  const scene = await setScene();
  try {
    say('20,000 users…');
    const ids = await fillUsers(scene.db, 2 * PUT);
    const bareUrl = await scene.run('./scim-bare.ts', scene.databaseUrl);
    const latchkey = createScimClient(scene.latchkeyUrl, credentials.scimToken);
    const bare = createScimClient(bareUrl, credentials.scimToken);
    const runs: Times[] = [];
    for (let run = 1; run <= RUNS; run += 1) {
      say(`run ${run} of ${RUNS}…`);
      runs.push(await takeTurns(scene, { latchkey, bare, ids, rounds: isSmall ? 3 : ROUNDS }));
    }
    for (const client of [latchkey, bare]) client.close();
    return figures(runs);
  } finally {
    await scene.close();
  }
}

async function fillUsers(db: pg.Pool, count: number): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `insert into scim_users (id, source, user_name, user_name_key, external_id, active, display_name, resource, created_at, updated_at)
     select gen_random_uuid(), 'okta', 'crowd' || n || '@acme.example', 'crowd' || n || '@acme.example', '00ucrowd' || n, true, 'Crowd ' || n,
       jsonb_build_object('userName', 'crowd' || n || '@acme.example', 'active', true), now(), now()
     from generate_series(1, $1) n returning id`,
    [count],
  );
  await db.query('vacuum analyze scim_users');
  return rows.map((row) => row.id);
}

async function emptyGroup(db: pg.Pool): Promise<string> {
  const id = randomUUID();
  await db.query(
    `insert into scim_groups (id, source, display_name, display_name_key, created_at, updated_at)
     values ($1::uuid, 'okta', $2, $2, now(), now())`,
    [id, `crowd ${id}`],
  );
  return id;
}

async function takeTurns(
  { db }: Scene,
  {
    latchkey,
    bare,
    ids,
    rounds,
  }: { latchkey: ScimClient; bare: ScimClient; ids: readonly string[]; rounds: number },
): Promise<Times> {
  const times: Times = {
    patch: { ours: [], bare: [] },
    put: { ours: [], bare: [] },
    'put again': { ours: [], bare: [] },
  };
  // The first round warms up and is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    const from = (round * 977) % PUT;
    const members = ids.slice(from, from + PUT).map((value) => ({ value, display: 'New Person' }));
    const patch = {
      schemas: [PATCH_OP],
      Operations: [{ op: 'add', path: 'members', value: members.slice(0, PATCHED) }],
    };
    const put = (id: string) => ({ schemas: [CORE_GROUP], displayName: `crowd ${id}`, members });
    const note = (into: number[], ms: number) => {
      if (round > 0) into.push(ms);
    };
    const groups = await Promise.all([1, 2, 3, 4].map(() => emptyGroup(db)));
    const [ours, oursPut, theirs, theirsPut] = groups as [string, string, string, string];
    note(times.patch.bare, await sent(bare, 'PATCH', theirs, patch));
    note(times.patch.ours, await sent(latchkey, 'PATCH', ours, patch));
    const barePut = await sent(bare, 'PUT', theirsPut, put(theirsPut));
    note(times.put.bare, barePut);
    note(times['put again'].bare, barePut);
    note(times.put.ours, await sent(latchkey, 'PUT', oursPut, put(oursPut)));
    note(times['put again'].ours, await sent(latchkey, 'PUT', oursPut, put(oursPut)));
    await expectMembers(db, { [ours]: PATCHED, [oursPut]: PUT, [theirs]: PATCHED, [theirsPut]: PUT });
    await db.query('delete from scim_groups where id = any($1::uuid[])', [groups]);
    await db.query('vacuum scim_members, scim_users');
  }
  return times;
}

async function sent(client: ScimClient, method: string, id: string, body: unknown): Promise<number> {
  const startedAt = performance.now();
  await client.send(method, `/Groups/${id}`, body);
  return performance.now() - startedAt;
}

/** A figure counts only if all of them are in. */
async function expectMembers(db: pg.Pool, expected: Record<string, number>): Promise<void> {
  for (const [id, count] of Object.entries(expected)) {
    const { rows } = await db.query('select count(*)::int as n from scim_members where group_id = $1', [id]);
    if (rows[0].n !== count) throw new Error(`${rows[0].n} members where ${count} were sent`);
  }
}

function figures(runs: readonly Times[]): Figure[] {
  const figure = (way: Way, metric: string, baseline: string): Figure => {
    const ours = runs.map((times) => middle(times[way].ours));
    const bare = runs.map((times) => middle(times[way].bare));
    const ratios = ours.map((ms, run) => ms / (bare[run] ?? Number.NaN));
    const ratio = middle(ratios);
    return {
      bench: 'many-members',
      metric,
      value: middle(ours),
      baseline,
      baselineValue: middle(bare),
      ratio,
      spread: spreadOf(ratios),
      target: `ratio <= ${AT_MOST}`,
      holds: ratio <= AT_MOST,
    };
  };
  return [
    figure('patch', 'PATCH that adds 5,000 members, ms', 'one bare insert of them'),
    figure('put', 'PUT of 10,000 members, ms', 'one bare insert of them'),
    figure('put again', 'PUT of the same 10,000 members again, ms', 'one bare insert of them'),
  ];
}
