import { randomUUID } from 'node:crypto';
import type { World } from '../emulator.ts';
import { anypointTeams, type Person } from '../seed.ts';
import { seededRoles, type TeamRole } from './roles.ts';

export type MembershipType = 'member' | 'maintainer';

export type User = {
  id: string;
  /** Key of the person in the seed; a person whose user name changed has several users. */
  key: string;
  username: string;
  firstName: string;
  lastName: string;
  email: string;
  /** Has a password of Anypoint's own, by an invitation whose taker chose the user name. */
  isLocal?: true;
  enabled: boolean;
  deleted: boolean;
  /** Epoch milliseconds. */
  lastLogin: number;
  createdAt: number;
  updatedAt: number;
};

/** The cause of a membership: a write by the Teams API or console, a group claim at sign-in, or both. */
export type Member = {
  explicit: MembershipType | null;
  external: MembershipType | null;
  createdAt: number;
  updatedAt: number;
};

/** One state of a membership and the moment (epoch milliseconds) from which reads see it. */
type Version = { visibleAt: number; member: Member | null };

export type GroupMapping = {
  membership_type: MembershipType;
  external_group_name: string;
  provider_id: string;
};

export type Team = {
  id: string;
  name: string;
  parentId: string | null;
  createdAt: number;
  updatedAt: number;
  mappings: GroupMapping[];
  roles: TeamRole[];
};

type Saved = {
  users: User[];
  teams: Team[];
  memberships: [teamId: string, userId: string, versions: Version[]][];
  lagMs: number;
};

/** The most permissive of the two sources; an explicit maintainer stays one whatever the claim says. */
export function typeOf(member: Member): MembershipType {
  return member.explicit === 'maintainer' || member.external === 'maintainer' ? 'maintainer' : 'member';
}

/** The Anypoint organisation: users, teams, and memberships whose writes reads may see late. */
export class Organization {
  readonly #world: World;
  readonly #timers = new Set<NodeJS.Timeout>();
  #users = new Map<string, User>();
  #teams: Team[] = [];
  readonly #memberships = new Map<string, Map<string, Version[]>>();
  /** Milliseconds until reads see a write. */
  lagMs = 0;
  /** A membership by claim outlives a direct removal: only a sign-in without the group ends it. */
  keepsClaimed = false;
  /** The only team whose writes lag; null: all. */
  lagTeamId: string | null = null;

