import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type CanaryRun, type Direction, tripLegs } from '../core/canary/canary.ts';
import type { Change } from '../core/change/change.ts';
import type { Lanes } from '../flow/queue/lanes.ts';
import type { AuditDestination } from '../ports/audit-destination.ts';
import type { SecretState } from '../secrets/kept-secret.ts';
import { lastRun, openAlarm, runsEndedAfter } from '../store/canary.ts';
import type { Db } from '../store/postgres/database.ts';
import { exportFigures } from './export-metrics.ts';
import { type Traffic, trafficFigures, workFigures } from './work-metrics.ts';

/** In seconds; the objective of 60 s is one of the bounds. */
const BOUNDS = [0.25, 0.5, 1, 2, 5, 10, 20, 30, 45, 60, 90, 120, 300, 900, 3_600];
const PAGE = 1_000;

export type Metrics = {
  /** Counts a change that was seen in this process. */
  changeSeen(change: Pick<Change, 'kind' | 'cause'>, ms: number): void;
  /** Counts a request that proved nothing at a door, and one that was told to wait. */
  refusedAt(door: string): void;
  limitedAt(door: string): void;
  /** What is asked outside, and what we are asked. */
  traffic: Traffic;
  /** `GET /metrics`, in Prometheus' text format. */
  routes(api: FastifyInstance): void;
};

type Figured = {
  db: Db;
  lanes: Lanes;
  /** Where the audit is sent; left out: nowhere. */
  destinations?: () => readonly AuditDestination[];
};

/**
 * The figures for Prometheus. Those of the canary come from its stored rounds: every replica tells the same, and a
 * restart forgets none. Propagation is counted by each replica for what it saw itself, since it started.
 */
export function createMetrics(
  { db, lanes, destinations = () => [] }: Figured,
  isQueueAway: () => boolean,
  secrets: () => readonly SecretState[] = () => [],
): Metrics {
  const registry = new Registry();
  const countSecrets = secretFigures(registry, secrets);
  collectDefaultMetrics({ register: registry });
  const countWork = workFigures(registry, db, lanes);
  const countExports = exportFigures(registry, db, destinations);
  const traffic = trafficFigures(registry);
  const { propagation, legSeconds, rounds, alarm, lastStarted, refused, limited, queueAway } =
    figuresIn(registry);
  let countedTo = new Date(0);
  let counting: Promise<void> = Promise.resolve();

  function count(run: CanaryRun): void {
    rounds.inc({ result: run.result ?? 'void', leg: run.stuck?.leg ?? 'none' });
    for (const direction of ['grant', 'revoke'] satisfies Direction[])
      for (const [leg, ms] of tripLegs(run, direction)) legSeconds.observe({ direction, leg }, ms / 1_000);
  }

  async function catchUp(): Promise<void> {
    for (;;) {
      const runs = await runsEndedAfter(db, countedTo, PAGE);
      for (const run of runs) {
        count(run);
        countedTo = run.endedAt ?? countedTo;
      }
      if (runs.length < PAGE) break;
    }
    alarm.set((await openAlarm(db)) === null ? 0 : 1);
    const last = await lastRun(db);
    if (last !== null) lastStarted.set(last.startedAt.getTime() / 1_000);
  }

  return {
    changeSeen({ kind, cause }, ms) {
      propagation.observe({ kind, cause }, ms / 1_000);
    },
    refusedAt: (door) => refused.inc({ door }),
    limitedAt: (door) => limited.inc({ door }),
    traffic,
    routes(api) {
      api.get('/metrics', { config: { scope: null } }, async (_request, reply) => {
        // Two scrapes at once must not count a round twice.
        counting = counting.then(catchUp, catchUp);
        await Promise.all([counting, countWork(), countExports()]);
        queueAway.set(isQueueAway() ? 1 : 0);
        countSecrets();
        return reply.type(registry.contentType).send(await registry.metrics());
      });
    },
  };
}

/** By setting, never by value; one in the environment itself has no age that anybody knows. */
function secretFigures(registry: Registry, secrets: () => readonly SecretState[]): () => void {
  const given = { labelNames: ['setting'], registers: [registry] };
  const age = new Gauge({
    name: 'latchkey_secret_age_seconds',
    help: 'Age of the version in use of each secret that is read from elsewhere',
    ...given,
  });
  const trouble = new Gauge({
    name: 'latchkey_secret_trouble',
    help: '1 while a secret can’t be read anew, or its newest version is refused',
    ...given,
  });
  return () => {
    for (const { name: setting, version, madeAt, trouble: why } of secrets()) {
      if (version === null) continue;
      trouble.set({ setting }, why === null ? 0 : 1);
      if (madeAt !== null) age.set({ setting }, (Date.now() - madeAt.getTime()) / 1_000);
    }
  };
}

function figuresIn(registry: Registry) {
  const registers = [registry];
  const propagation = new Histogram({
    name: 'latchkey_propagation_seconds',
    help: 'From decision (or first sign-in) to seen in MuleSoft, for every change',
    labelNames: ['kind', 'cause'],
    buckets: BOUNDS,
    registers,
  });
  const legSeconds = new Histogram({
    name: 'latchkey_canary_leg_seconds',
    help: 'Time of each leg of the canary’s rounds; leg="total" is the whole trip',
    labelNames: ['direction', 'leg'],
    buckets: BOUNDS,
    registers,
  });
  const rounds = new Counter({
    name: 'latchkey_canary_rounds_total',
    help: 'Rounds of the canary that are over, by result and the leg that was stuck',
    labelNames: ['result', 'leg'],
    registers,
  });
  const alarm = new Gauge({
    name: 'latchkey_canary_alarm',
    help: '1 while the canary’s alarm is raised',
    registers,
  });
  const lastStarted = new Gauge({
    name: 'latchkey_canary_last_round_timestamp_seconds',
    help: 'When the canary’s newest round began',
    registers,
  });
  const refused = new Counter({
    name: 'latchkey_refused_requests_total',
    help: 'Requests whose token, secret or signature was missing or wrong, by door',
    labelNames: ['door'],
    registers,
  });
  const limited = new Counter({
    name: 'latchkey_limited_requests_total',
    help: 'Requests that were told to wait (429), by door',
    labelNames: ['door'],
    registers,
  });
  const queueAway = new Gauge({
    name: 'latchkey_queue_away',
    help: '1 while the queue takes or hands out no work, which this process then does itself',
    registers,
  });
  return { propagation, legSeconds, rounds, alarm, lastStarted, refused, limited, queueAway };
}
