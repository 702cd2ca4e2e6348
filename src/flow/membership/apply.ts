import type { Change } from '../../core/change/change.ts';
import type { ChangeEvent } from '../../core/change/events.ts';
import { Fault } from '../../core/fault.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import { revokeUnderway } from '../../store/changes.ts';
import { unendedGrants } from '../../store/grants.ts';
import type { Tx } from '../../store/postgres/database.ts';
import { type AtIdp, at } from '../idps/idps.ts';
import { commit } from '../kernel/commit.ts';
import { type Context, type Data, done, type Ran } from '../kernel/context.ts';
import { accountAt } from '../people/accounts.ts';
import { pushToAskFor } from './ask-for-push.ts';
import { isWantedAtOnce, isWantedBy } from './wanted-in-group.ts';

/** Whoever waited longer for the lock looks anew by which account the person is known. */
const ACCOUNT_KNOWN_MS = 200;

/**
 * Makes this person-and-group true in the IdP. The desired membership is computed now from all live grants, and
 * compared with the IdP's answer now. The difference is written. Safe to run twice, late or out of order; one run per
 * pair at a time. A write without an answer is read back before anything is repeated.
 */
export async function applyToIdp(
  everywhere: Context,
  job: Extract<Job, { job: 'applyToIdp' }>,
): Promise<Ran> {
  const { personId, groupId } = job;
  const context = at(everywhere, job);
  const startedAt = performance.now();
  // Looked up while the lock is taken: a click waits for this. A failing read is dealt with where it is awaited.
  const account = accountAt(context, personId);
  account.catch(() => {});
  return await context.locks.withLock(`pair:${personId}:${groupId}`, async () => {
    const isOld = performance.now() - startedAt > ACCOUNT_KNOWN_MS;
    const idpId = await (isOld ? accountAt(context, personId) : account);
    if (idpId === null) {
      await note(context, job, null, {
        code: 'idp.not_found',
        text: `${context.idp.name} does not know the person`,
      });
      return done;
    }
    // Both are looked at side by side, under the lock; a failing read is dealt with where it is awaited.
    const reading = context.idp.isMember(groupId, idpId);
    reading.catch(() => {});
    const { isWanted } = await isWantedAtOnce(context.db, job);
    let wrote: Wrote;
    try {
      wrote = await makeTrue(context, { personId, groupId, idpId }, isWanted, reading);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (!isWanted && error.code === 'idp.not_found') {
        // Gone from the IdP, and with it the membership? One 404 is not believed: the person is looked up.
        if ((await context.idp.readPerson(idpId)) !== null)
          throw new Fault(error.code, error.message, { retryable: true, cause: error });
        wrote = 'already so';
      } else if (error.retryable || error.code === 'idp.unauthorized' || !isWanted) {
        // Taking away is never given up: it is tried on, and verify raises the alarm.
        throw error;
      } else {
        // The IdP says no to a grant and will say no again: a person has to look.
        await note(context, job, null, { code: error.vendorCode ?? error.code, text: error.message });
        return done;
      }
    }
    const stillWanted = await note(context, job, { wrote, isWanted }, null);
    // Somebody decided meanwhile: what was just written is no longer what is wanted.
    return stillWanted === isWanted ? done : { againInMs: 0 };
  });
}

type Wrote = 'added' | 'removed' | 'already so';

async function makeTrue(
  context: Data & AtIdp,
  { personId, groupId, idpId }: { personId: string; groupId: string; idpId: string },
  isWanted: boolean,
  reading: Promise<boolean>,
): Promise<Wrote> {
  if ((await reading) === isWanted) return 'already so';
  // Only a revoke takes away: a membership that nobody decided on is a finding, not Latchkey's to remove.
  if (!isWanted && (await revokeUnderway(context.db, { personId, groupId })) === null) return 'already so';
  try {
    if (isWanted) await context.idp.addMember(groupId, idpId);
    else await context.idp.removeMember(groupId, idpId);
  } catch (error) {
    if (!(error instanceof Fault) || !error.outcomeUnknown) throw error;
    if ((await context.idp.isMember(groupId, idpId)) !== isWanted) throw error;
  }
  return isWanted ? 'added' : 'removed';
}

/** What came of a write; neither: there was nothing to write. */
type Applied = {
  result: { wrote: Wrote; isWanted: boolean } | null;
  failure: { code: string; text: string } | null;
};

/** Tells every change of this pair what came of it. Answers what is desired at that moment. */
async function note(
  context: Context & AtIdp,
  job: { personId: string; groupId: string; idp?: string },
  result: { wrote: Wrote; isWanted: boolean } | null,
  failure: { code: string; text: string } | null,
): Promise<boolean> {
  const { personId, groupId } = job;
  return await commit(
    context.db,
    async (unit, grants) => {
      const events: ChangeEvent[] = [];
      for (const change of unit.underway) {
        if (change.legs.idpWrittenAt !== null) continue;
        const event = eventFor(change, { result, failure }, unit.now, context.idp.system);
        if (event !== null) events.push(event);
      }
      return {
        result: await isWantedBy(grants, unit.tx, job, unit.now),
        events,
        jobs: pushToAskFor(context, job, events),
      };
    },
    context.nudge,
    { underway: [{ personId, groupId }], ahead: (tx: Tx) => unendedGrants(tx, { personId, groupId }) },
  );
}

function eventFor(change: Change, { result, failure }: Applied, at: Date, idp: string): ChangeEvent | null {
  const base = { changeId: change.id, at, actor: { part: idp } } as const;
  if (failure !== null) return { ...base, type: 'applyFailed', ...failure };
  if (result === null) return null;
  const wants = change.kind === 'grant';
  // A grant whose time is over is for the timers to end, with a revoke.
  if (wants && !result.isWanted && change.grant !== null && change.ended === null) return null;
  if (wants !== result.isWanted)
    return {
      ...base,
      type: 'changeOvertaken',
      why: wants ? 'the access ended before it was written' : 'another grant keeps this membership',
    };
  return { ...base, type: 'idpWritten', wrote: result.wrote };
}
