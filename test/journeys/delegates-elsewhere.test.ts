import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EntitlementKey } from '../../src/core/ids.ts';
import type { Offboarding } from '../../src/core/offboarding/offboarding.ts';
import { isRefusal } from '../../src/core/refusal.ts';
import { everything } from '../../src/core/review/campaign.ts';
import { reconcile } from '../../src/flow/drift/reconcile.ts';
import { byOperator, openCampaign, startCampaign } from '../../src/flow/review/open.ts';
import type { SeenView } from '../../src/sandbox/visitor.ts';
import type { Stage } from '../stage.ts';
import { type CardSeen, type Journey, setOut, slackIdOf, wordsOf } from './journey.ts';

const PATIENCE_MS = 120_000;
const READ = 'orders-api-read' as EntitlementKey;

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ catalogue: (catalogue) => ({ ...catalogue, canary: null }) }));
  await walk.isQuiet();
}, PATIENCE_MS);
afterAll(() => stage?.close());

/** Names who decides meanwhile, for three days. */
async function isAway(as: string, delegate: string) {
  const before = (await walk.workspace(as)).views.at(-1);
  await walk.request('POST', '/slack/sim/command', { as, command: '/access', text: 'away' });
  const view = await walk.until(`${as} has the form`, async () => {
    const now = (await walk.workspace(as)).views.at(-1);
    return now?.id !== before?.id && now;
  });
  const sent = await walk.submit(as, view, {
    delegate: { delegate: slackIdOf(delegate) },
    until: { until: String(Math.floor(Date.now() / 1_000) + 3 * 86_400) },
    usual: { usual: [] },
  });
  expect(sent).toEqual({ sent: true });
  await walk.until(
    'the absence has begun',
    async () => (await walk.query(`select 1 from delegations where state = 'active'`)).length === 1,
  );
}
const isBack = (as: string) =>
  walk.request('POST', '/slack/sim/command', { as, command: '/access', text: 'back' });

test('a leaver’s case is begun by the delegate of an admin who is away, and both are named; not by the leaver', async () => {
  // given nobody but admins may
  const mention = (key: string) => `<@${slackIdOf(key)}|${key}>`;
  const answer = async (as: string, text: string) => {
    const before = (await walk.whispers(as)).length;
    await walk.request('POST', '/slack/sim/command', {
      as,
      command: '/access',
      channel: 'access-requests',
      text,
    });
    return await walk.until('an answer', async () => (await walk.whispers(as))[before]);
  };
  expect(await answer('nadia', `offboard ${mention('erik')}`)).toContain('Only the catalogue’s admins');

  // when
  await isAway('sam', 'nadia');
  const form = await walk.openForm('nadia', `offboard ${mention('erik')}`);
  expect(await walk.submit('nadia', form, { reason: { reason: 'Their last day was Friday' } })).toEqual({
    sent: true,
  });

  // then
  const found = await walk.until('the case is open', async () => {
    const [row] = await walk.query<{ doc: Offboarding }>('select doc from offboardings');
    return row?.doc;
  });
  expect(found.startedBy).toMatchObject({ name: 'Nadia Haddad', insteadOf: { name: 'Sam Whitaker' } });
  const card = await walk.until('the card names both', async () =>
    (await walk.messages('sofia', 'access-requests')).find((m) =>
      wordsOf(m).includes('Started by Nadia Haddad (for Sam Whitaker)'),
    ),
  );
  expect(card).toBeDefined();

  // and nobody offboards whom they act for, nor themselves
  const ofSam = await walk.openForm('nadia', `offboard ${mention('sam')}`);
  await walk.submit('nadia', ofSam, { reason: { reason: 'Sam is away anyhow' } });
  await walk.until(
    'she is refused',
    async () => (await walk.query(`select 1 from audit where type = 'clickRefused'`)).length > 0,
  );
  expect(await walk.query('select 1 from offboardings')).toHaveLength(1);
  await isBack('sam');
});

async function opens(as: string, message: CardSeen): Promise<SeenView> {
  await walk.click(as, message, 'review_open');
  return await walk.until('the review opens', async () => {
    const view = await walk.topView(as);
    return view?.callback_id === 'review_lines' && view;
  });
}
const controlsOf = (view: SeenView) =>
  view.blocks.flatMap((block, i) =>
    String(block.block_id).startsWith('line:')
      ? [{ blockId: String(block.block_id), words: wordsOf({ blocks: [view.blocks[i - 1]] }) }]
      : [],
  );

