import { createHash, createPublicKey, verify as nodeVerify } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verify } from '../../src/audit/sign.ts';
import type { EntitlementKey } from '../../src/core/ids.ts';
import { isRefusal } from '../../src/core/refusal.ts';
import { type CampaignPlan, everything } from '../../src/core/review/campaign.ts';
import type { Certificate } from '../../src/core/review/certificate.ts';
import { reconcile } from '../../src/flow/drift/reconcile.ts';
import { byOperator, openCampaign, startCampaign } from '../../src/flow/review/open.ts';
import { runDueCampaigns } from '../../src/flow/review/timers.ts';
import type { SeenView } from '../../src/sandbox/visitor.ts';
import type { Stage } from '../stage.ts';
import { buttonsOf, type CardSeen, type Journey, setOut, slackIdOf, wordsOf } from './journey.ts';

const PATIENCE_MS = 120_000;

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut());
  await walk.isQuiet();
}, PATIENCE_MS);
afterAll(async () => {
  await stage.close();
});

const plan = (over: Partial<CampaignPlan> = {}): CampaignPlan => ({
  name: 'November',
  scope: { ...everything, entitlements: ['orders-api-read' as EntitlementKey] },
  reviewers: 'owner',
  fallback: [],
  dueSeconds: 14 * 86_400,
  overdue: 'escalate',
  extendSeconds: 7 * 86_400,
  ...over,
});

async function compares() {
  if ((await reconcile(stage.latchkey.context)) === null) throw new Error('somebody else compares');
}

const stateOf = async (id: string) =>
  (await walk.query<{ state: string }>('select state from campaigns where id = $1', [id]))[0]?.state;
const isState = (id: string, state: string) =>
  walk.until(`the campaign is ${state}`, async (saw) => saw(await stateOf(id)) === state, PATIENCE_MS);

const linesOf = (id: string) =>
  walk.query<{
    n: number;
    kind: string;
    name: string | null;
    reviewer: string | null;
    insight: string;
    decision: string | null;
  }>(
    `select l.n, l.kind, p.name, r.name as reviewer, l.insight, l.decision from campaign_lines l
     left join people p on p.id = l.person_id left join people r on r.id = l.reviewer_id where l.campaign_id = $1 order by l.n`,
    [id],
  );

const marked = (m: { metadata: CardSeen['metadata'] }) => m.metadata?.event_payload?.marker ?? '';
const reviewMessage = (as: string, name: string) =>
  walk.until(`${as} has the review ${name}`, async () =>
    (await walk.messages(as, 'dm')).find(
      (m) => m.text.includes(`Access review: ${name}`) && marked(m).endsWith(':card'),
    ),
  );

async function opens(as: string, message: CardSeen): Promise<SeenView> {
  await walk.click(as, message, 'review_open');
  return await walk.until('the review opens', async () => {
    const view = await walk.topView(as);
    return view?.callback_id === 'review_lines' && view;
  });
}

/** The names of the blocks with the controls of lines, by the words above them. */
function controlsOf(view: SeenView): { blockId: string; words: string }[] {
  return view.blocks.flatMap((block, i) =>
    String(block.block_id).startsWith('line:')
      ? [{ blockId: String(block.block_id), words: wordsOf({ blocks: [view.blocks[i - 1]] }) }]
      : [],
  );
}

async function chooses(as: string, view: SeenView, who: string, choice: string): Promise<SeenView> {
  const control = controlsOf(view).find(({ words }) => words.includes(who));
  if (control === undefined) throw new Error(`no line says ${who}: ${JSON.stringify(controlsOf(view))}`);
  await walk.request('POST', '/slack/sim/view/action', {
    as,
    viewId: view.id,
    actionId: 'review_choose',
    blockId: control.blockId,
    value: choice,
  });
  return await walk.until('the form shows the choice', async () => {
    const now = await walk.topView(as);
    return now !== null && controlsOf(now).some(({ blockId }) => blockId.endsWith(`:${choice}`)) && now;
  });
}

async function submits(as: string, view: SeenView) {
  const pushed = await walk.submit(as, view, {});
  const confirm = await walk.topView(as);
  expect(pushed.sent, JSON.stringify(pushed)).toBe(false);
  expect(confirm?.callback_id).toBe('review_confirm');
  await walk.submit(as, confirm as SeenView, {});
  return confirm as SeenView;
}

