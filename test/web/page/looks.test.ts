import { mkdirSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seedHistory } from '../../../src/sandbox/history.ts';
import { type Journey, setOut } from '../../journeys/journey.ts';
import { seriousFindings } from '../../sandbox/axe.ts';
import { ARTEFACTS, CHROMIUM, describeInBrowser, NARROW, PATIENCE, QUIET } from '../../sandbox/chromium.ts';
import type { Stage } from '../../stage.ts';
import { withAuditor } from './visitors.ts';

const names = [
  '',
  'changes',
  'propagation',
  'access',
  'past-access',
  'findings',
  'mass-changes',
  'cases',
  'reviews',
  'review-lines',
  'health',
  'canary',
  'audit',
  'audit/1',
];

describeInBrowser('the web page in a browser', () => {
  let stage: Stage;
  let walk: Journey;
  let browser: Browser;
  let signedIn: BrowserContext;
  let page: Page;
  let changeId: string;
  const complaints: string[] = [];

  beforeAll(async () => {
    mkdirSync(ARTEFACTS, { recursive: true });
    ({ stage, walk } = await setOut({ ...withAuditor, idp: 'okta', canary: { everySeconds: 20 } }));
    await seedHistory(stage.latchkey.context);
    changeId = (await walk.isGiven('ines', { entitlement: 'orders-api-read', reason: 'stuck orders' })).id;
    await walk.asks('erik', { entitlement: 'platform-admin', reason: 'upgrade of the gateway' });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
    signedIn = await browser.newContext({ viewport: { width: 1_400, height: 900 } });
    page = await signedIn.newPage();
    page.setDefaultTimeout(PATIENCE);
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && message.location().url.startsWith(stage.latchkey.url))
        complaints.push(`${message.location().url}: ${message.text()}`);
    });
    page.on('requestfailed', (request) => complaints.push(request.url()));
  });
  afterAll(async () => {
    await browser?.close();
    await stage?.close();
  });

  const at = (name: string) => `${stage.latchkey.url}/web${name === '' ? '' : `/${name}`}`;

  test('somebody signs in with a click, and is where they wanted to be', async () => {
    await page.goto(at('changes'));
    await page.screenshot({ path: `${ARTEFACTS}/web-sign-in.png` });
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole('link', { name: 'Sign in with Okta' }).click();
    await page.getByLabel('Who').selectOption({ label: 'Sam Whitaker (sam@acme.example)' });
    await page.getByRole('button', { name: /second factor/ }).click();
    await page.getByRole('heading', { name: 'Changes' }).waitFor();
    expect(page.url()).toBe(at('changes'));
  });

  test('every page can be read by everybody: wide, on a phone, and in the dark', async () => {
    for (const name of [...names, `changes/${changeId}`]) {
      const picture = `${ARTEFACTS}/web-${
        name
          .split('/')
          .map((part) => part.slice(0, 12))
          .join('-') || 'now'
      }`;
      await page.emulateMedia({ colorScheme: 'light' });
      await page.setViewportSize({ width: 1_400, height: 900 });
      await page.goto(at(name));
      await page.screenshot({ path: `${picture}.png` });
      expect([name, await seriousFindings(page)]).toEqual([name, []]);

      await page.emulateMedia({ colorScheme: 'dark' });
      await page.screenshot({ path: `${picture}-dark.png` });
      expect([name, 'dark', await seriousFindings(page)]).toEqual([name, 'dark', []]);

      await page.setViewportSize(NARROW);
      await page.screenshot({ path: `${picture}-phone.png` });
      const { wide, seen } = (await page.evaluate(
        '({ wide: document.documentElement.scrollWidth, seen: document.documentElement.clientWidth })',
      )) as { wide: number; seen: number };
      expect([name, wide]).toEqual([name, seen]);
    }
    expect(complaints).toEqual([]);
  });

  test('by the keyboard: the first key leads to the content, and a filter is chosen without a mouse', async () => {
    await page.setViewportSize({ width: 1_400, height: 900 });
    await page.goto(at('changes'));
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('To the content');
    await page.getByLabel('Person').focus();
    await page.keyboard.type('erik');
    await page.keyboard.press('Enter');
    await page.waitForURL(/person=erik/);
    expect(await page.locator('tbody tr').count()).toBeGreaterThan(0);
    expect(await page.locator('tbody').textContent()).not.toContain('Ines Moreau');
  });

  test('the audit is searched, and the search is in the audit', async () => {
    await page.goto(at('audit'));
    await page.getByLabel('Person').fill('ines');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByText('Ines Moreau asked for it').first().waitFor();
    const read = await walk.query<{ data: { asked: string }; actor: { name: string } }>(
      "select data, actor from audit where type = 'auditRead' order by id desc limit 1",
    );
    expect(read[0]).toMatchObject({ data: { asked: 'person=ines' }, actor: { name: 'Sam Whitaker' } });
  });

  test('a list is downloaded as CSV with its filters', async () => {
    await page.goto(at('changes?person=ines'));
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download as CSV' }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^latchkey-changes-\d{4}-\d\d-\d\d\.csv$/);
  });

  test('what can’t be shown is a page too, and says what was wrong and what to do', async () => {
    for (const [name, words] of [
      ['nowhere', 'There is no such page'],
      [
        'changes/0c54bd4a-0d37-4b4e-a5a4-98a1a4cdbf9e',
        'There is no such page, or what it is about is not yours',
      ],
      ['changes?person=%00', 'It was refused: the address has a NUL character'],
      ['changes?colour=red', 'colour: this list has no such filter'],
      ['changes?from=yesterday&is=purple', 'is: none of the values to choose fromfrom: no day as 2026-01-31'],
      ['changes?person=a&person=b', 'person: it is there more than once'],
      ['changes?after=the-end', 'after: no place in this list'],
      ['past-access?at=2026-02-30T25:00', 'at: no day as 2026-01-31, nor a time'],
    ] as const) {
      await page.goto(at(name));
      expect([name, await page.locator('main').textContent()]).toEqual([
        name,
        expect.stringContaining(words),
      ]);
      expect([name, await seriousFindings(page)]).toEqual([name, []]);
    }
    await page.screenshot({ path: `${ARTEFACTS}/web-refused.png` });
  });

  test('a page for others, a session that is over and too many pages say so', async () => {
    const other = await browser.newContext({ viewport: { width: 1_400, height: 900 } });
    const ines = await other.newPage();
    await ines.goto(at('audit'));
    await ines.getByRole('link', { name: 'Sign in with Okta' }).click();
    await ines.getByLabel('Who').selectOption({ label: 'Ines Moreau (ines@acme.example)' });
    await ines.getByRole('button', { name: /second factor/ }).click();
    await ines.getByRole('heading', { name: 'Not for you' }).waitFor();
    expect(await seriousFindings(ines)).toEqual([]);

    await walk.query('delete from web_sessions');
    await ines.goto(at('access?person=ines'));
    await ines.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(new URL(ines.url()).searchParams.get('to')).toBe('/web/access?person=ines');

    for (let i = 0; i < 700; i += 1)
      if ((await fetch(at('health'), { redirect: 'manual' })).status === 429) break;
    await ines.goto(at('health'));
    await ines.getByRole('heading', { name: 'Too many pages at once' }).waitFor();
    expect(await ines.locator('main').textContent()).toMatch(/Wait \d+ seconds, then open it again/);
    expect(await seriousFindings(ines)).toEqual([]);
    await ines.screenshot({ path: `${ARTEFACTS}/web-too-many.png` });
    await other.close();
  });
});
