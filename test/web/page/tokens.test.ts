import { Command } from 'commander';
import Fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tokenCommands } from '../../../src/cli/token-command.ts';
import { everyRouteScoped } from '../../../src/web/read-door.ts';
import { type Asked, type Journey, setOut } from '../../journeys/journey.ts';
import type { Stage } from '../../stage.ts';
import { cast, withAuditor } from './visitors.ts';

let stage: Stage;
let walk: Journey;
let ofInes: Asked;
let ofErik: Asked;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ ...withAuditor, idp: 'okta' }));
  ofInes = await walk.asks('ines', { entitlement: 'orders-api-read', reason: 'stuck orders' });
  ofErik = await walk.asks('erik', { entitlement: 'payments-api-read', reason: 'a failed payout' });
  // Whoever has not been here yet is not known.
  for (const key of ['olga', 'tom', 'sam']) await walk.openForm(key);
});
afterAll(() => stage?.close());

/** The command as an operator types it. */
async function latchkey(...words: string[]): Promise<{ said: string; isWell: boolean }> {
  const lines: string[] = [];
  let isWell = true;
  const program = new Command('latchkey')
    .exitOverride()
    .configureOutput({ writeErr: (text) => lines.push(text) });
  tokenCommands(program, {
    withDatabase: (work) => work(stage.latchkey.context.db),
    catalogue: async () => stage.latchkey.context.catalogue.current(),
    say: (line) => lines.push(line),
    fail: () => {
      isWell = false;
    },
  });
  for (const command of program.commands.flatMap((one) => [one, ...one.commands])) {
    command.exitOverride();
    command.configureOutput({ writeErr: (text) => lines.push(text) });
  }
  await program.parseAsync(['token', ...words], { from: 'user' }).catch(() => {
    isWell = false;
  });
  return { said: lines.join('\n'), isWell };
}

