import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMcpToken, revokeMcpToken } from '../../src/mcp/tokens.ts';
import { listMcpTokens } from '../../src/store/mcp-tokens.ts';
import { buttonsOf, type Journey, setOut, wordsOf } from '../journeys/journey.ts';
import type { Stage } from '../stage.ts';

let stage: Stage;
let walk: Journey;
let token: string;

beforeAll(async () => {
  ({ stage, walk } = await setOut());
  // Somebody who has used Latchkey before.
  for (const as of ['ines', 'erik']) await walk.openForm(as);
  token = await tokenOf('ines');
});
afterAll(() => stage?.close());

const db = () => stage.latchkey.context.db;
const url = () => new URL(`${stage.latchkey.url}/mcp`);
async function tokenOf(key: string): Promise<string> {
  const made = await createMcpToken(db(), { email: `${key}@acme.example`, name: 'copilot', days: 1 });
  if (made === null) throw new Error(`no token for ${key}`);
  return made.token;
}

async function withCopilot<T>(bearer: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ name: 'test', version: '1' });
  const transport = new StreamableHTTPClientTransport(url(), {
    requestInit: { headers: { authorization: `Bearer ${bearer}` } },
  });
  await client.connect(transport as Transport);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
type Told = { isError: boolean; said: Record<string, never> & { [key: string]: unknown } };
async function call(name: string, given: Record<string, unknown>, bearer = token): Promise<Told> {
  return await withCopilot(bearer, async (client) => {
    const result = await client.callTool({ name, arguments: given });
    const [content] = result.content as { text: string }[];
    const text = content?.text ?? '';
    return { isError: result.isError === true, said: text.startsWith('{') ? JSON.parse(text) : { text } };
  });
}
const filing = (reason: string) => ({ entitlement: 'orders-api-read', duration: '8h', reason });

describe('the tools', () => {
  test('are four, and none decides', async () => {
    const { tools } = await withCopilot(token, (client) => client.listTools());
    expect(tools.map((t) => t.name).sort()).toEqual([
      'explain_entitlement',
      'file_request',
      'request_status',
      'search_entitlements',
    ]);
    expect(
      JSON.stringify(tools.map((t) => [t.name, Object.keys(t.inputSchema.properties ?? {})])),
    ).not.toMatch(/approv|deny|decide|grant|extend|person|for_/i);
  });

  test('search and explain say what the person may ask for, and nothing else', async () => {
    const { said } = await call('search_entitlements', { query: 'orders logs in production' });
    expect(said.entitlements).toEqual(
      expect.arrayContaining([expect.objectContaining({ key: 'orders-api-read', longest: '7 days' })]),
    );
    expect(JSON.stringify(said)).not.toContain('canary');
    const explained = await call('explain_entitlement', { key: 'orders-api-read' });
    expect(explained.said).toMatchObject({ decides: 'your manager or its owner', tier: 'medium' });
    expect(JSON.stringify(explained.said.clauses)).toContain('AC-3');
    expect(await call('explain_entitlement', { key: 'canary' })).toMatchObject({ isError: true });
  });

  test('a request is filed once, waits for people, and is marked on the card and in the audit', async () => {
    const given = { ...filing('Trace orders, says the copilot'), idempotency_key: 'k1', ticket: 'INC-4711' };
    const first = await call('file_request', given);
    const again = await call('file_request', given);
    expect(first.said).toMatchObject({ filed: 'now' });
    expect(again.said).toMatchObject({ id: first.said.id, filed: 'before, with the same key' });

    const id = String(first.said.id);
    const change = await walk.becomes(id, 'asking');
    expect(change).toMatchObject({ via: 'mcp', approvals: [], decision: null });
    const card = await walk.card('tom', (m) => m.metadata?.event_payload?.marker === `${id}:card`);
    expect(wordsOf(card)).toContain('Filed by a copilot (MCP)');
    expect(buttonsOf(card)).toContain('approve');
    const [entry] = await walk.audit(id);
    expect(entry).toMatchObject({ type: 'changeReceived', data: { via: 'mcp' } });

    const status = await call('request_status', { id });
    expect(status.said.requests).toEqual([expect.objectContaining({ id, state: 'asking' })]);
    // The person who filed it is told of it in Slack, and can take it back there.
    expect(wordsOf(await walk.statusOf('ines', id))).toContain('Orders API');
    expect(await call('request_status', { id }, await tokenOf('erik'))).toMatchObject({ isError: true });
  });

  test('what is asked in Slack has no such mark', async () => {
    const asked = await walk.asks('erik', { entitlement: 'orders-api-read', reason: 'By hand' });
    expect(wordsOf(asked.card)).not.toContain('copilot');
    expect((await walk.change(asked.id)).via).toBe('slack');
  });
});

