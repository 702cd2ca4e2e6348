import { mkdirSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Journey, walkOn } from '../journeys/journey.ts';
import { type Stage, setStage } from '../stage.ts';
import { seriousFindings } from './axe.ts';
import { ARTEFACTS, CHROMIUM, describeInBrowser, NARROW, PATIENCE, QUIET } from './chromium.ts';
import { onPage } from './on-page.ts';

const TEAM = 'Orders API readers';

describeInBrowser('tickets in the page', () => {
  let stage: Stage;
  let browser: Browser;
  let page: Page;
  let walk: Journey;
  const { at, be } = onPage(() => page);
  const picture = (name: string) =>
    page.screenshot({ path: `${ARTEFACTS}/tickets-${name}.png`, animations: 'disabled' });
  const status = (key: string) => at(`ticket-${key}`).getByTestId('ticket-status');

  beforeAll(async () => {
    mkdirSync(ARTEFACTS, { recursive: true });
    stage = await setStage({ page: true });
    walk = await walkOn(stage.world.url, stage.databaseUrl);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
    page = await browser.newPage({ viewport: { width: 1_500, height: 1_000 } });
    page.setDefaultTimeout(PATIENCE);
    await page.goto(stage.world.url);
  });
  afterAll(async () => {
    await browser?.close();
    await stage?.close();
  });

  test('the form has the choice, and the card tells of the ticket', async () => {
    await be('ines', 'latchkey');
    await at('composer-input').fill('/access orders api logs in prod until INC-4711 is closed');
    await at('composer-input').press('Enter');
    await at('field-reason').waitFor();
    await at('field-reason').fill('Refunds fail');
    expect(await page.getByLabel('End the access then, though its time is not over').isChecked()).toBe(true);
    await at('field-ticket').scrollIntoViewIfNeeded();
    await picture('form');
    expect(await seriousFindings(page)).toEqual([]);
    await at('submit').click();
    await at('modal').waitFor({ state: 'detached' });

    await be('olga', 'access-requests');
    await at('action-approve').waitFor();
    await page.getByText('or until INC-4711 is closed').first().waitFor();
    await picture('card');
    await at('action-approve').click();
    await walk.until('it arrives', () => walk.isInTeam('ines', TEAM));
  });

  test('a ticket is closed, opened again and deleted with a click, wide and on a phone', async () => {
    await at('tickets-panel').locator('summary').click();
    await status('INC-4712').getByText('in progress').waitFor();
    await at('ticket-INC-4712-closed').click();
    await status('INC-4712').getByText('closed').waitFor();
    await at('tickets-panel').screenshot({ path: `${ARTEFACTS}/tickets-panel.png` });
    await at('ticket-INC-4712-open').click();
    await status('INC-4712').getByText('in progress').waitFor();
    expect(await seriousFindings(page)).toEqual([]);

    await page.setViewportSize(NARROW);
    await at('ticket-CHG-0815').scrollIntoViewIfNeeded();
    await picture('narrow');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(NARROW.width);
    expect((await at('ticket-CHG-0815-gone').boundingBox())?.height).toBeGreaterThanOrEqual(24);
    expect(await seriousFindings(page)).toEqual([]);
    await at('ticket-CHG-0815-gone').click();
    await at('ticket-CHG-0815').waitFor({ state: 'detached' });
  });

  test('access that was to end with it ends', async () => {
    await at('ticket-INC-4711-closed').click();
    await status('INC-4711').getByText('closed').waitFor();
    // It is due now, and not in its time.
    await walk.until('it is gone', async () => {
      await walk.query('update watched_tickets set next_at = clock_timestamp()');
      return !(await walk.isInTeam('ines', TEAM));
    });
  });
});
