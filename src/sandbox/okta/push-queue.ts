import type { World } from '../emulator.ts';
import { ScimFailure } from '../scim-wire.ts';
import type { OktaOrg } from './org.ts';
import { Provisioning, type RemoteIds } from './provisioning.ts';
import type { OktaGroup, OktaUser } from './records.ts';

type PushSettings = {
  /** From the change to its push, in milliseconds. */
  latencyMs: number;
  /** Random extra wait, at most, in milliseconds. */
  jitterMs: number;
  /** Changes of this kind that happen while it is set are lost silently. */
  drop: 'none' | 'add' | 'remove' | 'all';
  /** Pushes wait until it is taken back. */
  paused: boolean;
};

/** One thing to tell the SCIM provider. `retries` counts attempts that failed. */
export type PushTask = { dueAt: number; retries: number } & (
  | { kind: 'member'; op: 'add' | 'remove'; groupId: string; userId: string; isPatched: boolean }
  /** The group with all its members. */
  | { kind: 'group'; groupId: string }
  /** The person gained or lost the app. */
  | { kind: 'account'; userId: string; active: boolean }
  | { kind: 'profile'; userId: string }
  | { kind: 'rename'; groupId: string }
);

type Saved = {
  settings: PushSettings;
  tasks: PushTask[];
  remote: RemoteIds;
  isInitialPushDone: boolean;
  lastError: string | null;
};

const BACKOFF_MS = [1_000, 2_000, 5_000];
const BACKOFF_LAST_MS = 10_000;
/** How often to look whether Latchkey has been configured. */
const UNCONFIGURED_WAIT_MS = 500;

/**
 * What waits to be pushed to the MuleSoft app. Tasks of one group (or one person's account) go one at a time
 * and in order; groups go side by side. A member's task also waits for an earlier account task of the same
 * person, so nobody is made a member before they exist. Everything is plain data, so a snapshot can hold it.
 */
export class PushQueue {
  settings: PushSettings = { latencyMs: 150, jitterMs: 100, drop: 'none', paused: false };
  lastError: string | null = null;
  #tasks: PushTask[] = [];
  #isInitialPushDone = false;
  #running = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #underWay = new AbortController();
  #provisioning: Provisioning;
  readonly #org: OktaOrg;
  readonly #world: World;

  constructor(org: OktaOrg, world: World) {
    this.#org = org;
    this.#world = world;
    this.#provisioning = new Provisioning(org, { users: {}, groups: {} });
  }

  get pending(): number {
    return this.#tasks.length;
  }

  configure(settings: Partial<PushSettings>): void {
    Object.assign(this.settings, settings);
    this.#world.changed();
    this.#pump();
  }