  constructor(world: World) {
    this.#world = world;
    const now = Date.now();
    for (const person of world.people)
      if (person.anypointId !== null) this.#addUser(person, person.anypointId, now);
    for (const { id, name, members } of anypointTeams) {
      this.#teams.push({
        id,
        name,
        parentId: null,
        createdAt: now,
        updatedAt: now,
        mappings: [],
        roles: seededRoles(name),
      });
      for (const key of members) {
        const user = this.userOfPerson(key);
        const member: Member = { explicit: 'member', external: null, createdAt: now, updatedAt: now };
        if (user !== null) this.#store(id, user.id, [{ visibleAt: now, member }]);
      }
    }
  }

  users(): User[] {
    return [...this.#users.values()];
  }

  user(id: string): User | null {
    return this.#users.get(id) ?? null;
  }

  /** The newest user of a person; null when they have never signed in. */
  userOfPerson(key: string): User | null {
    return this.users().findLast((user) => user.key === key && !user.deleted) ?? null;
  }

  /** A federated user is known by the name the IdP sends: a new name makes a new user (KB 001116895). */
  signIn(person: Person, username: string, isLocal = false): User {
    const now = Date.now();
    const known = this.users().find(
      (user) => user.username === username && !user.deleted && (user.isLocal === true) === isLocal,
    );
    const user = known ?? this.#addUser(person, randomUUID(), now, username);
    if (isLocal) user.isLocal = true;
    user.lastLogin = now;
    this.#world.changed();
    return user;
  }

  #addUser(person: Person, id: string, now: number, username: string = person.email): User {
    const [firstName = person.name, ...rest] = person.name.split(' ');
    const user: User = {
      id,
      key: person.key,
      username,
      firstName,
      lastName: rest.join(' '),
      email: person.email,
      enabled: true,
      deleted: false,
      lastLogin: now,
      createdAt: now,
      updatedAt: now,
    };
    this.#users.set(id, user);
    return user;
  }

  updateUser(
    id: string,
    change: Partial<Pick<User, 'enabled' | 'deleted' | 'firstName' | 'lastName'>>,
  ): void {
    const user = this.user(id);
    if (user === null) return;
    Object.assign(user, change, { updatedAt: Date.now() });
    this.#world.changed();
  }

  teams(): readonly Team[] {
    return this.#teams;
  }

  team(id: string): Team | null {
    return this.#teams.find((team) => team.id === id) ?? null;
  }

  addTeam(name: string, parentId: string | null): Team {
    const now = Date.now();
    const team: Team = {
      id: randomUUID(),
      name,
      parentId,
      createdAt: now,
      updatedAt: now,
      mappings: [],
      roles: [],
    };
    this.#teams.push(team);
    this.#world.changed();
    return team;
  }

  deleteTeam(id: string): void {
    this.#teams = this.#teams.filter((team) => team.id !== id);
    this.#memberships.delete(id);
    this.#world.changed();
  }

  /** Ids of the teams above, outermost first. */
  ancestors(team: Team): string[] {
    const parent = team.parentId === null ? null : this.team(team.parentId);
    return parent === null ? [] : [...this.ancestors(parent), parent.id];
  }

  changeTeam(team: Team, change: Partial<Pick<Team, 'mappings' | 'roles'>>): void {
    Object.assign(team, change, { updatedAt: Date.now() });
    this.#world.changed();
  }

  /** The truth, whatever reads see. */
  member(teamId: string, userId: string): Member | null {
    return this.#memberships.get(teamId)?.get(userId)?.at(-1)?.member ?? null;
  }

  /** Everybody who is a member in truth, in what reads see, or in both. */
  members(
    teamId: string,
  ): { userId: string; truth: Member | null; seen: Member | null; visibleAt: number }[] {
    const now = Date.now();
    return [...(this.#memberships.get(teamId) ?? [])]
      .map(([userId, versions]) => {
        const truth = versions.at(-1);
        return {
          userId,
          truth: truth?.member ?? null,
          seen: versions.findLast((version) => version.visibleAt <= now)?.member ?? null,
          visibleAt: truth?.visibleAt ?? now,
        };
      })
      .filter((row) => row.truth !== null || row.seen !== null);
  }

  setMember(teamId: string, userId: string, source: Partial<Pick<Member, 'explicit' | 'external'>>): void {
    const now = Date.now();
    const before = this.member(teamId, userId);
    const member: Member = {
      explicit: before?.explicit ?? null,
      external: before?.external ?? null,
      ...source,
      createdAt: before?.createdAt ?? now,
      updatedAt: now,
    };
    this.#write(teamId, userId, member.explicit === null && member.external === null ? null : member);
  }

  /** Ends the membership whatever its source; a group claim brings it back at the next sign-in. */
  removeMember(teamId: string, userId: string): void {
    const external = this.keepsClaimed ? (this.member(teamId, userId)?.external ?? null) : null;
    if (external === null) this.#write(teamId, userId, null);
    else this.setMember(teamId, userId, { explicit: null });
  }

  #write(teamId: string, userId: string, member: Member | null): void {
    const now = Date.now();
    const versions = this.#memberships.get(teamId)?.get(userId) ?? [];
    const shown = versions.findLastIndex((version) => version.visibleAt <= now);
    const kept = versions.slice(Math.max(shown, 0));
    const lagMs = this.lagTeamId === null || this.lagTeamId === teamId ? this.lagMs : 0;
    this.#store(teamId, userId, [...kept, { visibleAt: now + lagMs, member }]);
    this.#world.changed();
    if (lagMs === 0) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#world.changed();
    }, lagMs);
    timer.unref();
    this.#timers.add(timer);
  }

  #store(teamId: string, userId: string, versions: Version[]): void {
    const ofTeam = this.#memberships.get(teamId) ?? new Map<string, Version[]>();
    ofTeam.set(userId, versions);
    this.#memberships.set(teamId, ofTeam);
  }

  snapshot(): Saved {
    const memberships = [...this.#memberships].flatMap(([teamId, ofTeam]) =>
      [...ofTeam].map(([userId, versions]): Saved['memberships'][number] => [teamId, userId, versions]),
    );
    return structuredClone({ users: this.users(), teams: this.#teams, memberships, lagMs: this.lagMs });
  }

  restore(saved: Saved): void {
    this.close();
    const copy = structuredClone(saved);
    this.#users = new Map(copy.users.map((user) => [user.id, user]));
    this.#teams = copy.teams;
    this.lagMs = copy.lagMs;
    this.#memberships.clear();
    for (const [teamId, userId, versions] of copy.memberships) this.#store(teamId, userId, versions);
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
