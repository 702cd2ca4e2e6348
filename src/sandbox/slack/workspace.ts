import { randomBytes } from 'node:crypto';
import { type Person, slackChannels, slackUserGroups } from '../seed.ts';
import { app, Directory, type Status } from './directory.ts';
import type { Grid } from './grid.ts';

export type Block = { type: string; block_id?: string; [field: string]: unknown };
/** One element's entry in `state.values`, e.g. `{ type: 'plain_text_input', value: 'x' }`. */
export type ElementState = { type: string; [field: string]: unknown };
export type StateValues = Record<string, Record<string, ElementState>>;

export type Message = {
  ts: string;
  channel: string;
  /** Slack user id of the author. */
  user: string;
  text: string;
  blocks?: Block[];
  threadTs?: string;
  edited?: { user: string; ts: string };
  metadata?: { event_type: string; event_payload: Record<string, unknown> };
  /** Slack user id of the only person who sees it. */
  ephemeralTo?: string;
  files?: { id: string; name: string }[];
  reactions?: { name: string; users: string[] }[];
  /** Each person's choices in this message's menus: sent as `state` with their clicks. */
  chosen?: Record<string, StateValues>;
};

export type Channel = {
  id: string;
  name: string;
  kind: 'channel' | 'im';
  isPrivate?: boolean;
  isArchived?: boolean;
  /** Slack user ids, Latchkey's bot user among them where it was invited. */
  members: string[];
  messages: Message[];
};

export type ViewPayload = {
  type: 'modal' | 'home';
  title?: { type: string; text: string };
  submit?: { type: string; text: string };
  close?: { type: string; text: string };
  blocks: Block[];
  private_metadata?: string;
  callback_id?: string;
  external_id?: string;
  clear_on_close?: boolean;
  notify_on_close?: boolean;
};

export type View = {
  id: string;
  hash: string;
  owner: string;
  payload: ViewPayload;
  values: StateValues;
  /** Shown under fields: block id to text. */
  errors: Record<string, string>;
  /** Options that an external select has offered so far, by `block_id action_id`. */
  offered: Record<string, Record<string, unknown>[]>;
  previousViewId: string | null;
  rootViewId: string;
};

export type ResponseUrl = {
  channel: string;
  user: string;
  /** The message it came from; absent for a slash command. */
  messageTs?: string;
  posts: number;
  expiresAt: number;
};

/** Whom `@handle` mentions: Slack user ids. */
export type UserGroup = {
  id: string;
  handle: string;
  name: string;
  members: string[];
  isDisabled: boolean;
};

type Trigger = { user: string; expiresAt: number; isExchanged: boolean };

/** [docs.slack.dev/interactivity/handling-user-interaction] A trigger is good for one view, for 3 seconds. */
const TRIGGER_TTL_MS = 3_000;
/** How long used and expired triggers are remembered, so that they can be told from invented ones. */
const TRIGGER_MEMORY_MS = 600_000;
/** [docs.slack.dev/interactivity/handling-user-interaction#message_responses] */
const RESPONSE_URL_TTL_MS = 30 * 60_000;

function imId(person: Person): string {
  return `D${person.slackId.slice(1).padStart(8, '0')}`;
}

