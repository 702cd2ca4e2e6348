import pg from 'pg';
import { inject, test } from 'vitest';
import type { Change } from '../../src/core/change/change.ts';
import type { Context } from '../../src/flow/kernel/context.ts';
import type { FaultSpec } from '../../src/sandbox/fault-plan.ts';
import { people } from '../../src/sandbox/seed.ts';
import { type Ask, createVisitor, type SeenMessage, type Visitor } from '../../src/sandbox/visitor.ts';
import { surviveBreaks } from '../../src/store/postgres/database.ts';
import { type Stage, type StageOptions, setStage } from '../stage.ts';
import { type Directory, directoryOf } from './directory.ts';

export type CardSeen = SeenMessage & { channel: string };
export type Entry = { type: string; at: Date; actor: Record<string, string>; data: Record<string, unknown> };

/** A request that was sent and whose card is out. */
export type Asked = { id: string; card: CardSeen };

export type Journey = Visitor & {
  /** The identity provider whose groups give access. */
  directory: Directory;
  /** Sends the form and waits for the card. The reason has to be told once only: it tells requests apart. */
  asks(as: string, what: Ask, extend?: { seconds: number }): Promise<Asked>;
  /** Asks, and somebody approves. Resolves when it is in effect. */
  isGiven(as: string, what: Ask, by?: string): Promise<Asked>;
  /** The newest change with this reason, as Latchkey keeps it. */
  changeBecause(reason: string): Promise<Change | null>;
  change(id: string): Promise<Change>;
  /** The revoke that ends a grant. */
  ending(id: string): Promise<Change | null>;
  becomes(id: string, state: Change['state'], ms?: number): Promise<Change>;
  endsAs(id: string, state: Change['state'], ms?: number): Promise<Change>;
  /** The card as it stands now. */
  cardNow(asked: Asked): Promise<CardSeen>;
  /** Waits until the card says this. */
  cardSays(asked: Asked, words: string | RegExp, ms?: number): Promise<CardSeen>;
  /** The one message to this person about a change, edited in place. */
  statusOf(as: string, id: string, key?: 'requester' | 'beneficiary'): Promise<CardSeen>;
  /** What only this person sees in the channel. */
  whispers(as: string, channel?: string): Promise<string[]>;
  /** Audit entries of a change, and of the revoke that ends it, in the order in which they were written. */
  audit(id: string): Promise<Entry[]>;
  auditTypes(id: string): Promise<string[]>;
  fault(spec: FaultSpec): Promise<void>;
  heal(): Promise<void>;
  /** Rows in every table that a request could change. */
  rowCounts(): Promise<Record<string, number>>;
  query<T extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<T[]>;
  /** The work owed now: for each open row of the outbox, when it is due, who has it and what went wrong with it. */
  owed(): Promise<string[]>;
  /** Waits until nothing is owed. */
  owesNothing(ms?: number): Promise<void>;
  /** Waits until the directory has told and pushed all there is, and Latchkey owes nothing. */
  isQuiet(): Promise<void>;
};

/** A test of what there is at Okta alone, among others that are played with each identity provider. */
export const onOktaAlone = test.runIf(inject('idp') !== 'entra');

/**
 * Until nothing is owed any more: on a machine with other tests beside, a storm's work takes half a minute. At Entra, a
 * request that waits has its pair looked at as late.
 */
const QUIET_WITHIN_MS = 60_000;

const MADE_BY_REQUESTS = [
  'changes',
  'grants',
  'summaries',
  'outbox',
  'messages',
  'audit',
  'scim_users',
  'scim_groups',
  'scim_members',
];

/** Everything a person reads in a message, form or answer: the text of all its blocks. */
export function wordsOf(message: { text?: string; blocks: unknown }): string {
  return [message.text ?? '', ...textsIn(message.blocks).map(({ text }) => text)].join('\n');
}

