import type { ChangeEvent } from '../../core/change/events.ts';
import { isUnderway } from '../../core/change/states.ts';
import type { ChangeId, PersonId } from '../../core/ids.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import { type By, countsAsLeft, type Offboarding, restsOnAWord } from '../../core/offboarding/offboarding.ts';
import { isRefusal, type Refusal, refuse } from '../../core/refusal.ts';
import { readChange } from '../../store/changes.ts';
import { latestOffboarding, leaverCase } from '../../store/offboardings.ts';
import type { Person } from '../../store/people.ts';
import { commit, type Unit } from '../kernel/commit.ts';
import type { Context, Data } from '../kernel/context.ts';
import { everyTeam } from '../membership/ready-targets.ts';
import { freshPerson } from '../people/identify.ts';
import { settledByNow } from './applications.ts';
import { at } from './case.ts';

const nothingMore = 'Nothing more to do; the card shows what happened.';

/**
 * Takes back an admin's word that somebody has left. Access that was removed stays removed, and can be asked for again.
 * A removal that the IdP has not been told of yet is stopped. The membership that stays is checked like
 * everything that nobody asked for. Waits for a look at the case that is under way. The caller has looked up whether
 * the clicker may.
 */
export async function cancelOffboarding(
  context: Context,
  offboarding: Offboarding,
  by: By,
  reason: string,
): Promise<Refusal | null> {
  const person = await freshPerson(context, offboarding.personId);
  if (person === null || person.status === 'deprovisioned')
    return refuse(
      'inactiveInIdp',
      'The identity provider says that they have left, too: their account there is off.',
      'Reactivate it there; that ends the case, and its card offers to restore what had ended.',
    );
  return await context.locks.withLock(`advanceOffboarding:${offboarding.id}`, async () => {
    const settled = await settledByNow(context, offboarding.id, person);
    const revokes = await unwritten(context, offboarding);
    // An apply that runs now has written, or has not begun.
    return await underLocks(
      context,
      revokes.map(({ groupId }) => `pair:${person.id}:${groupId}`),
      () =>
        commit<Refusal | null>(
          context.db,
          async (unit) => {
            const locked = await unit.offboarding(offboarding.id);
            const refused = await whyNot(unit, locked, person, by);
            if (isRefusal(refused)) return { result: refused };
            if (locked === null || refused === 'done') return { result: null };
            const { events, jobs } = await stop(unit, revokes, by);
            return {
              result: null,
              jobs: [...jobs, ...everyTeam(context, person)],
              events: [
                ...events,
                ...settled.map((one) => ({ ...one, ...at(unit, locked.id, null) })),
                {
                  type: 'offboardingCancelled',
                  ...at(unit, locked.id, by),
                  by,
                  reason,
                  stopped: events.map((event) => event.changeId),
                },
              ],
            };
          },
          context.nudge,
        ),
    );
  });
}

/** What can be taken back: an admin's word that still counts. `done`: this clicker has taken it back already. */
async function whyNot(
  unit: Unit,
  locked: Offboarding | null,
  { id, name }: Person,
  by: By,
): Promise<Refusal | 'done' | null> {
  if (locked === null) return 'done';
  if (locked.cancelled !== null)
    return locked.cancelled.by.id === by.id
      ? 'done'
      : refuse('alreadySettled', `${locked.cancelled.by.name} took it back already.`, nothingMore);
  const current = await leaverCase(unit.tx, id);
  if (countsAsLeft(locked) && current?.id === locked.id)
    return restsOnAWord(locked)
      ? null
      : refuse(
          'notEligible',
          `The identity provider said that ${name} has left, so nobody can take it back here.`,
          'Reactivate the account there; that ends the case.',
        );
  return refuse(
    'alreadySettled',
    `This offboarding of ${name} is over, so there is nothing to take back.`,
    nothingMore,
  );
}

/** The newest case that can be taken back, or the newest there is, which says why not; null: there was never one. */
export async function caseToCancel(context: Data, personId: PersonId): Promise<Offboarding | null> {
  return (await leaverCase(context.db, personId)) ?? (await latestOffboarding(context.db, personId));
}

type Unwritten = { id: ChangeId; groupId: string; idp: string };

/** Revokes of the case that the IdP has not been told of yet, by group. */
async function unwritten(context: Data, { revokes }: Offboarding): Promise<Unwritten[]> {
  const found: Unwritten[] = [];
  for (const id of revokes) {
    const change = await readChange(context.db, id);
    if (
      change !== null &&
      change.target !== null &&
      isUnderway(change.state) &&
      change.legs.idpWrittenAt === null
    )
      found.push({ id: change.id, groupId: change.target.groupId, idp: change.target.idp });
  }
  return found.sort((a, b) => a.groupId.localeCompare(b.groupId));
}

async function stop(
  unit: Unit,
  revokes: readonly Unwritten[],
  by: By,
): Promise<{ events: ChangeEvent[]; jobs: Job[] }> {
  const events: ChangeEvent[] = [];
  const jobs: Job[] = [];
  for (const { id, groupId, idp } of revokes) {
    const change = await unit.change(id);
    if (change === null || !isUnderway(change.state) || change.legs.idpWrittenAt !== null) continue;
    events.push({
      type: 'changeOvertaken',
      changeId: change.id,
      at: unit.now,
      actor: { person: by.id, name: by.name },
      why: `${by.name} took the offboarding back before it was written`,
      stoppedBy: by.name,
    });
    jobs.push({ job: 'checkMembership', personId: change.personId, groupId, idp });
  }
  return { events, jobs };
}

async function underLocks<T>(context: Data, names: readonly string[], work: () => Promise<T>): Promise<T> {
  const [first, ...rest] = [...new Set(names)];
  if (first === undefined) return await work();
  return await context.locks.withLock(first, () => underLocks(context, rest, work));
}
