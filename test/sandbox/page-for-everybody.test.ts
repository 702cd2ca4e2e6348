import { existsSync, mkdirSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { people } from '../../src/sandbox/seed.ts';
import { type Journey, setOut } from '../journeys/journey.ts';
import type { Stage } from '../stage.ts';
import { seriousFindings } from './axe.ts';
import { CHROMIUM, PATIENCE, QUIET } from './chromium.ts';
import { onPage } from './on-page.ts';

const ARTEFACTS = 'test/artefacts';
const WIDE = { width: 1_500, height: 950 };
const NARROW = { width: 390, height: 844 };
const isThere = existsSync(CHROMIUM);

describe.skipIf(!isThere)(
  isThere
    ? 'the sandbox page for everybody'
    : 'the sandbox page for everybody (left out: no Chromium on this machine)',
  () => {
    let stage: Stage;
    let walk: Journey;
    let browser: Browser;
    let page: Page;

    beforeAll(async () => {
      mkdirSync(ARTEFACTS, { recursive: true });
      ({ stage, walk } = await setOut({ page: true }));
      await walk.isGiven('ines', { entitlement: 'orders-api-read', reason: 'Something to look at' });
      await walk.asks('erik', { entitlement: 'dashboards-view', reason: 'Something to decide' });
      browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
      page = await browser.newPage({ viewport: WIDE });
      page.setDefaultTimeout(PATIENCE);
    });
    afterAll(async () => {
      await browser?.close();
      await stage?.close();
    });

    const { at, wider } = onPage(() => page);
    const toChannel = async () => {
      const { channels } = await walk.workspace('tom');
      const id = channels.find((c) => c.name === 'access-requests')?.id ?? '';
      await page.goto(`${stage.world.url}/?as=tom&channel=${id}`);
      await at('action-approve').first().waitFor();
    };
    /** Elements that are wider than their container, so that they are cut off or push the page to the side. */
    const cutOff = () =>
      page.evaluate(`[...document.querySelectorAll('.person-name, .role, .side-name, .chip span, .headline, .who, h4, .bag, .switch-text')]
        .filter((e) => e.getClientRects().length > 0 && (e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflow !== 'visible'))
        .map((e) => e.className + ': ' + e.textContent.trim().slice(0, 60))`);

    test('nothing serious for whoever uses a screen reader or a keyboard: the channel, a form, the Home tab', async () => {
      await toChannel();
      expect(await seriousFindings(page)).toEqual([]);
      await at('action-details').first().click();
      await at('modal').waitFor();
      await page.screenshot({ path: `${ARTEFACTS}/10-details.png` });
      expect(await seriousFindings(page)).toEqual([]);
      await at('cancel').click();
      await at('channel-home').click();
      await at('home').waitFor();
      expect(await seriousFindings(page)).toEqual([]);
    });

    test('no name is cut off', async () => {
      await toChannel();
      expect(await cutOff()).toEqual([]);
    });

    test('at 390 px the emergency form and the fresh sign-in are for everybody, from the link to the approval', async () => {
      await page.setViewportSize(NARROW);
      await page.goto(`${stage.world.url}/?as=erik`);
      await at('composer-input').fill('/access emergency');
      await at('composer-input').press('Enter');
      await at('field-what').waitFor();
      await page.screenshot({ path: `${ARTEFACTS}/15-emergency-narrow.png`, animations: 'disabled' });
      expect(await seriousFindings(page)).toEqual([]);
      expect(await wider(NARROW.width)).toEqual([]);
      await at('cancel').click();
      await at('modal').waitFor({ state: 'detached' });

      // given administration for long, which is approved after a fresh sign-in alone
      const asked = await walk.asks('erik', {
        entitlement: 'platform-admin',
        seconds: 28_800,
        reason: 'Moving the gateways',
      });
      await walk.click('olga', asked.card, 'approve');
      const link = await walk.until('the link is whispered', async () => {
        const whispers = (await walk.messages('olga', 'access-requests')).filter((m) => m.ephemeral);
        return /"url":"([^"]+\/step-up\/[^"]+)"/.exec(JSON.stringify(whispers))?.[1];
      });
      const isForEverybody = async (name: string) => {
        await page.screenshot({ path: `${ARTEFACTS}/16-sign-in-${name}.png` });
        expect(await seriousFindings(page)).toEqual([]);
        expect(await wider(NARROW.width)).toEqual([]);
      };
      await page.goto(link);
      await page.getByRole('heading', { name: 'Is it you who approves this?' }).waitFor();
      await isForEverybody('asked');
      await page.emulateMedia({ colorScheme: 'dark' });
      await isForEverybody('dark');
      await page.emulateMedia({ colorScheme: null });
      await page.getByRole('button', { name: 'Sign in with Okta' }).click();
      await page.waitForURL(/\/okta\/login\//);
      await isForEverybody('okta');
      await page
        .locator('select[name="user"]')
        .selectOption(people.find(({ key }) => key === 'olga')?.oktaId ?? '');
      await page.locator('button[value="twoFactors"]').click();
      await page.getByText('Your approval counts').first().waitFor();
      await isForEverybody('done');
      await page.setViewportSize(WIDE);
    });

    test('what happens outside Slack can be let happen on the page, and somebody named with an @', async () => {
      await page.goto(`${stage.world.url}/?as=sam`);
      await at('acts-panel').locator('summary').click();
      // when somebody is put into a group by hand
      await at('act-person').selectOption('nadia');
      await at('act-what').selectOption('add');
      await at('act-group').selectOption('anypoint-orders-deploy');
      await at('act-do').click();
      // then it is found
      await at('act-said').getByText('Nadia Haddad is put into a group by hand.').waitFor();
      await walk.until('the finding has a card', async () =>
        (await walk.messages('olga', 'access-requests')).find((m) =>
          m.text.includes('nobody asked for it here'),
        ),
      );
      await page.screenshot({ path: `${ARTEFACTS}/13-acts.png` });
      // and when somebody leaves
      await at('act-person').selectOption('erik');
      await at('act-what').selectOption('leave');
      await at('act-do').click();
      await walk.until('the leaver has a case', async () =>
        (await walk.messages('sam', 'access-requests')).find((m) =>
          m.text.startsWith('Offboarding of Erik Lind'),
        ),
      );
      // and an admin names one as people type it
      await at('composer-input').fill('/access offboard @Ines Moreau');
      await at('composer-input').press('Enter');
      await at('modal').getByText('Ines Moreau').first().waitFor();
      await page.screenshot({ path: `${ARTEFACTS}/14-offboard-by-mention.png` });
      await at('cancel').click();
      await at('modal').waitFor({ state: 'detached' });
    });

    test('at 390 px one can ask and decide, and nothing is wider than the screen', async () => {
      await page.setViewportSize(NARROW);
      await toChannel();
      expect(await wider(390)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
      await page.screenshot({ path: `${ARTEFACTS}/11-narrow.png` });
      await page.screenshot({ path: `${ARTEFACTS}/11-narrow-whole.png`, fullPage: true });
      expect(await cutOff()).toEqual([]);
      const bar = await page.locator('.legs .bar').first().boundingBox();
      const objective = await page.locator('.legs .objective').first().boundingBox();
      expect((objective?.x ?? 999) + (objective?.width ?? 0)).toBeLessThanOrEqual(390);
      expect(bar?.width).toBeGreaterThan(120);
      await at('composer-input').fill('/access');
      await at('composer-input').press('Enter');
      await at('field-entitlement').waitFor();
      const submit = await at('submit').boundingBox();
      expect((submit?.x ?? 999) + (submit?.width ?? 0)).toBeLessThanOrEqual(390);
      await page.screenshot({ path: `${ARTEFACTS}/12-narrow-form.png` });
    });
  },
);
