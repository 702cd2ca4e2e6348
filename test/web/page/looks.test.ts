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
});