test(
  'a reviewer who is away: their delegate decides on their lines and not on their own, and the certificate names both',
  async () => {
    // given Ines and Nadia hold what Olga owns
    await walk.isGiven('ines', { entitlement: READ, reason: 'Ines holds it' });
    const own = await walk.asks('nadia', { entitlement: READ, reason: 'Nadia holds it' });
    await walk.click('olga', own.card, 'approve');
    await walk.until('it is given', async () => (await walk.change(own.id)).grant !== null);
    if ((await reconcile(stage.latchkey.context)) === null) throw new Error('somebody else compares');
    const opened = await openCampaign(
      stage.latchkey.context,
      {
        name: 'While Olga is away',
        scope: { ...everything, entitlements: [READ] },
        reviewers: 'owner',
        fallback: [],
        dueSeconds: 14 * 86_400,
        overdue: 'escalate',
        extendSeconds: 7 * 86_400,
      },
      byOperator,
    );

    const stateOf = async () =>
      (await walk.query<{ state: string }>('select state from campaigns where id = $1', [opened]))[0]?.state;
    await walk.until('it is prepared', async (saw) => saw(await stateOf()) === 'ready', PATIENCE_MS);
    expect(isRefusal(await startCampaign(stage.latchkey.context, opened, byOperator))).toBe(false);

    // when Olga goes away, and Nadia decides meanwhile
    await isAway('olga', 'nadia');
    const message = await walk.until('Nadia has the review', async () =>
      (await walk.messages('nadia', 'dm')).find((m) => wordsOf(m).includes('You decide on this while')),
    );

    // then she sees no line about herself
    const view = await opens('nadia', message);
    const about = controlsOf(view).map(({ words }) => words);
    expect(about.some((words) => words.includes('Ines'))).toBe(true);
    expect(about.some((words) => words.includes('Nadia'))).toBe(false);

    // when she keeps Ines’s
    const control = controlsOf(view).find(({ words }) => words.includes('Ines'));
    await walk.request('POST', '/slack/sim/view/action', {
      as: 'nadia',
      viewId: view.id,
      actionId: 'review_choose',
      blockId: control?.blockId,
      value: 'keep',
    });
    const chosen = await walk.until('the form shows the choice', async () => {
      const now = await walk.topView('nadia');
      return now !== null && controlsOf(now).some(({ blockId }) => blockId.endsWith(':keep')) && now;
    });
    await walk.submit('nadia', chosen, {});
    await walk.submit('nadia', (await walk.topView('nadia')) as SeenView, {});

    // then it is decided by her, for Olga, and her own line waits
    const lines = () =>
      walk.query<{ name: string; decision: string | null; by: string | null }>(
        `select p.name, l.decision, l.decided_by_name as by from campaign_lines l join people p on p.id = l.person_id
       where l.campaign_id = $1`,
        [opened],
      );
    const decided = await walk.until('it is decided', async () =>
      (await lines()).find(({ name, decision }) => name.startsWith('Ines') && decision !== null),
    );
    expect(decided).toMatchObject({
      decision: 'keep',
      by: expect.stringMatching(/^Nadia .* \(for Olga Brandt\)$/),
    });
    expect((await lines()).find(({ name }) => name.startsWith('Nadia'))?.decision).toBeNull();
    const [entry] = await walk.query<{ data: { by: object } }>(
      `select data from audit where type = 'linesSubmitted'`,
    );
    expect(entry?.data.by).toMatchObject({ insteadOf: { name: 'Olga Brandt' } });

    // and once Olga is back she decides no more
    await isBack('olga');
    await walk.until(
      'the delegation is over',
      async () => (await walk.query(`select 1 from delegations where state <> 'ended'`)).length === 0,
    );
    await walk.click('nadia', message, 'review_open');
    await walk.until('she is told', async () => {
      const top = await walk.topView('nadia');
      return top !== null && wordsOf(top as never).includes('These lines are for Olga Brandt');
    });
  },
  PATIENCE_MS,
);
