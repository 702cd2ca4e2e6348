import { Fault } from '../core/fault.ts';
import { isOffboardingOpen, type LeftTeam, type Offboarding, teamsTaken } from '../core/offboarding.ts';
import { linkOf, type Person } from '../store/people.ts';
import { commit } from './commit.ts';
import { anypointUsers } from './membership.ts';
import { at } from './offboarding.ts';
import type { UserTeam } from './ports.ts';
import type { Road } from './road.ts';

/** What reading Anypoint found. */
export type TeamsLook = {
  isGone: boolean;
  /** Why they are still somewhere; null when they are not. */
  why: string | null;
  userIds: string[];
};

/**
 * Takes them out of every Anypoint team of every Anypoint user of theirs, whatever SCIM or the catalogue says, those
 * they maintain too, and reads Anypoint again: gone is what none of them shows any more. Safe to run again.
 */
export async function leaveTeams(road: Road, offboarding: Offboarding, person: Person): Promise<TeamsLook> {
  const found = await anypointUsers(road, person);
  const others = await usersOfOthers(road, offboarding, person);
  const users = { ...found, all: found.all.filter((id) => !others.has(id)) };
  const left = new Map<string, LeftTeam>();
  for (const userId of users.all)
    for (const team of await teamsOf(road, userId)) {
      const known = left.get(team.id);
      const one = await leave(road, person, userId, team);
      left.set(team.id, {
        ...one,
        kept: known?.kept ?? one.kept,
        userIds: [...(known?.userIds ?? []), userId],
      });
    }
  const news = [...left.values()].filter((team) => isNews(offboarding, team));
  if (news.length > 0)
    await commit(
      road.db,
      async (unit) => {
        const locked = await unit.offboarding(offboarding.id);
        return locked === null || !isOffboardingOpen(locked.state)
          ? { result: null }
          : {
              result: null,
              offboardingEvents: [{ type: 'teamsLeft', ...at(unit, locked.id, null), teams: news }],
            };
      },
      road.nudge,
    );
  const still = await stillIn(road, users.all, left);
  if (still.length > 0) return { isGone: false, why: whyStill(person, still), userIds: users.all };
  await noteGone(road, offboarding, noteOf(users.isAmbiguous, users.all.length, person));
  return { isGone: true, why: null, userIds: users.all };
}

/**
 * Anypoint users that could be the leaver's and that the IdP says are somebody else's who is active: another account
 * with the same e-mail or, once the leaver's own teams were seen gone, one made anew with the same login. An IdP that
 * does not answer saves nobody.
 */
async function usersOfOthers(road: Road, { legs }: Offboarding, person: Person): Promise<Set<string>> {
  const own = await linkOf(road.db, person.id, road.idp.name);
  const others = new Set<string>();
  for (const user of await road.mulesoft.findUsers({ email: person.email, login: person.login })) {
    if (user.matchedBy === 'username' && legs.teams === null) continue;
    try {
      const holder = await road.idp.readPerson(user.username);
      if (holder?.status === 'active' && holder.id !== own) others.add(user.id);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
  }
  return others;
}

async function teamsOf(road: Road, userId: string): Promise<UserTeam[]> {
  try {
    return await road.mulesoft.listTeamsOf(userId);
  } catch (error) {
    // A user whom Anypoint has deleted is in no team.
    if (error instanceof Fault && error.code === 'mulesoft.not_found') return [];
    throw error;
  }
}

/** Under the lock of deliveries, so that none puts them back behind us. */
async function leave(road: Road, person: Person, userId: string, team: UserTeam): Promise<LeftTeam> {
  const isManaged = road.catalogue.targets().some((target) => target.teamId === team.id);
  const one = { id: team.id, name: team.name, isManaged, membershipType: team.membershipType, userIds: [] };
  return await road.locks.withLock(`team:${person.id}:${team.id}`, async () => {
    try {
      await road.mulesoft.removeMember(team.id, userId);
      return { ...one, kept: null };
    } catch (error) {
      // Nobody can be taken out of some teams, the organisation's own above all; those give nothing by themselves.
      if (error instanceof Fault && error.code === 'mulesoft.invalid' && !isManaged)
        return { ...one, kept: 'Anypoint takes nobody out of it' };
      throw error;
    }
  });
}

/** What is recorded already is not told again; somebody who was put back is. */
function isNews({ teams, legs }: Offboarding, team: LeftTeam): boolean {
  const known = teams.find((t) => t.id === team.id);
  return known === undefined || known.kept !== team.kept || (legs.teams !== null && team.kept === null);
}

async function stillIn(
  road: Road,
  userIds: readonly string[],
  left: ReadonlyMap<string, LeftTeam>,
): Promise<UserTeam[]> {
  // Nothing was there and nothing was written: the first look was the proof.
  if (left.size === 0) return [];
  const found = await Promise.all(userIds.map((userId) => teamsOf(road, userId)));
  return found.flat().filter((team) => (left.get(team.id)?.kept ?? null) === null);
}

function whyStill(person: Person, still: readonly UserTeam[]): string {
  const names = (teams: readonly UserTeam[]) => [...new Set(teams.map((team) => team.name))].join(', ');
  const claimed = still.filter((team) => team.isAssignedViaExternalGroups);
  return claimed.length > 0
    ? `${names(claimed)}: the membership comes from a group claim at sign-in, so a direct removal does not stick; disable ${person.name}’s user in Anypoint`
    : `Anypoint still shows ${person.name} in ${names(still)}`;
}

function noteOf(isAmbiguous: boolean, users: number, person: Person): string | null {
  if (isAmbiguous && users === 0)
    return `several Anypoint users have the e-mail ${person.email}, and none its user name: look at them by hand`;
  return users === 0 ? 'no Anypoint user exists' : null;
}

async function noteGone(road: Road, offboarding: Offboarding, note: string | null): Promise<void> {
  if (offboarding.legs.teams !== null) return;
  await commit(
    road.db,
    async (unit) => {
      const locked = await unit.offboarding(offboarding.id);
      const isOver = locked === null || locked.legs.teams !== null;
      if (isOver || !['asking', 'held', 'underway'].includes(locked.state)) return { result: null };
      return {
        result: null,
        offboardingEvents: [{ type: 'teamsGone', ...at(unit, locked.id, null), note }],
      };
    },
    road.nudge,
  );
}

/** Back in the directory while nothing was decided: teams that no SCIM push gives back are given back here. */
export async function giveTeamsBack(road: Road, offboarding: Offboarding): Promise<void> {
  for (const team of teamsTaken(offboarding))
    if (!team.isManaged) for (const userId of team.userIds) await road.mulesoft.addMember(team.id, userId);
  await commit(
    road.db,
    async (unit) => {
      const locked = await unit.offboarding(offboarding.id);
      return locked?.state !== 'returned'
        ? { result: null }
        : { result: null, offboardingEvents: [{ type: 'teamsGivenBack', ...at(unit, locked.id, null) }] };
    },
    road.nudge,
  );
}
