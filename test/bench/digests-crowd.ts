import pg from 'pg';

/** People per manager, entitlements, and grants of each person. */
const REPORTS = 10;
export const ENTITLEMENTS = 100;
export const GRANTS_EACH = 20;
const OWNERS = 50;

export const ownerOf = (entitlement: number) => `p${(entitlement % OWNERS) + 1}@bench.example`;

/** A zone in which it is noon, so that digests of today are due there whenever the bench runs. */
export function noonZone(): { zone: string; weekday: number } {
  const offset = Math.max(-12, Math.min(14, 12 - new Date().getUTCHours()));
  const local = new Date(Date.now() + offset * 3_600_000);
  return { zone: `Etc/GMT${offset >= 0 ? '-' : '+'}${Math.abs(offset)}`, weekday: local.getUTCDay() || 7 };
}

/** Fills an empty, migrated database: people with managers, twenty grants each, and when they last signed in. */
export async function fillCrowd(databaseUrl: string, people: number): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  // What is right by construction is not checked row by row.
  await client.query('set session_replication_role = replica');
  const { zone } = noonZone();
  await client.query(
    `insert into installation (belongs_to, since) values ('bench', now() - interval '90 days') on conflict do nothing`,
  );
  await client.query(
    `insert into people (id, email, login, name, status, department, manager, time_zone)
     select gen_random_uuid(), 'p' || n || '@bench.example', 'p' || n || '@bench.example', 'Person Number ' || n, 'active', 'Bench',
       case when n > 1 then 'p' || (n / ${REPORTS} + 1) || '@bench.example' end, $1
     from generate_series(1, ${people}) n`,
    [zone],
  );
  for (const system of ['okta', 'anypoint', 'slack'])
    await client.query(
      `insert into person_links (system, external_id, person_id) select $1, $1 || substr(login, 2), id from people`,
      [system],
    );
  await client.query(
    `insert into changes (id, state, version, kind, entitlement_key, person_id, requester_id, group_id, team_id, requested_at, doc)
     select gen_random_uuid(), 'inEffect', 5, 'grant', 'bench-' || e, p.id, p.id, 'group-' || e, 'team-' || e, now() - interval '1 day' * (1 + (k * 7 + hashtext(p.login)) % 60),
       jsonb_build_object('cause', 'request', 'state', 'inEffect', 'reason', repeat(md5(p.login || k), 20), 'late', null)
     from people p, generate_series(0, ${GRANTS_EACH - 1}) k, lateral (select abs(hashtext(p.login) + k * 13) % ${ENTITLEMENTS} as e) e`,
  );
  await client.query(
    `insert into grants (id, change_id, person_id, entitlement_key, group_id, team_id, starts_at, ends_at)
     select gen_random_uuid(), c.id, c.person_id, c.entitlement_key, c.group_id, c.team_id, c.requested_at,
       now() + interval '1 day' * (2 + abs(hashtext(c.id::text)) % 90) from changes c`,
  );
  await client.query(
    `insert into usage_records (source, system, external_id, last_at)
     select 'anypointUsers', 'anypoint', external_id, now() - interval '1 day' * (abs(hashtext(external_id)) % 50)
     from person_links where system = 'anypoint'`,
  );
  await client.query(
    `insert into usage_sources (source, system, since, checked_at) values ('anypointUsers', 'anypoint', 'epoch', now())`,
  );
  await client.query('create table bench_posted (account text not null, marker text not null)');
  await client.query('analyze');
  await client.end();
}
