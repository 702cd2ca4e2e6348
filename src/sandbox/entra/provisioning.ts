import { setTimeout as sleep } from 'node:timers/promises';
import type { World } from '../emulator.ts';
import { ScimFailure } from '../scim-wire.ts';
import { oktaGroups } from '../seed.ts';
import type { ScimTarget } from './scim-client.ts';
import * as scim from './scim-client.ts';
import type { EntraGroup, EntraUser, Tenant } from './tenant.ts';
import { Throttle } from './throttle.ts';

/** From one cycle to the next (entra-docs, how-provisioning-works). */
const CYCLE_MS = 40 * 60_000;
/** Cycles that fail one after another until the job is in quarantine. */
const FAILURES_MAX = 3;
const ON_DEMAND_LIMIT = { requests: 5, perMs: 10_000 };

export type ProvisioningSettings = {
  cycleMs: number;
  isPaused: boolean;
  /** `aadOptscim062020` stands behind the tenant URL. */
  isCompliant: boolean;
  /** What the attribute mapping sends as a user's externalId; Entra's own is the mail nickname. */
  externalId: 'mailNickname' | 'objectId';
  /** The token that an administrator has put into the enterprise app; left out: the one that the world was told. */
  secretToken?: string;
};

/** In quarantine: since when and why, in Graph's words (synchronizationQuarantine). */
export type Quarantined = { since: string; reason: string; code: string; message: string };

/** Most of the calls to us failed. */
export const mostFailed = {
  reason: 'EncounteredBaseEscrowThreshold',
  code: 'SystemForCrossDomainIdentityManagementServiceIncompatible',
};

type Remote = { id: string; active: boolean; userName: string };
type Saved = {
  settings: ProvisioningSettings;
  assigned: string[];
  users: [string, Remote][];
  groups: [string, { id: string; name: string; members: string[] }][];
};

/** What came of one object, in Entra's words. */
export type Outcome = { result: 'Success' | 'Skipped' | 'Failure'; details: Record<string, string> };

/**
 * The enterprise app that provisions people and groups to Latchkey. Of the groups assigned to it, it carries the direct
 * members that are users; groups within groups it does not read. It remembers what it has carried, and carries the
 * difference.
 */
export class Provisioning {
  readonly assigned = new Set<string>();
  readonly onDemandLimit = new Throttle(ON_DEMAND_LIMIT);
  settings: ProvisioningSettings = {
    cycleMs: CYCLE_MS,
    isPaused: false,
    isCompliant: false,
    externalId: 'mailNickname',
  };
  /** Null: it is not in quarantine. */
  quarantined: Quarantined | null = null;
  lastRun: { at: string; state: 'Succeeded' | 'Failed'; error: string | null } | null = null;
  #failures = 0;
  readonly #users = new Map<string, Remote>();
  readonly #groups = new Map<string, { id: string; name: string; members: Set<string> }>();
  readonly #ending = new AbortController();
  readonly #world: World;
  readonly #tenant: Tenant;
  #running: Promise<void> = Promise.resolve();
  #cycling: AbortController | null = null;

  constructor(world: World, tenant: Tenant) {
    this.#world = world;
    this.#tenant = tenant;
    for (const { name, pushed } of oktaGroups) {
      const group = tenant.groupNamed(name);
      if (pushed && group !== null) this.assigned.add(group.id);
    }
  }

