import { readFileSync } from 'node:fs';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mayOpen, type Role, type RouteRule, roles } from '../../../src/core/page/reader.ts';
import type { Browser } from '../../../src/sandbox/browser.ts';
import { unguarded } from '../../../src/web/guard.ts';
import { everyRouteRuled, pageRoutes } from '../../../src/web/page/routes.ts';
import { type Asked, type Journey, setOut } from '../../journeys/journey.ts';
import type { Stage } from '../../stage.ts';
import { cast, signedIn, textOf, withAuditor } from './visitors.ts';

let stage: Stage;
let walk: Journey;
let ofInes: Asked;
let ofSomebodyElse: Asked;
let browsers: Record<Role, Browser>;
let routes: { method: string; path: string; rule: RouteRule }[];

beforeAll(async () => {
  ({ stage, walk } = await setOut({ ...withAuditor, idp: 'okta' }));
  ofInes = await walk.isGiven('ines', { entitlement: 'orders-api-read', reason: 'stuck orders' });
  ofSomebodyElse = await walk.asks('erik', {
    entitlement: 'payments-api-read',
    reason: 'upgrade of the gateway',
  });
  const signed = await Promise.all(roles.map((role) => signedIn(stage.latchkey.url, cast[role])));
  browsers = Object.fromEntries(roles.map((role, i) => [role, signed[i]])) as typeof browsers;
  routes = await routesOf((app) =>
    pageRoutes(
      app,
      { context: stage.latchkey.context, report: stage.latchkey.readiness },
      {
        guard: unguarded,
        isSecure: false,
      },
    ),
  );
});
afterAll(() => stage.close());

/** What the router itself knows; HEAD goes with its GET. */
async function routesOf(register: (app: FastifyInstance) => Promise<void>) {
  const app = Fastify();
  const found: typeof routes = [];
  app.addHook('onRoute', ({ method, url, config }) => {
    if (method !== 'HEAD' && url.startsWith('/web') && config?.rule !== undefined)
      found.push({ method: String(method), path: url, rule: config.rule });
  });
  await register(app);
  await app.ready();
  return found.filter(({ path }) => path !== '/web/');
}

const filled = (path: string) =>
  path.replace('changes/:id', `changes/${ofInes.id}`).replace('audit/:id', 'audit/1');
const at = (path: string) => `${stage.latchkey.url}${path}`;

test('a route without a rule can’t be registered, and there is none', () => {
  const app = Fastify();
  everyRouteRuled(app);
  expect(() => app.get('/web/new', async () => 'everything')).toThrow('does not say who may open it');
  expect(routes.length).toBeGreaterThan(10);
});

test('docs/web-page.md has every route with who may open it', () => {
  const marks: Record<RouteRule, (role: Role) => string> = {
    anybody: () => 'yes',
    own: (role) => (['auditor', 'admin'].includes(role) ? 'all' : 'their own'),
    everything: (role) => (mayOpen('everything', { role }) ? 'all' : '–'),
  };
  const table = [
    `| route | not signed in | ${roles.join(' | ')} |`,
    `|---|---|${roles.map(() => '---|').join('')}`,
    ...routes.map(
      ({ method, path, rule }) =>
        `| \`${method} ${path.replace(/style-\w+/, 'style-…')}\` | ${rule === 'anybody' ? 'yes' : 'to the sign-in'} | ${roles.map((role) => marks[rule](role)).join(' | ')} |`,
    ),
  ].join('\n');
  const [, written] =
    /<!-- routes by role -->\n([\s\S]*?)\n<!-- end of the routes -->/.exec(
      readFileSync('docs/web-page.md', 'utf8'),
    ) ?? [];
  expect(written, 'Put this between the marks of docs/web-page.md:').toBe(table);
});

