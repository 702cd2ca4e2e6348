import type { Job } from '../../core/jobs/reactions.ts';
import { birthrightsOf } from '../../core/joiner-mover/birthright.ts';
import { hasAppNow, isGone, type Standing, type Turn, turnsOf } from '../../core/people/person-snapshot.ts';
import { askingIds } from '../../store/changes.ts';
import { wasDeletedByScim } from '../../store/observed.ts';
import { identityOf, type Person, readPerson, rememberPerson } from '../../store/people.ts';
import { scimStanding } from '../../store/scim-mirror.ts';
import { readStanding, writeStanding } from '../../store/standings.ts';
import { commit, type Following, together, type Unit } from '../kernel/commit.ts';
import { done, type Ran, type Road } from '../kernel/context.ts';
import { readById, scimIdentity } from '../membership/wanted-in-team.ts';
import { returned, startOffboarding } from '../offboarding/case.ts';
import { standInFor } from '../people/reused-account.ts';
import { type OutsideFacts, outsideFacts } from '../request/request-facts.ts';
import { birthrightsAtTurn } from './birthright.ts';
import { refit } from './recheck-grants.ts';

/**
 * Looks at a person anew: the IdP is read, whatever a voice told, and what has changed since they were last acted on
 * is acted on. Safe to run twice: the second finds nothing new.
 */
export async function regard(road: Road, job: Extract<Job, { job: 'regard' }>): Promise<Ran> {
  return await road.locks.withLock(`person:${job.personId}`, async () => {
    const identity = await identityOf(road.db, job.personId, road.idp.name);
    if (identity === null) return done;
    const inIdp = await readById(road, identity);
    const known = await readPerson(road.db, job.personId);
    const person = inIdp === null ? known : await rememberPerson(road.db, road.idp.name, inIdp);
    if (person === null) return done;
    const hasApp = await hasAppByScim(road, person);
    const standIn =
      inIdp === null ? await standInFor(road, person, hasApp === true && (await wasOff(road, person))) : null;
    // An id that only a push gave, and that the IdP does not know: nobody has left who was never there.
    if (inIdp === null && standIn === null && identity.isHearsay) {
      road.log.warn(
        { person: person.id },
        'a push names somebody whom the IdP does not know: nothing follows',
      );
      return done;
    }
    const now: Standing = {
      status: inIdp === null ? 'deleted' : inIdp.status,
      department: person.department,
      manager: person.manager,
    };
    const getsByRule = birthrightsOf(road.catalogue.current(), person.department).length > 0;
    const outside = getsByRule ? await outsideFacts(road, road.db, person, { askerId: null }) : {};
    await commit(
      road.db,
      async (unit) => {
        if (standIn !== null) {
          await writeStanding(unit.tx, person.id, now, hasApp ?? true);
          return { result: null, jobs: [{ job: 'regard', personId: standIn.id }] };
        }
        const before = await readStanding(unit.tx, person.id);
        const from = before === null ? (known?.department ?? null) : before.department;
        const following: Following[] = [];
        // Back after having been away, their word counts again: it may be the one that was missing.
        if (now.status === 'active' && before?.status !== 'active')
          for (const changeId of await askingIds(unit.tx, person.id))
            following.push({ jobs: [{ job: 'consider', changeId }] });
        for (const turn of turnsOf(before, now, hasApp))
          following.push(
            await follow(road, unit, { person, from, isDeleted: inIdp === null, outside }, turn),
          );
        // Of whom it is not known whether they have the app, nothing is written: they are looked at once that is told.
        const had = hasAppNow(before, hasApp) ?? (isGone(now) ? true : null);
        if (had !== null) await writeStanding(unit.tx, person.id, now, had);
        return { result: null, ...together(following) };
      },
      road.nudge,
    );
    return done;
  });
}

/**
 * Whether they have the app, as far as the IdP has pushed: null where that says nothing. Of whom nothing was ever
 * pushed there is nothing to lose: they arrive like anybody. Whom it has deleted by SCIM has lost the app.
 */
async function hasAppByScim(road: Road, person: Person): Promise<boolean | null> {
  const scim = await scimStanding(road.db, await scimIdentity(road, person), []);
  if (scim.isSwitchedOff !== null) return !scim.isSwitchedOff;
  if (scim.isByAnothersOnly) return null;
  if (await wasDeletedByScim(road.db, person.id, road.idp.name)) return false;
  return (await readStanding(road.db, person.id)) === null ? true : null;
}

/** Off when last looked at: who is on again since the IdP has deleted them is whoever goes by their login now. */
async function wasOff(road: Road, person: Person): Promise<boolean> {
  return (await readStanding(road.db, person.id))?.hadApp === false;
}

type Regarded = {
  person: Person;
  /** The department that they were last known to be in. */
  from: string | null;
  isDeleted: boolean;
  outside: OutsideFacts;
};

async function follow(
  road: Road,
  unit: Unit,
  { person, from, isDeleted, outside }: Regarded,
  turn: Turn,
): Promise<Following> {
  switch (turn) {
    case 'left':
      return await startOffboarding(road, unit, person, {
        cause: isDeleted ? 'deleted' : 'deprovisioned',
        by: null,
        reason: null,
      });
    case 'lostApp':
      return await startOffboarding(road, unit, person, { cause: 'lostApp', by: null, reason: null });
    case 'suspended':
      return { jobs: everyTeam(road, person) };
    case 'returned':
      return { ...(await returned(unit, person.id)), jobs: everyTeam(road, person) };
    case 'arrived':
    case 'moved':
      return {
        ...(await birthrightsAtTurn(road, unit, person, outside)),
        // Somebody looked at for the first time may hold what was granted where they were before.
        massChangeEvents: await refit(
          road,
          unit,
          person,
          turn === 'arrived' && from === person.department ? null : from,
        ),
      };
    default:
      return turn satisfies never;
  }
}

/** Every team that Latchkey manages, made true for this person. */
export function everyTeam(road: Road, person: Pick<Person, 'id'>): Job[] {
  const teams = new Set(road.catalogue.targets().map((target) => target.teamId));
  return [...teams].map((teamId) => ({ job: 'deliver', personId: person.id, teamId }));
}
