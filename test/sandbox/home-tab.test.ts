import { mkdirSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Stage, setStage } from '../stage.ts';
import { ARTEFACTS, CHROMIUM, describeInBrowser, PATIENCE, QUIET } from './chromium.ts';

describeInBrowser('the Home tab', () => {
  let stage: Stage;
  let browser: Browser;
  let ines: Page;
  let tom: Page;

  const open = async (key: string, channel: string) => {
    const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
    page.setDefaultTimeout(PATIENCE);
    await page.goto(stage.world.url);
    await page.getByTestId(`person-${key}`).click();
    await page.locator(`[data-testid="person-${key}"][aria-current]`).waitFor();
    await page.getByTestId(`channel-${channel}`).click();
    return page;
  };
  const picture = async (page: Page, name: string) => {
    await page.screenshot({ path: `${ARTEFACTS}/home-${name}.png` });
  };
  const home = (page: Page) => page.getByTestId('home');

  beforeAll(async () => {
    mkdirSync(ARTEFACTS, { recursive: true });
    stage = await setStage({ page: true, canary: { everySeconds: 3_600 } });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
    ines = await open('ines', 'home');
    tom = await open('tom', 'home');
  });
  afterAll(async () => {
    await browser?.close();
    await stage?.close();
  });

  test('says what to do first; asked and decided on, both Homes follow by themselves', async () => {
    // given
    await home(ines).getByText('You have no access through Latchkey').waitFor();
    await home(tom).getByText('Your access to MuleSoft').waitFor();
    await picture(ines, '1-empty');

    // when
    await home(ines).getByTestId('action-ask').click();
    await ines.getByTestId('field-entitlement').selectOption('orders-api-read');
    await ines.getByTestId('field-duration').waitFor();
    await ines.getByTestId('field-reason').fill('Looking into stuck orders for INC-4711');
    await ines.getByTestId('submit').click();
    await ines.getByTestId('modal').waitFor({ state: 'detached' });

    // then
    await home(tom).getByText('Waiting for you: 1').waitFor();
    await home(ines).getByText('Your open requests: 1').waitFor();
    await picture(tom, '2-waiting');
    await picture(ines, '3-asked');

    // when its card is looked at
    await home(tom).getByText('Open the card').click();
    await tom.locator('h1').getByText('access-requests').waitFor();
    await tom.getByTestId('message').getByText('Looking into stuck orders').first().waitFor();
    await tom.getByTestId('channel-home').click();

    // when it is approved on the Home tab
    await home(tom).getByTestId('action-approve').click();

    // then
    await home(ines).getByText('You have: 1').waitFor();
    await home(ines).getByTestId('action-extend').waitFor();
    await picture(ines, '4-held');
    await home(tom).getByText('Waiting for you').waitFor({ state: 'detached' });
  });

  test('a message’s own menu opens the form, and the admins see the whole', async () => {
    const sofia = await open('sofia', 'home');
    await home(sofia).getByText('For admins').waitFor();
    await picture(sofia, '5-admin');

    await sofia.getByTestId('channel-access-requests').click();
    await sofia.getByTestId('message').first().hover();
    await sofia.getByTestId('ask-because').first().click();
    await sofia.getByTestId('field-reason').waitFor();
    expect(await sofia.getByTestId('field-reason').inputValue()).toContain(
      'Because of this message: https://',
    );
    await picture(sofia, '6-because');
    await sofia.close();
  });

  test('the Home tab can be used at 390 px', async () => {
    await ines.setViewportSize({ width: 390, height: 844 });
    await home(ines).getByTestId('action-release').scrollIntoViewIfNeeded();
    const beside = await ines.evaluate<number>(
      `(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('[data-testid="home"]'))`,
    );
    expect(beside).toBeLessThanOrEqual(0);
    await picture(ines, '7-narrow');
  });
});
