import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Command } from 'commander';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type CheckSettings, checkCommand } from '../../src/cli/check-command.ts';
import type { Outside } from '../../src/config/config.ts';
import { connectOkta } from '../../src/idp/okta/vendor.ts';
import { createEntraEmulator, entraSettings } from '../../src/sandbox/entra/emulator.ts';
import { type IdpChoice, policyOfBoth } from '../../src/sandbox/idps.ts';
import { sandboxOutside, sandboxSettings } from '../../src/sandbox/launch.ts';
import { createVisitor } from '../../src/sandbox/visitor.ts';
import { digestOf } from '../../src/store/bearer-token.ts';
import { connectDatabase } from '../../src/store/postgres/database.ts';
import { compileCache } from '../compile-cache.ts';
import { freshDatabase } from '../database.ts';
import { eventually } from '../eventually.ts';
import { oktaOf } from '../idp/settings-of.ts';
import { type StartedEmulator, startEmulator } from '../sandbox/start-emulator.ts';
import { type Stage, setStage } from '../stage.ts';

let stage: Stage;
let entra: StartedEmulator;
beforeAll(async () => {
  stage = await setStage();
  // Okta looks whether the hook answers before it counts.
  const { request } = createVisitor(stage.world.url);
  await eventually('the hook is verified', async () => {
    const { hooks } = await request<{ hooks: { isVerified: boolean }[] }>('GET', '/okta/sim/hooks');
    return hooks.some((hook) => hook.isVerified);
  });
  entra = await startEmulator(createEntraEmulator);
});
afterAll(async () => {
  await stage?.close();
  await entra?.close();
});

async function check(
  more: Partial<Outside> = {},
  rest: Partial<CheckSettings> = {},
): Promise<{ said: string[]; isWell: boolean }> {
  const said: string[] = [];
  let isWell = true;
  const program = new Command('latchkey').exitOverride();
  checkCommand(program, {
    settings: async () => ({
      outside: { ...sandboxOutside(stage.world.url), ...more },
      policyDir: 'policy',
      address: stage.latchkey.url,
      ...rest,
    }),
    async reading(url, work) {
      const database = connectDatabase(url);
      try {
        return await work(database.db);
      } finally {
        await database.close();
      }
    },
    say: (line) => said.push(line.replace(/ {2,}/, ' ')),
    fail: () => {
      isWell = false;
    },
  });
  await program.parseAsync(['check'], { from: 'user' });
  return { said, isWell };
}

test('whether a sign-in gives a team may not be read: it is said of the entitlement, with what to do, and the rest is tried', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'latchkey-check-'));
  const { request } = createVisitor(stage.world.url);
  try {
    await cp('policy', dir, { recursive: true });
    const catalogue = join(dir, 'catalogue.yaml');
    const team = 'team: Orders API readers';
    const text = await readFile(catalogue, 'utf8');
    await writeFile(catalogue, text.replace(team, `${team}\n    delivery: claim`));
    await request('POST', '/control/faults', {
      vendor: 'anypoint',
      path: 'groupmappings',
      kind: 'status',
      status: 403,
    });
    const { said, isWell } = await check({}, { policyDir: dir });
    expect(isWell).toBe(false);
    expect(said).toContainEqual(
      expect.stringMatching(
        /^orders-api-read refused: whether a sign-in gives the team Orders API readers can’t be known, as .*docs.connect-anypoint.md/,
      ),
    );
    expect(said).toContain('orders-api-deploy ready');
  } finally {
    await request('DELETE', '/control/faults');
    await rm(dir, { recursive: true, force: true });
  }
});

test('the sandbox: everything is tried, and the entitlement that can’t be given is the one failure', async () => {
  const { said, isWell } = await check();
  expect(isWell).toBe(false);
  expect(said).toEqual(
    expect.arrayContaining([
      'Okta ok',
      'Okta log ok',
      'Okta hook ok',
      'Anypoint ok',
      'who is on call ok',
      'orders-api-read ready',
    ]),
  );
  expect(said).toContain('Graph off: none of GRAPH_… is set');
  expect(said).toContain('SIEM off: none of SIEM_… is set');
  expect(said.filter((line) => /refused|unchecked|:/.test(line) && !/^(Graph|SIEM)/.test(line))).toEqual([
    expect.stringMatching(/^everyone-view refused: /),
  ]);
});

