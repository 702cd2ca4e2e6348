import type { FastifyInstance } from 'fastify';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Job } from '../core/jobs/reactions.ts';
import type { Lanes } from '../flow/queue/lanes.ts';
import { observationMeter } from '../outbound/meter.ts';
import { openAlarms, openWork, pendingRequests } from '../store/figures.ts';
import { owed } from '../store/outbox-owed.ts';
import type { Db } from '../store/postgres/database.ts';

/** In seconds: from an answer of the same machine to the longest time limit of a call. */
const CALL_BOUNDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The counts of work owed, questions open and alarms, as the database has them now. Every replica tells the same. */
export function workFigures(registry: Registry, db: Db, lanes: Lanes): () => Promise<void> {
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const open = gauge('latchkey_work_open', 'Work that is owed, by lane', 'lane');
  const oldest = gauge(
    'latchkey_work_oldest_seconds',
    'Age of the oldest work that is owed, by lane',
    'lane',
  );
  const overdue = gauge(
    'latchkey_work_overdue_seconds',
    'For how long work has been due and not begun, by lane',
    'lane',
  );
  const failing = gauge(
    'latchkey_work_failing',
    'Work that failed at its last try and is tried again, by party and fault',
    'party',
    'fault',
  );
  const pending = gauge('latchkey_requests_pending', 'Requests that wait for a decision');
  const pendingOldest = gauge(
    'latchkey_requests_oldest_pending_seconds',
    'Age of the oldest request that waits for a decision',
  );
  const alarms = gauge('latchkey_alarms_open', 'Alarms that are raised, by what of', 'of');

  return async () => {
    const [work, { failing: faults }, requests, raised] = await Promise.all([
      openWork(db),
      owed(db),
      pendingRequests(db),
      openAlarms(db),
    ]);
    for (const lane of lanes.all) {
      const mine = work.filter(
        ({ job, idp }) => lanes.of({ job, ...(idp === null ? {} : { idp }) } as Job) === lane,
      );
      open.set(
        { lane },
        mine.reduce((sum, one) => sum + one.open, 0),
      );
      oldest.set({ lane }, Math.max(0, ...mine.map((one) => one.oldestSeconds)));
      overdue.set({ lane }, Math.max(0, ...mine.map((one) => one.overdueSeconds)));
    }
    // The vendors' own codes are many, ours are few.
    const byFault = new Map<string, number>();
    for (const [name, count] of Object.entries(faults)) {
      const code = name.split(' ')[0] ?? name;
      byFault.set(code, (byFault.get(code) ?? 0) + count);
    }
    failing.reset();
    for (const [code, count] of byFault) {
      const [party = code, fault = 'unknown'] = code.split('.');
      failing.set({ party, fault }, count);
    }
    pending.set(requests.pending);
    pendingOldest.set(requests.oldestSeconds);
    for (const [of, count] of Object.entries(raised)) alarms.set({ of }, count);
  };
}

/** What this process asked outside, and was asked, since it started. */
export type Traffic = {
  /** Counts the SCIM requests that this server answers. */
  watch(app: FastifyInstance): void;
  /** Something that a person did in Slack: a command, a click, a form, an event. */
  slack(kind: string): void;
  close(): void;
};

export function trafficFigures(registry: Registry): Traffic {
  const registers = [registry];
  const callSeconds = new Histogram({
    name: 'latchkey_outside_call_seconds',
    help: 'How long calls to outside systems took, by system',
    labelNames: ['system'],
    buckets: CALL_BOUNDS,
    registers,
  });
  const calls = new Counter({
    name: 'latchkey_outside_calls_total',
    help: 'Calls to outside systems, by system and what they came to: ok, or what was wrong',
    labelNames: ['system', 'outcome'],
    registers,
  });
  const tokens = new Counter({
    name: 'latchkey_model_tokens_total',
    help: 'Tokens that the model read (in) and wrote (out), as it says itself',
    labelNames: ['direction'],
    registers,
  });
  const scim = new Counter({
    name: 'latchkey_scim_requests_total',
    help: 'SCIM requests that were answered, by method, kind of resource and class of status',
    labelNames: ['method', 'resource', 'status'],
    registers,
  });
  const slack = new Counter({
    name: 'latchkey_slack_interactions_total',
    help: 'What people did in Slack, by kind',
    labelNames: ['kind'],
    registers,
  });
  const stopListening = observationMeter({
    call({ system, outcome, seconds }) {
      calls.inc({ system, outcome });
      callSeconds.observe({ system }, seconds);
    },
    tokens: ({ direction, tokens: count }) => tokens.inc({ direction }, count),
  });
  return {
    watch(app) {
      app.addHook('onResponse', ({ method, url }, { statusCode }, done) => {
        if (url.startsWith('/scim/v2')) {
          const [, resource = 'other'] = /^\/scim\/v2\/+(Users|Groups|Bulk)\b/.exec(url) ?? [];
          scim.inc({ method, resource, status: `${Math.floor(statusCode / 100)}xx` });
        }
        done();
      });
    },
    slack: (kind) => slack.inc({ kind }),
    close: stopListening,
  };
}
