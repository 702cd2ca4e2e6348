import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Latchkey, startLatchkey } from '../../src/latchkey.ts';
import { loadPolicy } from '../../src/policy/policy-folder.ts';
import { type Elsewhere, rotated, secretsElsewhere } from '../../src/sandbox/secrets/elsewhere.ts';
import { SecretsError } from '../../src/sandbox/secrets/vault.ts';
import { type RunningWorld, startWorld } from '../../src/sandbox/world.ts';
import { unopenedDatabase } from '../database.ts';
import { type Journey, walkOn } from './journey.ts';

/** The database's own password is the whole run's: it is rotated in the demo, on a PostgreSQL of its own. */
const turned = rotated.filter((name) => name !== 'DATABASE_URL');

let world: RunningWorld;
let latchkey: Latchkey;
let elsewhere: Elsewhere;
let walk: Journey;
let databaseUrl: string;
const said: string[] = [];
/** Every value that a secret has had in this run. */
const marked = new Set<string>();
const ends: (() => unknown)[] = [];

beforeAll(async () => {
  const fresh = await unopenedDatabase();
  databaseUrl = fresh.url;
  world = await startWorld({ port: 0, stateFile: null, latchkey: null });
  elsewhere = await secretsElsewhere({
    worldUrl: world.url,
    databaseUrl,
    latchkeyUrl: () => latchkey.url,
  });
  // Before the start each has a value that nothing else has.
  const { config, book } = elsewhere;
  const { catalogue, rules } = await loadPolicy('policy');
  latchkey = await startLatchkey({
    outside: config.outside as NonNullable<typeof config.outside>,
    catalogue: { ...catalogue, canary: null },
    rules,
    databaseUrl: config.databaseUrl ?? databaseUrl,
    redisUrl: null,
    port: 0,
    publicUrl: null,
    readToken: config.readToken,
    secrets: book,
    secretsMaxAge: 0,
    log: pino({ level: 'trace' }, { write: (line: string) => void said.push(line) }),
  });
  await fetch(`${world.url}/control/latchkey`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      url: latchkey.url,
      scimToken: 'sandbox-scim-token',
      hookSecret: 'sandbox-okta-hook-secret',
    }),
  });
  walk = await walkOn(world.url, databaseUrl);
  ends.push(
    () => latchkey.stop(),
    () => world.close(),
    () => elsewhere.close(),
    () => fresh.drop(),
  );
});
afterAll(async () => {
  for (const end of ends) await end();
});

async function rotateAll(): Promise<void> {
  for (const setting of turned) {
    const value = await elsewhere.turn(setting);
    marked.add(value);
    elsewhere.store(setting, value);
  }
}

/** All that PostgreSQL holds, row by row, as text. */
async function everyRow(): Promise<string> {
  const tables = await walk.query<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
     where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'`,
  );
  expect(tables.length).toBeGreaterThan(30);
  const all: string[] = [];
  for (const { name } of tables)
    for (const { row } of await walk.query<{ row: string }>(`select t::text as row from ${name} t`))
      all.push(row);
  return all.join('\n');
}

test('no secret is in logs, database, messages, readiness, metrics or errors, through rotations and refusals', async () => {
  await rotateAll();
  const asked = await walk.isGiven('ines', { entitlement: 'orders-api-read', reason: 'Marked secrets' });
  await rotateAll();
  const status = await walk.until('there is a button', async () => {
    const now = await walk.statusOf('ines', asked.id);
    return JSON.stringify(now.blocks).includes('release') && now;
  });
  await walk.click('ines', status, 'release');
  await walk.becomes(asked.id, 'ended');
  // Refused on the other side, away, and wrong in the store: whatever is said then is looked through too.
  elsewhere.store('OKTA_API_TOKEN', 'marked-wrong-okta-token');
  elsewhere.store('SLACK_BOT_TOKEN', 'marked-wrong-bot-token');
  for (const wrong of ['marked-wrong-okta-token', 'marked-wrong-bot-token']) marked.add(wrong);
  await elsewhere.book.readAll();
  await walk.isGiven('erik', { entitlement: 'orders-api-read', reason: 'With the one before' });
  elsewhere.manager.refuse(new SecretsError('AccessDeniedException', [...marked].join(' ')));
  await elsewhere.book.readAll();
  const token = elsewhere.values().READ_TOKEN ?? '';
  const read = async (path: string) =>
    (await fetch(`${latchkey.url}${path}`, { headers: { authorization: `Bearer ${token}` } })).text();
  const metrics = await read('/metrics');
  expect(metrics).toMatch(/latchkey_secret_age_seconds\{setting="ANYPOINT_CLIENT_SECRET"\} \d/);
  expect(metrics).toMatch(/latchkey_secret_trouble\{setting="SLACK_BOT_TOKEN"\} 1/);
  const ready = await read('/readyz');
  expect(ready).toContain('SLACK_BOT_TOKEN may not be read by Latchkey’s role in AWS');

  const places = {
    logs: said.join(''),
    database: await everyRow(),
    metrics,
    ready,
    changes: await read('/api/changes'),
    states: JSON.stringify(elsewhere.book.states()),
    slack: JSON.stringify(
      await Promise.all(['ines', 'erik', 'tom', 'olga', 'sam', 'sofia'].map((who) => walk.workspace(who))),
    ),
    inspected: (await import('node:util')).inspect(elsewhere.config.outside, { depth: 8 }),
  };
  // It is looked for where it has to be found, so that a search that finds nothing is one that looks.
  expect(places.logs).toContain('a secret has a new value');
  expect(places.slack).toContain('Marked secrets');
  expect(places.database).toContain('Marked secrets');
  expect(marked.size).toBeGreaterThan(turned.length * 2);
  const found = Object.entries(places).flatMap(([place, text]) =>
    [...marked].filter((value) => text.includes(value)).map((value) => `${place}: ${value.slice(0, 12)}…`),
  );
  expect(found).toEqual([]);
});
