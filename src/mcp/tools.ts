import { randomUUID } from 'node:crypto';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';
import { durationInWords, parseDuration } from '../core/duration.ts';
import { Fault } from '../core/fault.ts';
import { type ApproverSource, type Entitlement, sourceInWords } from '../core/policy/catalogue.ts';
import { isRefusal, type Refusal } from '../core/refusal.ts';
import { whyInWords } from '../core/wording/explain-denial.ts';
import type { Context } from '../flow/kernel/context.ts';
import { identify } from '../flow/people/identify.ts';
import { findEntitlements } from '../flow/request/free-text/search.ts';
import { REASON_MAX, receiveRequest, TICKET_MAX } from '../flow/request/receive.ts';
import { requestable } from '../flow/request/requestable.ts';
import { changesOfPerson } from '../store/changes.ts';
import { filedByCopilot } from '../store/figures.ts';
import { linkOf, type Person } from '../store/people.ts';

/** Whose copilot asks. */
export type Holder = { tokenId: string; personId: string };

const FOUND_MAX = 10;
const LOOKED_AT = 50;
/** The number of requests that one person's copilots may file in an hour. More is no work of a person's. */
const FILED_PER_HOUR_MAX = 20;
const QUERY_MAX = 200;
const KEY_MAX = 100;

type Answer = { content: { type: 'text'; text: string }[]; isError?: true };

const answer = (value: unknown): Answer => ({
  content: [{ type: 'text', text: JSON.stringify(value) }],
});
const no = (text: string, next: string): Answer => ({ ...answer({ refused: text, next }), isError: true });
/** Slack and the IdP are asked for a copilot only so often: people who click need them too. */
const busy = (seconds: number): Answer =>
  no('Copilots asked too much in the last minute.', `Wait ${seconds} seconds, then try again.`);
const refused = ({ text, next }: Refusal): Answer => no(text, next);

/**
 * The tools that a copilot has for its person. It looks up, and files a request that people then decide on in Slack.
 * There is no tool that approves, denies, extends by itself, or sees anybody else's requests. `lookUp` is asked before
 * each look-up at Slack and the IdP: null, or the seconds to wait.
 */
export function copilotServer(
  context: Context,
  holder: Holder,
  lookUp: () => Promise<number | null>,
): McpServer {
  const server = new McpServer({ name: 'latchkey', version: '1' });
  const desk: Desk = { context, holder, lookUp, asPerson: recognizing(context, holder, lookUp) };
  searchTool(server, desk);
  explainTool(server, desk);
  fileTool(server, desk);
  statusTool(server, desk);
  return server;
}

type Work = (person: Person, accountId: string) => Promise<Answer>;

/** What the tools of one request of a copilot share. */
type Desk = {
  context: Context;
  holder: Holder;
  lookUp: () => Promise<number | null>;
  /** Runs a tool for the person whose copilot it is, or says why not. */
  asPerson: (work: Work) => Promise<Answer>;
};

/** The token's person, looked up anew: a leaver can do nothing by a token that is left. */
function recognizing(context: Context, holder: Holder, lookUp: Desk['lookUp']): Desk['asPerson'] {
  const lookedUp = async (accountId: string) => (await lookUp()) ?? (await identify(context, accountId));
  /** One look-up serves all that came in one request. */
  let identified: ReturnType<typeof lookedUp> | null = null;
  return async (work) => {
    try {
      const accountId = await linkOf(context.db, holder.personId, context.chat.system);
      if (accountId === null)
        return no(
          `Latchkey has not met you in ${context.chat.name}.`,
          `Use /access in ${context.chat.name} once, then try again.`,
        );
      identified ??= lookedUp(accountId);
      const person = await identified;
      if (typeof person === 'number') return busy(person);
      if (isRefusal(person)) return refused(person);
      if (person.id !== holder.personId)
        return no('This token belongs to somebody else by now.', 'Ask for a new one.');
      return await work(person, accountId);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      context.log.warn({ code: error.code }, 'copilot not served');
      return no('Latchkey can’t look this up right now.', 'Try again in a minute.');
    }
  };
}

function searchTool(server: McpServer, { context, asPerson }: Desk): void {
  server.registerTool(
    'search_entitlements',
    {
      description:
        'Finds what you may ask for in MuleSoft Anypoint, by words. Empty: everything you may ask for.',
      inputSchema: { query: z.string().max(QUERY_MAX) },
      annotations: { readOnlyHint: true },
    },
    async ({ query }) =>
      await asPerson(async (person) => {
        const open = requestable(context, person);
        const found =
          query.trim() === '' ? open.slice(0, FOUND_MAX) : findEntitlements(query, open, FOUND_MAX);
        return answer({ entitlements: found.map(inShort) });
      }),
  );
}

