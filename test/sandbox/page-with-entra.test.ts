import { mkdirSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Stage, setStage } from '../stage.ts';
import { seriousFindings } from './axe.ts';
import { ARTEFACTS, CHROMIUM, describeInBrowser, NARROW, PATIENCE, QUIET } from './chromium.ts';
import { onPage } from './on-page.ts';

/** Dashboards to see are Entra's also where every second entitlement is Okta's; their owner alone decides. */
const DASHBOARDS = {
  key: 'dashboards-view',
  group: 'group-anypoint-dashboards',
  team: 'team-dashboard-viewers',
};

for (const { idp, shown } of [
  { idp: 'entra', shown: ['entra'] },
  { idp: 'both', shown: ['okta', 'entra'] },
] as const)
  describeInBrowser(`the sandbox page with --idp ${idp}`, () => {
    let stage: Stage;
    let browser: Browser;
    let page: Page;
    const complaints: string[] = [];

    beforeAll(async () => {
      mkdirSync(ARTEFACTS, { recursive: true });
      stage = await setStage({ page: true, idp });
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

    const { at, be, wider } = onPage(() => page);
    const picture = (name: string) => page.screenshot({ path: `${ARTEFACTS}/${idp}-${name}.png` });
    const inEntra = () => at('groups-entra').getByTestId(DASHBOARDS.group).getByTestId('member-ines');
    const inAnypoint = () => at(DASHBOARDS.team).getByTestId('member-ines');

    test('one asks, the owner approves, Entra and Anypoint have it, and it ends; no other identity provider is named', async () => {
      // given
      await be('ines', 'latchkey');
      expect(await page.locator('[data-testid^="groups-"]').count()).toBe(shown.length);
      for (const system of shown) await at(`groups-${system}`).waitFor();

      // when
      await at('composer-input').fill('/access');
      await at('composer-input').press('Enter');
      await at('field-entitlement').waitFor();
      await at('field-entitlement').selectOption(DASHBOARDS.key);
      await at('field-duration').waitFor();
      await at('field-reason').fill('Looking at the dashboards of November');
      await at('submit').click();
      await at('modal').waitFor({ state: 'detached' });
      await be('olga', 'access-requests');
      await at('action-approve').click();

      // then
      await inEntra().waitFor();
      await inAnypoint().waitFor();
      await page.getByText('In effect in MuleSoft after').first().waitFor();
      await picture('1-in-effect');
      expect(await seriousFindings(page)).toEqual([]);
      expect((await page.getByText(/\bOkta\b/).count()) > 0).toBe(idp === 'both');

      // and when
      await be('ines', 'latchkey');
      await at('action-release').click();

      // then
      await inAnypoint().waitFor({ state: 'detached' });
      await inEntra().waitFor({ state: 'detached' });
      await page
        .getByText(/gone from MuleSoft/)
        .first()
        .waitFor();
      await picture('2-ended');
      expect(complaints).toEqual([]);
    });

    test('at 390 px nothing is wider than the screen', async () => {
      await page.setViewportSize(NARROW);
      await be('olga', 'access-requests');
      expect(await wider(NARROW.width)).toEqual([]);
      await page.screenshot({ path: `${ARTEFACTS}/${idp}-3-narrow.png`, fullPage: true });
    });
  });
