import type { World } from '../emulator.ts';
import type { OktaOrg } from './org.ts';
import type { OktaGroup, OktaUser } from './records.ts';

export type ConnectorSettings = {
  /** The Anypoint team of each pushed group, by its name. Empty: Okta has no such app. */
  teams: Record<string, string>;
  /** From the change to its push, in milliseconds. */
  latencyMs: number;
  /** Removals that happen while it is set fail, as Okta's own help says they do. Additions always arrive. */
  leavesMembers: boolean;
  /** Pushes wait until it is taken back. */
  paused: boolean;
};

type Task = { dueAt: number; op: 'add' | 'remove'; group: string; team: string; key: string };

type Saved = { settings: ConnectorSettings; tasks: Task[]; failed: string[] };

/**
 * Okta's own app "MuleSoft Anypoint Platform": it pushes groups to teams of Anypoint through an API, without SCIM. Who
 * has no user there is given one.
 */
export class AnypointConnector {
  settings: ConnectorSettings = { teams: {}, latencyMs: 150, leavesMembers: false, paused: false };
  /** As its tasks in the console say. */
  failed: string[] = [];
  #tasks: Task[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #underWay: Promise<void> = Promise.resolve();
  readonly #org: OktaOrg;
  readonly #world: World;

  constructor(org: OktaOrg, world: World) {
    this.#org = org;
    this.#world = world;
  }

  get pending(): number {
    return this.#tasks.length;
  }

  configure(settings: Partial<ConnectorSettings>): void {
    Object.assign(this.settings, settings);
    this.#world.changed();
    this.#pump();
  }

  membershipChanged(group: OktaGroup, user: OktaUser, op: 'add' | 'remove'): void {
    const team = this.settings.teams[group.profile.name];
    if (team === undefined || (op === 'add' && !this.#org.isProvisioned(user))) return;
    if (op === 'remove' && this.settings.leavesMembers) {
      this.failed.push(`${user.profile.login} could not be removed from ${team}`);
      this.#world.changed();
      return;
    }
    const dueAt = Date.now() + this.settings.latencyMs;
    this.#tasks.push({ dueAt, op, group: group.profile.name, team, key: user.key });
    this.#pump();
  }

  /** Push Groups > Active > Push now: the team becomes as the group is. Answers how many had been left there. */
  async pushNow(group: OktaGroup): Promise<number> {
    const team = this.settings.teams[group.profile.name];
    if (team === undefined) return 0;
    const teams = (await (await fetch(`${this.#world.url()}/anypoint/sim/teams`)).json()) as {
      name: string;
      members: { key: string }[];
    }[];
    const wanted = [...group.members].map((id) => this.#org.user(id).key);
    const present = teams.find(({ name }) => name === team)?.members.map(({ key }) => key) ?? [];
    const left = present.filter((key) => !wanted.includes(key));
    for (const key of left) await this.#carry({ op: 'remove', team, key });
    for (const key of wanted.filter((one) => !present.includes(one)))
      await this.#carry({ op: 'add', team, key });
    this.failed = [];
    return left.length;
  }

  save(): Saved {
    return structuredClone({ settings: this.settings, tasks: this.#tasks, failed: this.failed });
  }

  load(saved: unknown): void {
    const state = structuredClone(saved as Saved);
    this.settings = state.settings;
    this.#tasks = state.tasks;
    this.failed = state.failed;
    this.#pump();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** One after the other, in the order in which they happened. */
  #pump(): void {
    clearTimeout(this.#timer);
    const [next] = this.#tasks;
    if (this.#isClosed || this.settings.paused || next === undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#underWay = this.#underWay.then(() => this.#runDue());
      },
      Math.max(0, next.dueAt - Date.now()),
    );
    this.#timer.unref();
  }

  async #runDue(): Promise<void> {
    while (!this.#isClosed && !this.settings.paused && (this.#tasks[0]?.dueAt ?? Infinity) <= Date.now()) {
      const task = this.#tasks.shift() as Task;
      await this.#carry(task).catch((error: unknown) => this.failed.push(String(error)));
      this.#world.changed();
    }
    this.#pump();
  }

  async #carry({ op, team, key }: Pick<Task, 'op' | 'team' | 'key'>): Promise<void> {
    const at = `${this.#world.url()}/anypoint/sim`;
    const member = `${at}/teams/${encodeURIComponent(team)}/members/${encodeURIComponent(key)}`;
    const send = (method: string, url: string) =>
      fetch(url, {
        method,
        headers: { 'content-type': 'application/json' },
        ...(method === 'POST' ? { body: '{}' } : {}),
      });
    if (op === 'remove') {
      await send('DELETE', member);
      return;
    }
    const added = await send('POST', member);
    if (added.status !== 409) return;
    await send('POST', `${at}/users/${encodeURIComponent(key)}/sign-in`);
    await send('POST', member);
  }
}
