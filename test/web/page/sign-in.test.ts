import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBrowser } from '../../../src/sandbox/browser.ts';
import { type Journey, setOut } from '../../journeys/journey.ts';
import type { Stage } from '../../stage.ts';
import { cast, signedIn, signInAt, textOf, withAuditor } from './visitors.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ ...withAuditor, idp: 'okta' }));
});
afterAll(() => stage.close());

const at = (path: string) => `${stage.latchkey.url}${path}`;
const sessions = () => walk.query<{ ended_at: Date | null }>('select * from web_sessions order by began_at');

describe('signing in', () => {
  test('whoever is not signed in is sent to the sign-in, and from there back to the page that they wanted', async () => {
    const browser = createBrowser();
    const page = await signInAt(browser, at('/web/changes?is=late'), 'sam');
    expect([page.status, new URL(page.url).pathname, new URL(page.url).search]).toEqual([
      200,
      '/web/changes',
      '?is=late',
    ]);
    expect(textOf(page)).toContain('Sam Whitaker admin: you see everything');
    const [entry] = await walk.query<{ actor: { name: string } }>(
      "select actor from audit where type = 'webSignedIn' order by id desc limit 1",
    );
    expect(entry?.actor.name).toBe('Sam Whitaker');
  });

  test('the session is kept as a hash, and the cookie is for no script and no other site', async () => {
    const begun = await fetch(at('/web/sign-in/begin'), { redirect: 'manual' });
    const [set = ''] = begun.headers.getSetCookie();
    expect(set).toMatch(
      /^latchkey-sign-in-[0-9a-f]{16}=[\w-]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/,
    );
    const sent = new URL(begun.headers.get('location') ?? '').searchParams;
    expect(sent.get('code_challenge_method')).toBe('S256');
    expect(sent.get('state')).toMatch(/.{20}/);
    expect(sent.get('nonce')).toMatch(/.{20}/);
    expect(Object.keys((await sessions())[0] ?? {})).not.toContain('secret');
  });

  test('an address elsewhere is not gone to', async () => {
    for (const to of [
      'https://evil.example/',
      '//evil.example/web',
      '/\\evil.example/web',
      '/web/../step-up/x',
      '/web/sign-out',
      'javascript:alert(1)',
    ]) {
      const page = await signInAt(createBrowser(), at(`/web/sign-in?to=${encodeURIComponent(to)}`), 'ines');
      expect(page.url, to).toBe(at('/web'));
    }
  });

  test('a sign-in that another browser began, one that is made up, and one that is sent twice let nobody in', async () => {
    const mine = createBrowser();
    const done = await fetch(at('/web/callback?code=x&state=y'), { redirect: 'manual' });
    expect(done.status).toBe(400);
    await mine.open(at('/web/sign-in/begin'));
    const forged = await mine.open(at('/web/callback?code=made-up&state=wrong'));
    expect(forged.status).toBeGreaterThanOrEqual(400);
    expect(textOf(await mine.open(at('/web')))).toContain('Sign in with Okta');
  });

  test('whoever does not finish is told so', async () => {
    const browser = createBrowser();
    const provider = await browser.open(at('/web/sign-in/begin'));
    const page = await browser.send(provider, new URL(provider.url).pathname, { how: 'cancel' });
    expect([page.status, textOf(page)]).toEqual([
      403,
      expect.stringContaining('You did not finish signing in'),
    ]);
  });
});

describe('a session', () => {
  test('ends when somebody signs out, by a form of their own page alone', async () => {
    const browser = await signedIn(stage.latchkey.url, cast.employee);
    const page = await browser.open(at('/web'));
    const forged = await browser.send(page, '/web/sign-out', { token: 'made-up' });
    expect([forged.status, textOf(await browser.open(at('/web')))]).toEqual([
      403,
      expect.stringContaining('Ines'),
    ]);

    const token = /name="token" value="([^"]+)"/.exec(page.html)?.[1] ?? '';
    expect(textOf(await browser.send(page, '/web/sign-out', { token }))).toContain('Signed out');

    expect(textOf(await browser.open(at('/web')))).toContain('Sign in with Okta');
    expect((await sessions()).at(-1)?.ended_at).toBeInstanceOf(Date);
  });

  test('ends after an hour without use, after twelve in all, and when the account is not active any more', async () => {
    for (const makeOver of [
      "update web_sessions set seen_at = now() - interval '61 minutes'",
      "update web_sessions set ends_at = now() - interval '1 second'",
    ]) {
      const browser = await signedIn(stage.latchkey.url, cast.employee);
      await walk.query(makeOver);
      expect(textOf(await browser.open(at('/web'))), makeOver).toContain('Sign in with Okta');
    }
    const browser = await signedIn(stage.latchkey.url, cast.employee);
    await walk.query("update people set status = 'suspended' where email = 'ines@acme.example'");
    expect(textOf(await browser.open(at('/web')))).toContain('Sign in with Okta');
    await walk.query("update people set status = 'active' where email = 'ines@acme.example'");
  });

  test('has no role by an address that it was not signed in with', async () => {
    const browser = await signedIn(stage.latchkey.url, cast.admin);
    expect(textOf(await browser.open(at('/web')))).toContain('admin: you see everything');
    await walk.query('update web_sessions set email = null');
    expect(textOf(await browser.open(at('/web')))).toContain('you see what is yours');
  });
});

test('every page is kept by no cache, runs no script and loads nothing from elsewhere', async () => {
  const browser = await signedIn(stage.latchkey.url, cast.admin);
  const { html } = await browser.open(at('/web'));
  expect(html).not.toMatch(/<script|<style|style=|\son\w+=|https?:\/\//);
  const { headers } = await fetch(at('/web/sign-in'));
  expect(headers.get('content-security-policy')).toBe(
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  );
  expect(headers.get('cache-control')).toBe('no-store');
});
