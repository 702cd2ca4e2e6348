import type { ChangeEvent } from '../core/change.ts';
import type { Job } from '../core/reactions.ts';
import { type Standing, type Turn, turnsOf } from '../core/standing.ts';
import { isSwitchedOff } from '../scim/mirror.ts';
import { linkOf, type Person, readPerson, rememberPerson } from '../store/people.ts';
import { readStanding, writeStanding } from '../store/standings.ts';
import { commit, type Unit } from './commit.ts';
import { endAllOf } from './end.ts';
import { scimIdentity } from './membership.ts';
import { done, type Ran, type Road } from './road.ts';

/**
 * Looks at a person anew: the IdP is read, whatever a voice told, and what has changed since they were last acted on
 * is acted on. Safe to run twice: the second finds nothing new.
 */
export async function regard(road: Road, job: Extract<Job, { job: 'regard' }>): Promise<Ran> {
  return await road.locks.withLock(`person:${job.personId}`, async () => {
    const idpId = await linkOf(road.db, job.personId, road.idp.name);
    if (idpId === null) return done;
    const inIdp = await road.idp.readPerson(idpId);
    const person =
      inIdp === null
        ? await readPerson(road.db, job.personId)
        : await rememberPerson(road.db, road.idp.name, inIdp);
    if (person === null) return done;
    const hasApp = !(await isSwitchedOff(road.db, await scimIdentity(road, person)));
    const now: Standing = {
      status: inIdp === null ? 'deleted' : inIdp.status,
      department: person.department,
      manager: person.manager,
    };
    await commit(
      road.db,
      async (unit) => {
        const turns = turnsOf(await readStanding(unit.tx, person.id), now, hasApp);
        const following: { events: ChangeEvent[]; jobs: Job[] } = { events: [], jobs: [] };
        for (const turn of turns) {
          const { events = [], jobs = [] } = await follow(road, unit, person, turn);
          following.events.push(...events);
          following.jobs.push(...jobs);
        }
        await writeStanding(unit.tx, person.id, now, hasApp);
        return { result: null, ...following };
      },
      road.nudge,
    );
    return done;
  });
}

async function follow(
  road: Road,
  unit: Unit,
  person: Person,
  turn: Turn,
): Promise<{ events?: ChangeEvent[]; jobs?: Job[] }> {
  switch (turn) {
    case 'left':
    case 'lostApp':
      return { events: await endAllOf(unit, person.id) };
    case 'suspended':
    case 'returned':
      return { jobs: everyTeam(road, person) };
    case 'arrived':
    case 'moved':
      return {};
    default:
      return turn satisfies never;
  }
}

/** Every team that Latchkey manages, made true for this person. */
function everyTeam(road: Road, person: Person): Job[] {
  const teams = new Set(road.catalogue.targets().map((target) => target.teamId));
  return [...teams].map((teamId) => ({ job: 'deliver', personId: person.id, teamId }));
}
