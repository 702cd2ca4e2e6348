import type pg from 'pg';
import { SEALS_OF_WRITTEN, writeStraight } from './write-straight.ts';

const GROUPS = 500;
/** So many changes have their whole story in the audit. */
const TOLD = 2_000;
const KEYS = ['orders-api-read', 'payments-api-read', 'orders-api-deploy', 'platform-admin'];
const id = (kind: string, n = 'n') =>
  `('${kind}0000000-0000-4000-8000-' || lpad((${n})::text, 12, '0'))::uuid`;

/**
 * So many people, each with a change that went the whole road, and a live grant; and so many audit entries of a quarter,
 * in the order of time, of which every eighth says that a change was seen. All is written straight into the tables.
 */
export async function fillForPage(
  db: pg.Pool,
  pattern: string,
  { grants, entries }: { grants: number; entries: number },
): Promise<void> {
  const each = `generate_series(1, ${grants}) n`;
  const key = `(array['${KEYS.join("','")}'])[1 + n % ${KEYS.length}]`;
  const ago = `n * interval '1 second' * ${Math.round((91 * 86_400) / grants)}`;
  await writeStraight(db, [
    `insert into people (id, email, login, name, status, title, department, manager, time_zone, idp)
       select ${id('a')}, 'filled' || n || '@acme.example', 'filled' || n || '@acme.example', 'Filled Person ' || n,
         'active', 'Engineer', 'Department ' || n % 200, null, 'Europe/Berlin', 'okta' from ${each}`,
    `insert into changes (id, idempotency_key, state, version, kind, entitlement_key, person_id, requester_id,
         group_id, team_id, requested_at, doc)
       select ${id('b')}, 'filled-' || n, state, version, kind, ${key}, ${id('a')}, ${id('a')},
         '00gfilled' || n % ${GROUPS}, 'team-' || n % ${GROUPS}, now() - ${ago},
         doc || jsonb_build_object('id', ${id('b')}, 'personId', ${id('a')}, 'entitlementKey', ${key})
       from changes, ${each} where id = '${pattern}'`,
    `insert into grants (id, change_id, person_id, entitlement_key, group_id, team_id, starts_at, ends_at)
       select ${id('c')}, ${id('b')}, ${id('a')}, ${key}, '00gfilled' || n % ${GROUPS},
         'team-' || n % ${GROUPS}, now() - ${ago}, now() + interval '60 days' + n * interval '1 minute' from ${each}`,
    `with written as (
         insert into audit (at, type, change_id, actor, data)
         select now() - interval '91 days' + n * interval '91 days' / ${entries},
           (array['changeSeen', 'changeReceived', 'approversAsked', 'adviceGiven', 'approvalGiven', 'changeApproved', 'idpWritten', 'scimPushed'])[1 + n % 8],
           ${id('b', `1 + n % ${grants}`)}, jsonb_build_object('person', ${id('a', `1 + n % ${grants}`)}, 'name', 'Filled Person'), '{}'
         from generate_series(1, ${entries}) n order by n returning id
       ) ${SEALS_OF_WRITTEN}`,
    // Of the first people also the story by which they hold it, as the pattern's own entries tell it.
    `with written as (
         insert into audit (at, type, change_id, actor, data)
         select a.at, a.type, ${id('b')}, a.actor, a.data || case a.type when 'changeReceived'
           then jsonb_build_object('personId', ${id('a')}, 'entitlementKey', ${key}) else '{}' end
         from generate_series(1, ${Math.min(grants, TOLD)}) n, audit a where a.change_id = '${pattern}' order by n, a.id returning id
       ) ${SEALS_OF_WRITTEN}`,
  ]);
}
