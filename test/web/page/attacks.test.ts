import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hashOf } from '../../../src/flow/request/step-up.ts';
import { type Browser, createBrowser } from '../../../src/sandbox/browser.ts';
import { userIdIn } from '../../../src/sandbox/consoles.ts';
import { pages } from '../../../src/web/page/menu.ts';
import type { ListPage } from '../../../src/web/page/pages.ts';
import { eventually } from '../../eventually.ts';
import { type Journey, setOut } from '../../journeys/journey.ts';
import type { Stage } from '../../stage.ts';
import { cast, signedIn, signInAt, textOf, withAuditor } from './visitors.ts';

let stage: Stage;
let walk: Journey;
let admin: Browser;
let auditor: Browser;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ ...withAuditor, idp: 'okta' }));
  await walk.asks('ines', { entitlement: 'orders-api-read', reason: 'stuck orders' });
  admin = await signedIn(stage.latchkey.url, cast.admin);
  auditor = await signedIn(stage.latchkey.url, cast.auditor);
});
afterAll(() => stage?.close());

const at = (path: string) => `${stage.latchkey.url}${path}`;
const lists = pages.filter((page): page is ListPage => page.is === 'list' && page.hasOwnJson !== true);

describe('what stands in an address', () => {
  const uuid = '00000000-0000-4000-8000-000000000000';
  const values = [
    '%00',
    'a%00b',
    '%ED%A0%80',
    'x'.repeat(201),
    'x'.repeat(9_000),
    "'%3B drop table audit%3B--",
    '%25%25%5C',
    '%0d%0aset-cookie:a=b',
    '0001-01-01',
    '2026-02-30',
    '9999-12-31',
    uuid,
  ];
  const read = async (path: string) =>
    await fetch(at(path), { headers: { authorization: 'Bearer read-token-for-tests' } });

  test.each(lists)(
    '$path: whatever a filter says, it is answered or refused, and nothing breaks',
    async (page) => {
      const filters = page.filters(stage.latchkey.context).map(({ name, is }) => ({ name, is }));
      const broken: unknown[] = [];
      for (const value of values)
        for (const { name } of filters.filter(({ is }) => is !== 'choice' || value === '%00')) {
          const { status, html } = await auditor.open(at(`/web${page.path}?${name}=${value}`));
          if (![200, 400, 414, 431].includes(status))
            broken.push([page.path, name, value.slice(0, 60), status]);
          if (status === 200 && html.includes('set-cookie:a=b\r')) broken.push([page.path, 'breaks out']);
        }
      expect(broken).toEqual([]);
    },
  );

  test.each(lists)('$path: a list goes on only where it said so', async (page) => {
    const cursors = [
      `2026-11-30 10:00:00+00_${uuid}`,
      '2026-11-30 10:00:00+00_1',
      `2026-02-30 10:00:00+00_${uuid}`,
      `2026-13-01 10:00:00+00_${uuid}`,
      `2026-11-30 25:00:00+00_${uuid}`,
      `2026-11-30 10:00:00+99_${uuid}`,
      `2026-11-30 10:00:00+00_${'-'.repeat(36)}`,
      '2026-11-30 10:00:00+00_9999999999999999999',
      `0000-01-01 00:00:00+00_${uuid}`,
      "'; select 1; --",
    ];
    const statuses: number[] = [];
    for (const after of cursors)
      statuses.push((await read(`/api${page.path}?${new URLSearchParams({ after })}`)).status);
    // Of the first two one is of another kind of list.
    const [own, others] = page.ids === 'number' ? [400, 200] : [200, 400];
    expect(statuses).toEqual([own, others, ...cursors.slice(2).map(() => 400)]);
  });

  test('the same is so for JSON, and what is refused says which', async () => {
    const answer = async (query: string) => {
      const got = await fetch(at(`/api/changes?${query}`), {
        headers: { authorization: 'Bearer read-token-for-tests' },
      });
      return [got.status, ((await got.json()) as { error?: string }).error ?? null];
    };
    expect(await answer('person=%00')).toEqual([400, expect.stringContaining('%00')]);
    expect(await answer('from=0000-01-01')).toEqual([400, expect.stringContaining('from')]);
    expect(await answer('person=a&person=b')).toEqual([400, expect.stringContaining('person')]);
    expect(await answer('limit=99999999999')).toEqual([400, expect.stringContaining('from 1 to 500')]);
    expect(await answer('limit=-5')).toEqual([400, expect.stringContaining('from 1 to 500')]);
    expect(await answer('__proto__=1')).toEqual([400, expect.any(String)]);
  });

  test('a name that is HTML is text in the page', async () => {
    await walk.query(
      "update people set name = '\"><img src=x onerror=alert(1)>' where email = 'ines@acme.example'",
    );
    const { html } = await admin.open(at('/web/changes'));
    await walk.query("update people set name = 'Ines Moreau' where email = 'ines@acme.example'");
    expect(html).toContain('&quot;&gt;&lt;img src=x');
    expect(html).not.toContain('<img');
  });
});

