import { mkdirSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reconcile } from '../../src/flow/drift/reconcile.ts';
import { createVisitor } from '../../src/sandbox/visitor.ts';
import { type Stage, setStage } from '../stage.ts';
import { seriousFindings } from './axe.ts';
import { ARTEFACTS, CHROMIUM, describeInBrowser, NARROW, PATIENCE, QUIET } from './chromium.ts';

const WIDE = { width: 1_500, height: 1_000 };

describeInBrowser('an access review in the page', () => {
  let stage: Stage;
  let browser: Browser;
  let sam: Page;
  let olga: Page;

  const open = async (key: string) => {
    const page = await browser.newPage({ viewport: WIDE });
    page.setDefaultTimeout(PATIENCE);
    await page.goto(stage.world.url);
    await page.getByTestId(`person-${key}`).click();
    await page.locator(`[data-testid="person-${key}"][aria-current]`).waitFor();
    await page.getByTestId('channel-latchkey').click();
    return page;
  };
  const picture = async (page: Page, name: string) => {
    // Without: a form that still fades in.
    await page.screenshot({ path: `${ARTEFACTS}/review-${name}.png`, animations: 'disabled' });
  };
  const modal = (page: Page) => page.getByTestId('modal');
  const message = (page: Page) =>
    page.getByTestId('message').filter({ hasText: 'Access review: November' }).first();
  const readers = (page: Page) => page.getByTestId('team-orders-api-readers');
  /** The menu of the line about this person. */
  const choiceOn = (page: Page, who: string) =>
    page.locator(
      `xpath=(//*[@data-testid="modal"]//*[contains(., "${who}")]/following::select[starts-with(@data-block, "line:")])[1]`,
    );

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
    // Nothing starts on an old comparison.
    await reconcile(stage.latchkey.context);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
    sam = await open('sam');
    olga = await open('olga');
  });
  afterAll(async () => {
    await browser?.close();
    await stage?.close();
  });

  test('an admin says what it covers, sees what it would ask of whom, and starts it', async () => {
    await sam.getByTestId('composer-input').fill('/access review');
    await sam.getByTestId('send').click();
    await sam.getByTestId('field-name').fill('November');
    await modal(sam).getByLabel('Orders API: read logs').check();
    expect(await seriousFindings(sam)).toEqual([]);
    await picture(sam, '1-form');
    await sam.getByTestId('submit').click();
    await modal(sam).getByText('Latchkey is preparing it').waitFor();
    await sam.getByTestId('cancel').click();
    await modal(sam).waitFor({ state: 'detached' });
    await expect.poll(() => sam.getByTestId('ack').textContent()).toBe('');

    await message(sam).getByText('Olga Brandt: 2').waitFor();
    await picture(sam, '2-preview');
    expect(await olga.getByText('Access review').count()).toBe(0);

    await sam.getByTestId('action-campaign_start').click();
    await sam.getByTestId('confirm-yes').click();
    await message(sam).getByText('0 of 2 lines decided').waitFor();
    await picture(sam, '3-started');
  });

  test('its reviewer keeps one line, revokes the other, and submits both with their count', async () => {
    await message(olga).getByTestId('action-review_open').click();
    await modal(olga).getByText('Ines Moreau').first().waitFor();
    // Who approved it is said once on each line.
    expect(
      await modal(olga)
        .getByText(/approved by/i)
        .count(),
    ).toBe(2);
    await picture(olga, '4-lines');
    await choiceOn(olga, 'Erik Lind').selectOption('keep');
    await olga.getByRole('button', { name: 'Submit 1' }).waitFor();
    await choiceOn(olga, 'Ines Moreau').selectOption('revoke');
    await olga.getByRole('button', { name: 'Submit 2' }).waitFor();
    expect(await seriousFindings(olga)).toEqual([]);
    await picture(olga, '5-chosen');

    await olga.setViewportSize(NARROW);
    const box = await modal(olga).boundingBox();
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(NARROW.width);
    await picture(olga, '6-narrow');
    await olga.setViewportSize(WIDE);

    await olga.getByTestId('submit').click();
    await modal(olga).getByText('2 decisions').waitFor();
    await picture(olga, '7-count');
    await olga.getByTestId('submit').click();
    await modal(olga).waitFor({ state: 'detached' });
    await message(olga).getByText('2 of 2 lines decided').waitFor();
  });

  test('Anypoint shows what was revoked, then the review closes, and the admin is told of the certificate', async () => {
    await sam.getByText('The certificate is signed').first().waitFor();
    await readers(sam).getByTestId('member-ines').waitFor({ state: 'detached' });
    expect(await readers(sam).getByTestId('member-erik').count()).toBe(1);
    await picture(sam, '8-closed');
    await message(olga).getByText('The review is closed').waitFor();
    await picture(olga, '9-thanked');
    expect(await seriousFindings(olga)).toEqual([]);
  });
});
