import type { Job } from '../../core/jobs/reactions.ts';
import { birthrightsOf } from '../../core/joiner-mover/birthright.ts';
import {
  hasAppNow,
  isGone,
  type PersonSnapshot,
  type Turn,
  turnsOf,
} from '../../core/people/person-snapshot.ts';
import { askingIds } from '../../store/changes.ts';
import { wasDeletedByScim } from '../../store/observed.ts';
import {
  holdPerson,
  identityOf,
  linkOf,
  type Person,
  readPerson,
  rememberPerson,
} from '../../store/people.ts';
import { readSnapshot, writeSnapshot } from '../../store/person-snapshots.ts';
import { scimStatus } from '../../store/scim-mirror.ts';
import { type AtIdp, atEach } from '../idps/idps.ts';
import { commit, type Following, together, type Unit } from '../kernel/commit.ts';
import { type Context, type Data, done, type Parties, type Ran } from '../kernel/context.ts';
import { everyTeam, readyTargets } from '../membership/ready-targets.ts';
import { scimIdentity } from '../membership/wanted-in-team.ts';
import { returned, startOffboarding } from '../offboarding/case.ts';
import { accountReturned } from '../offboarding/lost-account.ts';
import { endAtIdp, isActiveElsewhere } from '../offboarding/one-account.ts';
import { joinedWithApart } from '../people/accounts.ts';
import { readById } from '../people/read-by-id.ts';
import { successorOf } from '../people/reused-account.ts';
import { type OutsideFacts, outsideFacts } from '../request/request-facts.ts';
import { birthrightsAtTurn, personAt } from './birthright.ts';
import { recheckGrants } from './recheck-grants.ts';

/**
 * Looks at a person anew in one identity provider, or in all: it is read, whatever an event source told. It acts on the
 * changes since they were last acted on. Safe to run twice: the second finds nothing new.
 */
export async function evaluatePerson(
  context: Context,
  job: Extract<Job, { job: 'evaluatePerson' }>,
): Promise<Ran> {
  const { personId } = job;
  // One that is not connected any more says nothing.
  const each = atEach(context).filter(({ idp }) => job.idp === undefined || idp.system === job.idp);
  for (const there of each)
    await context.locks.withLock(personAt(personId, there.idp), () => evaluateAt(there, personId));
  return done;
}

/** The work that looks at a person anew: by itself at each identity provider, so that a slow one delays no other. */
export function evaluations({ idps }: Parties, personId: string): Job[] {
  return idps.all.map(({ system }) => ({ job: 'evaluatePerson', personId, idp: system }));
}

/** As one identity provider has them: what follows concerns its own entitlements, unless no other has them active. */
async function evaluateAt(context: Context & AtIdp, personId: string): Promise<void> {
  const { system } = context.idp;
  const identity = await identityOf(context.db, personId, system);
  if (identity === null) return;
  const inIdp = await readById(context, identity);
  const known = await readPerson(context.db, personId);
  const person = inIdp === null ? known : await rememberPerson(context.db, system, inIdp);
  if (person === null) return;
  const hasApp = await hasAppByScim(context, person);
  const successor =
    inIdp === null
      ? await successorOf(context, person, hasApp === true && (await wasOff(context, person)))
      : null;
  // An id that only a push gave, and that the IdP does not know: nobody has left who was never there.
  if (inIdp === null && successor === null && identity.isUnconfirmed) {
    context.log.warn(
      { person: person.id },
      'a push names somebody whom the IdP does not know: nothing follows',
    );
    return;
  }
  const now: PersonSnapshot = {
    status: inIdp === null ? 'deleted' : inIdp.status,
    department: person.department,
    manager: person.manager,
  };
  const getsByRule = birthrightsOf(context.catalogue.current(), person.department).length > 0;
  // Who gets something by rule has a history then: two accounts of one person are one before.
  if (getsByRule && now.status === 'active' && (await isJoined(context, person.id))) return;
  const outside = getsByRule ? await outsideFacts(context, context.db, person, { askerId: null }) : {};
  await commit(
    context.db,
    async (unit) => {
      // What another identity provider says of them is acted on before or after, and each sees the other's.
      await holdPerson(unit.tx, person.id);
      if (successor !== null) {
        // The record may have been joined with its successor's.
        if ((await readPerson(unit.tx, person.id)) !== null)
          await writeSnapshot(unit.tx, { personId: person.id, system }, now, hasApp ?? true);
        return { result: null, jobs: evaluations(context, successor.id) };
      }
      const before = await readSnapshot(unit.tx, person.id, system);
      const from = before === null ? (known?.department ?? null) : before.department;
      const following: Following[] = [];
      // Back after having been away, their word counts again: it may be the one that was missing.
      if (now.status === 'active' && before?.status !== 'active')
        for (const changeId of await askingIds(unit.tx, person.id))
          following.push({ jobs: [{ job: 'assessRequest', changeId }] });
      for (const turn of turnsOf(before, now, hasApp))
        following.push(
          await follow(context, unit, { person, from, isDeleted: inIdp === null, outside }, turn),
        );
      // Of whom it is not known whether they have the app, nothing is written: they are looked at once that is told.
      const had = hasAppNow(before, hasApp) ?? (isGone(now) ? true : null);
      if (had !== null) await writeSnapshot(unit.tx, { personId: person.id, system }, now, had);
      return { result: null, ...together(following) };
    },
    context.nudge,
  );
}