function explainTool(server: McpServer, { context, asPerson }: Desk): void {
  server.registerTool(
    'explain_entitlement',
    {
      description:
        'Says what an entitlement gives, for how long, who decides, and which clauses of the policy bear on it.',
      inputSchema: { key: z.string().max(KEY_MAX) },
      annotations: { readOnlyHint: true },
    },
    async ({ key }) =>
      await asPerson(async (person) => {
        const found = requestable(context, person).find((e) => e.key === key);
        if (found === undefined)
          return no('There is nothing by this key that you may ask for.', 'Use search_entitlements.');
        const { clauses } = context.catalogue.current();
        return answer({
          ...inShort(found),
          owner: found.owner,
          decides: decidersOf(found),
          clauses: clauses.filter((c) => found.clauses.includes(c.id)),
        });
      }),
  );
}

function fileTool(server: McpServer, { context, holder, lookUp, asPerson }: Desk): void {
  server.registerTool(
    'file_request',
    {
      description: `Asks for access in your name. People decide on it in ${context.chat.name}; the card says that a copilot filed it. Filing is all this does.`,
      inputSchema: {
        entitlement: z.string().max(KEY_MAX),
        duration: z.string().max(20).describe('e.g. 8h or 2d; one that explain_entitlement offers'),
        reason: z.string().min(1).max(REASON_MAX),
        ticket: z.string().max(TICKET_MAX).optional(),
        idempotency_key: z.string().max(KEY_MAX).optional().describe('the same key again files nothing new'),
      },
      annotations: { destructiveHint: false, idempotentHint: false },
    },
    async (given) =>
      await asPerson(async (person, accountId) => {
        if ((await filedByCopilot(context.db, person.id)) >= FILED_PER_HOUR_MAX)
          return no(
            `More than ${FILED_PER_HOUR_MAX} requests were filed in your name within an hour.`,
            `Wait, or use /access in ${context.chat.name}.`,
          );
        // Filing looks people up again.
        const seconds = await lookUp();
        if (seconds !== null) return busy(seconds);
        const received = await receiveRequest(context, {
          idempotencyKey: `mcp:${holder.tokenId}:${given.idempotency_key ?? randomUUID()}`,
          accountId,
          forAccountId: null,
          entitlementKey: given.entitlement,
          seconds: parseDuration(given.duration) ?? 0,
          reason: given.reason,
          ticket: given.ticket?.trim() || null,
          extend: false,
          via: 'mcp',
        });
        if (received.received)
          return answer({
            id: received.changeId,
            filed: received.isRepeat ? 'before, with the same key' : 'now',
            next: `People decide on it in ${context.chat.name}. request_status tells how it stands.`,
          });
        if ('refusal' in received) return refused(received.refusal);
        return no(
          `You hold ${received.entitlement.title} until ${received.heldUntil.toISOString()}.`,
          `To extend it, use /access in ${context.chat.name}.`,
        );
      }),
  );
}

function statusTool(server: McpServer, { context, asPerson }: Desk): void {
  server.registerTool(
    'request_status',
    {
      description: 'Says how your own requests stand, and why one got a no. Without an id: the newest ten.',
      inputSchema: { id: z.string().max(KEY_MAX).optional() },
      annotations: { readOnlyHint: true },
    },
    async ({ id }) =>
      await asPerson(async (person) => {
        const all = (await changesOfPerson(context.db, person.id, LOOKED_AT)).filter(
          (c) => c.kind === 'grant',
        );
        const shown = id === undefined ? all.slice(0, FOUND_MAX) : all.filter((c) => c.id === id);
        if (id !== undefined && shown.length === 0)
          return no('None of your requests has this id.', 'Leave the id out to see them all.');
        return answer({
          requests: shown.map((change) => ({
            id: change.id,
            entitlement: change.entitlementKey,
            state: change.state,
            askedAt: change.requestedAt,
            until: change.grant?.endsAt ?? null,
            why: whyInWords(
              change,
              context.catalogue.entitlement(change.entitlementKey)?.title ?? change.entitlementKey,
            ),
          })),
        });
      }),
  );
}

function inShort(e: Entitlement) {
  return {
    key: e.key,
    title: e.title,
    gives: e.gives,
    tier: e.tier,
    durations: e.durationsSeconds.map(durationInWords),
    longest: durationInWords(e.maxSeconds),
  };
}

function decidersOf({ approvers }: Entitlement): string {
  const name = (source: ApproverSource) =>
    'manager' in source
      ? 'your manager'
      : 'owner' in source
        ? 'its owner'
        : sourceInWords(source, (group) => `the group ${group}`);
  return approvers.stages
    .map(({ of, sources }) => sources.map(name).join(of === 'all' ? ' and ' : ' or '))
    .join(', then ');
}
