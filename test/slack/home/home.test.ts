import fc from 'fast-check';
import { expect, test } from 'vitest';
import { refuse } from '../../../src/core/refusal.ts';
import { viewComplaints } from '../../../src/sandbox/slack/block-kit.ts';
import type { SlackContent } from '../../../src/slack/blocks.ts';
import { homes } from '../../../src/slack/home/home.ts';
import { seedOfRun } from '../../seed-of-run.ts';
import { interpretedTexts, isVerbatim, oddText, unmeantMarkup } from '../odd-text.ts';
import { homeFacts } from './home-states.ts';

/** [docs.slack.dev/reference/methods/views.publish] error `view_too_large`. */
const VIEW_BYTES = 250_000;
/** Links to cards, which Latchkey means. */
const CARD = /<https:\/\/acme\.slack\.com\/archives\/\w+\/p\d+\|Open the (?:card|message|review)>/g;

function expectTaken({ blocks }: SlackContent): void {
  const view = { type: 'home', blocks };
  expect(viewComplaints(view)).toEqual([]);
  expect(blocks.length).toBeLessThanOrEqual(100);
  expect(Buffer.byteLength(JSON.stringify(view))).toBeLessThan(VIEW_BYTES);
  for (const shown of interpretedTexts(blocks)) expect(unmeantMarkup(shown.replaceAll(CARD, ''))).toEqual([]);
  expect(isVerbatim(blocks)).toBe(true);
}

test('every Home of 5,000 states is within Slack’s limits and interprets nothing that somebody else wrote', () => {
  fc.assert(
    fc.property(homeFacts, (facts) => expectTaken(homes.home(facts))),
    { seed: seedOfRun('Home tabs'), numRuns: 5_000 },
  );
}, 120_000);

test('a refusal on the Home tab is plain words, with people by mention and no button', () => {
  fc.assert(
    fc.property(oddText(500), oddText(500), oddText(200), (text, next, name) => {
      const content = homes.refusedHome({
        refusal: refuse('guest', text, next),
        contacts: [
          { name, accountId: null },
          { name, accountId: 'U0000001' },
        ],
      });
      expectTaken(content);
      expect(JSON.stringify(content.blocks)).not.toContain('"button"');
    }),
    { seed: seedOfRun('refused Home tabs'), numRuns: 300 },
  );
});
