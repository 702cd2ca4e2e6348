import { type Change, type ChangeEvent, isUnderway, type Leg } from '../core/change.ts';
import { isDesired } from '../core/desired.ts';
import { Fault } from '../core/fault.ts';
import type { Job } from '../core/reactions.ts';
import { readChange } from '../store/changes.ts';
import { databaseNow } from '../store/clock.ts';
import { unendedGrants } from '../store/grants.ts';
import { readPerson } from '../store/people.ts';
import { commit } from './commit.ts';
import { anypointUser, desiredTeamMembership, isTeamGivenByScim } from './membership.ts';
import { done, type Ran, type Road } from './road.ts';

/** What one look found: it agrees, it can't yet be because of a leg, or it was overtaken. */
type Look =
  | { found: 'agrees'; note: string | null }
  | { found: 'overtaken'; why: string }
  | { found: 'waiting'; leg: Leg; why: string; redeliver: boolean };

/**
 * Looks into Anypoint until it agrees with what is desired now; past the objective raises the alarm that names
 * the stuck leg, and keeps watching. The row in the outbox stays open, and so survives everything, until the
 * change is seen or overtaken.
 */
export async function verify(road: Road, job: Extract<Job, { job: 'verify' }>): Promise<Ran> {
  const change = await readChange(road.db, job.changeId);
  if (change === null || !isUnderway(change.state) || change.target === null) return done;
  let look: Look;
  try {
    look = await lookOnce(road, change, change.target);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    // Not being able to look is not "not there": the alarm says which, and the look is repeated.
    const wasLate = await noteWaiting(road, change, {
      leg: 'delivery',
      why: `Anypoint can’t be read (${error.code})`,
    });
    if (wasLate) return { againInMs: error.retryAfterMs ?? nextLookMs(change, await databaseNow(road.db)) };
    throw error;
  }
  switch (look.found) {
    case 'agrees': {
      const { note } = look;
      await record(road, change, (base) => ({ ...base, type: 'changeSeen', note }));
      return done;
    }
    case 'overtaken': {
      const { why } = look;
      await record(road, change, (base) => ({ ...base, type: 'changeOvertaken', why }));
      return done;
    }
    case 'waiting': {
      await noteWaiting(road, change, look);
      if (look.redeliver)
        await owe(road, { job: 'deliver', personId: change.personId, teamId: change.target.teamId });
      return { againInMs: nextLookMs(change, await databaseNow(road.db)) };
    }
    default:
      return look satisfies never;
  }
}

async function lookOnce(road: Road, change: Change, target: NonNullable<Change['target']>): Promise<Look> {
  const wants = change.kind === 'grant';
  const grants = await unendedGrants(road.db, { personId: change.personId, groupId: target.groupId });
  if (isDesired(grants, await databaseNow(road.db)) !== wants)
    return {
      found: 'overtaken',
      why: wants ? 'the access ended before it arrived' : 'the person was given this access again meanwhile',
    };
  if (change.legs.idpWrittenAt === null)
    return {
      found: 'waiting',
      leg: 'idpWrite',
      why: `${road.idp.name} has not taken the change to ${target.groupName}`,
      redeliver: false,
    };
  const person = await readPerson(road.db, change.personId);
  if (person === null) return { found: 'overtaken', why: 'the person is no longer known' };

  const user = await anypointUser(road, person);
  if (user === null)
    return wants
      ? {
          found: 'waiting',
          leg: 'signIn',
          why: `${person.name} has never signed in to Anypoint`,
          redeliver: false,
        }
      : { found: 'agrees', note: 'no Anypoint user exists' };
  const membership = await road.mulesoft.readMembership(target.teamId, user.id);
  const saidByScim = await isTeamGivenByScim(road, person, target.teamId);
  // For a removal, a team that another mapped group still gives is as it should be.
  const isWantedInTeam = wants || (await desiredTeamMembership(road, person, target.teamId)) !== 'out';
  if (wants && membership !== null && user.enabled) return { found: 'agrees', note: null };
  if (!wants && membership === null) return { found: 'agrees', note: null };
  if (!wants && isWantedInTeam && change.legs.scimPushedAt !== null)
    return { found: 'agrees', note: 'another group still gives this team' };
  if (wants && membership !== null && !user.enabled)
    return {
      found: 'waiting',
      leg: 'signIn',
      why: `the Anypoint user ${user.username} is disabled`,
      redeliver: false,
    };
  if (saidByScim !== wants)
    return {
      found: 'waiting',
      leg: 'scimPush',
      why: `${road.idp.name} has not pushed ${target.groupName} by SCIM`,
      redeliver: false,
    };
  if (membership?.isAssignedViaExternalGroups === true)
    return {
      found: 'waiting',
      leg: 'delivery',
      why: 'the membership comes from a group claim at sign-in, so a direct removal does not stick',
      redeliver: false,
    };
  const isDeliveryQuiet =
    change.legs.deliveredAt === null ||
    ageMs(change.legs.deliveredAt, await databaseNow(road.db)) > REDELIVER_AFTER_MS;
  return {
    found: 'waiting',
    leg: 'delivery',
    why: wants
      ? `Anypoint does not show ${person.name} in the team ${target.teamName}`
      : `Anypoint still shows ${person.name} in the team ${target.teamName}`,
    redeliver: isDeliveryQuiet,
  };
}

/** A delivery that Anypoint accepted but does not show is repeated after this; it reads before it writes. */
const REDELIVER_AFTER_MS = 10_000;

/** Notes a wait worth telling: first sign-in, or the alarm once the objective has passed. Answers whether the change is late. */
async function noteWaiting(road: Road, change: Change, look: { leg: Leg; why: string }): Promise<boolean> {
  const now = await databaseNow(road.db);
  if (look.leg === 'signIn') {
    if (change.state === 'verifying' || change.state === 'late')
      await record(road, change, (base) => ({ ...base, type: 'signInAwaited' }));
    return false;
  }
  if (change.late !== null) return true;
  if (change.state === 'awaitingSignIn' || change.legs.decidedAt === null) return false;
  if (ageMs(change.legs.decidedAt, now) < road.objectiveMs) return false;
  await record(road, change, (base) => ({ ...base, type: 'changeLate', leg: look.leg, why: look.why }));
  return true;
}

type Base = Pick<ChangeEvent, 'changeId' | 'at' | 'actor'>;

/** Records what was found, unless the change moved on since it was read. */
async function record(road: Road, seen: Change, event: (base: Base) => ChangeEvent): Promise<void> {
  await commit(
    road.db,
    async (unit) => {
      const locked = await unit.change(seen.id);
      if (locked === null || locked.state !== seen.state) return { result: null };
      return {
        result: null,
        events: [event({ changeId: locked.id, at: unit.now, actor: { part: 'latchkey' } })],
      };
    },
    road.nudge,
  );
}

async function owe(road: Road, job: Job): Promise<void> {
  await commit(road.db, async () => ({ result: null, jobs: [job] }), road.nudge);
}

/** Often while it should arrive any moment, ever more seldom afterwards; a push or delivery brings a look at once. */
function nextLookMs(change: Change, now: Date): number {
  const age = ageMs(change.legs.decidedAt ?? now, now);
  const sinceDelivery =
    change.legs.deliveredAt === null ? Number.POSITIVE_INFINITY : ageMs(change.legs.deliveredAt, now);
  if (sinceDelivery < 5_000) return 250;
  if (age < 90_000) return 1_000;
  if (age < 600_000) return 5_000;
  return age < 86_400_000 ? 30_000 : 300_000;
}

function ageMs(since: Date, now: Date): number {
  return now.getTime() - since.getTime();
}
