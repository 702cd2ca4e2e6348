import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { verifyAudit } from '../../src/audit/verify.ts';
import { credentials } from '../../src/sandbox/seed.ts';
import { openDatabase } from '../../src/store/postgres/database.ts';
import { absolute, type Figure } from './figure.ts';
import { externalIdOf, type Plan } from './first-sync-crowd.ts';
import { peakMb, runToEnd } from './program.ts';
import { setScene } from './scene.ts';

const whole: Plan = { users: 100_000, groups: 1_000, perGroup: 1_000 };
const small: Plan = { users: 5_000, groups: 50, perGroup: 1_000 };
const WITHIN_S = 600;
const WITHIN_MB = 300;
/** After the last answer: what is owed is done and the audit is sealed. */
const SETTLED_WITHIN_MS = 600_000;

/**
 * An IdP provisions a whole company over SCIM for the first time, from a process of its own. It sends users one by one,
 * groups, and their members by the hundred. Four of the groups carry entitlements, and their members were there before.
 */
export async function firstSync(say: (line: string) => void, isSmall: boolean): Promise<Figure[]> {
  const plan = isSmall ? small : whole;
  const scene = await setScene();
  try {
    await rememberMembers(scene.db, plan);
    const pid = await scene.latchkeyPid();
    const restMb = await peakMb(pid);
    say(`${plan.users} users, ${plan.groups} groups, ${plan.groups * plan.perGroup} memberships…`);
    const startedAt = performance.now();
    const { usersMs, groupsMs } = JSON.parse(
      await runToEnd(
        './first-sync-client.ts',
        scene.latchkeyUrl,
        credentials.scimToken,
        JSON.stringify(plan),
      ),
    ) as { usersMs: number; groupsMs: number };
    const syncedMs = performance.now() - startedAt;
    const peak = await peakMb(pid);
    say('until nothing is owed…');
    await isSettled(scene.db);
    const settledMs = performance.now() - startedAt;
    await expectSynced(scene.db, scene.databaseUrl, plan);
    return figures(plan, { usersMs, groupsMs, syncedMs, settledMs, restMb, peak, last: await peakMb(pid) });
  } finally {
    await scene.close();
  }
}

/** The members of the groups that carry entitlements were found there on the first look. */
async function rememberMembers(db: pg.Pool, plan: Plan): Promise<void> {
  await db.query(
    `with made as (
       insert into people (id, email, login, name, status)
       select gen_random_uuid(), 'sync' || n || '@bench.example', 'sync' || n || '@bench.example', 'Sync ' || n, 'active'
       from generate_series(0, $1 - 1) n returning id, login
     ), linked as (
       insert into person_links (system, external_id, person_id)
       select 'okta', x.external_id, made.id from made
       join unnest($2::text[]) with ordinality as x (external_id, n) on made.login = 'sync' || (x.n - 1) || '@bench.example'
       returning person_id
     )
     insert into baseline_members (person_id, group_id, group_name, recorded_at)
     select linked.person_id, b.group_id, b.group_name, now() from linked, baselines b`,
    [plan.perGroup, Array.from({ length: plan.perGroup }, (_, n) => externalIdOf(n))],
  );
}

async function isSettled(db: pg.Pool): Promise<void> {
  for (const end = Date.now() + SETTLED_WITHIN_MS; Date.now() < end; await sleep(500)) {
    const { rows } = await db.query<{ n: number }>(
      `select (select count(*) from outbox where done_at is null)::int
         + (select count(*) from observed where processed_at is null)::int
         + (select count(*) from audit)::int - (select count(*) from audit_seals)::int as n`,
    );
    if (rows[0]?.n === 0) return;
  }
  const { rows } = await db.query(
    `select job, last_fault, count(*)::int as n from outbox where done_at is null group by 1, 2`,
  );
  throw new Error(`still owed: ${JSON.stringify(rows)}`);
}

/** A figure counts only if everything is there. */
async function expectSynced(db: pg.Pool, databaseUrl: string, plan: Plan): Promise<void> {
  const { rows } = await db.query<{ users: number; members: number; changes: number }>(
    `select (select count(*) from scim_users where user_name like 'sync%')::int as users,
       (select count(*) from scim_members m join scim_users u on u.id = m.user_id where user_name like 'sync%')::int as members,
       (select count(*) from changes where doc->>'cause' in ('finding', 'loss'))::int as changes`,
  );
  const expected = { users: plan.users, members: plan.groups * plan.perGroup, changes: 0 };
  if (JSON.stringify(rows[0]) !== JSON.stringify(expected))
    throw new Error(`synced ${JSON.stringify(rows[0])} of ${JSON.stringify(expected)}`);
  const database = await openDatabase(databaseUrl);
  const chain = await verifyAudit(database.db);
  await database.close();
  if ('brokenAt' in chain) throw new Error(`the audit chain is broken at ${chain.brokenAt}: ${chain.why}`);
}

type Times = Record<'usersMs' | 'groupsMs' | 'syncedMs' | 'settledMs' | 'restMb' | 'peak' | 'last', number>;

function figures(plan: Plan, times: Times): Figure[] {
  const figure = absolute('first-sync');
  const seconds = times.syncedMs / 1_000;
  return [
    figure('whole sync, s', seconds, `< ${WITHIN_S} s`, seconds < WITHIN_S),
    figure(
      'until nothing is owed and all is sealed, s',
      times.settledMs / 1_000,
      `< ${WITHIN_S} s`,
      times.settledMs / 1_000 < WITHIN_S,
    ),
    figure('users per second', (plan.users * 1_000) / times.usersMs, 'none', true),
    figure('memberships per second', (plan.groups * plan.perGroup * 1_000) / times.groupsMs, 'none', true),
    {
      ...figure('peak memory, MB', times.last, `< ${WITHIN_MB} MB`, times.last < WITHIN_MB),
      baseline: 'before the sync',
      baselineValue: times.restMb,
      ratio: times.last / times.restMb,
    },
  ];
}