test('Graph is tried where it is configured, and a hook is not where there is no secret', async () => {
  const okta = oktaOf(sandboxOutside(stage.world.url));
  const { said } = await check({
    graph: { ...entraSettings(entra.url), auth: { secret: 'run out' } },
    idps: [connectOkta({ ...okta, hookSecrets: [] })],
  });
  expect(said.find((line) => line.startsWith('Graph'))).toContain('Certificates & secrets');
  expect(said.find((line) => line.startsWith('Okta hook'))).toContain('off: without OKTA_HOOK_SECRET');
});

test('who is on call can’t be read: that is a failure, with what it takes', async () => {
  const world = createVisitor(stage.world.url);
  await world.request('POST', '/control/faults', {
    vendor: 'slack',
    kind: 'status',
    status: 500,
    path: 'usergroups',
  });
  const { said } = await check();
  await world.request('DELETE', '/control/faults');
  expect(said.find((line) => line.startsWith('who is on call'))).toContain('takes the scope usergroups:read');
});

const lineOf = (said: readonly string[], name: string) =>
  said.find((line) => line.startsWith(`${name} `)) ?? '';

describe('what is wrong is told in words, with what to do next', () => {
  const world = () => createVisitor(stage.world.url);
  afterEach(async () => {
    await world().request('POST', '/slack/sim/scopes', { granted: null });
    await world().request('DELETE', '/control/faults');
  });
  const right = () => sandboxOutside(stage.world.url);

  test.each<[string, () => Partial<Outside>, string, RegExp]>([
    [
      'a wrong bot token',
      () => ({ slack: { ...right().slack, botToken: 'xoxb-wrong' } }),
      'Slack',
      /does not accept our credentials \(invalid_auth\): set SLACK_BOT_TOKEN/,
    ],
    [
      'a Slack that is not there',
      () => ({ slack: { ...right().slack, apiUrl: 'http://127.0.0.1:9/' } }),
      'Slack',
      /does not answer in time: .*SLACK_API_URL/,
    ],
    [
      'a bot token in the place of the app’s',
      () => ({
        slack: { botToken: right().slack.botToken, apiUrl: right().slack.apiUrl, appToken: 'xapp-wrong' },
      }),
      'Slack socket',
      /set SLACK_APP_TOKEN to an app-level token with connections:write/,
    ],
    [
      'a wrong token of Okta',
      () => ({ idps: [connectOkta({ ...oktaOf(right()), auth: { token: 'wrong' } })] }),
      'Okta',
      /does not accept our credentials \(E0000011\): set OKTA_API_TOKEN/,
    ],
    [
      'a key that is none',
      () => ({
        idps: [connectOkta({ ...oktaOf(right()), auth: { clientId: 'app', privateKey: 'pem' } })],
      }),
      'Okta',
      /private key is not a PEM or JWK/,
    ],
    [
      'a wrong secret of Anypoint',
      () => ({ anypoint: { ...right().anypoint, clientSecret: 'wrong' } }),
      'Anypoint',
      /does not accept our credentials \(401\): set ANYPOINT_CLIENT_ID/,
    ],
    [
      'a model that does not let us in',
      () => ({ model: { apiKey: 'wrong', baseUrl: `${stage.world.url}/model/v1`, model: 'any' } }),
      'model',
      /401.*OPENAI_API_KEY/,
    ],
  ])('%s', async (_what, outside, name, says) => {
    const { said, isWell } = await check(outside());
    expect(lineOf(said, name)).toMatch(says);
    expect(isWell).toBe(false);
    expect(said.join('\n')).not.toMatch(/\b(idp|mulesoft|slack)\.[a-z_]+\b(?!\.com)/);
  });

  test('scopes that are missing, with what each is for', async () => {
    await world().request('POST', '/slack/sim/scopes', {
      granted: ['commands', 'chat:write', 'im:write', 'users:read', 'channels:read', 'usergroups:read'],
    });
    const { said } = await check();
    expect(lineOf(said, 'Slack scopes')).toMatch(
      /the bot token lacks im:history \(finding .*\), .*users:read\.email \(which person in the IdP that is\), .*files:write \(the certificate .*\): add them .* install the app again/,
    );
    // The channel is public, so it is found without the scope for private ones.
    expect(lineOf(said, 'Slack channel')).toBe('Slack channel ok');
  });

  test.each([
    [
      'that is not there',
      'nowhere',
      /Slack shows Latchkey no channel #nowhere: make it, or, if it is private, invite Latchkey/,
    ],
    ['that Latchkey is not in', 'general', /Latchkey is not in #general, so it can’t post there: invite it/],
    ['named by its id', 'C0123456789', /looks like an id: the catalogue takes the name/],
    ['in upper case', 'Access-Requests', /Names of channels are in lower case/],
  ])('a channel %s', async (_what, channel, says) => {
    const dir = await mkdtemp(join(tmpdir(), 'latchkey-check-'));
    await cp('policy', dir, { recursive: true });
    const file = join(dir, 'catalogue.yaml');
    await writeFile(
      file,
      (await readFile(file, 'utf8')).replace('channel: access-requests', `channel: ${channel}`),
    );
    const { said, isWell } = await check({}, { policyDir: dir });
    await rm(dir, { recursive: true });
    expect(lineOf(said, 'Slack channel')).toMatch(says);
    expect(isWell).toBe(false);
  });

  test('a queue that is not there, or that is none', async () => {
    const away = await check({}, { redis: { url: 'redis://127.0.0.1:9', ca: null } });
    expect(lineOf(away.said, 'queue')).toMatch(/Redis .*does what is due itself/);
    const none = await check({}, { redis: { url: 'http://127.0.0.1:9', ca: null } });
    expect(lineOf(none.said, 'queue')).toMatch(/REDIS_URL is none of redis:/);
    expect([away.isWell, none.isWell]).toEqual([false, false]);
  });

  test('the public address: ours, somebody else’s, nobody’s', async () => {
    const address = async (publicUrl: string) =>
      lineOf((await check({}, { publicUrl })).said, 'public address');
    expect(await address(stage.latchkey.url)).toMatch(
      /leads to Latchkey from this machine; whether a firewall .* can’t be known/,
    );
    expect(await address(stage.world.url)).toMatch(/answers 404, and not as Latchkey does/);
    expect(await address('http://127.0.0.1:9')).toMatch(
      /note: .* does not answer this machine .* can’t be known from here/,
    );
  });
});

/** The groups of Okta's that a catalogue names. */
async function ofOkta(dir: string): Promise<string[]> {
  const text = await readFile(join(dir, 'catalogue.yaml'), 'utf8');
  return [...text.matchAll(/provider: okta, group: ([\w-]+)/g)].map(([, name]) => name ?? '');
}

describe('the database, and what SCIM left in it', () => {
  test('all is well: when SCIM was last used, by which token, and every group was pushed', async () => {
    const { databaseUrl } = stage;
    await eventually(
      'Okta has pushed',
      async () => lineOf((await check({}, { databaseUrl })).said, 'SCIM groups') === 'SCIM groups ok',
      30_000,
    );
    const { said } = await check({}, { databaseUrl });
    expect(lineOf(said, 'SCIM')).toMatch(/^SCIM last used \d{4}-\d\d-\d\d \d\d:\d\d UTC, by SCIM_TOKEN$/);
    expect(said).toEqual(
      expect.arrayContaining(['database ok', 'database schema ok', 'database clock ok', 'clock ok']),
    );
  }, 60_000);

  test('the token of the environment is listed with when it was used', async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['src/cli/cli.ts', 'scim', 'token', 'list'],
      {
        env: {
          PATH: process.env.PATH,
          ...compileCache,
          ...sandboxSettings(stage.world.url),
          DATABASE_URL: stage.databaseUrl,
        },
      },
    );
    expect(stdout).toMatch(
      /^SCIM_TOKEN {2}okta {3}of the environment: last used \d{4}-\d\d-\d\d \d\d:\d\d, /m,
    );
  }, 30_000);

  test('nothing was ever pushed, or one group never', async () => {
    const fresh = await freshDatabase();
    const none = await check({}, { databaseUrl: fresh.url });
    expect(lineOf(none.said, 'SCIM')).toMatch(
      /no token was ever used, so nothing was pushed by Okta: in Okta, set its SCIM app/,
    );
    await fresh.database.pool.query(`insert into scim_environment_tokens values ($1, now())`, [
      digestOf(String(sandboxOutside(stage.world.url).scimToken)),
    ]);
    const some = await check({}, { databaseUrl: fresh.url });
    expect(lineOf(some.said, 'SCIM groups')).toMatch(
      /never pushed: anypoint-orders-read, .*Push them \(in Okta/,
    );
    expect(some.isWell).toBe(false);
    await fresh.close();
  });

  test('with two identity providers each one’s own groups are looked for in what it pushed', async () => {
    // given
    const fresh = await freshDatabase();
    const dir = policyOfBoth('policy', await mkdtemp(join(tmpdir(), 'latchkey-scim-check-')));
    const both = sandboxOutside(stage.world.url, 'both' as IdpChoice);
    const ask = async () => (await check(both, { databaseUrl: fresh.url, policyDir: dir })).said;
    expect(lineOf(await ask(), 'SCIM')).toMatch(
      /pushed by Okta or Entra: in Okta, set its SCIM app.*; in Entra, set/,
    );
    await fresh.database.pool.query(`insert into scim_environment_tokens values ($1, now())`, [
      digestOf(String(sandboxOutside(stage.world.url).scimToken)),
    ]);
    // when Okta has pushed all that is its own, and one that is Entra's
    await fresh.database.pool.query(
      `insert into scim_groups (id, source, display_name, display_name_key, created_at, updated_at)
       select gen_random_uuid(), 'okta', name, name, now(), now() from unnest($1::text[]) name`,
      [[...(await ofOkta(dir)), 'anypoint-orders-deploy']],
    );
    // then
    const line = lineOf(await ask(), 'SCIM groups');
    expect(line).toMatch(/never pushed: anypoint-orders-deploy, .*Push them \(in Entra, the enterprise app/);
    expect(line).not.toContain('in Okta');
    await fresh.close();
    await rm(dir, { recursive: true });
  });

  test('a database that Latchkey was never started on is looked at and not changed', async () => {
    const fresh = await freshDatabase();
    await fresh.database.close();
    const client = new pg.Client({ connectionString: fresh.url });
    await client.connect();
    await client.query('drop schema public cascade; create schema public');
    const { said } = await check({}, { databaseUrl: fresh.url });
    expect(lineOf(said, 'database')).toBe('database ok');
    expect(lineOf(said, 'database schema')).toMatch(/note: Latchkey was never started on it/);
    expect(lineOf(said, 'SCIM')).toMatch(/note: Latchkey was never started/);
    const { rows } = await client.query(`select 1 from pg_tables where schemaname = 'public'`);
    expect(rows).toEqual([]);
    await client.end();
    await fresh.close();
  });

  test('one of a newer Latchkey, one that is read-only, one that is away', async () => {
    const fresh = await freshDatabase();
    const { pool } = fresh.database;
    await pool.query(`insert into kysely_migration values ('9999_later', 'now')`);
    expect(lineOf((await check({}, { databaseUrl: fresh.url })).said, 'database schema')).toMatch(
      /that of a newer Latchkey \(9999_later\)/,
    );
    await pool.query(
      `alter database ${new URL(fresh.url).pathname.slice(1)} set default_transaction_read_only = on`,
    );
    expect(lineOf((await check({}, { databaseUrl: fresh.url })).said, 'database')).toMatch(/it is read-only/);
    await fresh.close();
    const away = await check({}, { databaseUrl: 'postgres://nobody@127.0.0.1:9/none' });
    expect(lineOf(away.said, 'database')).toMatch(/PostgreSQL can’t be connected to: see that it runs/);
    expect(away.isWell).toBe(false);
  });
});

describe('a fresh sign-in', () => {
  const line = ({ said }: { said: string[] }) => said.find((one) => one.startsWith('fresh sign-in')) ?? '';
  const oidc = () => sandboxOutside(stage.world.url).oidc as NonNullable<Outside['oidc']>;

  test('is well where the provider is there, knows a level and takes our credentials', async () => {
    expect(line(await check())).toMatch(/ ok$/);
  });

  test('asked for by a rule and not set, is said to be refused', async () => {
    expect(line(await check({ oidc: null }))).toContain('such approvals are refused. Set OIDC_ISSUER');
  });

  test.each<[what: string, wrong: () => Partial<NonNullable<Outside['oidc']>>, says: string]>([
    [
      'another secret',
      () => ({ clientSecret: 'wrong' }),
      'does not take OIDC_CLIENT_ID and OIDC_CLIENT_SECRET',
    ],
    ['another client', () => ({ clientId: 'nobody' }), 'does not take OIDC_CLIENT_ID and OIDC_CLIENT_SECRET'],
    ['levels that the provider does not know', () => ({ acrValues: ['aal3'] }), 'knows none of the levels'],
    ['an address with nothing at it', () => ({ issuer: 'http://127.0.0.1:9/' }), 'set OIDC_ISSUER'],
    [
      'an issuer that calls itself otherwise',
      () => ({ issuer: `${stage.world.url.replace('127.0.0.1', 'localhost')}/okta` }),
      'is not the metadata of this issuer',
    ],
  ])('%s is told', async (_what, wrong, says) => {
    expect(line(await check({ oidc: { ...oidc(), ...wrong() } }))).toContain(says);
  });
});
