import type { ChangeId } from '../../core/ids.ts';
import { lookAgainMs } from '../../core/jobs/look-again.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import type { Campaign } from '../../core/review/campaign.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { noteLinesCarried, type UncarriedLine, uncarriedLines } from '../../store/review-lines.ts';
import { revokesOf } from '../../store/review-progress.ts';
import { readCampaign } from '../../store/reviews.ts';
import { commit, type Following, together, type Unit } from '../kernel/commit.ts';
import { type Context, done, type Ran } from '../kernel/context.ts';
import { declineRenewal } from '../membership/decline-renewal.ts';
import { takeAwayReviewed } from '../membership/take-away.ts';
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
    if ((await carryOutSome(context, campaign)) > 0) return { againInMs: 0 };
    const revokes = await revokesOf(context.db, campaign.id);
    const isAllSeen = revokes.uncarried === 0 && revokes.seen === revokes.all;
    if (campaign.state === 'closing' && isAllSeen) {
      await closeCampaign(context, campaign);
      return done;
    }
    await commit(
      context.db,
      async () => ({ result: null, jobs: [{ job: 'updateCard', about: 'campaign', id: campaign.id }] }),
      context.nudge,
    );
    if (isAllSeen) return done;
    const since = campaign.decidedAt ?? campaign.startedAt ?? campaign.openedAt;
    const ageMs = (await databaseNow(context.db)).getTime() - since.getTime();
    return { againInMs: lookAgainMs('massChange', campaign.decidedAt === null ? 0 : ageMs) };
  });
}

async function carryOutSome(context: Context, campaign: Campaign): Promise<number> {
  return await commit(
    context.db,
    async (unit) => {
      const lines = await uncarriedLines(unit.tx, campaign.id, BATCH);
      const carried: { n: number; revokeId: ChangeId | null }[] = [];
      const following: Following[] = [];
      for (const line of lines) {
        const one =
          line.decision === 'revoke' ? await revoke(context, unit, line) : await letLapse(unit, line);
        carried.push({ n: line.n, revokeId: one.revokeId });
        following.push(one);
      }
      if (lines.length > 0) await noteLinesCarried(unit.tx, campaign.id, carried, unit.now);
      return { result: lines.length, ...together(following) };
    },
    context.nudge,
  );
}

type One = Following & { revokeId: ChangeId | null };

/** Null: it has ended by itself meanwhile. */
async function revoke(context: Context, unit: Unit, line: UncarriedLine): Promise<One> {
  const status = context.catalogue.status(line.entitlementKey);
  const now = status.status === 'unchecked' ? null : status.target;
  const target = line.target ?? (now?.groupId === line.groupId ? now : null);
  return (await takeAwayReviewed(unit, { ...line, target }, line.by)) ?? { revokeId: null };
}

/** The access ends at its end: no extension of it is offered, and none is taken. */
async function letLapse(unit: Unit, line: UncarriedLine): Promise<One> {
  const events = line.by === null ? null : await declineRenewal(unit, line, line.by);
  return { revokeId: null, events: events ?? [] };
}
