import { randomUUID } from 'node:crypto';
import {
  type AlarmTurn,
  advance,
  alarmTurn,
  beginRound,
  type CanaryRun,
  isRoundDue,
  withRevoke,
} from '../../core/canary/canary.ts';
import type { Change } from '../../core/change/change.ts';
import type { ChangeEvent } from '../../core/change/events.ts';
import type { ChangeId, GrantId } from '../../core/ids.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import { isInBaseline } from '../../store/baseline.ts';
import {
  type CanaryAlarm,
  judgedRuns,
  lastRun,
  lockRun,
  openAlarm,
  writeAlarm,
  writeRun,
} from '../../store/canary.ts';
import { readChange } from '../../store/changes.ts';
import { personByLink, rememberPerson } from '../../store/people.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import type { CanaryStatus } from '../catalogue/canary-status.ts';
import { commit, type Note, noteByLatchkey, type Unit } from '../kernel/commit.ts';
import type { Context, Data, Parties, Runtime } from '../kernel/context.ts';
import { endGrant } from '../membership/end-grants.ts';

/**
 * The canary: a person is added to a group and taken out of it again and again, by the one road. The trip to MuleSoft
 * and back is timed. Does what is due now, by stored state alone; to be run by one process at a time.
 */
export async function canaryOnce(context: Context): Promise<void> {
  const { canary } = context.catalogue.current();
  const last = await lastRun(context.db);
  // A round that was begun is brought to its end, also when the canary has left the catalogue.
  if (last !== null && last.state !== 'over') return await goOn(context, last);
  if (canary === null) return await closeAlarm(context);
  if (!isRoundDue(last, canary.everySeconds, await databaseNow(context.db))) return;
  if ((await canaryStatusText(context)).status !== 'ready') return;
  // The person may have left since the last round.
  const status = await context.catalogue.checkCanary();
  if (status.status === 'ready') await begin(context, status);
}

/** Whether the canary can make its rounds: as the catalogue was checked, and nothing in its way. */
export async function canaryStatusText(context: Data & Parties): Promise<CanaryStatus> {
  const status = context.catalogue.canary();
  if (status.status !== 'ready') return status;
  const person = await personByLink(context.db, status.target.idp, status.person.id);
  const { groupId, groupName } = status.target;
  if (person === null || !(await isInBaseline(context.db, { personId: person.id, groupId }))) return status;
  const why = `${person.name} was in the group ${groupName} before Latchkey: take them out of it once`;
  return { status: 'refused', why };
}

async function begin(
  context: Context,
  { person, target }: CanaryStatus & { status: 'ready' },
): Promise<void> {
  const { canary } = context.catalogue.current();
  const entitlement = canary === null ? null : context.catalogue.entitlement(canary.entitlement);
  if (entitlement === null) return;
  const { id: personId } = await rememberPerson(context.db, target.idp, person);
  await commit(
    context.db,
    async (unit) => {
      const { run, events } = beginRound({
        runId: randomUUID(),
        changeId: randomUUID() as ChangeId,
        grantId: randomUUID() as GrantId,
        personId,
        entitlement,
        target,
        objectiveMs: context.objectiveMs,
        now: unit.now,
      });
      await writeRun(unit.tx, run);
      return { result: null, events };
    },
    context.nudge,
  );
}

async function goOn(context: Data & Runtime, seen: CanaryRun): Promise<void> {
  const { grant, revoke } = await changesOf(seen, (id) => readChange(context.db, id));
  if (grant === null || advance(seen, grant, revoke, await databaseNow(context.db)) === null) return;
  await commit(
    context.db,
    async (unit) => {
      const run = await lockRun(unit.tx, seen.id);
      if (run === null) return { result: null };
      const locked = await changesOf(run, (id) => unit.change(id));
      const step = locked.grant === null ? null : advance(run, locked.grant, locked.revoke, unit.now);
      if (step === null || locked.grant === null) return { result: null };
      const events = step.endGrant ? ((await endGrant(unit, locked.grant, 'canary', null)) ?? []) : [];
      const next = step.endGrant ? withRevoke(step.run, revokeIn(events), unit.now) : step.run;
      await writeRun(unit.tx, next);
      const { notes, jobs } = next.result === run.result ? { notes: [], jobs: [] } : await judged(unit, next);
      return { result: null, events, notes, jobs };
    },
    context.nudge,
  );
}

async function changesOf(
  run: CanaryRun,
  read: (id: string) => Promise<Change | null>,
): Promise<{ grant: Change | null; revoke: Change | null }> {
  const grant = await read(run.grantChangeId);
  return { grant, revoke: run.revokeChangeId === null ? null : await read(run.revokeChangeId) };
}

function revokeIn(events: readonly ChangeEvent[]): ChangeId | null {
  const ended = events.find((event) => event.type === 'grantEnded');
  return ended === undefined ? null : ended.revokeId;
}

type Following = { notes: Note[]; jobs: Job[] };

/** What follows from a round's result. */
async function judged(unit: Unit, run: CanaryRun): Promise<Following> {
  const [before] = await judgedRuns(unit.tx, { before: run.startedAt, limit: 1 });
  const open = await openAlarm(unit.tx);
  const turn = alarmTurn(run.result, before?.result ?? null, open !== null);
  const following = await turned(unit, turn, open, before?.startedAt ?? run.startedAt);
  if (run.result !== 'miss') return following;
  return { ...following, notes: [noted(unit, 'canaryMissed', run), ...following.notes] };
}

async function turned(
  unit: Unit,
  turn: AlarmTurn,
  open: CanaryAlarm | null,
  since: Date,
): Promise<Following> {
  if (turn === 'none') return { notes: [], jobs: [] };
  const alarm: CanaryAlarm =
    open === null
      ? { id: randomUUID(), since, raisedAt: unit.now, clearedAt: null }
      : { ...open, clearedAt: turn === 'clear' ? unit.now : null };
  await writeAlarm(unit.tx, alarm);
  const jobs: Job[] = [{ job: 'updateCard', about: 'canary', id: alarm.id }];
  if (turn === 'raise') return { notes: [noted(unit, 'canaryAlarmRaised', alarm)], jobs };
  return { notes: turn === 'clear' ? [noted(unit, 'canaryAlarmCleared', alarm)] : [], jobs };
}

/** There are no rounds any more that could clear it. */
async function closeAlarm(context: Data & Runtime): Promise<void> {
  if ((await openAlarm(context.db)) === null) return;
  await commit(
    context.db,
    async (unit) => {
      const open = await openAlarm(unit.tx);
      if (open === null) return { result: null };
      return { result: null, ...(await turned(unit, 'clear', open, open.since)) };
    },
    context.nudge,
  );
}

function noted(unit: Unit, type: Note['type'], run: CanaryRun | CanaryAlarm): Note {
  return noteByLatchkey(unit, type, { ...run });
}