  /** Begins to run by itself, a cycle after another. */
  start(): void {
    this.#cycling?.abort();
    const cycling = new AbortController();
    this.#cycling = cycling;
    const signal = AbortSignal.any([cycling.signal, this.#ending.signal]);
    void (async () => {
      for (;;) {
        await sleep(this.settings.cycleMs, undefined, { signal, ref: false });
        await this.run();
      }
    })().catch(() => {});
  }

  /** One cycle, after the one that may be under way. */
  run(): Promise<void> {
    this.#running = this.#running.then(() => this.#cycle()).catch(() => {});
    return this.#running;
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  async #cycle(): Promise<void> {
    const target = this.#target(this.settings.isCompliant);
    if (target === null || this.settings.isPaused) return;
    let failure: ScimFailure | null = null;
    const attempt = async (work: () => Promise<unknown>) => {
      try {
        await work();
      } catch (error) {
        if (!(error instanceof ScimFailure)) throw error;
        failure = error;
      }
    };
    for (const id of this.assigned) {
      const group = this.#tenant.groups.get(id);
      if (group !== undefined) await attempt(() => this.#carryGroup(target, group, this.#usersIn(group)));
    }
    for (const [userId, remote] of this.#users) await attempt(() => this.#carryAway(target, userId, remote));
    this.#note(failure);
  }

  /** Several bad cycles in a row, and the job is looked after only rarely, until one is good again. */
  #note(failure: ScimFailure | null): void {
    const at = new Date().toISOString();
    this.lastRun = { at, state: failure === null ? 'Succeeded' : 'Failed', error: failure?.message ?? null };
    this.#failures = failure === null ? 0 : this.#failures + 1;
    if (failure === null) this.quarantined = null;
    else if (this.#failures >= FAILURES_MAX)
      this.quarantined ??= { since: at, ...mostFailed, message: failure.message };
    this.#world.changed();
  }

  /** Into quarantine, as Entra puts a job there for what it has seen; null: out of it, as Restart provisioning does. */
  quarantine(why: Omit<Quarantined, 'since'> | null): void {
    this.#failures = 0;
    this.quarantined =
      why === null ? null : { since: this.quarantined?.since ?? new Date().toISOString(), ...why };
    this.#world.changed();
  }

  /**
   * One group and some people, at once (provisionOnDemand). The dialect is Entra's own: the flag does not count here.
   */
  async onDemand(groupId: string, userIds: readonly string[]): Promise<Outcome> {
    const target = this.#target(false);
    const group = this.#tenant.groups.get(groupId);
    if (target === null) return failure('InvalidCredentials', 'The provisioning job has no credentials.');
    if (group === undefined || !this.assigned.has(groupId))
      return {
        result: 'Skipped',
        details: {
          errorCode: 'NotEffectivelyEntitled',
          errorMessage: 'The group is not assigned to the application.',
        },
      };
    const people = userIds.flatMap((id) => this.#tenant.users.get(id) ?? []);
    try {
      const changed = await this.#carryGroup(target, group, people, true);
      return changed
        ? { result: 'Success', details: {} }
        : {
            result: 'Skipped',
            details: {
              errorCode: 'RedundantExport',
              errorMessage: 'The state of the group in both the source and target systems already match.',
            },
          };
    } catch (error) {
      if (!(error instanceof ScimFailure)) throw error;
      return failure(
        error.status === 401 ? 'InvalidCredentials' : 'SystemForCrossDomainIdentityManagementError',
        error.message,
      );
    }
  }

  /** Carries what differs. `isSome`: of these people alone, whether they are in now or not. */
  async #carryGroup(
    target: ScimTarget,
    group: EntraGroup,
    people: readonly EntraUser[],
    isSome = false,
  ): Promise<boolean> {
    const remote = this.#groups.get(group.id) ?? (await this.#carryNewGroup(target, group));
    if (remote.name !== group.displayName) await scim.renameGroup(target, remote.id, group.displayName);
    remote.name = group.displayName;
    const wanted = people.filter((user) => group.members.has(user.id));
    const before = isSome
      ? people.map(({ id }) => id).filter((id) => remote.members.has(id))
      : [...remote.members];
    const added = wanted.filter(({ id }) => !remote.members.has(id));
    const removed = before.filter((id) => !wanted.some((user) => user.id === id));
    for (const user of wanted) await this.#carryUser(target, user);
    const idOf = (userId: string) => this.#users.get(userId)?.id ?? [];
    await scim.changeMembers(target, remote.id, {
      added: added.flatMap(({ id }) => idOf(id)),
      removed: removed.flatMap(idOf),
    });
    for (const { id } of added) remote.members.add(id);
    for (const id of removed) remote.members.delete(id);
    return added.length + removed.length > 0;
  }

  async #carryNewGroup(target: ScimTarget, group: EntraGroup) {
    const { displayName } = group;
    const id =
      (await scim.findGroup(target, displayName)) ??
      (await scim.createGroup(target, { displayName, externalId: group.id }));
    const remote = { id, name: displayName, members: new Set<string>() };
    this.#groups.set(group.id, remote);
    return remote;
  }

  async #carryUser(target: ScimTarget, user: EntraUser): Promise<void> {
    const known = this.#users.get(user.id);
    const userName = user.userPrincipalName;
    const active = user.accountEnabled;
    if (known === undefined) {
      const found = await scim.findUser(target, userName);
      const externalId =
        this.settings.externalId === 'objectId' ? user.id : (userName.split('@')[0] ?? userName);
      const id = found ?? (await scim.createUser(target, { userName, externalId, active, user }));
      if (found !== null) await scim.changeUser(target, found, { active });
      this.#users.set(user.id, { id, active, userName });
      return;
    }
    const changed = {
      ...(known.active === active ? {} : { active }),
      ...(known.userName === userName ? {} : { userName }),
    };
    if (Object.keys(changed).length > 0) await scim.changeUser(target, known.id, changed);
    Object.assign(known, { active, userName });
  }

  /** Whoever is switched off, in no assigned group any more, or deleted, is switched off there. */
  async #carryAway(target: ScimTarget, userId: string, remote: Remote): Promise<void> {
    const deleted = this.#tenant.deleted.get(userId);
    if (deleted !== undefined) {
      const userName = `${userId.replaceAll('-', '')}${deleted.user.userPrincipalName}`;
      if (!remote.active && remote.userName === userName) return;
      await scim.changeUser(target, remote.id, { active: false, userName });
      Object.assign(remote, { active: false, userName });
      return;
    }
    const user = this.#tenant.users.get(userId);
    // Of whom is gone for good within one cycle, the next has nothing to carry (MicrosoftDocs/azure-docs#30269).
    if (user === undefined) return;
    const isInScope = [...this.assigned].some(
      (id) => this.#tenant.groups.get(id)?.members.has(userId) === true,
    );
    if (isInScope) return await this.#carryUser(target, user);
    if (!remote.active) return;
    await scim.changeUser(target, remote.id, { active: false });
    remote.active = false;
  }

  #usersIn(group: EntraGroup): EntraUser[] {
    return [...group.members].flatMap((id) => this.#tenant.users.get(id) ?? []);
  }

  #target(isCompliant: boolean): ScimTarget | null {
    const latchkey = this.#world.latchkey();
    const token = latchkey?.entraScimToken ?? this.settings.secretToken;
    return latchkey === null || token === undefined
      ? null
      : { url: latchkey.url, token, isCompliant, signal: this.#ending.signal };
  }

  snapshot(): Saved {
    return structuredClone({
      settings: this.settings,
      assigned: [...this.assigned],
      users: [...this.#users],
      groups: [...this.#groups].map(
        ([id, group]) => [id, { ...group, members: [...group.members] }] as const,
      ),
    }) as Saved;
  }

  restore(saved: Saved): void {
    const { settings, assigned, users, groups } = structuredClone(saved);
    this.settings = settings;
    this.assigned.clear();
    for (const id of assigned) this.assigned.add(id);
    this.#users.clear();
    for (const [id, remote] of users) this.#users.set(id, remote);
    this.#groups.clear();
    for (const [id, group] of groups) this.#groups.set(id, { ...group, members: new Set(group.members) });
    this.onDemandLimit.reset();
    this.quarantined = null;
    this.lastRun = null;
    this.#failures = 0;
  }
}

function failure(errorCode: string, errorMessage: string): Outcome {
  return { result: 'Failure', details: { errorCode, errorMessage } };
}
