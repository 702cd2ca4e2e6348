import { randomUUID } from 'node:crypto';
import type { World } from '../emulator.ts';
import { oktaGroups } from '../seed.ts';
import { notFound, OktaError } from './errors.ts';
import { newId } from './ids.ts';
import type { GroupRule, LogActor, LogEvent, OktaGroup, OktaUser, UserStatus } from './records.ts';
import { seedGroup, seedRules, seedUser } from './records.ts';

/** Events kept; older ones fall off, as Okta's do after 90 days. */
const LOG_KEPT = 10_000;

/** What the provisioning side of Okta hears about. */
type OrgListener = {
  membershipChanged(group: OktaGroup, user: OktaUser, op: 'add' | 'remove'): void;
  /** The person gained or lost the MuleSoft app. */
  accountChanged(user: OktaUser, active: boolean): void;
};

type Saved = {
  users: OktaUser[];
  groups: (Omit<OktaGroup, 'members'> & { members: string[] })[];
  rules: GroupRule[];
  log: LogEvent[];
};

/** The organisation's directory: users, groups, rules and the log of what happened to them. */
export class OktaOrg {
  users = new Map<string, OktaUser>();
  groups = new Map<string, OktaGroup>();
  rules: GroupRule[] = seedRules(oktaGroups);
  log: LogEvent[] = [];
  listener: OrgListener = { membershipChanged() {}, accountChanged() {} };
  readonly #changed: () => void;

  constructor(world: World) {
    this.#changed = () => world.changed();
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
    if (name.includes('/')) throw notFound(name, 'User');
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
  setMember(groupId: string, userId: string, isMember: boolean, actor: LogActor, dropped = false): void {
    const group = this.group(groupId);
    if (group.type !== 'OKTA_GROUP') throw new OktaError('E0000006');
    const user = this.user(userId);
    if (isMember && user.status === 'DEPROVISIONED') throw new OktaError('E0000038');
    if (dropped || group.members.has(userId) === isMember) return;
    if (isMember) group.members.add(userId);
    else group.members.delete(userId);
    group.lastMembershipUpdated = new Date().toISOString();
    this.#record(
      actor,
      isMember ? 'group.user_membership.add' : 'group.user_membership.remove',
      isMember ? 'Add user to group membership' : 'Remove user from group membership',
      [
        userTarget(user),
        { id: group.id, type: 'UserGroup', alternateId: 'unknown', displayName: group.profile.name },
      ],
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
    this.#record(actor, eventType, message, [userTarget(user)]);
    this.#tellAccount(user, wasProvisioned);
  }

  /** Assigns the person to the MuleSoft app, or takes it away. */
  setAssigned(user: OktaUser, assigned: boolean, actor: LogActor): void {
    if (user.assigned === assigned) return;
    const wasProvisioned = this.isProvisioned(user);
    user.assigned = assigned;
    const verb = assigned ? 'add' : 'remove';
    this.#record(actor, `application.user_membership.${verb}`, `User ${verb} to app`, [userTarget(user)]);
    this.#tellAccount(user, wasProvisioned);
  }

  createUser(user: OktaUser, actor: LogActor): void {
    this.users.set(user.id, user);
    for (const group of this.groups.values()) if (group.type === 'BUILT_IN') group.members.add(user.id);
    this.#record(actor, 'user.lifecycle.create', 'Create Okta user', [userTarget(user)]);
  }

  createGroup(name: string, description: string | null, actor: LogActor): OktaGroup {
    const group = seedGroup({ id: newId('00g'), name, type: 'OKTA_GROUP', pushed: false, members: [] }, []);
    group.profile.description = description;
    group.created = group.lastUpdated = group.lastMembershipUpdated = new Date().toISOString();
    this.groups.set(group.id, group);
    this.#record(actor, 'group.lifecycle.create', 'Create Okta group', [
      { id: group.id, type: 'UserGroup', alternateId: 'unknown', displayName: name },
    ]);
    return group;
  }

  save(): Saved {
    return structuredClone({
      users: [...this.users.values()],
      groups: [...this.groups.values()].map((g) => ({ ...g, members: [...g.members] })),
      rules: this.rules,
      log: this.log,
    });
  }

  load(saved: unknown): void {
    const state = structuredClone(saved as Saved);
    this.users = new Map(state.users.map((u) => [u.id, u]));
    this.groups = new Map(state.groups.map((g) => [g.id, { ...g, members: new Set(g.members) }]));
    this.rules = state.rules;
    this.log = state.log;
    this.#changed();
  }

  #tellAccount(user: OktaUser, wasProvisioned: boolean): void {
    const isProvisioned = this.isProvisioned(user);
    if (isProvisioned !== wasProvisioned) this.listener.accountChanged(user, isProvisioned);
  }

  #record(actor: LogActor, eventType: string, displayMessage: string, target: LogEvent['target']): void {
    this.log.push({
      uuid: randomUUID(),
      published: new Date().toISOString(),
      eventType,
      version: '0',
      severity: 'INFO',
      displayMessage,
      actor,
      outcome: { result: 'SUCCESS' },
      target,
    });
    if (this.log.length > LOG_KEPT) this.log.splice(0, this.log.length - LOG_KEPT);
    this.#changed();
  }
}

function userTarget(user: OktaUser): LogEvent['target'][number] {
  return {
    id: user.id,
    type: 'User',
    alternateId: user.profile.login,
    displayName: user.profile.displayName,
  };
}

function lifecycleEvent(before: UserStatus, after: UserStatus): [string, string] {
  if (after === 'DEPROVISIONED') return ['user.lifecycle.deactivate', 'Deactivate Okta user'];
  if (after === 'SUSPENDED') return ['user.lifecycle.suspend', 'Suspend Okta user'];
  if (before === 'SUSPENDED') return ['user.lifecycle.unsuspend', 'Unsuspend Okta user'];
  if (before === 'DEPROVISIONED') return ['user.lifecycle.reactivate', 'Reactivate Okta user'];
  return ['user.lifecycle.activate', 'Activate Okta user'];
}
