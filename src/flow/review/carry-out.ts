import type { ChangeId } from '../../core/ids.ts';
import { lookAgainMs } from '../../core/jobs/look-again.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import type { Campaign } from '../../core/review/campaign.ts';
import { type CarryTrouble, canClose, isProven, isRuleSame } from '../../core/review/close.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import {
  noteLinesCarried,
  objectionsOf,
  revokeSince,
  revokesOf,
  type UncarriedLine,
  uncarriedLines,
} from '../../store/review-carrying.ts';
import { readCampaign } from '../../store/reviews.ts';
import { commit, type Following, together, type Unit } from '../kernel/commit.ts';
import { type Context, done, type Ran } from '../kernel/context.ts';
import { declineRenewal } from '../membership/decline-renewal.ts';
import { proveGone, takeAwayReviewed } from '../membership/take-away.ts';
import { closeCampaign } from './close.ts';

/** Lines carried out in one commit. */
const BATCH = 100;

/**
 * Carries out the reviewers' decisions. Each revoke joins the road at "apply", one batch to a commit. So it goes on
 * where it was, whatever is killed. Then watches until MuleSoft shows all of it, and only then closes the campaign.
 */
export async function carryOutCampaign(
  context: Context,
  { campaignId }: Extract<Job, { job: 'carryOutCampaign' }>,
): Promise<Ran> {
  return await context.locks.withLock(`carryOutCampaign:${campaignId}`, async () => {
    const campaign = await readCampaign(context.db, campaignId);
    if (campaign === null) return done;
    if (await carryOutSome(context, campaign)) return { againInMs: 0 };
    await answerChangedRules(context, campaign);
    const revokes = await revokesOf(context.db, campaign.id);
    const isOver =
      campaign.state === 'closing'
        ? canClose(revokes, await objectionsOf(context.db, campaign.id))
        : isProven(revokes);
    if (campaign.state === 'closing' && isOver) {
      await closeCampaign(context, campaign);
      return done;
    }
    await commit(
      context.db,
      async () => ({ result: null, jobs: [{ job: 'updateCard', about: 'campaign', id: campaign.id }] }),
      context.nudge,
    );
    // Nobody waits for what goes on of a cancelled one: each revoke is watched by itself.
    if (isOver || campaign.state === 'cancelled') return done;
    const since = campaign.decidedAt ?? campaign.startedAt ?? campaign.openedAt;
    const ageMs = (await databaseNow(context.db)).getTime() - since.getTime();
    return { againInMs: lookAgainMs('massChange', campaign.decidedAt === null ? 0 : ageMs) };
  });
}

/** One batch, past what can't be carried out now. Answers whether anything was: then there may be more. */
async function carryOutSome(context: Context, campaign: Campaign): Promise<boolean> {
  for (let after = 0; ; ) {
    const batch = await carryOutBatch(context, campaign, after);
    if (batch.carried > 0) return true;
    if (batch.last === null) return false;
    after = batch.last;
  }
}

/** `last`: the place of the last line; null: there was none. */
async function carryOutBatch(
  context: Context,
  campaign: Campaign,
  after: number,
): Promise<{ carried: number; last: number | null }> {
  return await commit(
    context.db,
    async (unit) => {
      const lines = await uncarriedLines(unit.tx, campaign.id, after, BATCH);
      const done: (One & { n: number })[] = [];
      for (const line of lines) done.push({ n: line.n, ...(await carryOut(context, unit, campaign, line)) });
      const noted = done.map(({ n, revokeId, trouble = null }) => ({ n, revokeId, trouble }));
      if (noted.length > 0) await noteLinesCarried(unit.tx, campaign.id, noted, unit.now);
      const carried = noted.filter(({ trouble }) => trouble === null).length;
      return { result: { carried, last: lines.at(-1)?.n ?? null }, ...together(done) };
    },
    context.nudge,
  );
}

/** `revokeId` null without a trouble: Latchkey took nothing away. */
type One = Following & { revokeId: ChangeId | null; trouble?: CarryTrouble };

async function carryOut(context: Context, unit: Unit, campaign: Campaign, line: UncarriedLine): Promise<One> {
  const since = campaign.snapshotAt ?? campaign.openedAt;
  switch (line.decision) {
    case 'revoke':
      return await revoke(context, unit, line, since);
    case 'doNotRenew':
      return (await letLapse(unit, line)) ?? { revokeId: await revokeSince(unit.tx, line, since) };
    case 'gone':
      // It ended by itself, and is watched like any other until MuleSoft shows it.
      return { revokeId: await revokeSince(unit.tx, line, since) };
    default:
      return line.decision satisfies never;
  }
}

async function revoke(context: Context, unit: Unit, line: UncarriedLine, since: Date): Promise<One> {
  const target = await targetOf(context, unit, line);
  const taken = await takeAwayReviewed(unit, { ...line, target }, line.by);
  if (taken === 'targetUnknown') return { revokeId: null, trouble: taken };
  if (taken !== 'notHeld') return taken;
  const earlier = await revokeSince(unit.tx, line, since);
  if (earlier !== null) return { revokeId: earlier };
  return target === null
    ? { revokeId: null, trouble: 'targetUnknown' }
    : proveGone(unit, { ...line, target }, line.by);
}

/** As the snapshot has it, as the catalogue has it now, or as the grant was given. */
async function targetOf(context: Context, unit: Unit, line: UncarriedLine) {
  const status = context.catalogue.status(line.entitlementKey);
  const now = status.status === 'unchecked' ? null : status.target;
  const given = line.changeId === null ? null : ((await unit.change(line.changeId))?.target ?? null);
  return line.target ?? [now, given].find((one) => one?.groupId === line.groupId) ?? null;
}

/** The access ends at its end: no extension of it is offered, and none is taken. Null: it has ended. */
async function letLapse(unit: Unit, line: UncarriedLine): Promise<One | null> {
  const events = line.by === null ? null : await declineRenewal(unit, line, line.by);
  return events === null ? null : { revokeId: null, events };
}

/** An objection is answered where the catalogue no longer has the rule as it was. */
async function answerChangedRules(context: Context, campaign: Campaign): Promise<void> {
  if (campaign.state !== 'open' && campaign.state !== 'closing') return;
  const waiting = (await objectionsOf(context.db, campaign.id)).filter(({ answer }) => answer === null);
  const lines = waiting
    .filter((objection) => {
      const now = context.catalogue.entitlement(objection.entitlementKey)?.birthright ?? null;
      return !isRuleSame(objection, now?.departments ?? null);
    })
    .map(({ n }) => n);
  if (lines.length === 0) return;
  await commit(
    context.db,
    async (unit) => {
      const locked = await unit.campaign(campaign.id);
      if (locked?.state !== 'open' && locked?.state !== 'closing') return { result: null };
      return {
        result: null,
        events: [
          {
            type: 'objectionAnswered',
            campaignId: campaign.id,
            at: unit.now,
            actor: { part: 'latchkey' },
            lines,
            by: null,
            why: 'the catalogue no longer has the rule as it was',
          },
        ],
      };
    },
    context.nudge,
  );
}
