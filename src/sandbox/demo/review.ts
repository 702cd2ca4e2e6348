import { verify } from '../../audit/sign.ts';
import type { EntitlementKey } from '../../core/ids.ts';
import { isRefusal } from '../../core/refusal.ts';
import { type CampaignPlan, everything } from '../../core/review/campaign.ts';
import type { Certificate } from '../../core/review/certificate.ts';
import { preparedInWords } from '../../core/review/words.ts';
import { reconcile } from '../../flow/drift/reconcile.ts';
import type { Context } from '../../flow/kernel/context.ts';
import { byOperator, openCampaign, startCampaign } from '../../flow/review/open.ts';
import { revokesOf } from '../../store/review-carrying.ts';
import { readCertificate } from '../../store/review-certificates.ts';
import { readCampaign } from '../../store/reviews.ts';
import type { SeenMessage, SeenView, Visitor } from '../visitor.ts';
import { type Journey, prove } from './journeys.ts';

const PATIENCE_MS = 75_000;
const NAME = 'November';
/** Long enough for one of the two who review; the other lets it pass. */
const DUE_SECONDS = 20;
const READERS = 'Orders API readers';

type Here = SeenMessage & { channel: string };

/**
 * `npm run demo -- review`: a campaign from its preview to its certificate. One reviewer is overdue, and one revoke is
 * late.
 */
export function reviewJourney(context: Context): Journey {
  return {
    name: 'the access review',
    async run(visitor, say) {
      await isGiven(visitor, {
        key: 'ines',
        entitlement: 'orders-api-read',
        owner: 'olga',
        reason: 'Reading the stuck orders',
      });
      await isGiven(visitor, {
        key: 'erik',
        entitlement: 'orders-api-read',
        owner: 'olga',
        reason: 'Following the release',
      });
      await isGiven(visitor, {
        key: 'erik',
        entitlement: 'payments-api-read',
        owner: 'sam',
        reason: 'Following refunds',
      });
      say('Ines and Erik hold three accesses; two owners answer for them');

      const id = await previewed(context, visitor, say);
      const started = await startCampaign(context, id, byOperator);
      prove(!isRefusal(started), 'it may be started');
      const message = await reviewOf(visitor, 'olga');
      await reviewOf(visitor, 'sam');
      say('Started: Olga and Sam are told, each in one message that shows how far they are');

      await decidedAndLate(context, visitor, say, { id, message });
      await certified(context, id, say);
    },
  };
}

/** Olga decides, Sam lets it pass; and what was revoked reaches Anypoint late. */
async function decidedAndLate(
  context: Context,
  visitor: Visitor,
  say: Parameters<Journey['run']>[1],
  { id, message }: { id: string; message: Here },
): Promise<void> {
  // Nothing is pushed by SCIM for now, so that the revoke is late.
  await visitor.idp.holdPushes(true);
  await reviews(visitor, 'olga', message, { 'Ines Moreau': 'revoke', 'Erik Lind': 'keep' });
  say('Olga revokes one, keeps the other, and submits both with their count');

  await visitor.until('Sam’s line is overdue', () => isOverdue(context, id), PATIENCE_MS);
  await visitor.receives('sam', 'a reminder', (m) => m.text.includes('is due now'));
  await visitor.until(
    'everything is decided',
    async () => (await readCampaign(context.db, id))?.state === 'closing',
    PATIENCE_MS,
  );
  say(
    'Sam lets his pass: he is reminded, and what he did not decide is taken away, as was written beforehand',
  );

  prove(await visitor.isInTeam('ines', READERS), 'Anypoint still has Ines in the team');
  const waiting = await revokesOf(context.db, id);
  prove(waiting.seen < waiting.all, 'the revokes are not seen yet');
  prove((await readCampaign(context.db, id))?.state === 'closing', 'the campaign is not closed');
  say(`Decided, and not closed: ${waiting.seen} of ${waiting.all} revoked are gone in Anypoint`, {
    waiting,
  });

  await visitor.idp.holdPushes(false);
  await visitor.until(
    'the campaign is closed',
    async () => (await readCampaign(context.db, id))?.state === 'closed',
    PATIENCE_MS,
  );
  prove(!(await visitor.isInTeam('ines', READERS)), 'Anypoint no longer has Ines in the team');
  prove(await visitor.isInTeam('erik', READERS), 'Anypoint still has Erik in the team');
  say(
    `${visitor.idp.name} ${visitor.idp.does('pushes', 'push')} again; Anypoint shows both gone, and only now the campaign closes`,
  );
}

async function isGiven(
  visitor: Visitor,
  { key, entitlement, owner, reason }: { key: string; entitlement: string; owner: string; reason: string },
): Promise<void> {
  const asked = await visitor.ask(key, { entitlement, seconds: 86_400, reason });
  prove(asked.sent, `the request is taken: ${JSON.stringify(asked)}`);
  const card = await visitor.card('sofia', (m) => JSON.stringify(m.blocks).includes(reason));
  await visitor.click(owner, card, 'approve');
  await visitor.until(
    'it is in effect',
    async () =>
      (await visitor.messages('sofia', 'access-requests')).some(
        (m) => JSON.stringify(m.blocks).includes(reason) && JSON.stringify(m.blocks).includes('n effect'),
      ),
    PATIENCE_MS,
  );
}

