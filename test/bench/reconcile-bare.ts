import { request } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import pg from 'pg';
import { GROUP_SIZE, GROUPS, groupId, teamId } from './reconcile-crowd.ts';

/**
 * The least that a comparison must do: fetch the same pages, read them as JSON, and insert a row for each member into
 * the same staging tables. Nothing is looked up, checked or compared. `node reconcile-bare.ts <database> <world>`
 */
// As Latchkey does while it compares (src/flow/drift/room-to-grow.ts).
setFlagsFromString('--heap-growing-percent=0');
const [databaseUrl, worldUrl] = process.argv.slice(2) as [string, string];
const OKTA_PAGE = 1_000;
const ANYPOINT_PAGE = 500;
const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });

async function get<T>(path: string): Promise<T> {
  return await new Promise((resolve, reject) => {
    request(`${worldUrl}${path}`, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => resolve(JSON.parse(Buffer.concat(parts).toString()) as T));
    })
      .on('error', reject)
      .end();
  });
}

async function groups(): Promise<void> {
  for (let g = 0; g < GROUPS; g++)
    for (let from = 0; from < GROUP_SIZE; from += OKTA_PAGE) {
      const users = await get<{ id: string }[]>(
        `/api/v1/groups/${groupId(g)}/users?limit=${OKTA_PAGE}&after=${from}`,
      );
      await pool.query(
        `insert into reconcile_members (place_id, person_id, external_id)
         select -$1::bigint, '00000000-0000-4000-8000-000000000000', id from unnest($2::text[]) id`,
        [g + 1, users.map((user) => user.id)],
      );
    }
}

async function teams(): Promise<void> {
  for (let g = 0; g < GROUPS; g++)
    for (let offset = 0; offset < GROUP_SIZE; offset += ANYPOINT_PAGE) {
      const { data } = await get<{ data: { id: string }[] }>(
        `/accounts/api/organizations/bench/teams/${teamId(g)}/members?limit=${ANYPOINT_PAGE}&offset=${offset}`,
      );
      await pool.query(
        `insert into reconcile_team_members (place_id, user_id, is_maintainer, is_claimed)
         select -$1::bigint, id, false, false from unnest($2::text[]) id`,
        [g + 1, data.map((member) => member.id)],
      );
    }
}

const startedAt = performance.now();
await Promise.all([groups(), teams()]);
process.stdout.write(
  `${JSON.stringify({ ms: performance.now() - startedAt, peakMb: process.resourceUsage().maxRSS / 1_024, evidence: null })}\n`,
);
await pool.query('truncate reconcile_members, reconcile_team_members');
await pool.end();