/** Everything that Slack keeps for one workspace. Methods change it and tell `changed`. */
export class Workspace {
  readonly directory: Directory;
  channels = new Map<string, Channel>();
  userGroups: UserGroup[] = [];
  /** The organisation around it; null: there is none. */
  grid: Grid | null = null;
  views = new Map<string, View>();
  /** Open modals, bottom first, by Slack user id. */
  stacks = new Map<string, string[]>();
  /** View id of the published home, by Slack user id; and whether the app's settings have it switched on. */
  homes = new Map<string, string>();
  isHomeEnabled = true;
  responseUrls = new Map<string, ResponseUrl>();
  readonly changed: () => void;
  #triggers = new Map<string, Trigger>();
  #messages = new Map<string, Message>();
  #replies = new Map<string, Message[]>();
  #lastTsMicros = 0;
  constructor(people: () => readonly Person[], changed: () => void) {
    this.directory = new Directory(people);
    this.changed = changed;
    for (const { members, ...group } of slackUserGroups)
      this.userGroups.push({
        ...group,
        members: members.flatMap((key) => this.directory.byKey(key)?.slackId ?? []),
        isDisabled: false,
      });
    for (const seeded of slackChannels) {
      const members = seeded.members.flatMap((key) => this.directory.byKey(key)?.slackId ?? []);
      // Latchkey was invited to the channel it posts to, and to no other.
      if (seeded.name === 'access-requests') members.push(app.userId);
      this.channels.set(seeded.id, {
        id: seeded.id,
        name: seeded.name,
        kind: 'channel',
        members,
        messages: [],
      });
    }
  }

