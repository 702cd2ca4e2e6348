import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lifeCycle } from '../../src/core/change/life-cycle.ts';
import { delegationLifeCycle } from '../../src/core/delegation/delegation.ts';
import { massLifeCycle } from '../../src/core/mass-change/mass-change.ts';
import { offboardingLifeCycle } from '../../src/core/offboarding/life-cycle.ts';
import { campaignLifeCycle } from '../../src/core/review/campaign.ts';
import { readPage } from './documents.ts';
import { root } from './source.ts';

/** State by event, as the core has it. */
type LifeCycle = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** `begins`: the event that makes it, and the states that it makes it in. */
const drawn: { page: string; of: string; table: LifeCycle; begins: [event: string, states: string[]] }[] = [
  {
    page: 'docs/architecture.md',
    of: 'a change',
    table: lifeCycle,
    begins: ['changeReceived', ['received']],
  },
  {
    page: 'docs/what-the-directory-says.md',
    of: 'a mass change',
    table: massLifeCycle,
    begins: ['massOpened', ['received']],
  },
  {
    page: 'docs/offboarding.md',
    of: 'an offboarding',
    table: offboardingLifeCycle,
    begins: ['offboardingStarted', ['asking', 'held', 'underway']],
  },
  {
    page: 'docs/access-reviews.md',
    of: 'a campaign',
    table: campaignLifeCycle,
    begins: ['campaignOpened', ['preparing']],
  },
  {
    page: 'docs/approving.md',
    of: 'a delegation',
    table: delegationLifeCycle,
    begins: ['delegationNamed', ['planned']],
  },
];

/** The table as a state diagram in Mermaid; events that leave the state as it is are left out. */
function diagram(table: LifeCycle, [begin, states]: [string, string[]]): string {
  const lines = states.map((state) => `[*] --> ${state}: ${begin}`);
  for (const [from, events] of Object.entries(table)) {
    const ways = Object.entries(events).filter(([, to]) => to !== from);
    for (const [to, all] of Map.groupBy(ways, ([, to]) => to))
      lines.push(`${from} --> ${to}: ${all.map(([event]) => event).join(', ')}`);
    if (ways.length === 0) lines.push(`${from} --> [*]`);
  }
  return ['```mermaid', 'stateDiagram-v2', ...lines.map((line) => `  ${line}`), '```'].join('\n');
}

test.each(drawn)('the diagram of $of in $page is its life cycle', async ({ page, of, table, begins }) => {
  const { text } = readPage(page);
  const place = new RegExp(`(<!-- life cycle of ${of} -->\\n)[\\s\\S]*?(<!-- end of the life cycle -->)`);
  expect(text, 'The diagram stands between these two comments.').toMatch(place);
  await expect(
    text.replace(place, `$1${diagram(table, begins)}\n$2`),
    'The life cycle has changed: `npx vitest run test/structure/life-cycles.test.ts -u` draws it anew.',
  ).toMatchFileSnapshot(join(root, page));
});
