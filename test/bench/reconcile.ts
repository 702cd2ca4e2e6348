import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { Evidence } from '../../src/flow/drift/reconcile.ts';
import { startEmbeddedPostgres } from '../../src/store/postgres/embedded.ts';
import { freePort } from '../../src/store/postgres/free-port.ts';
import { throwAwayFolder } from '../../src/store/postgres/guard.ts';
import { type Figure, middle, spreadOf } from './figure.ts';
import { runToEnd } from './program.ts';
import { FEW_GROUPS, GROUP_SIZE, GROUPS } from './reconcile-crowd.ts';
import { answers } from './scene.ts';

const WITHIN_S = 60;
const RUNS = 3;
const OF_BARE = 1.5;
/** Peak memory at ten times the memberships: within this share or this many MB of the small run. */
const FLAT_SHARE = 1.2;
const FLAT_MB = 50;

type Measured = { ms: number; peakMb: number; evidence: Evidence | null };

/**
 * A comparison over 1,000,000 memberships on both sides, with Okta and Anypoint as real pages over HTTP. Every program
 * is a process of its own: PostgreSQL, the world, and for each measurement a fresh one, whose memory is Latchkey's
 * alone.
 */
export async function reconcile(say: (line: string) => void): Promise<Figure[]> {
  const home = throwAwayFolder('bench');
  const postgres = await startEmbeddedPostgres(join(home, 'postgres'), { throwAway: home });
  const port = await freePort();
  const worldUrl = `http://127.0.0.1:${port}`;
  const world = spawn(process.execPath, [path('./reconcile-world.ts'), String(port)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  process.once('exit', () => world.kill());
  const measure = async (file: string, ...args: string[]) =>
    JSON.parse(await runToEnd(file, postgres.url, worldUrl, ...args)) as Measured;
  try {
    await answers(worldUrl);
    say('first look at every group…');
    const baseline = await measure('./reconcile-process.ts', 'baseline', String(GROUPS));
    await fillMirror(postgres.url);
    say('100,000 memberships…');
    const few = await measure('./reconcile-process.ts', 'everything', String(FEW_GROUPS));
    const runs: { all: Measured; bare: Measured }[] = [];
    for (let run = 1; run <= RUNS; run += 1) {
      say(`1,000,000 memberships, and the bare loop: run ${run} of ${RUNS}…`);
      const all = await measure('./reconcile-process.ts', 'everything', String(GROUPS));
      expectFound(all.evidence, { allAgree: true, finding: 0, lost: 0, missing: 0, extra: 0 });
      runs.push({ all, bare: await measure('./reconcile-bare.ts') });
    }
    say('with differences…');
    await fetch(`${worldUrl}/differ`, { method: 'POST' });
    const differing = await measure('./reconcile-process.ts', 'everything', String(GROUPS));
    expectFound(differing.evidence, { allAgree: false, finding: 3, lost: 3, missing: 2, extra: 2 });
    return figures({ baseline, few, differing }, runs);
  } finally {
    world.kill('SIGTERM');
    await postgres.stop();
    await rm(home, { recursive: true, force: true });
  }
}

const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** SCIM has pushed everything that the first look found: the mirror agrees. */
async function fillMirror(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  // Foreign keys of a million rows that are right by construction are not checked one by one.
  await client.query('set session_replication_role = replica');
  await client.query(`
    insert into scim_users (id, source, user_name, user_name_key, external_id, active, email, display_name, resource, created_at, updated_at)
    select gen_random_uuid(), 'okta', p.login, lower(p.login), l.external_id, true, p.email, p.name,
      jsonb_build_object('userName', p.login, 'externalId', l.external_id, 'active', true), now(), now()
    from people p join person_links l on l.person_id = p.id and l.system = 'okta'`);
  await client.query(`
    insert into scim_groups (id, source, display_name, display_name_key, created_at, updated_at)
    select gen_random_uuid(), 'okta', group_name, lower(group_name), now(), now() from baselines`);
  await client.query(`
    insert into scim_members (group_id, user_id)
    select g.id, u.id from baseline_members e join scim_groups g on g.display_name = e.group_name
    join person_links l on l.person_id = e.person_id and l.system = 'okta'
    join scim_users u on u.external_id = l.external_id order by g.id, u.id`);
  await client.query('vacuum analyze');
  await client.end();
}

/** A figure counts only if the run has found what there was to find. */
function expectFound(
  evidence: Evidence | null,
  expected: { allAgree: boolean; finding: number; lost: number; missing: number; extra: number },
): void {
  const groups: Record<string, number> = evidence?.groups ?? {};
  const teams: Record<string, number> = evidence?.teams ?? {};
  const found = {
    allAgree: evidence?.allAgree,
    finding: groups.finding,
    lost: groups.lost,
    missing: teams.missing,
    extra: teams.extra,
  };
  const memberships = GROUPS * GROUP_SIZE;
  if (
    JSON.stringify(found) !== JSON.stringify(expected) ||
    groups.members !== memberships ||
    teams.members !== memberships
  )
    throw new Error(`found ${JSON.stringify(evidence)} where there was ${JSON.stringify(expected)}`);
}

type Once = Record<'baseline' | 'few' | 'differing', Measured>;

function figures(
  { baseline, few, differing }: Once,
  runs: readonly { all: Measured; bare: Measured }[],
): Figure[] {
  const ratios = runs.map(({ all, bare }) => all.ms / bare.ms);
  const ratio = middle(ratios);
  const bare = { ms: middle(runs.map((run) => run.bare.ms)) };
  const all = {
    ms: middle(runs.map((run) => run.all.ms)),
    peakMb: Math.max(...runs.map((run) => run.all.peakMb)),
  };
  const rows = 2 * GROUPS * GROUP_SIZE;
  const seconds = (metric: string, { ms }: { ms: number }, atMost: number | null): Figure => ({
    bench: 'reconcile',
    metric,
    value: ms / 1_000,
    baseline: 'bare loop, same pages and rows',
    baselineValue: bare.ms / 1_000,
    ratio: ms / bare.ms,
    target: atMost === null ? 'none' : `< ${atMost} s`,
    holds: atMost === null || ms / 1_000 < atMost,
  });
  return [
    seconds('1,000,000 memberships, all agree, s', all, WITHIN_S),
    {
      ...seconds('1,000,000 memberships against the bare loop, s', all, null),
      ratio,
      spread: spreadOf(ratios),
      target: `ratio <= ${OF_BARE}`,
      holds: ratio <= OF_BARE,
    },
    seconds('1,000,000 memberships, ten differ, s', differing, WITHIN_S),
    {
      bench: 'reconcile',
      metric: 'rows read and compared per second',
      value: (rows * 1_000) / all.ms,
      baseline: 'bare loop',
      baselineValue: (rows * 1_000) / bare.ms,
      ratio: bare.ms / all.ms,
      target: 'none',
      holds: true,
    },
    {
      bench: 'reconcile',
      metric: 'peak memory at 1,000,000 memberships, MB',
      value: all.peakMb,
      baseline: 'at 100,000',
      baselineValue: few.peakMb,
      ratio: all.peakMb / few.peakMb,
      target: `ratio <= ${FLAT_SHARE} or ${FLAT_MB} MB more`,
      holds: all.peakMb <= few.peakMb * FLAT_SHARE || all.peakMb <= few.peakMb + FLAT_MB,
    },
    seconds('first look at 500 groups, 100,000 strangers, s', baseline, null),
    {
      bench: 'reconcile',
      metric: 'peak memory of the first look, MB',
      value: baseline.peakMb,
      baseline: null,
      baselineValue: null,
      ratio: null,
      target: 'none',
      holds: true,
    },
  ];
}