/** All text objects inside blocks, with how Slack reads them. */
export function textsIn(blocks: unknown): { type: string; text: string }[] {
  if (Array.isArray(blocks)) return blocks.flatMap(textsIn);
  if (typeof blocks !== 'object' || blocks === null) return [];
  const { type, text } = blocks as { type?: unknown; text?: unknown };
  if (typeof text === 'string' && ['plain_text', 'mrkdwn', 'text'].includes(String(type)))
    return [{ type: String(type), text }];
  return Object.values(blocks).flatMap(textsIn);
}

/** Action ids of the buttons of a message, but for *Details*, which every card has. */
export function buttonsOf(message: { blocks: Record<string, unknown>[] }): string[] {
  return message.blocks
    .filter((b) => b.type === 'actions')
    .flatMap((b) => (b.elements as { action_id: string }[]).map((e) => e.action_id))
    .filter((id) => !/(^|_)details$/.test(id));
}

export function slackIdOf(key: string): string {
  const person = people.find((p) => p.key === key);
  if (person === undefined) throw new Error(`nobody is called ${key}`);
  return person.slackId;
}

/**
 * A stage and somebody who walks on it. Its identity provider is the one of the project that runs the test, unless told.
 * Vendors' own rate limits are off: tests ask more than people do.
 */
export async function setOut(options: StageOptions = {}): Promise<{ stage: Stage; walk: Journey }> {
  const idp = options.idp ?? inject('idp') ?? 'okta';
  const stage = await setStage({ ...options, idp });
  const walk = await walkOn(stage.world.url, stage.databaseUrl, {
    system: idp === 'entra' ? 'entra' : 'okta',
    context: () => stage.latchkey.context,
  });
  return { stage, walk };
}