describe('limits', () => {
  test.each([
    ['a reason too long', { ...filing('x'.repeat(1_001)) }],
    ['no reason', { ...filing('') }],
    ['no duration', { ...filing('why'), duration: 'for ever' }],
    ['more than is allowed', { ...filing('why'), entitlement: 'platform-admin', duration: '7d' }],
    ['what there is not', { ...filing('why'), entitlement: 'no-such' }],
    ['a ticket too long', { ...filing('why'), ticket: 'x'.repeat(101) }],
    ['text that can’t be stored', { ...filing('a\u0000b') }],
  ])('%s is refused, and nothing is stored', async (_name, given) => {
    const { changes } = await walk.rowCounts();
    expect((await call('file_request', given)).isError).toBe(true);
    expect((await walk.rowCounts()).changes).toBe(changes);
  });

  test('a body too large, a browser, another method', async () => {
    const send = (init: RequestInit) =>
      fetch(url(), {
        method: 'POST',
        ...init,
        headers: { authorization: `Bearer ${token}`, ...init.headers },
      });
    const big = { 'content-type': 'application/json' };
    expect((await send({ body: JSON.stringify({ x: 'x'.repeat(70_000) }), headers: big })).status).toBe(413);
    expect((await send({ body: '{}', headers: { ...big, origin: 'https://evil.example' } })).status).toBe(
      403,
    );
    expect((await send({ method: 'GET' })).status).toBe(405);
    expect((await send({ method: 'DELETE' })).status).toBe(405);
  });

  test('no more than twenty in an hour in one person’s name', async () => {
    await walk.query(
      `insert into changes (id, state, version, kind, entitlement_key, person_id, requester_id, requested_at, doc)
       select gen_random_uuid(), 'lapsed', 1, 'grant', 'orders-api-read', p.id, p.id, clock_timestamp(), '{"via":"mcp"}'
       from people p, generate_series(1, 20) where p.email = 'erik@acme.example'`,
    );
    const told = await call(
      'file_request',
      { ...filing('One more'), entitlement: 'payments-api-read' },
      await tokenOf('erik'),
    );
    expect(told).toMatchObject({ isError: true, said: { refused: expect.stringContaining('20 requests') } });
    await walk.query(`delete from changes where doc = '{"via":"mcp"}'`);
  });
});

describe('the token', () => {
  test.each([
    ['none', {}],
    ['a wrong one', { authorization: 'Bearer lkmcp_wrong' }],
    ['SCIM’s', { authorization: 'Bearer sandbox-scim-token' }],
  ])('%s: 401', async (_name, headers) => {
    const response = await fetch(url(), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(headers as Record<string, string>) },
      body: '{}',
    });
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer realm="latchkey"',
    ]);
  });

  test('is kept as a hash, named in the audit, and ends at once', async () => {
    const mine = await tokenOf('erik');
    const rows = await walk.query<{ hash: Buffer }>('select hash from mcp_tokens');
    expect(rows.some((r) => r.hash.toString('utf8').includes(mine))).toBe(false);
    expect(await walk.query(`select 1 from audit where type = 'mcpTokenCreated'`)).not.toHaveLength(0);
    expect((await call('search_entitlements', { query: '' }, mine)).isError).toBe(false);
    const [newest] = await listMcpTokens(db());
    expect(newest).toMatchObject({ email: 'erik@acme.example', last_used_at: expect.any(Date) });
    expect(await revokeMcpToken(db(), String(newest?.id))).toBe(true);
    await expect(call('search_entitlements', { query: '' }, mine)).rejects.toThrow();
    expect(await revokeMcpToken(db(), String(newest?.id))).toBe(false);
  });

  test('past its days is worth nothing, and nobody unknown gets one', async () => {
    const mine = await tokenOf('erik');
    await walk.query(
      `update mcp_tokens set expires_at = clock_timestamp() - interval '1 second' where revoked_at is null and person_id = (select id from people where email = 'erik@acme.example')`,
    );
    await expect(call('search_entitlements', { query: '' }, mine)).rejects.toThrow();
    expect(await createMcpToken(db(), { email: 'nobody@acme.example', name: 'x', days: 1 })).toBeNull();
  });

  test('of somebody who is not active any more does nothing, nor while nobody can say', async () => {
    const mine = await tokenOf('erik');
    await walk.request('POST', '/okta/sim/users/erik/status', { status: 'SUSPENDED' });
    expect(await call('file_request', filing('Still here'), mine)).toMatchObject({
      isError: true,
      said: { refused: expect.stringContaining('not active') },
    });
    await walk.request('POST', '/okta/sim/users/erik/status', { status: 'ACTIVE' });
    await walk.fault({ vendor: 'okta', path: '/api/v1/users', kind: 'status', status: 503 });
    expect(await call('search_entitlements', { query: '' }, mine)).toMatchObject({
      isError: true,
      said: { refused: expect.stringContaining('can’t look this up') },
    });
    await walk.heal();
  });
});
