import { readFileSync } from 'node:fs';
import Fastify from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mayOpen, type Role, type RouteRule, roles } from '../../../src/core/page/reader.ts';
import { createApiToken } from '../../../src/flow/page/api-tokens.ts';
import { auditApi } from '../../../src/web/audit-api.ts';
import { canaryApi } from '../../../src/web/canary-api.ts';
import { unguarded } from '../../../src/web/guard.ts';
import { pageApi } from '../../../src/web/page/api.ts';
import { apiScopes } from '../../../src/web/page/menu.ts';
import { behindReadToken } from '../../../src/web/read-door.ts';
import { createServer } from '../../../src/web/server.ts';
import { eventually } from '../../eventually.ts';
import { type Journey, setOut } from '../../journeys/journey.ts';
import type { Stage } from '../../stage.ts';
import { cast, withAuditor } from './visitors.ts';

type Route = { path: string; scope: string | null; rule: RouteRule };

let stage: Stage;
let walk: Journey;
let routes: Route[];
let tokens: Record<Role, string>;
const scopes = apiScopes.map(({ scope }) => scope);

beforeAll(async () => {
  ({ stage, walk } = await setOut({ ...withAuditor, idp: 'okta' }));
  for (const key of Object.values(cast)) await walk.openForm(key);
  routes = await routesOf();
  tokens = Object.fromEntries(
    await Promise.all(roles.map(async (role) => [role, await tokenFor(role, scopes)] as const)),
  ) as typeof tokens;
  await eventually('a checkpoint', async () => (await ask(tokens.admin, '/audit/entries/1/proof')) === 200);
});
afterAll(() => stage?.close());

/** For every list there is, also for those whom the door has to turn away. */
async function tokenFor(role: Role, wanted: readonly string[]): Promise<string> {
  const { db, catalogue } = stage.latchkey.context;
  const email = `${cast[role]}@acme.example`;
  const made = await createApiToken(
    db,
    { email, name: role, isService: false, scopes: wanted, days: 1, by: `${cast.admin}@acme.example` },
    { catalogue: catalogue.current(), forAll: [] },
  );
  if ('why' in made) throw new Error(made.why);
  return made.token;
}

/** What the router itself knows; HEAD goes with its GET. */
async function routesOf(): Promise<Route[]> {
  const app = Fastify();
  const { context, readiness } = stage.latchkey;
  const found: Route[] = [];
  app.addHook('onRoute', ({ method, url, config }) => {
    if (method !== 'HEAD')
      found.push({ path: url, scope: config?.scope ?? null, rule: config?.rule ?? 'everything' });
  });
  const doors = { guard: unguarded, mayRead: async () => false, data: context };
  await behindReadToken(app, doors, (api) => {
    pageApi(api, { context, report: readiness });
    canaryApi(api, context);
    auditApi(api, context);
  });
  await app.ready();
  return found.toSorted((a, b) => a.path.localeCompare(b.path));
}

const filled = (path: string) => path.replace(':id', '1').replace('consistency', 'consistency?from=1&to=1');
const ask = async (token: string, path: string) => {
  const answer = await fetch(`${stage.latchkey.url}${path}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  await answer.text();
  return answer.status;
};

test('docs/web-page.md has every route for tokens, with what a token has to be for and who finds what', () => {
  const marks: Record<RouteRule, (role: Role) => string> = {
    anybody: () => 'yes',
    own: (role) => (['auditor', 'admin'].includes(role) ? 'all' : 'their own'),
    everything: (role) => (mayOpen('everything', { role }) ? 'all' : '–'),
  };
  const table = [
    `| route | the token is for | ${roles.join(' | ')} | \`READ_TOKEN\` |`,
    `|---|---|${roles.map(() => '---|').join('')}---|`,
    ...routes.map(
      ({ path, scope, rule }) =>
        `| \`GET ${path}\` | ${scope === 'any' ? 'anything' : `\`${scope}\``} | ${roles.map((role) => marks[rule](role)).join(' | ')} | all |`,
    ),
  ].join('\n');
  const [, written] =
    /<!-- routes by token -->\n([\s\S]*?)\n<!-- end of the routes by token -->/.exec(
      readFileSync('docs/web-page.md', 'utf8'),
    ) ?? [];
  expect(written, 'Put this between the marks of docs/web-page.md:').toBe(table);
});

describe('every route for tokens, asked over HTTP', () => {
  test.each(roles)('by the token of %s', async (role) => {
    for (const { path, rule } of routes)
      expect([path, await ask(tokens[role], filled(path))]).toEqual([
        path,
        mayOpen(rule, { role }) ? 200 : 403,
      ]);
  });

  test('a token that is not for it is turned away, and so is whoever has none', async () => {
    for (const { path, scope } of routes.filter((one) => one.scope !== 'any')) {
      const [other = ''] = scopes.filter((one) => one !== scope);
      expect([path, await ask(await tokenFor('admin', [other]), filled(path))]).toEqual([path, 403]);
      expect([path, (await fetch(`${stage.latchkey.url}${filled(path)}`)).status]).toEqual([path, 401]);
    }
  });
});

test('beneath /web, /api, /audit and /metrics nothing can be registered anywhere that does not say who may ask', () => {
  const app = createServer({ log: pino({ level: 'silent' }) });
  for (const path of ['/web', '/web/new', '/web/', '/api/new', '/api', '/audit/new', '/metrics'])
    expect(() => app.get(path, async () => 'everything'), path).toThrow(
      /does not say (who may open it|which tokens)/,
    );
  expect(() => app.get('/webhook', async () => 'x')).not.toThrow();
});