const email = (key: string) => `${key}@acme.example`;
const made = async (key: string, scopes: string, ...more: string[]) => {
  const { said, isWell } = await latchkey(
    ...['create', '--for', email(key), '--by', email(cast.admin), '--name', `${key}’s`, '--scopes', scopes],
    ...more,
  );
  expect([said, isWell]).toEqual([expect.stringMatching(/^lkapi_[\w-]{43}$/), true]);
  return said;
};
const ask = async (token: string, path: string) => {
  const answer = await fetch(`${stage.latchkey.url}${path}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const text = await answer.text();
  return { status: answer.status, text, headers: answer.headers };
};
const idsIn = ({ text }: { text: string }) => [text.includes(ofInes.id), text.includes(ofErik.id)];

describe('a token shows what its person may see today, and no more than it is for', () => {
  test.each([
    ['employee', [true, false]],
    ['owner', [true, false]],
    ['auditor', [true, true]],
    ['admin', [true, true]],
  ] as const)('%s', async (role, sees) => {
    const token = await made(cast[role], 'changes,access,review-lines');
    expect(idsIn(await ask(token, '/api/changes'))).toEqual(sees);
    expect((await ask(token, '/api/access')).status).toBe(200);
    expect((await ask(token, '/api/openapi.json')).status).toBe(200);
    const findings = await ask(token, '/api/findings');
    expect([findings.status, findings.text]).toEqual([
      403,
      expect.stringContaining('this token is not for findings: it is for changes, access, review-lines'),
    ]);
    for (const path of ['/api/audit', '/api/health', '/api/canary', '/audit/checkpoint', '/metrics'])
      expect([path, (await ask(token, path)).status]).toEqual([path, 403]);
  });

  test('a role that somebody gets or loses counts at the next request', async () => {
    const token = await made(cast.auditor, 'changes,audit');
    expect((await ask(token, '/api/audit')).status).toBe(200);
    const { auditors } = stage.latchkey.context.catalogue.current();
    auditors?.splice(0);
    const now = await ask(token, '/api/audit');
    expect([now.status, now.text]).toEqual([
      403,
      expect.stringContaining('is neither auditor nor admin today'),
    ]);
    expect(idsIn(await ask(token, '/api/changes'))).toEqual([false, false]);
    auditors?.push(email(cast.auditor));
    expect((await ask(token, '/api/audit')).status).toBe(200);
  });

  test('what is read of the audit names the person, or the service', async () => {
    const own = await made(cast.admin, 'audit');
    const service = await made(cast.admin, 'audit', '--service');
    await ask(own, '/api/audit?type=webSignedIn');
    await ask(service, '/api/audit?type=webSignedIn');
    const read = await walk.query<{ actor: unknown }>(
      "select actor from audit where type = 'auditRead' order by id desc limit 2",
    );
    expect(read.map(({ actor }) => actor)).toEqual([
      { part: 'service sam’s' },
      { person: expect.any(String), name: 'Sam Whitaker' },
    ]);
  });
});

describe('a token ends', () => {
  const cases: [string, (id: string) => Promise<unknown>, (() => Promise<unknown>)?][] = [
    ['when it is revoked', async (id) => expect((await latchkey('revoke', id)).isWell).toBe(true)],
    [
      'when its days are over',
      (id) => walk.query('update api_tokens set expires_at = now() where id = $1', [id]),
    ],
    [
      'when its person is switched off',
      () => walk.query("update people set status = 'suspended' where email = 'ines@acme.example'"),
      () => walk.query("update people set status = 'active' where email = 'ines@acme.example'"),
    ],
  ];
  test.each(cases)('%s', async (_when, end, after) => {
    const token = await made(cast.employee, 'changes');
    expect((await ask(token, '/api/changes')).status).toBe(200);
    const [row] = await walk.query<{ id: string }>(
      'select id from api_tokens order by created_at desc limit 1',
    );
    await walk.query("update api_tokens set last_used_at = now() - interval '1 day' where id = $1", [
      row?.id,
    ]);
    await end(row?.id ?? '');
    const refused = await ask(token, '/api/changes');
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    // What was refused is no use (riparias/gbif-alert 427).
    const used = "select last_used_at > now() - interval '1 hour' as is from api_tokens where id = $1";
    expect((await walk.query(used, [row?.id]))[0]).toEqual({ is: false });
    await after?.();
  });

  test('it is kept as a hash alone, and its use, its making and its end are on record', async () => {
    const token = await made(cast.employee, 'changes');
    const [before] = await walk.query<{ id: string; last_used_at: Date | null }>(
      'select * from api_tokens order by created_at desc limit 1',
    );
    expect(before?.last_used_at).toBeNull();
    await ask(token, '/api/changes');
    await latchkey('revoke', before?.id ?? '');
    const [after] = await walk.query('select * from api_tokens order by created_at desc limit 1');
    expect(after?.last_used_at).toBeInstanceOf(Date);
    expect(JSON.stringify(after)).not.toContain(token);
    const listed = (await latchkey('list')).said.split('\n')[0];
    expect(listed).toMatch(/ines’s of ines@acme.example, for changes: created .*, last used 2.*, revoked 2/);
    const told = await walk.query<{ type: string; data: object }>(
      "select type, data from audit where data->>'id' = $1 order by id",
      [before?.id],
    );
    expect(told.map(({ type }) => type)).toEqual(['apiTokenCreated', 'apiTokenRevoked']);
    expect(JSON.stringify(told)).not.toContain(token.slice(10));
    expect((await latchkey('revoke', before?.id ?? '')).isWell).toBe(false);
  });
});

describe('no token is made', () => {
  const base = { for: email(cast.employee), by: email(cast.admin), name: 'x', scopes: 'changes' };
  test.each([
    ['by somebody who is no admin', { ...base, by: email(cast.auditor) }, /is no admin of the catalogue/],
    ['for nobody', { ...base, for: 'nobody@acme.example' }, /knows no one active person/],
    [
      'for a list that is not for them',
      { ...base, scopes: 'changes,audit' },
      /audit is for auditors and admins/,
    ],
    ['for a list that is not there', { ...base, scopes: 'chnages' }, /did you mean changes\?/],
    ['for nothing', { ...base, scopes: '' }, /there is no list/],
    ['without a name', { ...base, name: '  ' }, /a name in one line/],
    ['with a name of two lines', { ...base, name: 'a\nb' }, /a name in one line/],
    ['for longer than a year', { ...base, days: '366' }, /from 1 to 365/],
  ])('%s', async (_what, options, says) => {
    const before = await walk.query('select from api_tokens');
    const { said, isWell } = await latchkey(
      'create',
      ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
    );
    expect([said, isWell]).toEqual([expect.stringMatching(says), false]);
    expect(await walk.query('select from api_tokens')).toHaveLength(before.length);
  });
});

describe('at the door', () => {
  test('what is no token of ours is refused, however it is sent', async () => {
    const token = await made(cast.admin, 'changes');
    for (const authorization of [
      '',
      'Bearer',
      'Bearer lkapi_',
      `Bearer ${token}x`,
      `Bearer ${token} x`,
      `Basic ${Buffer.from(`x:${token}`).toString('base64')}`,
      token,
    ]) {
      const { status } = await fetch(`${stage.latchkey.url}/api/changes`, { headers: { authorization } });
      expect([authorization, status]).toEqual([authorization, 401]);
    }
    const inAddress = await fetch(`${stage.latchkey.url}/api/changes?token=${token}&access_token=${token}`);
    expect(inAddress.status).toBe(401);
  });

  test('each token has its own limit, and one that asks too much is told how long to wait', async () => {
    const [busy, calm] = [await made(cast.employee, 'changes'), await made(cast.employee, 'changes')];
    const statuses: number[] = [];
    for (let n = 0; n < 31; n++)
      statuses.push(
        ...(await Promise.all(
          Array.from({ length: 20 }, async () => (await ask(busy, '/api/findings')).status),
        )),
      );
    expect(statuses.filter((status) => status === 403)).toHaveLength(600);
    const waiting = await ask(busy, '/api/changes');
    expect([waiting.status, Number(waiting.headers.get('retry-after'))]).toEqual([429, expect.any(Number)]);
    expect((await ask(calm, '/api/changes')).status).toBe(200);
  });

  test('a route that does not say which tokens may ask can’t be registered', () => {
    const app = Fastify();
    everyRouteScoped(app);
    expect(() => app.get('/api/new', async () => 'everything')).toThrow('does not say which tokens may ask');
  });
});
