import type { World } from '../emulator.ts';
import { company, oktaGroups } from '../seed.ts';
import { notFound, OktaError } from './errors.ts';
import { newId } from './ids.ts';
import type { GroupRule, LogActor, LogEvent, LogTarget, OktaGroup, OktaUser, UserStatus } from './records.ts';
import { seedGroup, seedRules, seedUser } from './records.ts';
import { SystemLog } from './system-log.ts';

/** Every event type that comes into this organisation's log. */
export const recordedTypes = [
  'group.user_membership.add',
  'group.user_membership.remove',
  'group.lifecycle.create',
  'group.profile.update',
  'user.lifecycle.create',
  'user.lifecycle.activate',
  'user.lifecycle.deactivate',
  'user.lifecycle.suspend',
  'user.lifecycle.unsuspend',
  'user.lifecycle.reactivate',
  'user.lifecycle.delete.initiated',
  'user.account.update_profile',
  'user.session.clear',
  'application.user_membership.add',
  'application.user_membership.remove',
] as const;
/** Events that a hook may ask to be told of too, and that never happen here. */
export const unseenTypes = [
  'group.lifecycle.delete',
  'user.lifecycle.delete.completed',
  'user.account.lock',
  'user.account.unlock',
] as const;
export type RecordedType = (typeof recordedTypes)[number];

/** What the provisioning side of Okta is told about. */
type OrgListener = {
  membershipChanged(group: OktaGroup, user: OktaUser, op: 'add' | 'remove'): void;
  /** The person gained or lost the MuleSoft app. */
  accountChanged(user: OktaUser, active: boolean): void;
  profileChanged(user: OktaUser): void;
  groupRenamed(group: OktaGroup): void;
};

type Saved = {
  users: OktaUser[];
  groups: (Omit<OktaGroup, 'members'> & { members: string[] })[];
  rules: GroupRule[];
  log: unknown;
};

/** The organisation's directory: users, groups, rules and the log of what happened to them. */
export class OktaOrg {
  users = new Map<string, OktaUser>();
  groups = new Map<string, OktaGroup>();
  rules: GroupRule[] = seedRules(oktaGroups);
  readonly log: SystemLog;
  listener: OrgListener = {
    membershipChanged() {},
    accountChanged() {},
    profileChanged() {},
    groupRenamed() {},
  };
  /** Is told every event of the log at once, whenever that can be read. */
  recorded: (event: LogEvent) => void = () => {};
  readonly #changed: () => void;

  constructor(world: World) {
    this.#changed = () => world.changed();
    this.log = new SystemLog((event) => {
      this.recorded(event);
      this.#changed();
    });
    const people = new Map(world.people.map((p) => [p.key, p]));
    for (const person of world.people) {
      const user = seedUser(person, person.manager === null ? undefined : people.get(person.manager));
      if (user !== null) this.users.set(user.id, user);
    }
    for (const group of oktaGroups) this.groups.set(group.id, seedGroup(group, this.users.values()));
  }

  /** @throws E0000007 */
  group(id: string): OktaGroup {
    const group = this.groups.get(id);
    if (group === undefined) throw notFound(id, 'UserGroup');
    return group;
  }

  /** By id only. @throws E0000007 */
  user(id: string): OktaUser {
    const user = this.users.get(id);
    if (user === undefined) throw notFound(id, 'User');
    return user;
  }

  /**
   * By id, login, or the part of a login before the @ when only one person has it. A login with a slash can
   * be read by id only, as in Okta. @throws E0000007
   */
  userByAnyName(name: string): OktaUser {
    const byId = this.users.get(name);
    if (byId !== undefined) return byId;
    // As Okta's servers do. A slash makes it another address (okta-sdk-nodejs issue 430). A question mark or a
    // semicolon ends it. A character that no address has is refused before anybody looks for it.
    if (name.includes('/')) throw new OktaError('E0000022');
    if (/[\\[\]]/.test(name))
      throw new OktaError('E0000001', 'Bad request. Accept and/or Content-Type headers');
    if (/[?;]/.test(name)) throw notFound(name, 'User');
    const asked = name.toLowerCase();
    const all = [...this.users.values()];
    const byLogin = all.find((u) => u.profile.login.toLowerCase() === asked);
    if (byLogin !== undefined) return byLogin;
    const byShortName = all.filter((u) => u.profile.login.toLowerCase().split('@')[0] === asked);
    const only = byShortName[0];
    if (only === undefined || byShortName.length > 1) throw notFound(name, 'User');
    return only;
  }

