import { sealAudit } from '../audit/seal.ts';
import type { ChangeEvent } from '../core/change.ts';
import { nextState } from '../core/change.ts';
import { lapse } from '../core/settle.ts';
import { databaseNow } from '../store/clock.ts';
import { grantsDueToEnd, grantsDueToWarn } from '../store/grants.ts';
import { forgetDone } from '../store/outbox.ts';
import { commit } from './commit.ts';
import { endGrant } from './end.ts';
import type { Road } from './road.ts';

/** What is due is looked for this often, in milliseconds. */
const SWEEP_EVERY_MS = 1_000;
/** The catalogue's unready entitlements and old outbox rows are looked at this often. */
const SLOW_EVERY_MS = 15_000;
const BATCH = 200;
const OUTBOX_KEPT_HOURS = 24;

export type Sweeps = { start(): void; stop(): Promise<void> };

/**
 * What time brings: ends, warnings, lapses, reminders, seals. Kept by a timer in each process under one database
 * lock, so it runs once however many replicas there are, and an emptied queue can't forget it.
 */
export function createSweeps(road: Road): Sweeps {
  let isStopping = false;
  let loop: Promise<void> = Promise.resolve();
  let wake: () => void = () => {};

  async function run(): Promise<void> {
    let slowAt = 0;
    while (!isStopping) {
      try {
        await road.locks.tryLock('sweep', () => sweepOnce(road));
        if (performance.now() >= slowAt) {
          slowAt = performance.now() + SLOW_EVERY_MS;
          await road.catalogue.check();
          await forgetDone(road.db, OUTBOX_KEPT_HOURS);
        }
      } catch (error) {
        road.log.warn({ err: (error as Error).message }, 'sweep');
      }
      if (isStopping) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, SWEEP_EVERY_MS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  return {
    start() {
      loop = run();
    },
    async stop() {
      isStopping = true;
      wake();
      await loop;
    },
  };
}

/** Everything that is due now, once. */
export async function sweepOnce(road: Road): Promise<void> {
  await endDueGrants(road);
  await warnOfEnds(road);
  await lapseRequests(road);
  await remindApprovers(road);
  await sealAudit(road.db);
}

async function endDueGrants(road: Road): Promise<void> {
  for (const grant of await grantsDueToEnd(road.db, await databaseNow(road.db), BATCH))
    await commit(
      road.db,
      async (unit) => {
        const change = await unit.change(grant.changeId);
        const events = change === null ? null : await endGrant(unit, change, 'expiry', null);
        return { result: null, events: events ?? [] };
      },
      road.nudge,
    );
}

async function warnOfEnds(road: Road): Promise<void> {
  for (const grant of await grantsDueToWarn(road.db, await databaseNow(road.db), BATCH))
    await commit(
      road.db,
      async (unit) => {
        const change = await unit.change(grant.changeId);
        if (
          change === null ||
          change.endingWarnedAt !== null ||
          nextState(change.state, 'endingWarned') === null
        )
          return { result: null };
        const event: ChangeEvent = {
          type: 'endingWarned',
          changeId: change.id,
          at: unit.now,
          actor: { part: 'latchkey' },
          endsAt: grant.endsAt,
        };
        return { result: null, events: [event] };
      },
      road.nudge,
    );
}

async function lapseRequests(road: Road): Promise<void> {
  const due = await road.db
    .selectFrom('changes')
    .select('id')
    .where('state', '=', 'asking')
    .where('lapses_at', '<=', await databaseNow(road.db))
    .limit(BATCH)
    .execute();
  for (const { id } of due)
    await commit(
      road.db,
      async (unit) => {
        const change = await unit.change(id);
        return { result: null, events: change === null ? [] : lapse(change, unit.now) };
      },
      road.nudge,
    );
}

async function remindApprovers(road: Road): Promise<void> {
  const now = await databaseNow(road.db);
  const since = new Date(now.getTime() - road.catalogue.current().remindSeconds * 1_000);
  const due = await road.db
    .selectFrom('changes')
    .select('id')
    .where('state', '=', 'asking')
    .where('requested_at', '<=', since)
    .where((eb) => eb(eb.ref('doc', '->>').key('remindedAt'), 'is', null))
    .limit(BATCH)
    .execute();
  for (const { id } of due)
    await commit(
      road.db,
      async (unit) => {
        const change = await unit.change(id);
        if (change === null || change.state !== 'asking' || change.remindedAt !== null)
          return { result: null };
        return {
          result: null,
          events: [
            { type: 'approversReminded', changeId: change.id, at: unit.now, actor: { part: 'latchkey' } },
          ],
        };
      },
      road.nudge,
    );
}