  /** A time stamp nobody got before: Slack's message ids are unique and rise within a workspace. */
  nextTs(): string {
    this.#lastTsMicros = Math.max(Date.now() * 1_000, this.#lastTsMicros + 1);
    const seconds = Math.floor(this.#lastTsMicros / 1_000_000);
    return `${seconds}.${String(this.#lastTsMicros % 1_000_000).padStart(6, '0')}`;
  }

  newId(prefix: string): string {
    return prefix + randomBytes(5).toString('hex').toUpperCase();
  }

  newHash(): string {
    return `${Math.floor(Date.now() / 1_000)}.${randomBytes(4).toString('hex')}`;
  }

  setGrid(grid: Grid | null): void {
    this.grid = grid;
    this.directory.alsoKnownAs = new Map(
      Object.entries(grid?.members ?? {}).flatMap(([key, { gridId }]) =>
        gridId === undefined ? [] : [[gridId, key]],
      ),
    );
  }

  /** The id that Slack calls a person by in what it sends. */
  idOf(person: Person): string {
    return this.grid?.members[person.key]?.gridId ?? person.slackId;
  }

  channelNamed(name: string): Channel | null {
    const bare = name.startsWith('#') ? name.slice(1) : name;
    for (const channel of this.channels.values()) {
      if (channel.kind === 'channel' && channel.name === bare) return channel;
    }
    return null;
  }

  /** The direct conversation between a person and Latchkey; made when first asked for. */
  im(person: Person): { channel: Channel; wasOpen: boolean } {
    const id = imId(person);
    const known = this.channels.get(id);
    if (known !== undefined) return { channel: known, wasOpen: true };
    const channel: Channel = {
      id,
      name: person.key,
      kind: 'im',
      members: [person.slackId, app.userId],
      messages: [],
    };
    this.channels.set(id, channel);
    return { channel, wasOpen: false };
  }

  message(channelId: string, ts: string): Message | null {
    return this.#messages.get(`${channelId} ${ts}`) ?? null;
  }

  replies(channelId: string, threadTs: string): readonly Message[] {
    return this.#replies.get(`${channelId} ${threadTs}`) ?? [];
  }

  post(message: Message): void {
    this.channels.get(message.channel)?.messages.push(message);
    this.#index(message);
    this.changed();
  }

  remove(message: Message): void {
    const channel = this.channels.get(message.channel);
    if (channel !== undefined) channel.messages = channel.messages.filter((m) => m !== message);
    this.#messages.delete(`${message.channel} ${message.ts}`);
    if (message.threadTs !== undefined) {
      const key = `${message.channel} ${message.threadTs}`;
      this.#replies.set(
        key,
        (this.#replies.get(key) ?? []).filter((m) => m !== message),
      );
    }
    this.changed();
  }

  newTrigger(user: string): string {
    const now = Date.now();
    for (const [id, trigger] of this.#triggers) {
      // Insertion order is time order, so the first young one ends the search.
      if (trigger.expiresAt > now - TRIGGER_MEMORY_MS) break;
      this.#triggers.delete(id);
    }
    const id = `${now}.${parseInt(randomBytes(4).toString('hex'), 16)}.${randomBytes(16).toString('hex')}`;
    this.#triggers.set(id, { user, expiresAt: now + TRIGGER_TTL_MS, isExchanged: false });
    return id;
  }

  /** The person behind a trigger, or why it can't be used. `exchangeTrigger` uses it up. */
  checkTrigger(
    id: string,
  ): { user: string } | { error: 'invalid_trigger_id' | 'exchanged_trigger_id' | 'expired_trigger_id' } {
    const trigger = this.#triggers.get(id);
    if (trigger === undefined) return { error: 'invalid_trigger_id' };
    if (trigger.isExchanged) return { error: 'exchanged_trigger_id' };
    if (trigger.expiresAt < Date.now()) return { error: 'expired_trigger_id' };
    return { user: trigger.user };
  }

  exchangeTrigger(id: string): void {
    const trigger = this.#triggers.get(id);
    if (trigger !== undefined) trigger.isExchanged = true;
  }

  newResponseUrl(where: { channel: string; user: string; messageTs?: string }): string {
    const now = Date.now();
    for (const [id, url] of this.responseUrls) {
      if (url.expiresAt > now) break;
      this.responseUrls.delete(id);
    }
    const id = randomBytes(12).toString('hex');
    this.responseUrls.set(id, { ...where, posts: 0, expiresAt: now + RESPONSE_URL_TTL_MS });
    return id;
  }

  stack(user: string): View[] {
    return (this.stacks.get(user) ?? []).flatMap((id) => this.views.get(id) ?? []);
  }

  /** Takes the topmost modal away, and what it covered becomes the top. */
  popView(view: View): void {
    const rest = (this.stacks.get(view.owner) ?? []).filter((id) => id !== view.id);
    this.stacks.set(view.owner, rest);
    this.views.delete(view.id);
    this.changed();
  }

  clearViews(user: string): void {
    for (const id of this.stacks.get(user) ?? []) this.views.delete(id);
    this.stacks.set(user, []);
    this.changed();
  }

  snapshot(): unknown {
    return structuredClone({
      lastTsMicros: this.#lastTsMicros,
      channels: [...this.channels.values()],
      userGroups: this.userGroups,
      grid: this.grid,
      statuses: [...this.directory.statuses],
      views: [...this.views.values()],
      stacks: [...this.stacks],
      homes: [...this.homes],
      responseUrls: [...this.responseUrls],
    });
  }

  restore(saved: unknown): void {
    const state = structuredClone(saved) as {
      lastTsMicros: number;
      channels: Channel[];
      /** A world saved by an earlier version has none. */
      userGroups?: UserGroup[];
      grid?: Grid | null;
      statuses?: [string, Status][];
      views: View[];
      stacks: [string, string[]][];
      homes: [string, string][];
      responseUrls: [string, ResponseUrl][];
    };
    this.#lastTsMicros = state.lastTsMicros;
    this.channels = new Map(state.channels.map((c) => [c.id, c]));
    this.userGroups = state.userGroups ?? this.userGroups;
    this.setGrid(state.grid ?? null);
    this.directory.statuses = new Map(state.statuses ?? []);
    this.views = new Map(state.views.map((v) => [v.id, v]));
    this.stacks = new Map(state.stacks);
    this.homes = new Map(state.homes);
    this.responseUrls = new Map(state.responseUrls);
    this.#messages.clear();
    this.#replies.clear();
    this.#triggers.clear();
    for (const channel of state.channels) for (const message of channel.messages) this.#index(message);
    this.changed();
  }

  #index(message: Message): void {
    this.#messages.set(`${message.channel} ${message.ts}`, message);
    if (message.threadTs === undefined || message.threadTs === message.ts) return;
    const key = `${message.channel} ${message.threadTs}`;
    const replies = this.#replies.get(key);
    if (replies === undefined) this.#replies.set(key, [message]);
    else replies.push(message);
  }
}