  userByKey(key: string): OktaUser | undefined {
    return [...this.users.values()].find((u) => u.key === key);
  }

  groupByName(name: string): OktaGroup | undefined {
    return [...this.groups.values()].find((g) => g.profile.name === name);
  }

  groupsOf(userId: string): OktaGroup[] {
    return [...this.groups.values()].filter((g) => g.members.has(userId));
  }

  /** Assigned to the MuleSoft app and not deactivated. A suspended person stays provisioned, as in Okta. */
  isProvisioned(user: OktaUser): boolean {
    return user.assigned && user.status !== 'DEPROVISIONED';
  }

  /**
   * Idempotent. @throws E0000007 for what does not exist, E0000006 for a group whose members Okta or another
   * app manages, E0000038 for adding a deactivated person.
   */
  setMember(
    { groupId, userId }: { groupId: string; userId: string },
    isMember: boolean,
    actor: LogActor,
    dropped = false,
  ): void {
    const group = this.group(groupId);
    if (group.type !== 'OKTA_GROUP') throw new OktaError('E0000006');
    const user = this.user(userId);
    if (isMember && user.status === 'DEPROVISIONED') throw new OktaError('E0000038');
    if (dropped || group.members.has(userId) === isMember) return;
    if (isMember) group.members.add(userId);
    else group.members.delete(userId);
    group.lastMembershipUpdated = new Date().toISOString();
    this.log.record(
      actor,
      isMember ? 'group.user_membership.add' : 'group.user_membership.remove',
      isMember ? 'Add user to group membership' : 'Remove user from group membership',
      [userTarget(user), groupTarget(group)],
    );
    this.listener.membershipChanged(group, user, isMember ? 'add' : 'remove');
  }

  setStatus(user: OktaUser, status: UserStatus, actor: LogActor): void {
    if (user.status === status) return;
    const wasProvisioned = this.isProvisioned(user);
    const before = user.status;
    user.status = status;
    const now = new Date().toISOString();
    user.statusChanged = now;
    user.lastUpdated = now;
    const [eventType, message] = lifecycleEvent(before, status);
    this.log.record(actor, eventType, message, [userTarget(user)]);
    this.#tellAccount(user, wasProvisioned);
  }

  /** Assigns the person to the MuleSoft app, or takes it away. */
  setAssigned(user: OktaUser, assigned: boolean, actor: LogActor): void {
    if (user.assigned === assigned) return;
    const wasProvisioned = this.isProvisioned(user);
    user.assigned = assigned;
    const verb = assigned ? 'add' : 'remove';
    this.log.record(actor, `application.user_membership.${verb}`, `User ${verb} to app`, [
      { ...userTarget(user), id: `0ua${user.id.slice(3)}`, type: 'AppUser' },
      {
        id: company.oktaAppId,
        type: 'AppInstance',
        alternateId: 'MuleSoft Anypoint',
        displayName: 'MuleSoft Anypoint',
      },
      userTarget(user),
    ]);
    this.#tellAccount(user, wasProvisioned);
  }

  createUser(user: OktaUser, actor: LogActor): void {
    this.users.set(user.id, user);
    for (const group of this.groups.values()) if (group.type === 'BUILT_IN') group.members.add(user.id);
    this.log.record(actor, 'user.lifecycle.create', 'Create Okta user', [userTarget(user)]);
  }

  createGroup(name: string, description: string | null, actor: LogActor): OktaGroup {
    const group = seedGroup({ id: newId('00g'), name, type: 'OKTA_GROUP', pushed: false, members: [] }, []);
    group.profile.description = description;
    group.created = group.lastUpdated = group.lastMembershipUpdated = new Date().toISOString();
    this.groups.set(group.id, group);
    this.log.record(actor, 'group.lifecycle.create', 'Create Okta group', [groupTarget(group)]);
    return group;
  }

