import { mkdirSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seedHistory } from '../../src/sandbox/history.ts';
import { type Stage, setStage } from '../stage.ts';
import { ARTEFACTS, CHROMIUM, describeInBrowser, PATIENCE, QUIET } from './chromium.ts';
import { onPage } from './on-page.ts';

describeInBrowser('the sandbox page', () => {
  let stage: Stage;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    mkdirSync(ARTEFACTS, { recursive: true });
    stage = await setStage({ page: true, canary: { everySeconds: 3_600 } });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
    page = await browser.newPage({ viewport: { width: 1500, height: 950 } });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.setDefaultTimeout(PATIENCE);
    await page.goto(stage.world.url);
  });
  afterAll(async () => {
    await browser?.close();
    await stage?.close();
  });

  const { at, be } = onPage(() => page);
  const picture = (name: string) => page.screenshot({ path: `${ARTEFACTS}/${name}.png` });

  test('the intern asks, the team lead approves, and both the page and Anypoint show it in effect', async () => {
    await be('ines', 'latchkey');
    await at('composer-input').fill('/access');
    await at('composer-input').press('Enter');
    await at('field-entitlement').waitFor();
    await at('field-entitlement').selectOption('orders-api-read');
    await at('field-duration').waitFor();
    await at('field-reason').fill('Looking into stuck orders for INC-4711');
    await at('field-ticket').fill('INC-4711');
    await picture('1-form');
    await at('submit').click();
    await at('modal').waitFor({ state: 'detached' });

    await be('tom', 'access-requests');
    const approve = at('action-approve');
    await approve.waitFor();
    await page.getByText('Advice of the model').waitFor();
    await picture('2-card');
    await approve.click();

    await at('team-orders-api-readers').getByTestId('member-ines').waitFor();
    await page.getByTestId('change').and(page.locator('[data-state="inEffect"]')).first().waitFor();
    await page.getByText('In effect in MuleSoft after').first().waitFor();
    await picture('3-card-in-effect');

    await be('ines', 'latchkey');
    await page.getByText('approved by Tom Okafor').first().waitFor();
    await picture('4-requester');
    expect(complaints).toEqual([]);
  });

  test('a form with nothing in it is refused under the fields, and the text typed stays', async () => {
    await be('erik', 'latchkey');
    await at('composer-input').fill('/access');
    await at('composer-input').press('Enter');
    await at('field-entitlement').waitFor();
    await at('field-reason').fill('half a thought');
    await at('field-start').fill('2030-12-02T09:00');
    await at('submit').click();
    await at('error-entitlement').waitFor();
    await picture('5-form-refused');
    expect(await at('field-reason').inputValue()).toBe('half a thought');
    // Slack is sent the moment that the browser's clock shows.
    const moment = await page.evaluate(() => String(new Date(2030, 11, 2, 9).getTime() / 1_000));
    await page.locator(`[data-testid="field-start"][data-seconds="${moment}"]`).waitFor();
    expect(await at('field-start').inputValue()).toBe('2030-12-02T09:00');
    await at('cancel').click();
    await at('modal').waitFor({ state: 'detached' });
  });

  test('the canary’s round is on its chart, against the 60 seconds', async () => {
    await page.locator('[data-testid="canary-round"][data-result="hit"]').waitFor();
    await at('canary-state').getByText('1 of 1 in time').waitFor();
    await at('canary').screenshot({ path: `${ARTEFACTS}/7-canary.png` });
    await page.setViewportSize({ width: 1030, height: 900 });
    const chart = await page.locator('.canary-chart').boundingBox();
    const panel = await page.locator('.panel.canary').boundingBox();
    expect(chart?.width).toBeLessThan(panel?.width ?? 0);
    expect((chart?.x ?? 0) + (chart?.width ?? 0)).toBeLessThanOrEqual(1_030);
    await page.setViewportSize({ width: 1500, height: 950 });
  });

  test('what is there on purpose says so, and what is older than the sandbox has dates', async () => {
    // given the history that npm start makes
    await seedHistory(stage.latchkey.context);
    await page.reload();

    // then
    await at('on-purpose-anypoint-everyone-view').getByText('refuses to offer it').waitFor();
    const invented = at('invented');
    await invented.getByText('What is older than this sandbox is made up.').waitFor();
    const shown = invented.getByTestId('change');
    expect(await shown.count()).toBeGreaterThan(3);
    for (const text of await shown.locator('summary time').allTextContents())
      expect(text).toMatch(/[A-Z][a-z]{2} \d{1,2}, \d\d:\d\d$/);
    expect(await shown.locator('summary time').count()).toBe(await shown.count());
    // The change that was made here stands before it, and is not called invented.
    await at('timeline')
      .locator('> [data-testid="change"]')
      .first()
      .getByText('In effect in MuleSoft')
      .waitFor();
    await invented.scrollIntoViewIfNeeded();
    await shown.first().locator('summary').click();
    await picture('8-on-purpose');
    await be('nadia', 'home');
    await page.getByText('What is older than this sandbox is made up.').first().waitFor();
    await at('home')
      .getByText(/Payments API: read logs in prod[\s\S]*\w+ \d/)
      .first()
      .waitFor();
    await picture('9-home-history');
  });

  test('the Home tab shows what I have', async () => {
    await be('ines', 'home');
    await page.getByText('Your access to MuleSoft').waitFor();
    await page.getByText('In effect in MuleSoft after').first().waitFor();
    await picture('6-home');
  });
});