  membershipChanged(group: OktaGroup, user: OktaUser, op: 'add' | 'remove'): void {
    // Somebody who is not assigned to the app is silently missing from the pushed group.
    const isPushed = group.pushed && (op === 'remove' || this.#org.isProvisioned(user));
    if (!isPushed || this.#drops(op)) return;
    this.#add({ ...this.#soon(), kind: 'member', op, groupId: group.id, userId: user.id, isPatched: false });
  }

  accountChanged(user: OktaUser, active: boolean): void {
    if (this.#drops('account')) return;
    this.#add({ ...this.#soon(), kind: 'account', userId: user.id, active });
    if (!active) return;
    for (const group of this.#org.groupsOf(user.id)) this.membershipChanged(group, user, 'add');
  }

  profileChanged(user: OktaUser): void {
    if (!this.#org.isProvisioned(user) || this.#drops('account')) return;
    this.#add({ ...this.#soon(), kind: 'profile', userId: user.id });
  }

  groupRenamed(group: OktaGroup): void {
    if (!group.pushed || this.#drops('group')) return;
    this.#add({ ...this.#soon(), kind: 'rename', groupId: group.id });
  }

  /** A full push of one group, or of all pushed ones, at once. Returns the names of the groups. */
  pushNow(only?: OktaGroup): string[] {
    const groups = [...this.#org.groups.values()].filter(
      (g) => g.pushed && (only === undefined || g === only),
    );
    if (only === undefined) this.#isInitialPushDone = true;
    if (this.#drops('group')) return groups.map((g) => g.profile.name);
    for (const group of groups)
      this.#add({ kind: 'group', groupId: group.id, dueAt: Date.now(), retries: 0 });
    return groups.map((g) => g.profile.name);
  }

  /** The full push that Okta does when group push is switched on: once in the life of this organisation. */
  pushInitially(): void {
    if (!this.#isInitialPushDone) this.pushNow();
  }

  save(): Saved {
    return structuredClone({
      settings: this.settings,
      tasks: this.#tasks,
      remote: this.#provisioning.remote,
      isInitialPushDone: this.#isInitialPushDone,
      lastError: this.lastError,
    });
  }

  load(saved: unknown): void {
    const state = structuredClone(saved as Saved);
    this.settings = state.settings;
    this.#tasks = state.tasks;
    this.#provisioning = new Provisioning(this.#org, state.remote);
    this.#isInitialPushDone = state.isInitialPushDone;
    this.lastError = state.lastError;
    // Pushes under way belong to the world that was.
    this.#underWay.abort();
    this.#underWay = new AbortController();
    this.#running = new Set();
    this.#pump();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#underWay.abort();
  }

  #drops(what: 'add' | 'remove' | 'account' | 'group'): boolean {
    return this.settings.drop === 'all' || this.settings.drop === what;
  }

  #soon(): { dueAt: number; retries: number } {
    return {
      dueAt: Date.now() + this.settings.latencyMs + Math.random() * this.settings.jitterMs,
      retries: 0,
    };
  }

  #add(task: PushTask): void {
    this.#tasks.push(task);
    this.#world.changed();
    this.#pump();
  }

  /** Starts every task that may run now and sets the timer for the next one that is due later. */
  #pump(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed || this.settings.paused) return;
    const now = Date.now();
    let nextAt = Number.POSITIVE_INFINITY;
    const seenLanes = new Set(this.#running);
    const accountsAhead = new Set<string>();
    for (const task of [...this.#tasks]) {
      const lane = laneOf(task);
      const isBlocked = seenLanes.has(lane) || (task.kind === 'member' && accountsAhead.has(task.userId));
      seenLanes.add(lane);
      if (task.kind === 'account') accountsAhead.add(task.userId);
      if (isBlocked) continue;
      if (task.dueAt > now) nextAt = Math.min(nextAt, task.dueAt);
      else void this.#run(task, lane, this.#running);
    }
    if (nextAt === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#pump(), Math.max(1, nextAt - now));
    this.#timer.unref();
  }

  async #run(task: PushTask, lane: string, running: Set<string>): Promise<void> {
    const latchkey = this.#world.latchkey();
    const { signal } = this.#underWay;
    if (latchkey === null) {
      task.dueAt = Date.now() + UNCONFIGURED_WAIT_MS;
      queueMicrotask(() => this.#pump());
      return;
    }
    running.add(lane);
    try {
      await this.#provisioning.push({ ...latchkey, signal }, task, (groupId) =>
        this.#cancelMemberTasks(groupId, task),
      );
      this.#finish(task);
    } catch (error) {
      if (!signal.aborted) this.#fail(task, error);
    } finally {
      running.delete(lane);
      this.#world.changed();
      this.#pump();
    }
  }

  #finish(task: PushTask): void {
    this.#tasks = this.#tasks.filter((t) => t !== task);
  }

  #fail(task: PushTask, error: unknown): void {
    this.lastError = error instanceof Error ? error.message : String(error);
    if (!(error instanceof ScimFailure) || !(error.isPassing || error.status === 404)) {
      // Okta shows a task error to the administrator and leaves it at that.
      this.#finish(task);
      return;
    }
    // After a 404 the remembered id is forgotten: the first repeat looks it up, and needs no waiting.
    const waitMs =
      error.status === 404 && task.retries === 0 ? 0 : (BACKOFF_MS[task.retries] ?? BACKOFF_LAST_MS);
    task.retries += 1;
    task.dueAt = Date.now() + waitMs;
  }

  /** A full push tells the membership as it is now; single changes that wait behind it would only repeat it. */
  #cancelMemberTasks(groupId: string, except: PushTask): void {
    this.#tasks = this.#tasks.filter((t) => t === except || t.kind !== 'member' || t.groupId !== groupId);
  }
}

function laneOf(task: PushTask): string {
  return task.kind === 'account' || task.kind === 'profile'
    ? `account ${task.userId}`
    : `group ${task.groupId}`;
}
