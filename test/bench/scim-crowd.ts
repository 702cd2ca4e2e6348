import { randomUUID } from 'node:crypto';
import type pg from 'pg';

export const SIZES = [10, 1_000, 100_000] as const;
export type Size = (typeof SIZES)[number];
/** Groups of each size: as many as requests at once, as an IdP works through many groups. */
export const GROUPS = 16;
/** `newcomers` are users who are in no group yet. */
export type Crowd = { groups: Record<Size, string[]>; newcomers: string[] };

/** Groups of each size and the users in them, written straight into Latchkey's tables: it has seen them long ago. */
export async function fillCrowd(db: pg.Pool, newcomers: number): Promise<Crowd> {
  const client = await db.connect();
  try {
    // Foreign keys of 1.6 million rows that are right by construction are not checked one by one.
    await client.query('set session_replication_role = replica');
    await client.query(
      `insert into scim_users (id, source, user_name, user_name_key, active, display_name, resource, created_at, updated_at)
       select gen_random_uuid(), 'okta', 'crowd' || n || '@acme.example', 'crowd' || n || '@acme.example', true, 'Crowd ' || n,
         jsonb_build_object('userName', 'crowd' || n || '@acme.example', 'active', true), now(), now()
       from generate_series(1, $1) n`,
      [Math.max(...SIZES) + newcomers],
    );
    const groups = {} as Crowd['groups'];
    for (const size of SIZES) {
      groups[size] = Array.from({ length: GROUPS }, () => randomUUID());
      await client.query(
        `insert into scim_groups (id, source, display_name, display_name_key, created_at, updated_at)
         select id, 'okta', name, name, now(), now() from unnest($1::uuid[]) id, lateral (select 'crowd of ' || $2 || ' ' || id) as named (name)`,
        [groups[size], size],
      );
      await client.query(
        `insert into scim_members (group_id, user_id)
         select g, u.id from unnest($1::uuid[]) g,
           (select id from scim_users where user_name like 'crowd%' order by created_at, user_name limit $2) u`,
        [groups[size], size],
      );
    }
    const { rows } = await client.query<{ id: string }>(
      `select id from scim_users u where user_name like 'crowd%'
       and not exists (select from scim_members m where m.user_id = u.id) limit $1`,
      [newcomers],
    );
    await client.query('reset session_replication_role');
    await client.query('vacuum analyze scim_users, scim_groups, scim_members');
    return { groups, newcomers: rows.map((row) => row.id) };
  } finally {
    client.release(true);
  }
}

/** Out again, so that the groups keep their sizes. */
export async function takeNewcomersOut(db: pg.Pool, crowd: Crowd): Promise<void> {
  await db.query('delete from scim_members where user_id = any($1::uuid[])', [crowd.newcomers]);
}
