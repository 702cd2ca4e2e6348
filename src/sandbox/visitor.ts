import { setTimeout as sleep } from 'node:timers/promises';
import { consoles } from './consoles.ts';

export type SeenMessage = {
  ts: string;
  userName: string;
  text: string;
  blocks: Record<string, unknown>[];
  threadTs: string | null;
  ephemeral: boolean;
  files: { id: string; name: string }[];
  metadata: { event_payload?: { marker?: string } } | null;
};
export type SeenChannel = { id: string; name: string; kind: 'channel' | 'im'; messages: SeenMessage[] };
export type SeenView = { id: string; title: string; callback_id: string; blocks: Record<string, unknown>[] };
export type Workspace = { channels: SeenChannel[]; views: SeenView[] };
export type Acked = {
  ok: boolean;
  acked: boolean;
  timedOut: boolean;
  ackMs: number;
  errors?: Record<string, string>;
  error?: string;
};

export type Ask = {
  entitlement: string;
  seconds?: number;
  /** From when; left out: at once. */
  from?: Date;
  reason: string;
  ticket?: string;
  /** That it ends when the ticket is closed. */
  endsWithTicket?: true;
  /** Slack id of who it is for. */
  for?: string;
};

/** The outcome of `ask`: sent, refused under a field, or answered with another form or a message. */
export type Asked =
  | { sent: true }
  | { sent: false; errors: Record<string, string> }
  | { sent: false; view: SeenView };

export type Visitor = ReturnType<typeof createVisitor>;

/** Shows what a look has seen, for the case that it is never what is waited for. */
export type Saw = <S>(seen: S) => S;

/**
 * The pause from one look to the next: a tenth of the time waited so far. So looking leaves the machine to the work
 * that it waits for.
 */
const STEP_MS = { least: 20, most: 200 };
const SEEN_MAX = 4_000;
/** So long a button may be on its way. */
const BUTTON_MS = 2_000;

/** Which identity providers there are, and which has a group. */
export type GroupsAre = {
  systems: readonly ('okta' | 'entra')[];
  systemOf: (group: string) => 'okta' | 'entra';
};
const inOkta: GroupsAre = { systems: ['okta'], systemOf: () => 'okta' };

