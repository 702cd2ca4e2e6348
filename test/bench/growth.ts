import { readFile } from 'node:fs/promises';
import type pg from 'pg';
import { drained } from './ack.ts';
import type { Figure } from './figure.ts';
import { fillTo } from './growth-crowd.ts';
import { type Scene, setScene } from './scene.ts';
import { abreast, createTraveller, NotReceived, type Traveller } from './traveller.ts';

/** Changes under way at once. */
const WIDTH = 16;
const WARM_UP = 16;
const COUNTED = 80;
const ENTITLEMENT = 'payments-api-read';
const FEW = 10_000;
const MANY = 1_000_000;
const SMALL_MANY = 200_000;
/** Within this share of the figure with few. */
const WITHIN = 0.1;
/** A table of more rows is never read as a whole for one change. */
const LARGE = 5_000;

type Measured = {
  perSecond: number;
  latchkeyMs: number;
  postgresMs: number;
  blocks: number;
  scanned: number;
};

/**
 * Whole changes while there are 10,000 live grants, audit entries and people, and again with 1,000,000, in one run. The
 * processor's time of each side is told too: it does not depend on what else the machine does.
 */
export async function growth(say: (line: string) => void, isSmall: boolean): Promise<Figure[]> {
  const many = isSmall ? SMALL_MANY : MANY;
  const scene = await setScene();
  const traveller = createTraveller(scene);
  try {
    const pattern = await traveller.ask(0, ENTITLEMENT);
    await traveller.approve(pattern);
    await traveller.arrives(pattern);
    await sealed(scene.db);
    say(`${FEW.toLocaleString('en')}…`);
    await fillTo(scene.db, pattern, 0, FEW);
    const few = await measure(scene, traveller, 1);
    say(`filled to ${many.toLocaleString('en')}…`);
    await fillTo(scene.db, pattern, FEW, many);
    say('measured again…');
    return figures(few, await measure(scene, traveller, 1 + WARM_UP + COUNTED), many);
  } finally {
    traveller.close();
    await scene.close();
  }
}

async function measure(scene: Scene, traveller: Traveller, first: number): Promise<Measured> {
  const people = Array.from({ length: WARM_UP + COUNTED }, (_, n) => first + n);
  await go(traveller, people.slice(0, WARM_UP));
  await drained(scene);
  const before = await usage(scene);
  const startedAt = performance.now();
  await go(traveller, people.slice(WARM_UP));
  const perSecond = (COUNTED * 1_000) / (performance.now() - startedAt);
  await drained(scene);
  const after = await usage(scene);
  const each = (key: keyof Usage) => (after[key] - before[key]) / COUNTED;
  return {
    perSecond,
    latchkeyMs: each('latchkeyMs'),
    postgresMs: each('postgresMs'),
    blocks: each('blocks'),
    scanned: each('scanned'),
  };
}

async function go(traveller: Traveller, people: readonly number[]): Promise<void> {
  await abreast(people, WIDTH, async (n) => {
    const id = await asked(traveller, n);
    await traveller.approve(id);
    const state = await traveller.arrives(id);
    if (state !== 'inEffect') throw new Error(`a change is ${state}`);
  });
}

/** On a machine that is busy otherwise Slack's three seconds may be over, and people send the form again. */
async function asked(traveller: Traveller, n: number): Promise<string> {
  for (;;)
    try {
      return await traveller.ask(n, ENTITLEMENT);
    } catch (error) {
      if (!(error instanceof NotReceived)) throw error;
    }
}

/** Until nothing waits for its seal: what is filled in goes on where the seals end. */
export async function sealed(db: pg.Pool): Promise<void> {
  for (;;) {
    const { rows } = await db.query(
      `select 1 from audit where not exists (select from audit_seals s where s.audit_id = audit.id) limit 1`,
    );
    if (rows.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

type Usage = { latchkeyMs: number; postgresMs: number; blocks: number; scanned: number };

async function usage({ db, latchkeyPid }: Scene): Promise<Usage> {
  const { rows } = await db.query<{ pid: number; blocks: number; scanned: number }>(
    `select pg_backend_pid() as pid,
       (select (blks_hit + blks_read)::float8 from pg_stat_database where datname = current_database()) as blocks,
       (select sum(seq_tup_read)::float8 from pg_stat_user_tables where n_live_tup > ${LARGE}) as scanned`,
  );
  const [row] = rows;
  if (row === undefined) throw new Error('PostgreSQL answers no row');
  const postmaster = (await statOf(row.pid)).parent;
  const backends = await childrenOf(postmaster);
  const times = await Promise.all([postmaster, ...backends].map(statOf));
  return {
    latchkeyMs: (await statOf(await latchkeyPid())).ms,
    postgresMs: times.reduce((sum, { ms }) => sum + ms, 0),
    blocks: row.blocks,
    scanned: row.scanned,
  };
}

const MS_A_TICK = 10;

/** The processor's time of a process and of its children that have ended (proc_pid_stat(5)). */
async function statOf(pid: number): Promise<{ parent: number; ms: number }> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [, parent = 0, ...rest] = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const ticks = rest.slice(9, 13).reduce((sum, n) => sum + n, 0);
  return { parent, ms: ticks * MS_A_TICK };
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

function figures(few: Measured, all: Measured, many: number): Figure[] {
  const figure = (metric: string, key: keyof Measured, isMoreBetter: boolean): Figure => {
    const ratio = all[key] / few[key];
    return {
      bench: 'growth',
      metric,
      value: all[key],
      baseline: `with ${FEW.toLocaleString('en')}`,
      baselineValue: few[key],
      ratio,
      target: isMoreBetter ? `ratio >= ${1 - WITHIN}` : `ratio <= ${1 + WITHIN}`,
      holds: isMoreBetter ? ratio >= 1 - WITHIN : ratio <= 1 + WITHIN,
    };
  };
  const live = `with ${many.toLocaleString('en')} live grants, audit entries, people`;
  return [
    figure(`whole changes per second ${live}`, 'perSecond', true),
    figure('CPU of Latchkey per change, ms', 'latchkeyMs', false),
    figure('CPU of PostgreSQL per change, ms', 'postgresMs', false),
    figure('blocks read per change', 'blocks', false),
    {
      bench: 'growth',
      metric: 'rows of large tables read by sequential scans per change',
      value: all.scanned,
      baseline: null,
      baselineValue: null,
      ratio: null,
      target: `< ${LARGE}`,
      holds: all.scanned < LARGE,
    },
  ];
}
