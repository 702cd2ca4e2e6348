import { randomUUID } from 'node:crypto';
import type { World } from '../emulator.ts';
import { oktaGroups, type Person } from '../seed.ts';

export type EntraUser = {
  id: string;
  /** Handle of the sandbox; null for whoever was made in a test. */
  key: string | null;
  displayName: string;
  mail: string | null;
  userPrincipalName: string;
  proxyAddresses: string[];
  otherMails: string[];
  jobTitle: string | null;
  department: string | null;
  accountEnabled: boolean;
  userType: 'Member' | 'Guest';
  createdDateTime: string;
  managerId: string | null;
};
export type EntraGroup = {
  id: string;
  displayName: string;
  description: string | null;
  groupTypes: string[];
  mailEnabled: boolean;
  securityEnabled: boolean;
  onPremisesSyncEnabled: boolean | null;
  isAssignableToRole: boolean | null;
  isManagementRestricted: boolean | null;
  visibility: string | null;
  /** Ids of users, groups, devices and service principals, in the order in which they came. */
  members: Set<string>;
};
/** Anything else that can be in a group. */
export type OtherObject = { id: string; type: 'servicePrincipal' | 'device'; displayName: string };

/** What happened to a directory object. */
export type Happening =
  | { of: 'user'; id: string; changeType: 'updated' | 'deleted' }
  | { of: 'group'; id: string; changeType: 'updated'; memberId: string; isRemoved: boolean };

type Deleted = { user: EntraUser; groupIds: string[]; deletedDateTime: string };
type Change = { at: number; groupId: string; memberId: string; isMember: boolean };
type Saved = {
  users: EntraUser[];
  groups: (Omit<EntraGroup, 'members'> & { members: string[] })[];
  others: OtherObject[];
  deleted: Deleted[];
};

/** Changes older than this are in every copy of the directory. */
const CHANGES_KEPT_MS = 5 * 60_000;

/** The directory: the company's people, and groups of the same names as in Okta. */
export class Tenant {
  readonly users = new Map<string, EntraUser>();
  readonly groups = new Map<string, EntraGroup>();
  readonly others = new Map<string, OtherObject>();
  readonly deleted = new Map<string, Deleted>();
  /** Told of everything that happens. */
  listener: (happening: Happening) => void = () => {};
  /** How far the slower copy of the directory is behind, in milliseconds; 0: there is none. */
  lagMs = 0;
  #changes: Change[] = [];
  #isSlowCopy = false;

  constructor(world: World) {
    const known = world.people.filter(({ oktaStatus }) => oktaStatus !== null);
    const ids = new Map(world.people.map(({ key }, i) => [key, guid('e', i + 1)]));
    for (const person of known) this.users.set(ids.get(person.key) ?? '', userOf(person, ids));
    for (const { key, oktaStatus } of known)
      if (oktaStatus === 'DEPROVISIONED') this.#bury(ids.get(key) ?? '');
    oktaGroups.forEach((seed, i) => {
      const id = guid('f', i + 1);
      this.groups.set(id, {
        ...plainGroup(id, seed.name),
        groupTypes: 'ruled' in seed || seed.type === 'BUILT_IN' ? ['DynamicMembership'] : [],
        onPremisesSyncEnabled: seed.type === 'APP_GROUP' ? true : null,
        members: new Set(seed.members.map((key) => ids.get(key) ?? '')),
      });
    });
  }

  userKeyed(key: string): EntraUser | null {
    return [...this.users.values()].find((user) => user.key === key) ?? null;
  }

  groupNamed(name: string): EntraGroup | null {
    return [...this.groups.values()].find((group) => group.displayName === name) ?? null;
  }

  /** The groups that somebody is in, directly or by another group. */
  groupsOf(userId: string): EntraGroup[] {
    const found = new Set<EntraGroup>();
    const look = (id: string) => {
      for (const group of this.groups.values())
        if (group.members.has(id) && !found.has(group)) {
          found.add(group);
          look(group.id);
        }
    };
    look(userId);
    return [...found];
  }

  addUser(user: Partial<EntraUser> & Pick<EntraUser, 'userPrincipalName'>): EntraUser {
    const made: EntraUser = {
      id: randomUUID(),
      key: null,
      displayName: user.userPrincipalName,
      mail: null,
      proxyAddresses: [],
      otherMails: [],
      jobTitle: null,
      department: null,
      accountEnabled: true,
      userType: 'Member',
      createdDateTime: new Date().toISOString(),
      managerId: null,
      ...user,
    };
    this.users.set(made.id, made);
    return made;
  }

  addGroup({
    members = [],
    ...group
  }: Partial<Omit<EntraGroup, 'members'>> & { displayName: string; members?: string[] }): EntraGroup {
    const id = group.id ?? randomUUID();
    const made = { ...plainGroup(id, group.displayName), ...group, id, members: new Set(members) };
    this.groups.set(id, made);
    return made;
  }

