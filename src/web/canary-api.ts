import type { FastifyInstance } from 'fastify';
import type { CanaryRun } from '../core/canary/canary.ts';
import type { Change } from '../core/change/change.ts';
import { type LegTimes, legTimes } from '../core/change/legs.ts';
import { canaryStanding } from '../flow/canary/canary.ts';
import type { Road } from '../flow/kernel/context.ts';
import { openAlarm, runsSince } from '../store/canary.ts';
import { readChange } from '../store/changes.ts';
import { databaseNow } from '../store/postgres/clock.ts';

const SHOWN_MS = 24 * 3_600_000;

/** The rounds of the last 24 hours, leg by leg in milliseconds: what a chart is drawn from. */
export function canaryApi(api: FastifyInstance, road: Road): void {
  api.get('/api/canary', async () => {
    const { canary } = road.catalogue.current();
    const now = await databaseNow(road.db);
    const standing = await canaryStanding(road);
    const alarm = await openAlarm(road.db);
    const runs = await runsSince(road.db, new Date(now.getTime() - SHOWN_MS));
    return {
      status: standing.status,
      why: 'why' in standing ? standing.why : null,
      objectiveMs: road.objectiveMs,
      everySeconds: canary?.everySeconds ?? null,
      alarm: alarm === null ? null : { since: alarm.since, raisedAt: alarm.raisedAt },
      rounds: await Promise.all(runs.map((run) => describe(road, run, now))),
    };
  });
}

async function describe(road: Road, run: CanaryRun, now: Date) {
  return {
    id: run.id,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    objectiveMs: run.objectiveMs,
    state: run.state,
    result: run.result,
    stuck: run.stuck,
    grant: await trip(road, run.grantLegs, run.state === 'granting' ? run.grantChangeId : null, now),
    revoke: await trip(road, run.revokeLegs, run.state === 'revoking' ? run.revokeChangeId : null, now),
  };
}

/** `soFarMs`: of a trip that is still under way. Null: the trip was not begun. */
async function trip(
  road: Road,
  legs: LegTimes | null,
  changeId: string | null,
  now: Date,
): Promise<(LegTimes & { soFarMs: number | null }) | null> {
  if (legs !== null) return { ...legs, soFarMs: null };
  const change = changeId === null ? null : await readChange(road.db, changeId);
  if (change === null) return null;
  return { ...legTimes(change.legs), soFarMs: ageMs(change, now) };
}

function ageMs({ legs }: Change, now: Date): number {
  return legs.decidedAt === null ? 0 : Math.max(0, now.getTime() - legs.decidedAt.getTime());
}
