import { afterAll, beforeAll, expect, test } from 'vitest';
import { verify } from '../../src/audit/sign.ts';
import type { EntitlementKey } from '../../src/core/ids.ts';
import type { Offboarding } from '../../src/core/offboarding/offboarding.ts';
import { isRefusal } from '../../src/core/refusal.ts';
import { everything } from '../../src/core/review/campaign.ts';
import type { Certificate } from '../../src/core/review/certificate.ts';
import { reconcile } from '../../src/flow/drift/reconcile.ts';
import { byOperator, openCampaign, startCampaign } from '../../src/flow/review/open.ts';
import type { SeenView } from '../../src/sandbox/visitor.ts';
import type { Stage } from '../stage.ts';
import { type CardSeen, type Journey, setOut, slackIdOf, wordsOf } from './journey.ts';
import { walkWithLeavers } from './offboarding-walk.ts';

const PATIENCE_MS = 120_000;
const READ = 'orders-api-read' as EntitlementKey;
const DEPLOY = 'orders-api-deploy' as EntitlementKey;

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut({
    catalogue: (catalogue) => ({
      ...catalogue,
      canary: null,
      delegation: { notFor: ['high'] },
      // Only what is of tier low may be kept in bulk.
      entitlements: catalogue.entitlements.map((one) => (one.key === READ ? { ...one, tier: 'low' } : one)),
    }),
  }));
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
  'a reviewer who is away: their delegate decides line by line, not on their own nor on a tier kept from it; the certificate names both',
  async () => {
    // given Ines, Tom and Nadia hold what Olga owns
    await walk.isGiven('ines', { entitlement: READ, reason: 'Ines holds it' });
    await walk.isGiven('tom', { entitlement: READ, reason: 'Tom holds it' });
    const deploy = await walk.asks('ines', { entitlement: DEPLOY, reason: 'Ines deploys' });
    for (const as of ['tom', 'olga']) await walk.click(as, deploy.card, 'approve');
    await walk.becomes(deploy.id, 'inEffect');
    const own = await walk.asks('nadia', { entitlement: READ, reason: 'Nadia holds it' });
    await walk.click('olga', own.card, 'approve');
    await walk.until('it is given', async () => (await walk.change(own.id)).grant !== null);
    if ((await reconcile(stage.latchkey.context)) === null) throw new Error('somebody else compares');
    const opened = await openCampaign(
      stage.latchkey.context,
      {
        name: 'While Olga is away',
        scope: { ...everything, entitlements: [READ, DEPLOY] },
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
      (await walk.messages('nadia', 'dm')).find((m) =>
        /You decide on this while Olga[\s\S]*While Olga is away/.test(wordsOf(m)),
      ),
    );

    // then she sees no line about herself and none of a tier kept from delegates, and nothing to keep in bulk
    const view = await opens('nadia', message);
    const about = controlsOf(view).map(({ words }) => words);
    expect(about).toHaveLength(2);
    for (const who of ['Ines', 'Tom']) expect(about.some((words) => words.includes(who))).toBe(true);
    expect(about.join()).not.toContain('deploy');
    expect(JSON.stringify(view.blocks)).not.toContain('review_bulk');

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
      (await lines()).find(({ decision }) => decision !== null),
    );
    expect(decided).toMatchObject({
      name: 'Ines Moreau',
      decision: 'keep',
      by: expect.stringMatching(/^Nadia .* \(for Olga Brandt\)$/),
    });
    expect((await lines()).filter(({ decision }) => decision === null)).toHaveLength(3);
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

    // when Olga keeps the rest, what is of tier low in bulk
    const ofOlga = await walk.until('Olga has the review', async () =>
      (await walk.messages('olga', 'dm')).find((m) => wordsOf(m).includes('While Olga is away')),
    );
    const hers = await opens('olga', ofOlga);
    expect(controlsOf(hers)).toHaveLength(3);
    await walk.request('POST', '/slack/sim/view/action', {
      as: 'olga',
      viewId: hers.id,
      actionId: 'review_bulk',
      blockId: 'bulk',
      value: 'keep',
    });
    const kept = (count: number) =>
      walk.until(`${count} are chosen`, async () => {
        const now = await walk.topView('olga');
        const chosen = now === null ? [] : controlsOf(now).filter(({ blockId }) => blockId.endsWith(':keep'));
        return now !== null && chosen.length === count && now;
      });
    const last = controlsOf(await kept(2)).find(({ blockId }) => !blockId.endsWith(':keep'));
    await walk.request('POST', '/slack/sim/view/action', {
      as: 'olga',
      viewId: hers.id,
      actionId: 'review_choose',
      blockId: last?.blockId,
      value: 'keep',
    });
    await walk.submit('olga', await kept(3), {});
    await walk.submit('olga', (await walk.topView('olga')) as SeenView, {});
    await walk.until('it is closed', async (saw) => saw(await stateOf()) === 'closed', PATIENCE_MS);

    // then the certificate has both names where the delegate decided, and hers where she did
    const [made] = await walk.query<{ jws: string }>(
      'select jws from campaign_certificates where campaign_id = $1',
      [opened],
    );
    const checked = await verify(stage.latchkey.context.db, made?.jws ?? '');
    const certificate = JSON.parse(checked.isRight ? checked.document : '{}') as Certificate;
    const by = certificate.lines.map(({ reviewer, inBulk }) => `${reviewer}${inBulk ? ', in bulk' : ''}`);
    expect(by.sort()).toEqual([
      'Nadia Haddad (for Olga Brandt)',
      'Olga Brandt',
      'Olga Brandt, in bulk',
      'Olga Brandt, in bulk',
    ]);
  },
  PATIENCE_MS,
);

test(
  'the delegate of an application’s owner is asked about it once the owner is away, and decides with both names on record',
  async () => {
    // given Tom has left, and Olga is asked about his application
    const leavers = walkWithLeavers(walk);
    await leavers.status('tom', 'DEPROVISIONED');
    const open = await leavers.caseIs('tom', 'appsOpen', PATIENCE_MS);
    await leavers.askedAbout('olga', open.id, 'orders-dashboard');

    // when she goes away
    await isAway('olga', 'nadia');

    // then Nadia is asked, about hers alone
    const asked = await leavers.askedAbout('nadia', open.id, 'You decide on this while Olga Brandt is away.');
    expect(wordsOf(asked)).toContain('orders-dashboard');
    expect(wordsOf(asked)).not.toContain('payments-reconciler');

    // and what she decides is done, and names both
    await walk.click('nadia', asked, 'offboarding_revoke');
    await walk.until('it is gone', async () => (await leavers.application('orders-dashboard')) === null);
    const said = (await leavers.entries(open.id)).find(({ type }) => type === 'applicationDecided');
    expect(JSON.stringify(said?.data)).toContain('"insteadOf"');
    await leavers.askedAbout('olga', open.id, 'by Nadia Haddad (for Olga Brandt)');
    await isBack('olga');
  },
  PATIENCE_MS,
);
