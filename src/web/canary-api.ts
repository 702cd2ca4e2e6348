import type { FastifyInstance } from 'fastify';
import type { CanaryRun } from '../core/canary/canary.ts';
import type { Change } from '../core/change/change.ts';
import { type LegTimes, legTimes } from '../core/change/legs.ts';
import { canaryStatusText } from '../flow/canary/canary.ts';
import type { Context, Data } from '../flow/kernel/context.ts';
import { openAlarm, runsSince } from '../store/canary.ts';
import { readChange } from '../store/changes.ts';
import { databaseNow } from '../store/postgres/clock.ts';

const SHOWN_MS = 24 * 3_600_000;

/** The rounds of the last 24 hours, leg by leg in milliseconds: what a chart is drawn from. */
export function canaryApi(api: FastifyInstance, context: Context): void {
  api.get('/api/canary', { config: { scope: 'canary', rule: 'everything' } }, async () => {
    const { canary } = context.catalogue.current();
    const now = await databaseNow(context.db);
    const statusText = await canaryStatusText(context);
    const alarm = await openAlarm(context.db);
    const runs = await runsSince(context.db, new Date(now.getTime() - SHOWN_MS));
    return {
      status: statusText.status,
      why: 'why' in statusText ? statusText.why : null,
      objectiveMs: context.objectiveMs,
      everySeconds: canary?.everySeconds ?? null,
      alarm: alarm === null ? null : { since: alarm.since, raisedAt: alarm.raisedAt },
      rounds: await Promise.all(runs.map((run) => describe(context, run, now))),
    };
  });
}

async function describe(context: Data, run: CanaryRun, now: Date) {
  return {
    id: run.id,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    objectiveMs: run.objectiveMs,
    state: run.state,
    result: run.result,
    stuck: run.stuck,
    grant: await trip(context, run.grantLegs, run.state === 'granting' ? run.grantChangeId : null, now),
    revoke: await trip(context, run.revokeLegs, run.state === 'revoking' ? run.revokeChangeId : null, now),
  };
}

/** `soFarMs`: of a trip that is still under way. Null: the trip was not begun. */
async function trip(
  context: Data,
  legs: LegTimes | null,
  changeId: string | null,
  now: Date,
): Promise<(LegTimes & { soFarMs: number | null }) | null> {
  if (legs !== null) return { ...legs, soFarMs: null };
  const change = changeId === null ? null : await readChange(context.db, changeId);
  if (change === null) return null;
  return { ...legTimes(change.legs), soFarMs: ageMs(change, now) };
}

function ageMs({ legs }: Change, now: Date): number {
  return legs.decidedAt === null ? 0 : Math.max(0, now.getTime() - legs.decidedAt.getTime());
}
