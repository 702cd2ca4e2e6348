import { mkdirSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createVisitor } from '../../src/sandbox/visitor.ts';
import { type Stage, setStage } from '../stage.ts';
import { seriousFindings } from './axe.ts';
import { ARTEFACTS, CHROMIUM, describeInBrowser, NARROW, PATIENCE, QUIET } from './chromium.ts';

describeInBrowser('a digest in the page', () => {
  let stage: Stage;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    mkdirSync(ARTEFACTS, { recursive: true });
    stage = await setStage({ page: true });
    const visitor = createVisitor(stage.world.url);
    for (const key of ['ines', 'erik']) {
      await visitor.ask(key, { entitlement: 'orders-api-read', seconds: 604_800, reason: `As ${key}` });
      const card = await visitor.card('olga', (m) => JSON.stringify(m.blocks).includes(`As ${key}`));
      await visitor.click('olga', card, 'approve');
      await visitor.until('it arrives', () => visitor.isInTeam(key, 'Orders API readers'));
    }
    browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
    page = await browser.newPage({ viewport: { width: 1_500, height: 950 } });
    page.setDefaultTimeout(PATIENCE);
    await page.goto(stage.world.url);
  });
  afterAll(async () => {
    await browser?.close();
    await stage?.close();
  });

  test('the owner sends it to herself, takes one access away there, and Anypoint and the message show it', async () => {
    await page.getByTestId('person-olga').click();
    await page.locator('[data-testid="person-olga"][aria-current]').waitFor();
    await page.getByTestId('channel-latchkey').click();
    await page.getByTestId('my-digest').click();
    await page.getByText('Your week in access').first().waitFor();
    await page.screenshot({ path: `${ARTEFACTS}/digest.png` });

    await page.getByTestId('action-digest_revoke').first().click();
    await page.locator('.confirm').getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('gone from MuleSoft').first().waitFor();
    await page.getByTestId('action-digest_keep').first().click();
    await page.getByText('Kept by Olga Brandt').first().waitFor();
    await page.screenshot({ path: `${ARTEFACTS}/digest-answered.png` });
    const team = page.getByTestId('team-orders-api-readers');
    await expect.poll(() => team.locator('[data-testid^="member-"]').count()).toBe(1);
    expect(await seriousFindings(page)).toEqual([]);
  });

  test('and on a phone nothing of it is wider than the screen', async () => {
    await page.setViewportSize(NARROW);
    const box = await page.getByText('Your week in access').first().boundingBox();
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(NARROW.width);
    await page.screenshot({ path: `${ARTEFACTS}/digest-narrow.png` });
  });
});