test('a campaign goes from its preview to a signed certificate, and closes only when MuleSoft shows what was revoked', {
  timeout: 3 * PATIENCE_MS,
}, async () => {
  // given two grants of Olga's entitlement, and whoever was there before
  const ines = await walk.isGiven('ines', {
    entitlement: 'orders-api-read',
    seconds: 86_400,
    reason: 'Stuck orders',
  });
  await walk.isGiven('erik', { entitlement: 'orders-api-read', seconds: 86_400, reason: 'Deploys' });

  // when nothing was compared
  const early = await openCampaign(stage.latchkey.context, plan({ name: 'Early' }), byOperator);
  await isState(early, 'ready');
  const refused = await startCampaign(stage.latchkey.context, early, byOperator);

  // then
  expect(isRefusal(refused) && refused.reason).toBe('notFresh');

  // when
  await compares();
  const id = await openCampaign(stage.latchkey.context, plan(), byOperator);
  await isState(id, 'ready');
  const preview = await linesOf(id);
  expect(preview.map(({ name, reviewer, kind }) => [name, reviewer, kind])).toContainEqual([
    'Ines Moreau',
    'Olga Brandt',
    'grant',
  ]);
  expect((await walk.messages('olga', 'dm')).filter((m) => m.text.includes('Access review'))).toEqual([]);
  const started = await startCampaign(stage.latchkey.context, id, byOperator);
  expect(isRefusal(started)).toBe(false);

  // then Olga is told, and nobody else
  const message = await reviewMessage('olga', 'November');
  expect(buttonsOf(message)).toEqual(['review_open']);

  // and her Home says so, until she has submitted
  await walk.request('POST', '/slack/sim/home', { as: 'olga' });
  const homeOfOlga = async () =>
    JSON.stringify((await walk.request<{ home: unknown }>('GET', '/slack/sim/workspace?as=olga')).home);
  await walk.until('her review on her Home', async () =>
    /Your reviews: 1.*\*November\*.*0 of \d+ lines submitted/.test(await homeOfOlga()),
  );

  // when she chooses, and submits
  let view = await opens('olga', message);
  for (const { name } of preview.filter(({ reviewer }) => reviewer === 'Olga Brandt'))
    view = await chooses('olga', view, name ?? '', name === 'Ines Moreau' ? 'revoke' : 'keep');
  const confirm = await submits('olga', view);
  await walk.until('no review on her Home', async () => !(await homeOfOlga()).includes('Your reviews'));
  expect(wordsOf(confirm)).toContain('revoke 1');

  // then what was revoked goes its way, and the campaign waits for MuleSoft
  await walk.endsAs(ines.id, 'inEffect');
  expect(await walk.isInTeam('ines', 'Orders API readers')).toBe(false);
  const rest = preview.filter(({ reviewer }) => reviewer !== 'Olga Brandt');
  expect(rest.map(({ name }) => name)).toEqual([]);
  await isState(id, 'closed');
  const [kept] = await walk.query<{ jws: string; kid: string }>(
    'select jws, kid from campaign_certificates where campaign_id = $1',
    [id],
  );
  const checked = await verify(stage.latchkey.context.db, kept?.jws ?? '');
  expect(checked.isRight).toBe(true);
  const certificate = JSON.parse(checked.isRight ? checked.document : '{}') as Certificate;
  const line = certificate.lines.find(({ person }) => person === 'Ines Moreau');
  expect(line).toMatchObject({ decision: 'revoke', reviewer: 'Olga Brandt', approvedBy: 'Olga Brandt' });
  expect(line?.goneFromMuleSoftAt).not.toBeNull();
  expect((await reviewMessage('olga', 'November')).text).toContain('Thank you');

  // when an admin has the certificate sent, which was offered to the admins when it closed
  const closedCard = await walk.until('Sam is told that it has closed', async () =>
    (await walk.messages('sam', 'dm')).find(
      (m) => m.text.includes('Access review: November (closed)') && marked(m).includes(':card'),
    ),
  );
  expect(buttonsOf(closedCard)).toEqual(['campaign_certificate']);
  await walk.click('sam', closedCard, 'campaign_certificate');
  const files = await walk.until('the files are there', async () => {
    const all = await walk.messages('sam', 'dm');
    const sent = all.find((m) => m.files.length > 0);
    return sent?.files;
  });

  // then the table has the line, and the signed document is right by a few lines that know nothing of Latchkey
  expect(files.map(({ name }) => name.split('.').at(-1))).toEqual(['csv', 'json']);
  const [csv, json] = await Promise.all(
    files.map(async ({ id: file }) => (await fetch(`${stage.world.url}/slack/files/${file}`)).text()),
  );
  expect(csv).toContain('Ines Moreau');
  const signed = JSON.parse(json ?? '') as { protected: string; payload: string; signature: string };
  const header = JSON.parse(Buffer.from(signed.protected, 'base64url').toString()) as {
    kid: string;
    jwk: Record<'crv' | 'kty' | 'x', string>;
  };
  const isRight = (payload: string) =>
    nodeVerify(
      null,
      Buffer.from(`${signed.protected}.${payload}`),
      createPublicKey({ key: header.jwk, format: 'jwk' }),
      Buffer.from(signed.signature, 'base64url'),
    );
  expect(isRight(signed.payload)).toBe(true);
  expect(isRight(signed.payload.replace(/^..../, 'eyJ4'))).toBe(false);
  const { crv, kty, x } = header.jwk;
  const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');
  const [entry] = await walk.query<{ kid: string }>(
    `select data->'certificate'->>'kid' as kid from audit where type = 'campaignClosed'`,
  );
  expect([thumbprint, header.kid]).toEqual([kept?.kid, entry?.kid]);

  await walk.until('it is in the audit who had it', async () => {
    const who = await walk.query<{ name: string }>(
      `select actor->>'name' as name from audit where type = 'certificateSent'`,
    );
    return who.map(({ name }) => name).join() === 'Sam Whitaker' && who;
  });
});

