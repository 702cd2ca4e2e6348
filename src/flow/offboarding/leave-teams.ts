import { isDeepStrictEqual } from 'node:util';
import { Fault } from '../../core/fault.ts';
import type { OffboardingId } from '../../core/ids.ts';
import type { OffboardingEvent } from '../../core/offboarding/events.ts';
import {
  isOffboardingOpen,
  type LeaversLookalike,
  type LeftTeam,
  type Offboarding,
} from '../../core/offboarding/offboarding.ts';
import type { Lookalike } from '../../core/people/anypoint-user.ts';
import type { UserTeam } from '../../ports/mulesoft.ts';
import type { Person } from '../../store/people.ts';
import { commit } from '../kernel/commit.ts';
import type { Context, Data, Parties, Runtime } from '../kernel/context.ts';
import { anypointUsers } from '../membership/anypoint-users.ts';
import { at } from './case.ts';

/** What reading Anypoint found. */
export type TeamsLook = {
  isGone: boolean;
  /** Why they are still somewhere; null when they are not. */
  why: string | null;
  userIds: string[];
};

/**
 * Takes the leaver out of every team of every Anypoint user of theirs, whatever SCIM or the catalogue says. That
 * includes teams that they maintain. Then it reads Anypoint again: a team is gone when none of their users shows it any
 * more. Safe to run again.
 */
export async function leaveTeams(
  context: Context,
  offboarding: Offboarding,
  person: Person,
): Promise<TeamsLook> {
  const users = await anypointUsers(context, person, { isLeaving: offboarding.legs.teams === null });
  await noteLookalikes(context, offboarding, users.lookalikes);
  const found = await teamsFound(context, users.all);
  // Noted before it is done: what was taken is not read anywhere afterwards.
  const unknown = [...found.values()].filter(({ id }) => !offboarding.teams.some((team) => team.id === id));
  await record(
    context,
    offboarding,
    unknown.map((team) => ({ ...team, isUnderway: true })),
  );
  const left = new Map<string, LeftTeam>();
  for (const team of found.values()) left.set(team.id, await leave(context, person, team));
  const gone = offboarding.teams.filter((team) => team.isUnderway === true && !left.has(team.id));
  await record(context, offboarding, [
    ...[...left.values()].filter((team) => isNews(offboarding, team)),
    ...gone.map(({ isUnderway: _, ...team }) => team),
  ]);
  const still = await stillIn(context, users.all, left);
  if (still.length > 0) return { isGone: false, why: whyStill(person, still), userIds: users.all };
  await noteGone(context, offboarding, users.all.length === 0 ? 'no Anypoint user exists' : null);
  return { isGone: true, why: null, userIds: users.all };
}

/**
 * A user who merely looks like the leaver is named on the case, with the teams that they are in: a person has to look.
 */
async function noteLookalikes(
  context: Context,
  { id, lookalikes: known }: Offboarding,
  found: readonly Lookalike[],
): Promise<void> {
  const lookalikes: LeaversLookalike[] = [];
  for (const { id: userId, username, isFederated } of found.slice(0, LOOKALIKES_MAX)) {
    const teams = (await teamsOf(context, userId)).map((team) => team.name).sort();
    lookalikes.push({ id: userId, username, isFederated, teams });
  }
  lookalikes.sort((a, b) => (a.id < b.id ? -1 : 1));
  if (!isDeepStrictEqual(lookalikes, known))
    await noteWhileOpen(context, id, { type: 'lookalikesFound', lookalikes });
}

/** Anybody can put somebody's e-mail into any number of profiles; so many are named. */
const LOOKALIKES_MAX = 10;

async function teamsOf(context: Parties, userId: string): Promise<UserTeam[]> {
  try {
    return await context.mulesoft.listTeamsOf(userId);
  } catch (error) {
    // A user whom Anypoint has deleted is in no team.
    if (error instanceof Fault && error.code === 'mulesoft.not_found') return [];
    throw error;
  }
}

/** Every team that one of these users is in, with all of them who are. */
async function teamsFound(
  context: Data & Parties,
  userIds: readonly string[],
): Promise<Map<string, LeftTeam>> {
  const found = new Map<string, LeftTeam>();
  for (const userId of userIds)
    for (const { id, name, membershipType } of await teamsOf(context, userId)) {
      const isManaged = context.catalogue.targets().some((target) => target.teamId === id);
      const ids = [...(found.get(id)?.userIds ?? []), userId];
      found.set(id, { id, name, isManaged, membershipType, userIds: ids, kept: null });
    }
  return found;
}

