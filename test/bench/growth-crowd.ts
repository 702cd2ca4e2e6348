import type pg from 'pg';
import { SEALS_OF_WRITTEN, writeStraight } from './write-straight.ts';

/** Other people's groups, each with a team and an entitlement of its own, and as many departments. */
const GROUPS = 500;
const DEPARTMENTS = 200;

const idOf = (kind: string) => `('${kind}0000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid`;

/**
 * People from number `from` to `to`, each with a live grant of long ago, its card, and its entry in the audit. All is
 * written straight into Latchkey's tables, after the pattern of one change that went the whole road.
 */
export async function fillTo(db: pg.Pool, pattern: string, from: number, to: number): Promise<void> {
  const numbers = `generate_series(${from}, ${to - 1}) n`;
  await writeStraight(db, [
    // To compress the documents would take longer than all the rest.
    'alter table changes alter doc set storage external',
    `insert into people (id, email, login, name, status, title, department, manager, time_zone, idp)
       select ${idOf('a')}, 'filled' || n || '@acme.example', 'filled' || n || '@acme.example', 'Filled Person ' || n,
         case when n % 1000 = 0 then 'deprovisioned' else 'active' end, 'Engineer', 'Department ' || n % ${DEPARTMENTS},
         'filled' || n % 5000 || '@acme.example', 'Europe/Berlin', 'okta' from ${numbers}`,
    `insert into person_links (system, external_id, person_id)
       select 'okta', '00ufilled' || n, ${idOf('a')} from ${numbers}
       union all select 'anypoint', 'filled-' || n, ${idOf('a')} from ${numbers}`,
    `insert into person_snapshots (person_id, status, department, manager, had_app, evaluated_at, system)
       select id, status, department, manager, true, now(), 'okta' from people join ${numbers} on id = ${idOf('a')}`,
    `insert into changes (id, idempotency_key, state, version, kind, entitlement_key, person_id, requester_id,
         group_id, team_id, requested_at, doc)
       select ${idOf('b')}, 'filled-' || n, state, version, kind, 'filled-' || n % ${GROUPS}, ${idOf('a')}, ${idOf('a')},
         '00gfilled' || n % ${GROUPS}, 'team-' || n % ${GROUPS}, requested_at - n * interval '1 minute',
         doc || jsonb_build_object('id', ${idOf('b')}, 'personId', ${idOf('a')})
       from changes, ${numbers} where id = '${pattern}'`,
    `insert into grants (id, change_id, person_id, entitlement_key, group_id, team_id, starts_at, ends_at)
       select ${idOf('c')}, ${idOf('b')}, ${idOf('a')}, 'filled-' || n % ${GROUPS}, '00gfilled' || n % ${GROUPS},
         'team-' || n % ${GROUPS}, now() - interval '1 day', now() + interval '60 days' + n * interval '1 minute'
       from ${numbers}`,
    `insert into messages (about_id, key, channel, ts, fingerprint)
       select ${idOf('b')}, 'card', 'CFILLED', n::text, 'filled' from ${numbers}`,
    `with written as (
         insert into audit (at, type, change_id, actor, data)
         select now() - interval '1 day', 'changeSeen', ${idOf('b')}, '{"part":"latchkey"}', '{}' from ${numbers} returning id
       ) ${SEALS_OF_WRITTEN}`,
    'alter table changes alter doc set storage extended',
  ]);
}