describe('signing in', () => {
  test('an address elsewhere is not gone to, however it is written', async () => {
    for (const to of [
      '/web/..//evil.example',
      '/web/%2e%2e//evil.example',
      '/web\\..\\..\\evil.example',
      '\t//evil.example/web',
      '/\t/evil.example/web',
      'http:evil.example/web',
      '/web@evil.example',
      '/web/%0d%0alocation:%20https://evil.example',
      'https://latchkey.invalid@evil.example/web',
      '/web/callback?code=1',
    ]) {
      const page = await signInAt(createBrowser(), at(`/web/sign-in?to=${encodeURIComponent(to)}`), 'ines');
      expect([to, new URL(page.url).origin]).toEqual([to, stage.latchkey.url]);
      expect(new URL(page.url).pathname, to).toMatch(/^\/web(\/|$)/);
    }
  });

  test('a session that somebody put into a browser beforehand is not the one that is signed in', async () => {
    const fixed = 'a'.repeat(43);
    const begun = await fetch(at('/web/sign-in/begin'), {
      redirect: 'manual',
      headers: { cookie: `latchkey-session=${fixed}` },
    });
    expect(begun.headers.getSetCookie().join()).not.toContain('latchkey-session');
    await signInAt(createBrowser(), at('/web'), 'ines');
    const asked = await fetch(at('/web'), {
      redirect: 'manual',
      headers: { cookie: `latchkey-session=${fixed}` },
    });
    expect(asked.status).toBe(303);
    const hashes = await walk.query<{ is: boolean }>(
      "select id_hash = sha256('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa') as is from web_sessions",
    );
    expect(hashes.some(({ is }) => is)).toBe(false);
  });

  test('each sign-in has another state, nonce, challenge and session; a code is good once', async () => {
    const begin = async () => {
      const answer = await fetch(at('/web/sign-in/begin'), { redirect: 'manual' });
      const { searchParams } = new URL(answer.headers.get('location') ?? '');
      return ['state', 'nonce', 'code_challenge'].map((name) => searchParams.get(name));
    };
    const all = [...(await begin()), ...(await begin()), ...(await begin())];
    expect(new Set(all).size).toBe(9);
    expect(all).not.toContain(null);
  });

  test('two tabs sign in beside each other, and each ends where it began (panva/openid-client 154, auth0/nextjs-auth0 142)', async () => {
    const browser = createBrowser();
    const first = await browser.open(at('/web/sign-in/begin?to=/web/changes'));
    const second = await browser.open(at('/web/sign-in/begin?to=/web/access'));
    const answer = { user: userIdIn('okta', 'tom'), how: 'twoFactors' };
    const ended = await browser.send(first, new URL(first.url).pathname, answer);
    expect([ended.status, ended.url]).toEqual([200, at('/web/changes')]);
    const other = await browser.send(second, new URL(second.url).pathname, answer);
    expect([other.status, other.url]).toEqual([200, at('/web/access')]);
  });

  test('begun again and again, a sign-in leaves no more cookies than a request can carry (auth0/express-openid-connect 43)', async () => {
    let cookies: string[] = [];
    for (let n = 0; n < 30; n++) {
      const answer = await fetch(at('/web/sign-in/begin'), {
        redirect: 'manual',
        headers: { cookie: cookies.join('; ') },
      });
      for (const set of answer.headers.getSetCookie()) {
        const [pair = ''] = set.split(';');
        const [name = ''] = pair.split('=');
        cookies = cookies.filter((one) => !one.startsWith(`${name}=`));
        if (!set.includes('Max-Age=0')) cookies.push(pair);
      }
    }
    expect(cookies.join('; ').length).toBeLessThan(4_000);
  });

  test('a cookie of a sign-in that somebody made up lets nobody in, whatever is in it', async () => {
    for (const made of [
      'x',
      Buffer.from('null').toString('base64url'),
      Buffer.from('[]').toString('base64url'),
      Buffer.from('{"state":1}').toString('base64url'),
      Buffer.from(JSON.stringify({ state: 's', nonce: 'n', verifier: 'v', to: '//evil.example' })).toString(
        'base64url',
      ),
    ]) {
      const answer = await fetch(at('/web/callback?code=x&state=s'), {
        redirect: 'manual',
        headers: { cookie: `latchkey-sign-in-${hashOf('s').toString('hex').slice(0, 16)}=${made}` },
      });
      expect([made, answer.status >= 400]).toEqual([made, true]);
      expect(answer.headers.getSetCookie().join()).not.toContain('latchkey-session=');
    }
  });
});