/** Does in the sandbox world what people do in Slack and in the vendors' consoles; over HTTP, as the page does. */
export function createVisitor(worldUrl: string, patienceMs = 15_000, where: GroupsAre = inOkta) {
  async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
    const { refused, answer } = await send<T>(method, path, body);
    if (refused !== null) throw new Error(refused.words);
    return answer;
  }

  /** `refused`: by which code of the world's, and in words. */
  async function send<T>(method: string, path: string, body?: unknown) {
    const response = await fetch(`${worldUrl}${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.ok) return { refused: null, answer: (text === '' ? null : JSON.parse(text)) as T };
    const code = /"error":"(\w+)"/.exec(text)?.[1];
    return { refused: { code, words: `${method} ${path}: ${response.status} ${text}` }, answer: null as T };
  }

  const idp = consoles(request, where.systemOf, where.systems);

  /** Looks until there is something. Says what was seen last when there is nothing in time. */
  async function until<T>(
    what: string,
    look: (saw: Saw) => Promise<T | null | undefined | false>,
    ms = patienceMs,
  ): Promise<T> {
    const began = Date.now();
    for (;;) {
      let last = '';
      const found = await look((seen) => {
        last = `; seen last: ${JSON.stringify(seen)}`.slice(0, SEEN_MAX);
        return seen;
      });
      if (found !== null && found !== undefined && found !== false) return found;
      const waited = Date.now() - began;
      if (waited > ms) throw new Error(`not within ${ms} ms: ${what}${last}`);
      await sleep(Math.min(Math.max(waited / 10, STEP_MS.least), STEP_MS.most));
    }
  }

  /** `channel`: nothing of the others. Who is there is left out: it is much, and a visitor looks often. */
  const workspace = (as: string, channel?: string) =>
    request<Workspace>(
      'GET',
      `/slack/sim/workspace?as=${as}&people=none${channel === undefined ? '' : `&channel=${encodeURIComponent(channel)}`}`,
    );

  /** The messages that this person sees in a channel, by name, or with `dm` in the conversation with Latchkey. */
  async function messages(as: string, where: string): Promise<(SeenMessage & { channel: string })[]> {
    const { channels } = await workspace(as, where);
    const channel = channels.find((c) => (where === 'dm' ? c.kind === 'im' : c.name === where));
    return (channel?.messages ?? []).map((m) => ({ ...m, channel: channel?.id ?? '' }));
  }

  const viewsOf = async (as: string) => (await workspace(as, 'no channel')).views;
  const topView = async (as: string) => (await viewsOf(as)).at(-1) ?? null;

  /** Opens the form with /access and waits until it is more than the loading notice. */
  async function openForm(as: string, text = ''): Promise<SeenView> {
    // What is left open from before is not the form: it is replaced when that comes.
    const before = new Set((await viewsOf(as)).map(({ id }) => id));
    const acked = await request<Acked>('POST', '/slack/sim/command', { as, command: '/access', text });
    if (!acked.ok) throw new Error(`/access was not acknowledged: ${JSON.stringify(acked)}`);
    return await until('the form opens', async () => {
      const view = await topView(as);
      return view !== null && !before.has(view.id) && view.callback_id !== 'loading' && view;
    });
  }

  async function submit(
    as: string,
    view: SeenView,
    values: Record<string, Record<string, unknown>>,
  ): Promise<Asked> {
    const acked = await request<Acked & { view?: SeenView }>('POST', '/slack/sim/view/submit', {
      as,
      viewId: view.id,
      values,
    });
    if (acked.errors !== undefined) return { sent: false, errors: acked.errors };
    if (!acked.ok) throw new Error(`the form was not acknowledged: ${JSON.stringify(acked)}`);
    const still = (await viewsOf(as)).find((v) => v.id === view.id);
    return still === undefined ? { sent: true } : { sent: false, view: still };
  }

  /** A person fills in one form at a time, however many journeys they are part of. */
  const turns = new Map<string, Promise<unknown>>();
  function inTurn<T>(as: string, work: () => Promise<T>): Promise<T> {
    const mine = (turns.get(as) ?? Promise.resolve()).then(work, work);
    turns.set(as, mine);
    return mine;
  }

  async function fillRequest(as: string, what: Ask): Promise<Asked> {
    const form = await openForm(as);
    if (form.callback_id !== 'request') return { sent: false, view: form };
    const chosen = {
      as,
      viewId: form.id,
      actionId: 'entitlement_select',
      blockId: 'entitlement',
      value: what.entitlement,
    };
    await request('POST', '/slack/sim/view/action', chosen);
    const filled = await until('the form offers durations', async () => {
      const view = await topView(as);
      return view?.blocks.some((b) => b.block_id === 'duration') && view;
    });
    return await submit(as, filled, {
      entitlement: { entitlement_select: what.entitlement },
      ...(what.seconds === undefined
        ? {}
        : { duration: { [`duration:${what.entitlement}`]: String(what.seconds) } }),
      ...(what.from === undefined
        ? {}
        : { start: { start: String(Math.floor(what.from.getTime() / 1_000)) } }),
      reason: { reason: what.reason },
      ...(what.ticket === undefined ? {} : { ticket: { ticket: what.ticket } }),
      ...(what.endsWithTicket === undefined ? {} : { endsWithTicket: { ends: ['ends'] } }),
      ...(what.for === undefined ? {} : { for: { for: what.for } }),
    });
  }

  return {
    request,
    until,
    workspace,
    messages,
    topView,
    openForm,
    submit,

    /** /access, choose, fill in, send. */
    ask: (as: string, what: Ask): Promise<Asked> => inTurn(as, () => fillRequest(as, what)),

    /** The newest card in the channel that fits, as this person sees it. */
    async card(
      as: string,
      fits: (m: SeenMessage) => boolean = () => true,
    ): Promise<SeenMessage & { channel: string }> {
      return await until('the card is there', async () =>
        (await messages(as, 'access-requests'))
          .filter((m) => m.threadTs === null && !m.ephemeral && fits(m))
          .at(-1),
      );
    },

    /** A button that a message is about to get is waited for a moment. */
    async click(
      as: string,
      { channel, ts }: { channel: string; ts: string },
      actionId: string,
    ): Promise<Acked> {
      for (const since = Date.now(); ; await sleep(STEP_MS.most)) {
        const { refused, answer } = await send<Acked>('POST', '/slack/sim/action', {
          as,
          channel,
          ts,
          actionId,
        });
        if (refused === null) return answer;
        if (refused.code !== 'element_not_found' || Date.now() - since > BUTTON_MS)
          throw new Error(refused.words);
      }
    },

    /** Presses a button that opens a form, and sends the form. */
    clickAndFill: (
      as: string,
      message: { channel: string; ts: string },
      actionId: string,
      values: Record<string, Record<string, unknown>>,
    ): Promise<Asked> =>
      inTurn(as, async () => {
        await request('POST', '/slack/sim/action', {
          as,
          channel: message.channel,
          ts: message.ts,
          actionId,
        });
        return await submit(as, await until('the form opens', () => topView(as)), values);
      }),

    /** Presses a button that opens something to be read, and closes it again. */
    reads: (as: string, message: { channel: string; ts: string }, actionId: string): Promise<SeenView> =>
      inTurn(as, async () => {
        const { channel, ts } = message;
        await request('POST', '/slack/sim/action', { as, channel, ts, actionId });
        const view = await until('the view opens', () => topView(as));
        await request('POST', '/slack/sim/view/close', { as, viewId: view.id });
        return view;
      }),

    /** Waits for a message to this person that fits; `at`: where, and how long where it is not as long as usual. */
    async receives(
      as: string,
      what: string,
      fits: (m: SeenMessage) => boolean,
      at: string | { where: string; ms: number } = 'dm',
    ): Promise<SeenMessage> {
      const { where, ms } = typeof at === 'string' ? { where: at, ms: patienceMs } : at;
      return await until(`${as} receives: ${what}`, async () => (await messages(as, where)).find(fits), ms);
    },

    /** Whether Anypoint's own state has this person in the team. */
    async isInTeam(key: string, team: string): Promise<boolean> {
      const teams = await request<{ name: string; members: { key: string | null; visibleAt?: unknown }[] }[]>(
        'GET',
        '/anypoint/sim/teams',
      );
      return teams.find((t) => t.name === team)?.members.some((m) => m.key === key) ?? false;
    },

    /** The identity providers' consoles. */
    idp,
    isInGroup: idp.isInGroup,

    /** Requests that reached an emulator, for proofs such as "written once". */
    async requests(filter: {
      vendor?: string;
      method?: string;
      path?: string;
    }): Promise<{ method: string; path: string; at: number; status: number | null }[]> {
      return await request('GET', `/control/requests?${new URLSearchParams(filter)}`);
    },
  };
}
