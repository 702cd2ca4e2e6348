import type pg from 'pg';
import { drained } from './ack.ts';
import type { Figure } from './figure.ts';
import { fillTo } from './growth-crowd.ts';
import { type Scene, setScene } from './scene.ts';
import { abreast, createTraveller, NotReceived, type Traveller } from './traveller.ts';

/** Changes under way at once. */
const WIDTH = 16;
const ROUNDS = 4;
/** With those of the warm-up no more than the crowd has. */
const PER_ROUND = 32;
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

/** One installation with so many of each, and what its changes cost so far. */
type Side = { scene: Scene; traveller: Traveller; ms: number; used: Usage };

/**
 * Whole changes with 10,000 live grants, audit entries and people, and with 1,000,000: two installations beside each
 * other. Rounds take turns, so that whatever else the machine does meets both. The processor's time of each is told
 * too: it depends less on that.
 */
export async function growth(say: (line: string) => void, isSmall: boolean): Promise<Figure[]> {
  const many = isSmall ? SMALL_MANY : MANY;
  const sides: Side[] = [];
  try {
    for (const count of [FEW, many]) {
      say(`${count.toLocaleString('en')}…`);
      const scene = await setScene();
      const traveller = createTraveller(scene);
      sides.push({ scene, traveller, ms: 0, used: { latchkey: 0, postgres: 0, blocks: 0, scanned: 0 } });
      await filled(scene, traveller, count);
    }
    // The first round warms up and is not counted.
    for (let round = 0; round <= ROUNDS; round += 1) {
      say(round === 0 ? 'warm…' : `round ${round} of ${ROUNDS}…`);
      const first = 1 + round * PER_ROUND;
      for (const side of round % 2 === 0 ? sides : sides.toReversed()) await measure(side, first, round > 0);
    }
    const [few, all] = sides.map(measured);
    return figures(few as Measured, all as Measured, many);
  } finally {
    for (const { scene, traveller } of sides) {
      traveller.close();
      await scene.close();
    }
  }
}

/** So many of each, after the pattern of a change that goes the whole road first. */
async function filled(scene: Scene, traveller: Traveller, count: number): Promise<void> {
  const pattern = await traveller.ask(0, ENTITLEMENT);
  await traveller.approve(pattern);
  await traveller.arrives(pattern);
  await sealed(scene.db);
  await fillTo(scene.db, pattern, 0, count);
}

async function measure(side: Side, first: number, isCounted: boolean): Promise<void> {
  const { scene, traveller } = side;
  const before = await usage(scene);
  const startedAt = performance.now();
  await go(
    traveller,
    Array.from({ length: PER_ROUND }, (_, n) => first + n),
  );
  const ms = performance.now() - startedAt;
  await drained(scene);
  const after = await usage(scene);
  if (!isCounted) return;
  side.ms += ms;
  for (const key of Object.keys(side.used) as (keyof Usage)[]) side.used[key] += after[key] - before[key];
}

function measured({ ms, used }: Side): Measured {
  const changes = ROUNDS * PER_ROUND;
  return {
    perSecond: (changes * 1_000) / ms,
    latchkeyMs: used.latchkey / changes,
    postgresMs: used.postgres / changes,
    blocks: used.blocks / changes,
    scanned: used.scanned / changes,
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

type Usage = { latchkey: number; postgres: number; blocks: number; scanned: number };

async function usage(scene: Scene): Promise<Usage> {
  const { rows } = await scene.db.query<{ blocks: number; scanned: number }>(
    `select (select (blks_hit + blks_read)::float8 from pg_stat_database where datname = current_database()) as blocks,
       (select coalesce(sum(seq_tup_read), 0)::float8 from pg_stat_user_tables where n_live_tup > ${LARGE}) as scanned`,
  );
  const [row] = rows;
  if (row === undefined) throw new Error('PostgreSQL answers no row');
  const { latchkey, postgres } = await scene.processorTime();
  return { latchkey, postgres, ...row };
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