async function previewed(
  context: Context,
  visitor: Visitor,
  say: Parameters<Journey['run']>[1],
): Promise<string> {
  const plan: CampaignPlan = {
    name: NAME,
    scope: { ...everything, entitlements: ['orders-api-read', 'payments-api-read'] as EntitlementKey[] },
    reviewers: 'owner',
    fallback: [],
    dueSeconds: DUE_SECONDS,
    overdue: 'revoke',
    extendSeconds: 7 * 86_400,
  };
  const early = await openCampaign(context, { ...plan, name: 'Too early' }, byOperator);
  await isReady(context, visitor, early);
  const refused = await startCampaign(context, early, byOperator);
  prove(isRefusal(refused) && refused.reason === 'notFresh', 'nothing starts before a comparison');
  say(`Before a comparison it can’t be started: ${isRefusal(refused) ? refused.text : ''}`);
  await reconcile(context);
  const id = await openCampaign(context, plan, byOperator);
  const prepared = (await isReady(context, visitor, id)).prepared;
  prove(prepared !== null && prepared.withoutReviewer === 0, 'every line has a reviewer');
  const told = await visitor.messages('olga', 'dm');
  prove(!told.some((m) => m.text.includes('Access review')), 'nobody was told yet');
  say(
    `Compared, and previewed: ${prepared === null ? '' : preparedInWords(prepared).join(' ')} Nobody was told`,
  );
  return id;
}

async function isReady(context: Context, visitor: Visitor, id: string) {
  return await visitor.until(
    'it is prepared',
    async () => {
      const campaign = await readCampaign(context.db, id);
      return campaign?.state === 'ready' && campaign;
    },
    PATIENCE_MS,
  );
}

async function reviewOf(visitor: Visitor, key: string): Promise<Here> {
  return await visitor.until(`${key} is asked to review`, async () =>
    (await visitor.messages(key, 'dm')).find((m) => m.text.startsWith(`Access review: ${NAME}`)),
  );
}

/** Opens the form, chooses on the line of each, submits, and confirms the count. */
async function reviews(
  visitor: Visitor,
  key: string,
  message: Here,
  choices: Record<string, string>,
): Promise<void> {
  await visitor.click(key, message, 'review_open');
  let view = await visitor.until('the review opens', () => visitor.topView(key));
  for (const [who, choice] of Object.entries(choices))
    view = await choose(visitor, key, view, { who, value: choice });
  await visitor.submit(key, view, {});
  const confirm = await visitor.until('the count is shown', async () => {
    const top = await visitor.topView(key);
    return top?.callback_id === 'review_confirm' && top;
  });
  prove(JSON.stringify(confirm.blocks).includes('2 decisions'), 'the count is of both');
  await visitor.submit(key, confirm, {});
  await visitor.receives(key, 'thanks', (m) => m.text.includes('2 of 2 lines decided'));
}

async function choose(
  visitor: Visitor,
  as: string,
  view: SeenView,
  { who, value }: { who: string; value: string },
): Promise<SeenView> {
  const at = view.blocks.findIndex((block) => JSON.stringify(block).includes(who));
  const blockId = String(view.blocks[at + 1]?.block_id);
  await visitor.request('POST', '/slack/sim/view/action', {
    as,
    viewId: view.id,
    actionId: 'review_choose',
    blockId,
    value,
  });
  return await visitor.until('the choice is kept', async () => {
    const top = await visitor.topView(as);
    const line = blockId.split(':').slice(0, 2).join(':');
    return top?.blocks.some((block) => block.block_id === `${line}:${value}`) && top;
  });
}

async function isOverdue(context: Context, id: string): Promise<boolean> {
  return (await readCampaign(context.db, id))?.overdueAt != null;
}

async function certified(context: Context, id: string, say: Parameters<Journey['run']>[1]): Promise<void> {
  const kept = await readCertificate(context.db, id);
  const checked = await verify(context.db, kept?.jws ?? '');
  prove(checked.isRight, 'the signature of the certificate is right');
  const certificate = JSON.parse(checked.isRight ? checked.document : '{}') as Certificate;
  const gone = certificate.lines.filter((line) => line.goneFromMuleSoftAt !== null);
  prove(gone.length === 2, 'the certificate says of both when MuleSoft no longer had them');
  const changed = await verify(context.db, (kept?.jws ?? '').replace(/"payload":"./, '"payload":"A'));
  prove(!changed.isRight, 'a certificate that was changed does not pass');
  say(
    `The certificate: ${certificate.lines.map((line) => `${line.person} ${line.decision} by ${line.reviewer}`).join('; ')}; signed with ${kept?.kid.slice(0, 12)}…`,
    { certificate: certificate.counts },
  );
}