/** Under the lock of deliveries, so that none puts them back behind us. */
async function leave(context: Data & Parties, person: Person, team: LeftTeam): Promise<LeftTeam> {
  return await context.locks.withLock(`team:${person.id}:${team.id}`, async () => {
    try {
      for (const userId of team.userIds) await context.mulesoft.removeMember(team.id, userId);
      return team;
    } catch (error) {
      // Nobody can be taken out of some teams, the organisation's own above all; those give nothing by themselves.
      if (error instanceof Fault && error.code === 'mulesoft.invalid' && !team.isManaged)
        return { ...team, kept: 'Anypoint takes nobody out of it' };
      throw error;
    }
  });
}

/** A team that is recorded already is not told again. One into which somebody was put back is. */
function isNews({ teams, legs }: Offboarding, team: LeftTeam): boolean {
  const known = teams.find((t) => t.id === team.id);
  if (known === undefined || known.isUnderway === true || known.kept !== team.kept) return true;
  return legs.teams !== null && team.kept === null;
}

async function record(
  context: Data & Runtime,
  { id }: Offboarding,
  teams: readonly LeftTeam[],
): Promise<void> {
  if (teams.length > 0) await noteWhileOpen(context, id, { type: 'teamsLeft', teams: [...teams] });
}

type Noted =
  | Pick<Extract<OffboardingEvent, { type: 'lookalikesFound' }>, 'type' | 'lookalikes'>
  | Pick<Extract<OffboardingEvent, { type: 'teamsLeft' }>, 'type' | 'teams'>;

/** A case that was closed meanwhile is told nothing more. */
async function noteWhileOpen(context: Data & Runtime, id: OffboardingId, noted: Noted): Promise<void> {
  await commit(
    context.db,
    async (unit) => {
      const locked = await unit.offboarding(id);
      return locked === null || !isOffboardingOpen(locked.state)
        ? { result: null }
        : { result: null, events: [{ ...at(unit, locked.id, null), ...noted }] };
    },
    context.nudge,
  );
}

async function stillIn(
  context: Parties,
  userIds: readonly string[],
  left: ReadonlyMap<string, LeftTeam>,
): Promise<UserTeam[]> {
  // Nothing was there and nothing was written: the first look was the proof.
  if (left.size === 0) return [];
  const found = await Promise.all(userIds.map((userId) => teamsOf(context, userId)));
  return found.flat().filter((team) => (left.get(team.id)?.kept ?? null) === null);
}

function whyStill(person: Person, still: readonly UserTeam[]): string {
  const names = (teams: readonly UserTeam[]) => [...new Set(teams.map((team) => team.name))].join(', ');
  const claimed = still.filter((team) => team.isAssignedViaExternalGroups);
  return claimed.length > 0
    ? `${names(claimed)}: the membership comes from a group claim at sign-in, so a direct removal does not stick; disable ${person.name}’s user in Anypoint`
    : `Anypoint still shows ${person.name} in ${names(still)}`;
}

async function noteGone(
  context: Data & Runtime,
  offboarding: Offboarding,
  note: string | null,
): Promise<void> {
  if (offboarding.legs.teams !== null) return;
  await commit(
    context.db,
    async (unit) => {
      const locked = await unit.offboarding(offboarding.id);
      const isOver = locked === null || locked.legs.teams !== null;
      if (isOver || !['asking', 'held', 'underway'].includes(locked.state)) return { result: null };
      return {
        result: null,
        events: [{ type: 'teamsGone', ...at(unit, locked.id, null), note }],
      };
    },
    context.nudge,
  );
}

/** Back in the directory while nothing was decided: teams that no SCIM push gives back are given back here. */
export async function giveTeamsBack(context: Context, offboarding: Offboarding): Promise<void> {
  // One that they were on their way out of is given back too, unless they are in it still.
  for (const team of offboarding.teams.filter(({ kept, isManaged }) => kept === null && !isManaged))
    for (const userId of team.userIds) {
      const isStillIn =
        team.isUnderway === true && (await teamsOf(context, userId)).some(({ id }) => id === team.id);
      if (!isStillIn) await context.mulesoft.addMember(team.id, userId);
    }
  await commit(
    context.db,
    async (unit) => {
      const locked = await unit.offboarding(offboarding.id);
      return locked?.state !== 'returned'
        ? { result: null }
        : { result: null, events: [{ type: 'teamsGivenBack', ...at(unit, locked.id, null) }] };
    },
    context.nudge,
  );
}
