import type { Change } from '../../core/change/change.ts';
import type { ChangeEvent } from '../../core/change/events.ts';
import { rungInWords } from '../../core/change/stage-opened.ts';
import { counted } from '../../core/change/step-up.ts';
import type { EscalationRung } from '../../core/policy/catalogue.ts';
import { clockOfStage, ladderStep, remindersDue, type Silent } from '../../core/policy/ladder.ts';
import { type Approver, distinct, isStranded, openStage, peopleOfStage } from '../../core/policy/routing.ts';
import { readChange, requestsToLookAt } from '../../store/changes.ts';
import { lookAgainAt } from '../../store/changes-held.ts';
import { commit } from '../kernel/commit.ts';
import type { Context } from '../kernel/context.ts';
import { opensFor } from './working-hours.ts';
import { zonesOf } from './zones.ts';

/** A catalogue that changes meanwhile is noticed so soon, in milliseconds. */
const LOOK_AGAIN_MS = 600_000;

/**
 * The things that time brings to a request that waits: reminders in its approvers' own working hours, a warning, the
 * next rung of the ladder. Looked at again when the next of it is due.
 */
export async function attendToApprovers(context: Context, now: Date, batch: number): Promise<void> {
  for (const id of await requestsToLookAt(context.db, now, batch))
    try {
      await attendTo(context, id);
    } catch (error) {
      // One that can't be attended to now holds up none of the others.
      context.log.error({ err: (error as Error).message, change: id }, 'approvers not attended to');
    }
}

async function attendTo(context: Context, id: string): Promise<void> {
  const seen = await readChange(context.db, id);
  const silent = seen === null ? [] : silentIn(seen);
  const zones = await zonesOf(
    context,
    silent.map((person) => person.id),
  );
  await commit(
    context.db,
    async (unit) => {
      const change = await unit.change(id);
      if (change === null || change.state !== 'asking') return { result: null };
      const { events, nextAt } = dueFor(context, change, zones, unit.now);
      if (events.length > 0) return { result: null, events };
      const latest = new Date(unit.now.getTime() + LOOK_AGAIN_MS);
      await lookAgainAt(unit.tx, id, nextAt === null || nextAt > latest ? latest : nextAt);
      return { result: null };
    },
    context.nudge,
  );
}

/** Pure: what is due, and if nothing is, when something will be; null: never. */
function dueFor(
  context: Pick<Context, 'catalogue'>,
  change: Change,
  zones: ReadonlyMap<string, string | null>,
  now: Date,
): { events: ChangeEvent[]; nextAt: Date | null } {
  const { remindSeconds, workingHours } = context.catalogue.current();
  const ladder = context.catalogue.entitlement(change.entitlementKey)?.escalation ?? [];
  const clock = change.clock ?? clockOfStage(0, change.requestedAt);
  const opens = opensFor(workingHours, zones);
  const step = ladderStep(clock, ladder, change.lapsesAt, now);
  const reminders = remindersDue(clock, silentIn(change), { remindSeconds, opens }, now);
  const base = { changeId: change.id, at: now, actor: { part: 'latchkey' } } as const;
  if (step?.do === 'climb') return { events: [{ ...base, ...climbed(ladder, step.rung) }], nextAt: null };
  const events: ChangeEvent[] = [];
  if (step?.do === 'warn') {
    const next = step.rung === null ? null : rungInWords(step.rung);
    events.push({ ...base, type: 'approversWarned', nextAt: step.nextAt, next });
  }
  if (reminders.isDue) events.push({ ...base, type: 'approversReminded', people: reminders.people });
  const times = [step?.do === 'wait' ? step.at : null, reminders.nextAt].filter((at) => at !== null);
  return {
    events,
    nextAt: times.length === 0 ? null : new Date(Math.min(...times.map((at) => at.getTime()))),
  };
}

function climbed(ladder: readonly EscalationRung[], rung: number) {
  return {
    type: 'approversEscalated',
    rung,
    why: 'noAnswer',
    to: rungInWords(ladder[rung - 1]),
  } as const;
}

/** Who is asked in the stage that waits and has not answered. Whoever is not mentioned on the card is not reminded. */
function silentIn({ plan, approvals, verdict }: Change): Silent[] {
  if (plan === null || isStranded(plan)) return [];
  const given = counted(approvals, verdict ?? {});
  const { stage } = openStage(plan, given);
  const answered = new Set(given.map(({ by }) => by));
  const { first, others } = peopleOfStage(stage);
  const ofRung = new Set(distinct(stage.rungs?.slice(-1) ?? []).map(({ id }) => id));
  const waitsFor = (people: readonly Approver[]) => people.filter(({ id }) => !answered.has(id));
  const silent = waitsFor(first);
  return (silent.length > 0 ? silent : waitsFor(others)).map(({ id, name }) => ({
    id,
    name,
    isOfRung: ofRung.has(id),
  }));
}