/** Whether the record was joined with another of theirs, which is looked at then. */
async function isJoined(context: Context, personId: string): Promise<boolean> {
  const one = await joinedWithApart(context, personId);
  if (one === personId) return false;
  const jobs = evaluations(context, one);
  await commit(context.db, async () => ({ result: null, jobs }), context.nudge);
  return true;
}

/**
 * Whether they have the app, as far as the IdP has pushed: null where that says nothing. Of whom nothing was ever
 * pushed there is nothing to lose: they arrive like anybody. Whom it has deleted by SCIM has lost the app. Where an IdP
 * carries members alone, that counts while it has them in a group: a push may tell first that they are off, and then why.
 */
async function hasAppByScim(context: Data & Parties & AtIdp, person: Person): Promise<boolean | null> {
  const { system, carriesMembersAlone = false } = context.idp;
  const scim = await scimStatus(context.db, await scimIdentity(context, person), []);
  if (scim.isSwitchedOff === false) return true;
  if (scim.isByAnothersOnly && !carriesMembersAlone) return null;
  const isOff = scim.isSwitchedOff === true || (await wasDeletedByScim(context.db, person.id, system));
  if (isOff && (!carriesMembersAlone || (await isInAnyGroup(context, person)))) return false;
  return (await readSnapshot(context.db, person.id, system)) === null ? true : null;
}

/** Whether the IdP itself has them in a group that gives access. */
async function isInAnyGroup(context: Data & Parties & AtIdp, person: Person): Promise<boolean> {
  const { idp } = context;
  const id = await linkOf(context.db, person.id, idp.system);
  const groupIds = id === null ? [] : await idp.groupIdsOf(id);
  return readyTargets(context).some((one) => one.idp === idp.system && groupIds.includes(one.groupId));
}

/** Off when last looked at: who is on again since the IdP has deleted them is whoever goes by their login now. */
async function wasOff(context: Data & AtIdp, person: Person): Promise<boolean> {
  return (await readSnapshot(context.db, person.id, context.idp.system))?.hadApp === false;
}

type Evaluated = {
  person: Person;
  /** The department that they were last known to be in. */
  from: string | null;
  isDeleted: boolean;
  outside: OutsideFacts;
};

async function follow(
  context: Data & Parties & AtIdp,
  unit: Unit,
  { person, from, isDeleted, outside }: Evaluated,
  turn: Turn,
): Promise<Following> {
  switch (turn) {
    case 'left':
      if (await isActiveElsewhere(context, unit, person.id))
        return await endAtIdp(context, unit, person, turn);
      return await startOffboarding(context, unit, person, {
        cause: isDeleted ? 'deleted' : 'deprovisioned',
        by: null,
        reason: null,
      });
    case 'lostApp':
      if (await isActiveElsewhere(context, unit, person.id))
        return await endAtIdp(context, unit, person, turn);
      return await startOffboarding(context, unit, person, { cause: 'lostApp', by: null, reason: null });
    case 'suspended':
      return { jobs: everyTeam(context, person) };
    case 'returned':
      return together([
        await returned(unit, person.id),
        await accountReturned(context, unit, person.id),
        { jobs: everyTeam(context, person) },
      ]);
    case 'arrived':
    case 'moved': {
      const given = await birthrightsAtTurn(context, unit, person, outside);
      // Somebody looked at for the first time may hold what was granted where they were before.
      const before = turn === 'arrived' && from === person.department ? null : from;
      return {
        ...given,
        events: [...(given.events ?? []), ...(await recheckGrants(context, unit, person, before))],
      };
    }
    default:
      return turn satisfies never;
  }
}
