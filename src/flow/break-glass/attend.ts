import { reviewDueAt } from '../../core/break-glass/break-glass.ts';
import { overdueReview } from '../../core/break-glass/overdue.ts';
import { rungInWords } from '../../core/change/stage-opened.ts';
import { readChange } from '../../store/changes.ts';
import { emergenciesToLookAt, lockEmergency, noteOverdue, readEmergency } from '../../store/emergencies.ts';
import { commit, type Note } from '../kernel/commit.ts';
import type { Context } from '../kernel/context.ts';
import { opensFor } from '../request/working-hours.ts';
import { zonesOf } from '../request/zones.ts';
import { owedBy } from './owed.ts';

/** Who owes a review may be others meanwhile; that is noticed so soon, in milliseconds. */
const LOOK_AGAIN_MS = 3_600_000;
/** After a look that failed, for the directory may be away, in milliseconds. */
const TRY_AGAIN_MS = 60_000;

/**
 * Emergencies that nobody has reviewed in time: those who owe the review are reminded in their own working hours, and
 * the ladder is climbed as for a request. Looked at again when the next of it is due. `now`: by the database's clock.
 */
export async function attendToEmergencies(context: Context, now: Date, batch: number): Promise<void> {
  for (const id of await emergenciesToLookAt(context.db, now, batch))
    try {
      await attendTo(context, id, now);
    } catch (error) {
      // One that can't be attended to now holds up none of the others.
      context.log.error({ err: (error as Error).message, change: id }, 'overdue review not attended to');
      const lookAt = new Date(now.getTime() + TRY_AGAIN_MS);
      await commit(
        context.db,
        async (unit) => ({ result: await noteOverdue(unit.tx, id, { clock: null, lookAt }) }),
        context.nudge,
      );
    }
}

async function attendTo(context: Context, id: string, at: Date): Promise<void> {
  const [change, seen] = await Promise.all([readChange(context.db, id), readEmergency(context.db, id)]);
  if (change === null || seen === null) return;
  const dueAt = reviewDueAt(seen.openedAt);
  // Until then nobody has to be looked up.
  const owed = at < dueAt ? { people: [], ofRung: new Set() } : await owedBy(context, change, seen.clock);
  const zones = await zonesOf(
    context,
    owed.people.map((person) => person.id),
  );
  const { remindSeconds, workingHours } = context.catalogue.current();
  const ladder = context.catalogue.entitlement(change.entitlementKey)?.escalation ?? [];
  await commit(
    context.db,
    async (unit) => {
      const locked = await unit.change(id);
      const emergency = await lockEmergency(unit.tx, id);
      if (locked === null || emergency === null || emergency.review !== null) return { result: null };
      const silent = owed.people.map((p) => ({ id: p.id, name: p.name, isOfRung: owed.ofRung.has(p.id) }));
      const step = overdueReview(
        { clock: emergency.clock, dueAt, silent },
        { ladder, remindSeconds, opens: opensFor(workingHours, zones), rungInWords },
        at,
      );
      const latest = new Date(at.getTime() + LOOK_AGAIN_MS);
      const lookAt = step.nextAt === null || (at >= dueAt && step.nextAt > latest) ? latest : step.nextAt;
      await noteOverdue(unit.tx, id, { clock: step.clock, lookAt });
      if (step.clock === null) return { result: null };
      const note: Note = {
        type: 'emergencyReviewOverdue',
        changeId: id,
        at: unit.now,
        actor: { part: 'latchkey' },
        data: {
          climbed: step.climbed === null ? null : (step.clock.climbed?.to ?? ''),
          people: step.reminded.map(({ name }) => name),
        },
      };
      return { result: null, notes: [note], jobs: [{ job: 'updateCard', about: 'emergency', id }] };
    },
    context.nudge,
  );
}
