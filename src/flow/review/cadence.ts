import type { EntitlementKey } from '../../core/ids.ts';
import { defaultReviewSettings } from '../../core/policy/catalogue.ts';
import { type CadenceFacts, dueByCadence } from '../../core/review/cadence.ts';
import { type CampaignPlan, everything } from '../../core/review/campaign.ts';
import { FRESH_SECONDS, refuseStart } from '../../core/review/start.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { lastComparison } from '../../store/reconcile/runs.ts';
import { firstLookedAt, lastReviewed, unfinishedCampaigns } from '../../store/reviews.ts';
import type { Context } from '../kernel/context.ts';
import { byCadence, cancelCampaign, openCampaign, startCampaign } from './open.ts';
import { dropEndedLines } from './timers.ts';

/**
 * Campaigns that the catalogue calls for (`review.every`). One is begun for all entitlements that are due. It starts as
 * soon as it is prepared and may start. Where it may not, its message says why, and a snapshot that is too old is taken
 * anew.
 */
export async function keepCadence(context: Context, at?: Date): Promise<void> {
  const now = at ?? (await databaseNow(context.db));
  await dropEndedLines(context);
  const unfinished = await unfinishedCampaigns(context.db);
  for (const campaign of unfinished) {
    if (campaign.cause !== 'cadence' || campaign.state !== 'ready') continue;
    const lastComparedAt = (await lastComparison(context.db))?.startedAt ?? null;
    if (campaign.prepared?.lines === 0)
      await cancelCampaign(context, campaign.id, byCadence, 'nobody holds anything of it');
    else if (refuseStart(campaign, { at: now, lastComparedAt }) === null)
      await startCampaign(context, campaign.id, byCadence);
    else if (isOld(campaign.snapshotAt, now))
      await cancelCampaign(
        context,
        campaign.id,
        byCadence,
        'it could not be started for a day, and begins anew',
      );
  }
  if (
    unfinished.some(({ cause, state }) => cause === 'cadence' && (state === 'preparing' || state === 'ready'))
  )
    return;
  const due = dueByCadence(await cadenceFacts(context), now);
  if (due.length > 0)
    await openCampaign(context, planFor(context, due, now), byCadence, { cause: 'cadence' });
}

function isOld(snapshotAt: Date | null, now: Date): boolean {
  return snapshotAt !== null && now.getTime() - snapshotAt.getTime() > FRESH_SECONDS * 1_000;
}

async function cadenceFacts(context: Context): Promise<CadenceFacts[]> {
  const { entitlements, canary } = context.catalogue.current();
  const regular = entitlements.flatMap(({ key, reviewEverySeconds }) => {
    const status = context.catalogue.status(key);
    const groupId = status.status === 'unchecked' ? undefined : status.target?.groupId;
    return reviewEverySeconds === null || key === canary?.entitlement || groupId === undefined
      ? []
      : [{ key, everySeconds: reviewEverySeconds, groupId }];
  });
  const reviewed = await lastReviewed(
    context.db,
    regular.map(({ key }) => key),
  );
  const looked = await firstLookedAt(
    context.db,
    regular.map(({ groupId }) => groupId),
  );
  return regular.map(({ key, everySeconds, groupId }) => ({
    key,
    everySeconds,
    lastReviewedAt: reviewed.get(key) ?? null,
    firstLookedAt: looked.get(groupId) ?? null,
  }));
}

function planFor({ catalogue }: Pick<Context, 'catalogue'>, keys: EntitlementKey[], now: Date): CampaignPlan {
  const { reviews = defaultReviewSettings } = catalogue.current();
  return {
    name: `Regular review of ${now.toISOString().slice(0, 10)}`,
    scope: { ...everything, entitlements: keys },
    reviewers: reviews.reviewers,
    fallback: reviews.fallback,
    dueSeconds: reviews.dueSeconds,
    overdue: reviews.overdue,
    extendSeconds: reviews.extendSeconds,
  };
}
