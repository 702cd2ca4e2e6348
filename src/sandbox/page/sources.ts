/** Where the page gets what it shows: the emulators' own consoles, and Latchkey's read API. */
import type { FastifyInstance } from 'fastify';
import type { Installation, System, World } from '../emulator.ts';
import type { Ticket } from '../tickets/emulator.ts';

/** Longer than Latchkey ever takes when it is well; the page must not hang on it. */
const LATCHKEY_LIMIT_MS = 1_500;
const CHANGES_SHOWN = 10;

export type ShownBlock = { type: string; block_id?: string; [field: string]: unknown };
export type ShownMessage = {
  ts: string;
  user: string;
  userName: string;
  text: string;
  blocks: ShownBlock[] | null;
  threadTs: string | null;
  edited: boolean;
  ephemeral: boolean;
  files: { id: string; name: string }[];
  reactions: { name: string; users: string[] }[];
  chosen: Values;
};
export type Values = Record<string, Record<string, Record<string, unknown>>>;
export type ShownChannel = { id: string; name: string; kind: 'channel' | 'im'; messages: ShownMessage[] };
export type ShownView = {
  id: string;
  hash: string;
  type: 'modal' | 'home';
  title: string | null;
  blocks: ShownBlock[];
  state: { values: Values };
  errors: Record<string, string>;
  submit: string | null;
  close: string | null;
};
export type ShownPerson = {
  key: string;
  name: string;
  title: string;
  department: string;
  role: string;
  slackId: string;
  slackKind: string;
  latest: string | null;
};
export type SlackSeen = {
  me: ShownPerson;
  people: ShownPerson[];
  channels: ShownChannel[];
  views: ShownView[];
  home: ShownView | null;
};

export type Member = { key: string | null; name: string; membershipType?: string; visibleAt?: string };
export type IdpGroup = {
  id: string;
  name: string;
  type: string;
  pushed: boolean;
  ruled?: boolean;
  members: Member[];
};
export type GroupsOfIdp = { system: System; groups: IdpGroup[] };
export type AnypointTeam = {
  id: string;
  name: string;
  members: Member[];
  leaving: { key: string | null; visibleAt: string }[];
};

export type Legs = {
  decisionToIdp: number | null;
  idpToScim: number | null;
  scimToDelivery: number | null;
  deliveryToSeen: number | null;
  total: number | null;
};
export type Change = {
  id: string;
  kind: 'grant' | 'revoke';
  cause: string;
  state: string;
  mood: string;
  /** Where it stands, in a word or two. */
  label: string;
  headline: string;
  /** What it means and what comes next, in a sentence or two. */
  detail?: string;
  entitlement: { key: string; title: string } | null;
  person: { name: string | null; email: string | null } | null;
  requestedAt: string | null;
  endsAt: string | null;
  timeline: { at: string; type: string; text: string; actor: string | null }[];
  legs: Legs | null;
};
export type CanaryTrip = Legs & { soFarMs: number | null };
export type CanaryRound = {
  id: string;
  startedAt: string;
  result: 'hit' | 'miss' | 'void' | null;
  stuck: { direction: 'grant' | 'revoke'; leg: string } | null;
  grant: CanaryTrip | null;
  revoke: CanaryTrip | null;
};
export type Canary = {
  status: string;
  why: string | null;
  objectiveMs: number;
  alarm: { since: string } | null;
  rounds: CanaryRound[];
};
export type Changes =
  | { is: 'known'; changes: Change[] }
  | { is: 'not_installed' }
  | { is: 'down'; url: string; why: string };

/** Settings of the emulators that the page can turn. */
export type Settings = {
  anypointLagMs: number;
  isPushPaused: boolean;
  isQuarantined: boolean;
  modelMode: string;
};