  /** @throws E0000006 for a group that Okta or another app manages */
  renameGroup(group: OktaGroup, name: string, actor: LogActor): void {
    if (group.type !== 'OKTA_GROUP') throw new OktaError('E0000006');
    const from = { name: group.profile.name };
    if (from.name === name) return;
    group.profile.name = name;
    group.lastUpdated = new Date().toISOString();
    this.log.record(actor, 'group.profile.update', 'Update Okta group', [
      { ...groupTarget(group), changeDetails: { from, to: { name } } },
    ]);
    this.listener.groupRenamed(group);
  }

  changeProfile(user: OktaUser, changes: Partial<OktaUser['profile']>, actor: LogActor): void {
    const changed = Object.entries(changes).filter(
      ([name, value]) => user.profile[name as keyof OktaUser['profile']] !== value,
    );
    if (changed.length === 0) return;
    const from = Object.fromEntries(
      changed.map(([name]) => [name, user.profile[name as keyof OktaUser['profile']] ?? null]),
    );
    Object.assign(user.profile, changes);
    user.lastUpdated = new Date().toISOString();
    this.log.record(actor, 'user.account.update_profile', 'Update user profile for Okta', [
      { ...userTarget(user), changeDetails: { from, to: Object.fromEntries(changed) } },
    ]);
    this.listener.profileChanged(user);
  }

  clearSessions(user: OktaUser, actor: LogActor): void {
    this.log.record(actor, 'user.session.clear', 'Clear user session', [userTarget(user)]);
  }

  /** For good: as in Okta, somebody who is not deactivated yet is only deactivated. Whether they are gone. */
  deleteUser(user: OktaUser, actor: LogActor): boolean {
    if (user.status !== 'DEPROVISIONED') {
      this.setStatus(user, 'DEPROVISIONED', actor);
      return false;
    }
    for (const group of this.groups.values()) group.members.delete(user.id);
    this.users.delete(user.id);
    this.log.record(actor, 'user.lifecycle.delete.initiated', 'Delete Okta user', [userTarget(user)]);
    return true;
  }

  save(): Saved {
    return structuredClone({
      users: [...this.users.values()],
      groups: [...this.groups.values()].map((g) => ({ ...g, members: [...g.members] })),
      rules: this.rules,
      log: this.log.save(),
    });
  }

  load(saved: unknown): void {
    const state = structuredClone(saved as Saved);
    this.users = new Map(state.users.map((u) => [u.id, u]));
    this.groups = new Map(state.groups.map((g) => [g.id, { ...g, members: new Set(g.members) }]));
    this.rules = state.rules;
    this.log.load(state.log);
    this.#changed();
  }

  #tellAccount(user: OktaUser, wasProvisioned: boolean): void {
    const isProvisioned = this.isProvisioned(user);
    if (isProvisioned !== wasProvisioned) this.listener.accountChanged(user, isProvisioned);
  }
}

function groupTarget(group: OktaGroup): LogTarget {
  return { id: group.id, type: 'UserGroup', alternateId: 'unknown', displayName: group.profile.name };
}

function userTarget(user: OktaUser): LogTarget {
  return {
    id: user.id,
    type: 'User',
    alternateId: user.profile.login,
    displayName: user.profile.displayName,
  };
}

function lifecycleEvent(before: UserStatus, after: UserStatus): [RecordedType, string] {
  if (after === 'DEPROVISIONED') return ['user.lifecycle.deactivate', 'Deactivate Okta user'];
  if (after === 'SUSPENDED') return ['user.lifecycle.suspend', 'Suspend Okta user'];
  if (before === 'SUSPENDED') return ['user.lifecycle.unsuspend', 'Unsuspend Okta user'];
  if (before === 'DEPROVISIONED') return ['user.lifecycle.reactivate', 'Reactivate Okta user'];
  return ['user.lifecycle.activate', 'Activate Okta user'];
}
