import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { DateTime } from 'luxon';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LegWeek, propagationByWeek } from '../../../src/store/page/propagation.ts';
import type { Db } from '../../../src/store/postgres/database.ts';
import { lineChart } from '../../../src/web/page/chart.ts';
import { type FreshDatabase, freshDatabase } from '../../database.ts';
import { somebody } from '../given.ts';

const WEEKS = 13;
const OBJECTIVE_MS = 60_000;

let fresh: FreshDatabase;
let db: Db;
let computed: LegWeek[];
beforeAll(async () => {
  fresh = await freshDatabase();
  db = fresh.database.db;
  await travelled();
  computed = await propagationByWeek(db, { weeks: WEEKS, objectiveMs: OBJECTIVE_MS });
});
afterAll(() => fresh?.close());

type Journey = { week: string; ms: Partial<Record<LegWeek['leg'], number>> };
const journeys: Journey[] = [];
/** Numbers that look like chance, and are the same each time. */
let seed = 7;
const chance = (max: number) => {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed % max;
};

/** Some hundred changes over weeks: some late, some without a push of their own, one after a fresh sign-in, and the canary's. */
async function travelled(): Promise<void> {
  const person = await somebody(db, 'ines');
  const monday = DateTime.utc().startOf('week');
  for (let n = 0; n < 400; n++) {
    const week = monday.minus({ weeks: 1 + chance(WEEKS - 1) });
    const decidedAt = week.plus({ milliseconds: chance(6 * 86_400_000) });
    const legs = [chance(4_000), chance(30_000), chance(2_000), chance(60_000)];
    const isCanary = n % 10 === 0;
    const hasNoPush = n % 7 === 0;
    const afterSignIn = n % 11 === 0;
    const at = [0, 1, 2, 3, 4].map((i) =>
      decidedAt.plus({ milliseconds: legs.slice(0, i).reduce((sum, ms) => sum + ms, 0) }),
    );
    const [decided, written, pushed, delivered, seen] = at.map((one) => one.toISO());
    const signedInAt = afterSignIn ? written : null;
    const doc = {
      cause: isCanary ? 'canary' : 'request',
      signedInAt,
      legs: hasNoPush
        ? { decidedAt: decided, idpWrittenAt: written, scimPushedAt: null, deliveredAt: null, seenAt: seen }
        : {
            decidedAt: decided,
            idpWrittenAt: written,
            scimPushedAt: pushed,
            deliveredAt: delivered,
            seenAt: seen,
          },
    };
    const id = randomUUID();
    await sql`insert into changes (id, idempotency_key, state, version, kind, entitlement_key, person_id, requester_id, requested_at, doc)
      values (${id}, ${id}, 'ended', 1, 'grant', ${`e-${n}`}, ${person}, ${person}, ${decided}, ${JSON.stringify(doc)})`.execute(
      db,
    );
    await sql`insert into audit (at, type, change_id, actor, data) values (${seen}, 'changeSeen', ${id}, '{"part": "latchkey"}', '{}')`.execute(
      db,
    );
    if (isCanary) continue;
    const [a = 0, b = 0, c = 0, d = 0] = legs;
    const whole = a + b + c + d;
    journeys.push({
      week: (at[4] as DateTime).startOf('week').toISODate() ?? '',
      ms: {
        decisionToIdp: a,
        ...(hasNoPush
          ? { deliveryToSeen: b + c + d }
          : { idpToScim: b, scimToDelivery: c, deliveryToSeen: d }),
        total: afterSignIn ? whole - a : whole,
      },
    });
  }
}

/** By the definition: between the two values around that place in their order, in proportion. */
function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const [low, high] = [sorted[Math.floor(place)] ?? 0, sorted[Math.ceil(place)] ?? 0];
  return low + (high - low) * (place - Math.floor(place));
}

test('p50, p95, p99 and what was over the objective are, by week and leg, what the times themselves come to', () => {
  const legs = ['total', 'decisionToIdp', 'idpToScim', 'scimToDelivery', 'deliveryToSeen'] as const;
  const expected = [...new Set(journeys.map(({ week }) => week))].toSorted().flatMap((week) =>
    legs.flatMap((leg) => {
      const all = journeys.flatMap((one) =>
        one.week === week && one.ms[leg] !== undefined ? [one.ms[leg]] : [],
      );
      return all.length === 0
        ? []
        : [
            {
              week,
              leg,
              n: all.length,
              p50: percentile(all, 0.5),
              p95: percentile(all, 0.95),
              p99: percentile(all, 0.99),
              overObjective: all.filter((ms) => ms > OBJECTIVE_MS).length,
            },
          ];
    }),
  );
  const byLeg = (a: { week: string; leg: string }, b: { week: string; leg: string }) =>
    a.week.localeCompare(b.week) || a.leg.localeCompare(b.leg);
  expect(expected.some(({ overObjective }) => overObjective > 0)).toBe(true);
  expect(computed.toSorted(byLeg)).toEqual(
    expected.toSorted(byLeg).map((row) => ({
      ...row,
      p50: expect.closeTo(row.p50, 3),
      p95: expect.closeTo(row.p95, 3),
      p99: expect.closeTo(row.p99, 3),
    })),
  );
});

test('a week that is over is read once: asked again, it says the same', async () => {
  const again = await propagationByWeek(db, { weeks: WEEKS, objectiveMs: OBJECTIVE_MS });
  expect(again).toEqual(computed);
  const { rows } = await sql<{
    n: number;
  }>`select count(distinct week)::int as n from propagation_weeks`.execute(db);
  expect(rows[0]?.n).toBe(WEEKS - 1);
});

test('the chart, drawn without a browser, has every value at its height', () => {
  const weeks = computed.filter(({ leg }) => leg === 'total');
  const names = ['p50', 'p95', 'p99'] as const;
  const { text } = lineChart(
    { label: 'x', objectiveMs: OBJECTIVE_MS, places: weeks.map(({ week }) => week) },
    names.map((name) => ({ name, values: weeks.map((row) => row[name]) })),
  );
  const top = Math.max(OBJECTIVE_MS * 1.2, ...weeks.flatMap((row) => names.map((name) => row[name] ?? 0)));
  const goal = Number(/class="goal"[^>]* y1="([\d.]+)"/.exec(text)?.[1]);
  const [bottom, ceiling] = [270, 14];
  const heightOf = (ms: number) => bottom - (bottom - ceiling) * Math.sqrt(ms / top);
  expect(goal).toBeCloseTo(heightOf(OBJECTIVE_MS), 0);
  for (const [i, name] of names.entries()) {
    const drawn = [
      ...text.matchAll(new RegExp(`class="dot s${i + 1}" r="4" cx="[\\d.]+" cy="([\\d.]+)"`, 'g')),
    ];
    expect(drawn.map(([, y]) => Math.round(Number(y)))).toEqual(
      weeks.map((row) => Math.round(Math.round(heightOf(row[name] ?? 0) * 10) / 10)),
    );
  }
});
