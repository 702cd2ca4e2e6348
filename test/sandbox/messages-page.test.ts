import { mkdirSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sandboxPage } from '../../src/sandbox/page/page.ts';
import { type RunningWorld, startWorld } from '../../src/sandbox/world.ts';
import { seriousFindings } from './axe.ts';
import { ARTEFACTS, CHROMIUM, describeInBrowser, NARROW, PATIENCE, QUIET } from './chromium.ts';

describeInBrowser('the page of all messages', () => {
  let world: RunningWorld;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    mkdirSync(ARTEFACTS, { recursive: true });
    world = await startWorld({ port: 0, stateFile: null, latchkey: null, page: sandboxPage });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
    page = await browser.newPage({ viewport: { width: 1_100, height: 900 } });
    page.setDefaultTimeout(PATIENCE);
    await page.goto(`${world.url}/messages`);
  });
  afterAll(async () => {
    await browser?.close();
    await world?.close();
  });

  test('every message and form is drawn, and each message has its notification', async () => {
    const samples = page.getByTestId('sample');
    expect(await samples.count()).toBeGreaterThan(60);
    expect(await page.getByTestId('form-sample').count()).toBeGreaterThan(8);
    expect(await page.locator('.undrawn').count()).toBe(0);
    // Where there is no emoji font, what is not drawn is an empty box.
    expect(await page.locator('.slack_emoji').allInnerTexts()).toEqual([]);
    // Nothing is left of what Slack would have drawn: names for ids, pictures for emoji.
    const said = await page.locator('main').textContent();
    expect(said?.match(/<[@!].{0,30}|U0000\d{3}|.{0,20}:[a-z_]+:.{0,20}/g) ?? []).toEqual([]);
    // Each reader of a Home tab sees something else.
    const tabs = page.locator('.gallery-kind', { hasText: 'The Home tab' }).getByTestId('form-sample');
    const shown = await tabs.allInnerTexts();
    for (const words of [
      'You have: 2',
      'Waiting for you: 3',
      'Your reviews: 1',
      'For admins',
      'Guests neither ask',
    ])
      expect(
        shown.filter((text) => text.includes(words)),
        words,
      ).toHaveLength(1);
    for (const text of await page.getByTestId('fallback').allInnerTexts())
      expect(text.length, text).toBeGreaterThan('Notification'.length + 10);
  });

  test('nothing serious for whoever uses a screen reader or a keyboard', async () => {
    expect(await seriousFindings(page)).toEqual([]);
  });

  test('pictures of each kind, on a desk and on a phone, where nothing is wider than the screen', async () => {
    // Alone: a picture of a part takes Chromium as long as the whole page is.
    const alone = (i: number) =>
      page.evaluate(
        `[...document.querySelectorAll('.gallery-kind')].forEach((kind, n) => { kind.hidden = ${i} >= 0 && n !== ${i}; })`,
      );
    const kinds = page.locator('.gallery-kind');
    const picture = async (i: number, name: string) => {
      await alone(i);
      await kinds.nth(i).screenshot({ path: `${ARTEFACTS}/messages-${name}.png`, timeout: 30_000 });
    };
    const headings = await page.locator('.gallery-kind > h2').allInnerTexts();
    for (let i = 0; i < headings.length; i++) await picture(i, String(i));
    await page.setViewportSize(NARROW);
    await picture(0, 'narrow');
    for (const name of ['Many on one card', 'Somebody leaves', 'The Home tab'])
      await picture(headings.indexOf(name), `narrow-${name.toLowerCase().replaceAll(' ', '-')}`);
    await alone(-1);
    const widest = await page.evaluate(
      `Math.max(document.body.scrollWidth, ...[...document.querySelectorAll('[data-testid="sample"], [data-testid="form-sample"]')].map((e) => Math.ceil(e.getBoundingClientRect().right)))`,
    );
    expect(widest).toBeGreaterThan(0);
    expect(widest).toBeLessThanOrEqual(NARROW.width);
  });
});