describe('every route, opened by every role over HTTP', () => {
  test('nobody who is not signed in gets more than the sign-in', async () => {
    for (const { method, path, rule } of routes) {
      const answer = await fetch(at(filled(path)), { method, redirect: 'manual' });
      if (rule === 'anybody')
        expect(answer.headers.get('location') ?? '', path).not.toContain('/web/sign-in?');
      else
        expect([answer.status, answer.headers.get('location')], path).toEqual([
          303,
          `/web/sign-in?${new URLSearchParams({ to: filled(path) })}`,
        ]);
    }
  });

  test.each(roles)('%s', async (role) => {
    for (const { path, rule } of routes.filter((one) => one.rule !== 'anybody')) {
      const { status } = await browsers[role].open(at(filled(path)));
      // Nobody has left here.
      const isThere = path !== '/web/cases/:id';
      expect([path, status]).toEqual([path, mayOpen(rule, { role }) ? (isThere ? 200 : 404) : 403]);
    }
  });
});

describe('what is in somebody’s sight', () => {
  const seesBoth: Record<Role, [own: boolean, other: boolean]> = {
    employee: [true, false],
    owner: [true, false],
    auditor: [true, true],
    admin: [true, true],
  };

  test.each(roles)('%s', async (role) => {
    const browser = browsers[role];
    const [own, other] = seesBoth[role];
    const list = (await browser.open(at('/web/changes'))).html;
    const csv = (await browser.open(at('/web/changes.csv'))).html;
    expect([list.includes(ofInes.id), list.includes(ofSomebodyElse.id)]).toEqual([own, other]);
    expect([csv.includes(ofInes.id), csv.includes(ofSomebodyElse.id)]).toEqual([own, other]);
    expect((await browser.open(at(`/web/changes/${ofInes.id}`))).status).toBe(own ? 200 : 404);
    const hidden = await browser.open(at(`/web/changes/${ofSomebodyElse.id}`));
    expect(hidden.status).toBe(other ? 200 : 404);
    expect(hidden.html.includes('upgrade of the gateway')).toBe(other);
    const access = textOf(await browser.open(at('/web/access')));
    expect(access).toContain('Ines Moreau');
  });

  test('a filter widens nobody’s sight, and one that can’t be is refused with what to do', async () => {
    const { employee } = browsers;
    const asked = await employee.open(at('/web/changes?person=erik'));
    expect(textOf(asked)).toContain('No change fits these filters');
    for (const query of ['is=everything', 'from=yesterday', 'after=x', 'person=a&person=b', 'nothing=1']) {
      const page = await employee.open(at(`/web/changes?${query}`));
      expect([query, page.status, textOf(page)]).toEqual([
        query,
        400,
        expect.stringContaining('Show the whole list'),
      ]);
    }
  });
});

test('a change is told whole: who, why, by whom, each leg, and what happened', async () => {
  const text = textOf(await browsers.auditor.open(at(`/web/changes/${ofInes.id}`)));
  for (const words of [
    'Ines Moreau gets Orders API',
    'stuck orders',
    'Approved by',
    'pushed to Latchkey',
    'seen in MuleSoft',
    'the objective is 60 s',
    'Ines Moreau asked for it',
  ])
    expect(text).toContain(words);
});

test('CSV is for a spreadsheet: what people wrote is never a formula', async () => {
  await walk.query(
    "update people set name = '=HYPERLINK(\"http://evil.example\")' where email = 'ines@acme.example'",
  );
  const { html: csv } = await browsers.auditor.open(at('/web/changes.csv?entitlement=orders-api-read'));
  await walk.query("update people set name = 'Ines Moreau' where email = 'ines@acme.example'");
  const [header, first] = csv.split('\r\n');
  expect(header).toBe('requestedAt,person,email,access,kind,cause,state,decidedBy,seenAfterMs,late,id');
  expect(first).toMatch(
    /^\d{4}-\d\d-\d\dT[\d:.]+Z,"'=HYPERLINK\(""http:\/\/evil.example""\)",ines@acme.example,/,
  );
});
