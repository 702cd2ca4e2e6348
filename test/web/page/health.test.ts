import { expect, test } from 'vitest';
import { healthPage } from '../../../src/web/page/health.ts';
import type { Asked } from '../../../src/web/page/pages.ts';
import { shownIn, tableHtml } from '../../../src/web/page/table.ts';
import type { Readiness } from '../../../src/web/readiness.ts';
import { textOf } from './visitors.ts';

/** As it is where all is well, but for the audit. */
const well: Readiness = {
  ready: true,
  can: { 'post to Slack': true },
  cannot: [],
  database: true,
  openWork: 0,
  failing: {},
  entitlements: {},
  canary: 'ready',
  queue: 'ready',
  secrets: [],
  policy: { inForce: '0123456789abcdef', mistakes: [] },
  audit: [],
  siem: {},
};

async function shown(audit: Partial<Readiness>): Promise<string> {
  const asked = { report: async () => ({ ...well, ...audit }) } as unknown as Asked;
  const { rows } = await healthPage.read(asked, { limit: 50, after: null });
  const html = tableHtml('Health', healthPage.columns, rows, shownIn('UTC')).toString();
  return textOf({ html } as Parameters<typeof textOf>[0]);
}

test.each<[string, Partial<Readiness>, string]>([
  ['is up to date', { siem: { 'standard output': 'up to date' } }, 'The audit to standard output works'],
  [
    'has not got all yet',
    { siem: { 'the file audit.jsonl': 'catching up: 3 entries wait' } },
    'The audit to the file audit.jsonl is behind catching up: 3 entries wait',
  ],
  [
    'takes nothing',
    {
      siem: {
        'the collector': 'it answers 403: look at SIEM_HTTPS_TOKEN; nothing waits, and nothing is lost',
      },
    },
    'The audit to the collector does not it answers 403',
  ],
  [
    'has a proof that is not kept',
    { audit: ['archive: AccessDenied'] },
    'The audit’s proof does not archive: AccessDenied',
  ],
  ['is proven', {}, 'The audit’s proof works'],
])('what is said of where the audit is sent: it %s', async (_what, audit, words) => {
  expect(await shown(audit)).toContain(words);
});