describe('a session', () => {
  test('of somebody whom the directory switches off ends within seconds, in an open browser', async () => {
    const browser = await signedIn(stage.latchkey.url, 'erik');
    expect(textOf(await browser.open(at('/web')))).toContain('Erik Lind');
    await walk.directory.sets('erik', 'DEPROVISIONED');
    await eventually('the session is over', async () =>
      textOf(await browser.open(at('/web'))).includes('Sign in with Okta'),
    );
  });

  test('can’t be guessed, nor carried on by a cookie of another name or a longer one', async () => {
    for (const cookie of [
      'latchkey-session=',
      'latchkey-session=%00',
      `latchkey-session=${'x'.repeat(4_000)}`,
      '__Host-latchkey-session=x',
      "latchkey-session=' or 1=1 --",
    ]) {
      const answer = await fetch(at('/web/audit'), { redirect: 'manual', headers: { cookie } });
      expect([cookie.slice(0, 40), answer.status]).toEqual([cookie.slice(0, 40), 303]);
    }
  });

  test('is ended by no other site and by no other method: a form without its token does nothing', async () => {
    for (const [method, type, body] of [
      ['POST', 'application/x-www-form-urlencoded', ''],
      ['POST', 'application/x-www-form-urlencoded', 'token='],
      ['POST', 'application/x-www-form-urlencoded', `token=${'a'.repeat(43)}`],
      ['POST', 'text/plain', 'token=x'],
      ['POST', 'application/json', '{"token":"x"}'],
      ['POST', 'multipart/form-data; boundary=x', '--x--'],
      ['PUT', 'text/plain', ''],
      ['DELETE', 'text/plain', ''],
    ] as const) {
      const answer = await fetch(at('/web/sign-out'), { method, headers: { 'content-type': type }, body });
      expect([method, type, [403, 404, 415].includes(answer.status)]).toEqual([method, type, true]);
    }
    expect((await admin.open(at('/web/audit'))).status).toBe(200);
  });
});

test('a page asked for under another host’s name leads nowhere else', async () => {
  const location = await new Promise<string | undefined>((resolve, reject) => {
    const { hostname, port } = new URL(stage.latchkey.url);
    const headers = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'gopher',
    };
    httpRequest({ hostname, port, path: '/web/audit', headers }, (answer) => {
      answer.resume();
      resolve(answer.headers.location);
    })
      .on('error', reject)
      .end();
  });
  expect(location ?? '').toMatch(/^\/web\/sign-in\?|^$/);
});

test('what is downloaded is kept by no cache, is no page, and has a name of ours', async () => {
  const raw = await fetch(at('/web/sign-in'), {});
  expect(raw.headers.get('x-content-type-options')).toBe('nosniff');
  const cookie = await cookieOfAdmin();
  for (const path of [
    '/web/changes.csv',
    '/web/audit.csv',
    '/web/past-access.csv?person=%22%0d%0aX-A:%20b',
    '/web/audit/1/entry.json',
  ]) {
    const answer = await fetch(at(path), { headers: { cookie } });
    await answer.text();
    expect([path, answer.status, answer.headers.get('cache-control')]).toEqual([path, 200, 'no-store']);
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename="latchkey-[\w.-]+"$/);
    expect(answer.headers.get('content-type')).not.toContain('html');
    expect(answer.headers.get('x-a')).toBeNull();
  }
});

test('a CSV says that it is UTF-8, as Excel asks (metabase/metabase 3271)', async () => {
  const answer = await fetch(at('/web/changes.csv'), { headers: { cookie: await cookieOfAdmin() } });
  const bytes = Buffer.from(await answer.arrayBuffer());
  expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
  expect(bytes.filter((byte, i) => byte === 0xef && bytes[i + 1] === 0xbb)).toHaveLength(1);
});

test('a day in a filter is whole, and a moment stays what it was when it is sent again (open-ace/open-ace 2415, FusionAuth/fusionauth-issues 2843)', async () => {
  const today = new Date().toISOString().slice(0, 10);
  const found = await admin.open(at(`/web/audit?from=${today}&to=${today}`));
  expect(found.html.match(/<tr role="row">/g)?.length ?? 0).toBeGreaterThan(5);
  let given = '2026-03-03T14:05';
  for (let n = 0; n < 3; n++) {
    const { html } = await admin.open(at(`/web/past-access?at=${encodeURIComponent(given)}`));
    given = /id="f-at"[^>]* value="([^"]*)"/.exec(html)?.[1] ?? '';
  }
  expect(given).toBe('2026-03-03T14:05');
});

/** A session for requests of which the headers count. */
async function cookieOfAdmin(): Promise<string> {
  const secret = 'for-headers';
  await walk.query(
    `insert into web_sessions (id_hash, person_id, email, ends_at)
     select sha256($1), id, email, now() + interval '1 hour' from people where email = 'sam@acme.example'
     on conflict do nothing`,
    [secret],
  );
  return `latchkey-session=${secret}`;
}
