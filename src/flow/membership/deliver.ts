import type { ChangeEvent } from '../../core/change/events.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import { underwayIds } from '../../store/changes.ts';
import { commit } from '../kernel/commit.ts';
import { type Context, type Data, done, type Ran, type Runtime } from '../kernel/context.ts';
import { anypointUsers } from './anypoint-users.ts';
import { isLeftToConnector } from './carried-elsewhere.ts';
import { confirmedPerson, desiredTeamMembership } from './wanted-in-team.ts';

/**
 * The bridge: makes this person-and-team true in Anypoint as the IdP told it by SCIM. Computed when it runs, so
 * a stale, doubled or reordered job is harmless; one run per pair at a time.
 */
export async function deliverToTeam(
  context: Context,
  job: Extract<Job, { job: 'deliverToTeam' }>,
): Promise<Ran> {
  const { personId, teamId } = job;
  return await context.locks.withLock(`team:${personId}:${teamId}`, async () => {
    // A person whom the IdP does not know by an id of its own is given nothing, and loses nothing.
    const confirmed = await confirmedPerson(context, personId);
    if (confirmed === null) return done;
    const { person, identities } = confirmed;
    let desired = await desiredTeamMembership(context, person, teamId, identities);
    if (desired === 'as it is') return done;
    const users = await anypointUsers(context, person);
    // A person whom we did not know by this user may have been in the team before Latchkey.
    if (desired === 'out' && users.isNewlyNoted)
      desired = await desiredTeamMembership(context, person, teamId);
    if (desired === 'as it is') return done;
    if (desired === 'out' && (await isLeftToConnector(context, job))) return done;
    if (desired === 'in') {
      // Not in Anypoint yet, or not clear who of several: nothing to deliver to, which verify says on the card.
      if (users.current === null) return await lookAgain(context, job);
      // Written whatever reading says: what Anypoint shows can be behind, and both writes are idempotent.
      await context.mulesoft.addMember(teamId, users.current.id);
    } else
      for (const userId of users.all) {
        // A maintainer was made so by hand; that is never taken away silently. Verify says so.
        const membership = await context.mulesoft.readMembership(teamId, userId);
        if (membership?.membershipType !== 'maintainer') await context.mulesoft.removeMember(teamId, userId);
      }
    await note(context, job, desired);
    return done;
  });
}

async function lookAgain(context: Data & Runtime, job: { personId: string; teamId: string }): Promise<Ran> {
  const ids = await underwayIds(context.db, job);
  const jobs = ids.map((changeId): Job => ({ job: 'verifyInAnypoint', changeId }));
  if (jobs.length > 0) await commit(context.db, async () => ({ result: null, jobs }), context.nudge);
  return done;
}

async function note(
  context: Data & Runtime,
  job: { personId: string; teamId: string },
  desired: 'in' | 'out',
): Promise<void> {
  const { personId, teamId } = job;
  await commit(
    context.db,
    async (unit) => {
      const events: ChangeEvent[] = [];
      for (const change of unit.underway) {
        if (change.legs.deliveredAt !== null) continue;
        if ((change.kind === 'grant') !== (desired === 'in')) continue;
        events.push({
          type: 'delivered',
          changeId: change.id,
          at: unit.now,
          actor: { part: 'latchkey' },
          wrote: desired === 'in' ? 'added' : 'removed',
        });
      }
      return { result: null, events };
    },
    context.nudge,
    { underway: [{ personId, teamId }] },
  );
}