  /** The kind of a directory object that is there. */
  typeOf(id: string): 'user' | 'group' | OtherObject['type'] | null {
    if (this.users.has(id)) return 'user';
    if (this.groups.has(id)) return 'group';
    return this.others.get(id)?.type ?? null;
  }

  /** Each request is answered by the other copy than the one before: by the slower one, by the one that is up to date. */
  takeTurns(): void {
    this.#isSlowCopy = !this.#isSlowCopy;
  }

  /** The members as the copy has them that answers now. */
  membersSeen(group: EntraGroup): Set<string> {
    return this.lagMs > 0 && this.#isSlowCopy
      ? this.membersAsOf(group, Date.now() - this.lagMs)
      : new Set(group.members);
  }

  membersAsOf(group: EntraGroup, at: number): Set<string> {
    const members = new Set(group.members);
    for (const change of [...this.#changes].reverse()) {
      if (change.at <= at) break;
      if (change.groupId !== group.id) continue;
      if (change.isMember) members.delete(change.memberId);
      else members.add(change.memberId);
    }
    return members;
  }

  setMember(group: EntraGroup, memberId: string, isMember: boolean): void {
    if (group.members.has(memberId) === isMember) return;
    if (isMember) group.members.add(memberId);
    else group.members.delete(memberId);
    const now = Date.now();
    this.#changes = this.#changes.filter(({ at }) => at > now - CHANGES_KEPT_MS);
    this.#changes.push({ at: now, groupId: group.id, memberId, isMember });
    this.listener({ of: 'group', id: group.id, changeType: 'updated', memberId, isRemoved: !isMember });
  }

  touchUser(id: string): void {
    this.listener({ of: 'user', id, changeType: 'updated' });
  }

  /** For 30 days they can be restored, with their groups. */
  deleteUser(id: string): void {
    this.#bury(id);
    this.listener({ of: 'user', id, changeType: 'deleted' });
  }

  restoreUser(id: string): boolean {
    const found = this.deleted.get(id);
    if (found === undefined) return false;
    this.deleted.delete(id);
    this.users.set(id, found.user);
    for (const groupId of found.groupIds) this.groups.get(groupId)?.members.add(id);
    this.touchUser(id);
    return true;
  }

  /** For good, before the 30 days are over. */
  purgeUser(id: string): void {
    this.#bury(id);
    this.deleted.delete(id);
    this.listener({ of: 'user', id, changeType: 'deleted' });
  }

  #bury(id: string): void {
    const user = this.users.get(id);
    if (user === undefined) return;
    const groupIds = [...this.groups.values()]
      .filter((group) => group.members.delete(id))
      .map((group) => group.id);
    this.users.delete(id);
    this.deleted.set(id, { user, groupIds, deletedDateTime: new Date().toISOString() });
  }

  snapshot(): Saved {
    return structuredClone({
      users: [...this.users.values()],
      groups: [...this.groups.values()].map((group) => ({ ...group, members: [...group.members] })),
      others: [...this.others.values()],
      deleted: [...this.deleted.values()],
    });
  }

  restore(saved: Saved): void {
    const { users, groups, others, deleted } = structuredClone(saved);
    fill(this.users, users);
    fill(
      this.groups,
      groups.map((group) => ({ ...group, members: new Set(group.members) })),
    );
    fill(this.others, others);
    this.deleted.clear();
    for (const one of deleted) this.deleted.set(one.user.id, one);
    this.#changes = [];
    this.lagMs = 0;
  }
}

function fill<T extends { id: string }>(map: Map<string, T>, items: readonly T[]): void {
  map.clear();
  for (const item of items) map.set(item.id, item);
}

function userOf(person: Person, ids: ReadonlyMap<string, string>): EntraUser {
  const { key, name, email, title, department, manager, oktaStatus, since } = person;
  return {
    id: ids.get(key) ?? '',
    key,
    displayName: name,
    mail: email,
    userPrincipalName: email,
    proxyAddresses: [`SMTP:${email}`],
    otherMails: [],
    jobTitle: title,
    department,
    accountEnabled: oktaStatus !== 'SUSPENDED',
    userType: 'Member',
    createdDateTime: since ?? new Date(0).toISOString(),
    managerId: manager === null ? null : (ids.get(manager) ?? null),
  };
}

function plainGroup(id: string, displayName: string): Omit<EntraGroup, 'members'> {
  return {
    id,
    displayName,
    description: null,
    groupTypes: [],
    mailEnabled: false,
    securityEnabled: true,
    onPremisesSyncEnabled: null,
    isAssignableToRole: null,
    isManagementRestricted: null,
    visibility: null,
  };
}

export function guid(first: string, n: number): string {
  return `${first}0000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
}