function askLatchkey({ url, readToken }: Installation, path: string): Promise<Response> {
  return fetch(`${url}${path}`, {
    headers: readToken === undefined ? {} : { authorization: `Bearer ${readToken}` },
    signal: AbortSignal.timeout(LATCHKEY_LIMIT_MS),
  });
}

export class Sources {
  #app: FastifyInstance;
  #world: World;

  constructor(app: FastifyInstance, world: World) {
    this.#app = app;
    this.#world = world;
  }

  /** Null when the vendor has no such route, or refuses. */
  async read<T>(path: string): Promise<T | null> {
    const response = await this.#app.inject({ method: 'GET', url: path, headers: this.#own() });
    return response.statusCode === 200 ? (response.json() as T) : null;
  }

  /** Whether the vendor's console took it. */
  async turn(
    path: string,
    body: Record<string, unknown> | null,
    method: 'POST' | 'DELETE' = 'POST',
  ): Promise<boolean> {
    const response = await this.#app.inject({
      method,
      url: path,
      ...(method === 'POST' && body !== null ? { payload: body } : {}),
      headers: this.#own(),
    });
    return response.statusCode < 300;
  }

  /** The world takes what is addressed to it, and nothing else. */
  #own(): { host: string } {
    return { host: new URL(this.#world.url()).host };
  }

  slack(as: string): Promise<SlackSeen | null> {
    return this.read<SlackSeen>(`/slack/sim/workspace?as=${encodeURIComponent(as)}&limit=80`);
  }

  /** Whose groups give access. */
  systems(): readonly System[] {
    return this.#world.latchkey()?.systems ?? ['okta'];
  }

  /** Of each identity provider in use. */
  async groups(): Promise<GroupsOfIdp[]> {
    return await Promise.all(
      this.systems().map(async (system) => ({
        system,
        groups: (await this.read<IdpGroup[]>(`/${system}/sim/groups`)) ?? [],
      })),
    );
  }

  async teams(): Promise<AnypointTeam[]> {
    return (await this.read<AnypointTeam[]>('/anypoint/sim/teams')) ?? [];
  }

  async tickets(): Promise<Ticket[]> {
    return (await this.read<Ticket[]>('/tickets/sim/tickets')) ?? [];
  }

  async settings(): Promise<Settings> {
    const [lag, push, sync, model] = await Promise.all([
      this.read<{ ms: number }>('/anypoint/sim/lag'),
      this.read<{ paused: boolean }>('/okta/sim/push'),
      this.read<{ quarantinedAt: string | null }>('/entra/sim/sync'),
      this.read<{ mode: string }>('/model/sim/mode'),
    ]);
    return {
      anypointLagMs: lag?.ms ?? 0,
      isPushPaused: push?.paused ?? false,
      isQuarantined: sync?.quarantinedAt != null,
      modelMode: model?.mode ?? 'scripted',
    };
  }

  /** Address of Latchkey's web page; null: Latchkey is not there yet. */
  webPage(): string | null {
    const latchkey = this.#world.latchkey();
    return latchkey === null ? null : `${latchkey.url}/web`;
  }

  /** Null: Latchkey does not answer. */
  async canary(): Promise<Canary | null> {
    const latchkey = this.#world.latchkey();
    if (latchkey === null) return null;
    const response = await askLatchkey(latchkey, '/api/canary').catch(() => null);
    return response?.ok === true ? ((await response.json()) as Canary) : null;
  }

  async changes(): Promise<Changes> {
    const latchkey = this.#world.latchkey();
    if (latchkey === null) return { is: 'not_installed' };
    try {
      const response = await askLatchkey(latchkey, `/api/changes?limit=${CHANGES_SHOWN}`);
      if (!response.ok) return { is: 'down', url: latchkey.url, why: `it answers ${response.status}` };
      const { changes } = (await response.json()) as { changes: Change[] };
      return { is: 'known', changes };
    } catch {
      return { is: 'down', url: latchkey.url, why: 'it gives no answer' };
    }
  }
}