/** `system`: the identity provider whose console is looked at. `context`: of the Latchkey of this process. */
export async function walkOn(
  worldUrl: string,
  databaseUrl: string,
  { system = 'okta', context }: { system?: 'okta' | 'entra'; context?: () => Context } = {},
): Promise<Journey> {
  const visitor = createVisitor(worldUrl, 20_000, { systems: [system], systemOf: () => system });
  await visitor.request('POST', '/slack/sim/limits', { enabled: false });
  await visitor.request('POST', '/okta/sim/rate-limit', { perMinute: 100_000 });
  // As docs/connect-entra.md says: by their nickname two people may be taken for one.
  if (system === 'entra') await visitor.request('POST', '/entra/sim/sync', { externalId: 'objectId' });

  // It ends with the database, which is dropped under it.
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2, allowExitOnIdle: true });
  surviveBreaks(pool);
  const query = async <T extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<T[]> =>
    (await pool.query<T>(text, values)).rows;
  const docs = async (where: string, value: string): Promise<Change[]> =>
    (
      await query<{ doc: Change }>(`select doc from changes where ${where} order by requested_at desc`, [
        value,
      ])
    ).map((r) => r.doc);
  const found = async (id: string) => (await docs('id = $1', id))[0] ?? null;
  const marked = (m: SeenMessage, marker: string) => m.metadata?.event_payload?.marker === marker;

  const walk: Journey = {
    ...visitor,
    directory: directoryOf(system, { ...visitor, worldUrl, context }),
    query,

    async asks(as, what, extend) {
      let sent = await visitor.ask(as, what);
      if (!sent.sent && 'view' in sent && extend !== undefined)
        sent = await visitor.submit(as, sent.view, {
          duration: { [`duration:${what.entitlement}`]: String(extend.seconds) },
        });
      if (!sent.sent) throw new Error(`the request was not taken: ${JSON.stringify(sent)}`);
      const { id } = await visitor.until('the request is stored', () => walk.changeBecause(what.reason));
      const card = await visitor.until(
        'the card is out',
        async () =>
          (await visitor.messages('sofia', 'access-requests')).find((m) => marked(m, `${id}:card`)) ?? null,
      );
      return { id, card };
    },

    async isGiven(as, what, by = 'olga') {
      const asked = await walk.asks(as, what);
      await visitor.click(by, asked.card, 'approve');
      await walk.becomes(asked.id, 'inEffect');
      return asked;
    },

    changeBecause: async (reason) => (await docs("doc->>'reason' = $1", reason))[0] ?? null,
    async change(id) {
      const change = await found(id);
      if (change === null) throw new Error(`there is no change ${id}`);
      return change;
    },
    ending: async (id) => (await docs('id = (select revoke_id from changes where id = $1)', id))[0] ?? null,
    becomes: (id, state, ms) =>
      visitor.until(
        `the change is ${state}`,
        async (saw) => {
          const change = await found(id);
          if (change?.state === state) return change;
          saw({ state: change?.state, owed: await walk.owed() });
          return null;
        },
        ms,
      ),
    endsAs: (id, state, ms) =>
      visitor.until(
        `the end is ${state}`,
        async (saw) => {
          const ending = await walk.ending(id);
          return saw(ending?.state) === state && ending;
        },
        ms,
      ),

    async cardNow({ id, card }) {
      const messages = await visitor.messages('sofia', 'access-requests');
      const cards = messages.filter((m) => marked(m, `${id}:card`));
      if (cards.length !== 1) throw new Error(`the change has ${cards.length} cards`);
      const [now] = cards as [CardSeen];
      if (now.ts !== card.ts) throw new Error('the card is another message than it was');
      return now;
    },
    cardSays: (asked, words, ms) =>
      visitor.until(
        `the card says: ${words}`,
        async (saw) => {
          const now = await walk.cardNow(asked);
          const said = saw(wordsOf(now));
          return (typeof words === 'string' ? said.includes(words) : words.test(said)) && now;
        },
        ms,
      ),
    statusOf: (as, id, key = 'beneficiary') =>
      visitor.until(`${as} has a message about it`, async () =>
        (await visitor.messages(as, 'dm')).find((m) => marked(m, `${id}:${key}`)),
      ),
    whispers: async (as, channel = 'access-requests') =>
      (await visitor.messages(as, channel)).filter((m) => m.ephemeral).map((m) => m.text),

    audit: (id) =>
      query<Entry>(
        `select a.type, a.at, a.actor, a.data from audit a join changes c on c.id = a.change_id
         where c.id = $1 or c.id = (select revoke_id from changes where id = $1) order by a.id`,
        [id],
      ),
    auditTypes: async (id) => (await walk.audit(id)).map((entry) => entry.type),
    fault: (spec) => visitor.request('POST', '/control/faults', spec),
    heal: () => visitor.request('DELETE', '/control/faults'),
    async rowCounts() {
      const counts = MADE_BY_REQUESTS.map((table) => `(select count(*)::int from ${table}) as ${table}`);
      return (await query<Record<string, number>>(`select ${counts.join(', ')}`))[0] ?? {};
    },
    owed: async () =>
      (
        await query<{ said: string }>(
          `select format('%s (%s): due in %s s, %s, attempt %s%s', key, job,
             round(extract(epoch from next_at - clock_timestamp())::numeric, 1),
             case when taken then 'begun' when leased then 'handed out' else 'waits' end || ', lease ' || leases,
             attempts, ', ' || last_fault) as said
           from outbox where done_at is null order by id limit 20`,
        )
      ).map(({ said }) => said),
    owesNothing: async (ms) => {
      await visitor.until('nothing is owed', async (saw) => saw(await walk.owed()).length === 0, ms);
    },
    async isQuiet() {
      // Entra tells and pushes at no other time.
      if (system === 'entra') {
        await walk.directory.pushesAll();
        return await walk.owesNothing(QUIET_WITHIN_MS);
      }
      await visitor.until('Okta has pushed its groups', async (saw) => {
        const pushed = await query(
          `select display_name from scim_groups where display_name like 'anypoint-%'`,
        );
        return saw(pushed).length >= 6;
      });
      await visitor.until(
        'nothing is owed',
        async (saw) => {
          const pendingIn = async (what: string) =>
            (await visitor.request<{ pending: number }>('GET', `/okta/sim/${what}`)).pending;
          const pending = (await pendingIn('push')) + (await pendingIn('hooks'));
          return saw(pending) === 0 && saw(await walk.owed()).length === 0;
        },
        QUIET_WITHIN_MS,
      );
    },
  };
  return walk;
}