test('a line is handed on, one is not to be renewed, an extension is asked about anew; what is left goes to the fallback', {
  timeout: 3 * PATIENCE_MS,
}, async () => {
  // given
  const erik = (
    await walk.query<{ id: string }>(
      `select c.id from changes c join grants g on g.change_id = c.id join people p on p.id = c.person_id
     where p.name = 'Erik Lind' and g.ended_at is null and g.entitlement_key = 'orders-api-read'`,
    )
  )[0];
  const again = await walk.isGiven('ines', {
    entitlement: 'orders-api-read',
    seconds: 86_400,
    reason: 'Once more',
  });
  await compares();
  const { context } = stage.latchkey;
  const id = await openCampaign(context, plan({ name: 'December', reviewers: 'manager' }), byOperator);
  await isState(id, 'ready');
  await startCampaign(context, id, byOperator);
  const byReviewer = Map.groupBy(await linesOf(id), ({ reviewer }) => reviewer);
  expect(byReviewer.get('Tom Okafor')?.map(({ name }) => name)).toContain('Ines Moreau');

  // when Tom hands Ines to herself, and then to Sam
  const message = await reviewMessage('tom', 'December');
  const handsOn = async (to: string) => {
    const view = await opens('tom', message);
    const control = controlsOf(view).find(({ words }) => words.includes('Ines Moreau'));
    await walk.request('POST', '/slack/sim/view/action', {
      as: 'tom',
      viewId: view.id,
      actionId: 'review_more',
      blockId: control?.blockId,
      value: 'handOn',
    });
    const form = await walk.until('the form opens', async () => {
      const top = await walk.topView('tom');
      return top?.callback_id === 'review_hand_on' && top;
    });
    await walk.submit('tom', form, { to: { to: slackIdOf(to) }, why: { why: 'Knows better' } });
  };
  await handsOn('ines');
  await walk.until('he is told that nobody reviews themselves', async (saw) =>
    saw(await walk.whispers('tom', 'dm')).some((text) => text.includes('nobody reviews themselves')),
  );
  await handsOn('sam');
  const toSam = await reviewMessage('sam', 'December');

  // when what Sam wants to keep was extended meanwhile, by another grant
  let view = await opens('sam', toSam);
  expect(wordsOf({ blocks: view.blocks })).toContain('Handed to you: Knows better');
  view = await chooses('sam', view, 'Ines Moreau', 'keep');
  await walk.query(
    `update campaign_lines set ends_at = ends_at - interval '1 minute', change_id = $2 where campaign_id = $1 and draft is not null`,
    [id, erik?.id],
  );
  await submits('sam', view);
  await walk.until('Sam is told that it changed', async (saw) =>
    saw(await walk.whispers('sam', 'dm')).some((text) => text.includes('changed since the review began')),
  );

  // then it is shown anew, and can be let end
  view = await opens('sam', toSam);
  view = await chooses('sam', view, 'Ines Moreau', 'doNotRenew');
  await submits('sam', view);
  await walk.until(
    'the grant is not to be renewed',
    async (saw) => saw(await walk.change(again.id)).renewalDeclined?.name === 'Sam Whitaker',
  );
  const extending = await walk.ask('ines', {
    entitlement: 'orders-api-read',
    seconds: 3_600,
    reason: 'Longer',
  });
  expect(JSON.stringify(extending)).toContain('it is not to be renewed');

  // when nobody decides the rest in time
  const [{ dueAt } = { dueAt: '' }] = await walk.query<{ dueAt: string }>(
    `select doc->>'dueAt' as "dueAt" from campaigns where id = $1`,
    [id],
  );
  const due = new Date(dueAt);
  await runDueCampaigns(context, new Date(due.getTime() - 86_400_000));
  await runDueCampaigns(context, new Date(due.getTime() - 86_400_000 + 60_000));
  await runDueCampaigns(context, due);

  // then whoever had something left was reminded once of each, and the lines are with the fallback
  const left = (await linesOf(id)).filter(({ decision }) => decision === null);
  expect(left.length).toBeGreaterThan(0);
  expect(left.every(({ reviewer }) => reviewer === 'Sam Whitaker' || reviewer === 'Sofia Ricci')).toBe(true);
  const reminders = await walk.query<{ name: string; reminders: string[] }>(
    'select name, reminders from campaign_reviewers where campaign_id = $1 order by name',
    [id],
  );
  expect(reminders.find(({ name }) => name === 'Sam Whitaker')?.reminders).not.toContain('day');
  expect(reminders.filter((r) => r.reminders.join() === 'day,due').length).toBeGreaterThan(0);
});
