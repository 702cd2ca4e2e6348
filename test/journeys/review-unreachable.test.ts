import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { EntitlementKey } from '../../src/core/ids.ts';
import { isRefusal } from '../../src/core/refusal.ts';
import { type CampaignPlan, everything } from '../../src/core/review/campaign.ts';
import { makeDigestFor } from '../../src/flow/digest/make.ts';
import { reconcile } from '../../src/flow/drift/reconcile.ts';
import { byOperator, openCampaign, startCampaign } from '../../src/flow/review/open.ts';
import { type Person, people as seed } from '../../src/sandbox/seed.ts';
import { peopleByEmail } from '../../src/store/people.ts';
import type { Stage } from '../stage.ts';
import { buttonsOf, type Journey, setOut, wordsOf } from './journey.ts';

const PATIENCE_MS = 120_000;
/** The workspace's own, so that somebody can leave it. */
const people: Person[] = seed.map((person) => ({ ...person }));
const olga = people.find(({ key }) => key === 'olga') as Person;

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ people }));
  await walk.isQuiet();
  await walk.isGiven('ines', { entitlement: 'orders-api-read', seconds: 86_400, reason: 'Stuck orders' });
  await reconcile(stage.latchkey.context);
}, PATIENCE_MS);
afterEach(async () => {
  olga.slackKind = 'member';
  await walk.heal();
});
afterAll(() => stage?.close());

const plan = (name: string): CampaignPlan => ({
  name,
  scope: { ...everything, entitlements: ['orders-api-read' as EntitlementKey] },
  reviewers: 'owner',
  fallback: [],
  dueSeconds: 14 * 86_400,
  overdue: 'escalate',
  extendSeconds: 7 * 86_400,
});

async function starts(name: string): Promise<string> {
  const id = await openCampaign(stage.latchkey.context, plan(name), byOperator);
  await walk.until('it is prepared', async () => {
    const [row] = await walk.query<{ state: string }>('select state from campaigns where id = $1', [id]);
    return row?.state === 'ready';
  });
  expect(isRefusal(await startCampaign(stage.latchkey.context, id, byOperator))).toBe(false);
  return id;
}

const toldTo = async (as: string, words: string) =>
  (await walk.messages(as, 'dm')).filter((m) => wordsOf(m).includes(words));

test(
  'Slack asks to slow down, and fails, while the reviewer is told: they are told once',
  async () => {
    await walk.fault({ vendor: 'slack', path: 'chat.postMessage', kind: 'status', status: 429, times: 2 });
    await walk.fault({ vendor: 'slack', path: 'chat.postMessage', kind: 'timeoutAfterWrite', times: 1 });
    await starts('Slow');
    await walk.until(
      'Olga is told',
      async () => (await toldTo('olga', 'Access review: Slow')).length > 0,
      PATIENCE_MS,
    );
    await walk.heal();
    await walk.owesNothing(PATIENCE_MS);
    expect(await toldTo('olga', 'Access review: Slow')).toHaveLength(1);
  },
  PATIENCE_MS,
);

test(
  'a reviewer whom Slack has switched off: the admins are told who waits, and she decides once she is back',
  async () => {
    // given
    olga.slackKind = 'deactivated';
    await stage.restart();

    // when
    await starts('Unreached');

    // then
    const [told] = await walk.until('Sam is told', async () => {
      const all = await toldTo('sam', 'can’t be written to in Slack');
      return all.length === 1 && all;
    });
    expect(told?.text).toMatch(
      /^Olga Brandt can’t be written to in Slack.* Unreached: 1 line waits for them until/,
    );
    expect(await toldTo('olga', 'Access review: Unreached')).toEqual([]);

    // when she is back, and her message is made right again
    olga.slackKind = 'member';
    const [part] = await walk.query<{ id: string }>(
      `select r.id from campaign_reviewers r join campaigns c on c.id = r.campaign_id where c.doc->>'name' = 'Unreached'`,
    );
    await stage.latchkey.context.db
      .insertInto('outbox')
      .values({
        key: 'updateCard:review:again',
        job: 'updateCard',
        priority: 1,
        payload: JSON.stringify({ job: 'updateCard', about: 'review', id: part?.id }),
      })
      .execute();

    // then
    const [card] = await walk.until('she has it', async () => {
      const all = await toldTo('olga', 'Access review: Unreached');
      return all.length === 1 && all;
    });
    expect(card === undefined ? [] : buttonsOf(card)).toEqual(['review_open']);
  },
  PATIENCE_MS,
);

test(
  'a digest whose reader Slack has switched off goes to the admins, who can answer it for nobody',
  async () => {
    // given
    olga.slackKind = 'deactivated';
    await stage.restart();
    const [known] = await peopleByEmail(stage.latchkey.context.db, 'olga@acme.example');

    // when
    if (known === undefined) throw new Error('nobody knows Olga');
    await makeDigestFor(stage.latchkey.context, known);

    // then
    const [digest] = await walk.until('Sam has it', async () => {
      const all = await toldTo('sam', 'Olga Brandt’s week in access');
      return all.length === 1 && all;
    });
    expect(wordsOf(digest ?? { blocks: [] })).toContain('Olga Brandt is not in Slack, so this comes to you.');
  },
  PATIENCE_MS,
);
