import type { CampaignId, PersonId } from '../../core/ids.ts';
import type { Campaign, CampaignEvent } from '../../core/review/campaign.ts';
import { overdueNow, reminderDue } from '../../core/review/due.ts';
import { leaversAmong } from '../../store/offboardings.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { endedLines, lockUndecided } from '../../store/review-lines.ts';
import { reviewersOf } from '../../store/review-progress.ts';
import { unfinishedCampaigns } from '../../store/reviews.ts';
import { commit, type Unit } from '../kernel/commit.ts';
import type { Context } from '../kernel/context.ts';
import { fallbackBeside } from './reviewers.ts';
import { decidedBy } from './settle.ts';

const latchkey = { part: 'latchkey' } as const;
/** Lines dropped in one commit. */
const BATCH = 5_000;

/** What time brings to open campaigns: reminders, and what is overdue. */
export async function runDueCampaigns(context: Context, at?: Date): Promise<void> {
  const now = at ?? (await databaseNow(context.db));
  for (const campaign of await unfinishedCampaigns(context.db)) {
    const { id, state } = campaign;
    if (state !== 'open') continue;
    await alone(context, id, () => takeFromWhoLeft(context, campaign));
    await alone(context, id, () => remind(context, id, now));
    await alone(context, id, () => settleOverdue(context, campaign, now));
  }
}

/** Lines whose membership has ended by itself need no decision; a campaign that has nothing else left is decided. */
export async function dropEndedLines(context: Context): Promise<void> {
  for (const { id, state } of await unfinishedCampaigns(context.db))
    if (state === 'open') await alone(context, id, () => dropSome(context, id));
}

/** One that can't be dealt with now holds up none of the others, and is due again at the next look. */
async function alone(context: Context, id: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    context.log.error({ err: (error as Error).message, campaign: id }, 'campaign not looked at');
  }
}

async function dropSome(context: Context, id: CampaignId): Promise<void> {
  await commit(
    context.db,
    async (unit) => {
      const campaign = await unit.campaign(id);
      if (campaign?.state !== 'open') return { result: null };
      const lines = await endedLines(unit.tx, id, BATCH);
      const dropped: CampaignEvent[] =
        lines.length === 0
          ? []
          : [
              {
                type: 'linesDropped',
                campaignId: id,
                at: unit.now,
                actor: latchkey,
                lines,
                why: 'it has ended meanwhile',
              },
            ];
      return { result: null, events: [...dropped, ...(await decidedBy(unit, campaign, dropped))] };
    },
    context.nudge,
  );
}

/** Only whoever has something left is reminded. */
async function remind(context: Context, id: CampaignId, now: Date): Promise<void> {
  await commit(
    context.db,
    async (unit) => {
      const campaign = await unit.campaign(id);
      const which = campaign?.state === 'open' ? reminderDue(campaign, now) : null;
      if (campaign === null || which === null) return { result: null };
      const reviewers = (await reviewersOf(unit.tx, id, context.chat.system)).filter(
        (r) => r.decided < r.lines,
      );
      return {
        result: null,
        events: [
          {
            type: 'reviewersReminded',
            campaignId: id,
            at: unit.now,
            actor: latchkey,
            which,
            reviewers: reviewers.map(({ personId }) => personId),
          },
        ],
      };
    },
    context.nudge,
  );
}

/**
 * Lines of whoever can't review any more go to the fallback at once. They are not overdue: nobody was asked who could
 * have answered.
 */
async function takeFromWhoLeft(context: Context, campaign: Campaign): Promise<void> {
  const { id } = campaign;
  const waiting = (await reviewersOf(context.db, id, context.chat.system)).filter((r) => r.decided < r.lines);
  const leaving = await leaversAmong(
    context.db,
    waiting.map(({ personId }) => personId),
  );
  const left = waiting.filter(({ personId, status }) => status !== 'active' || leaving.has(personId));
  if (left.length === 0) return;
  const ids = new Set<string>(left.map(({ personId }) => personId));
  // Asked before anything is held: the IdP is asked who they are.
  const fallback = await fallbackPair(context, campaign, ids);
  await commit(
    context.db,
    async (unit) => {
      const locked = await unit.campaign(id);
      if (locked?.state !== 'open') return { result: null };
      const lines = (await lockUndecided(unit.tx, id)).filter(
        ({ reviewerId }) => reviewerId !== null && ids.has(reviewerId),
      );
      const base = { campaignId: id, at: unit.now, actor: latchkey };
      return { result: null, events: handedTo(base, lines, fallback, 'whoever reviewed it can’t any more') };
    },
    context.nudge,
  );
}

/** Two, so that there is one also for what is about the first. */
async function fallbackPair(
  context: Context,
  campaign: Campaign,
  excluded: ReadonlySet<string>,
): Promise<{ id: PersonId; name: string }[]> {
  const first = await fallbackBeside(context, campaign, excluded);
  if (first === null) return [];
  const second = await fallbackBeside(context, campaign, new Set([...excluded, first.id]));
  return second === null ? [first] : [first, second];
}

async function settleOverdue(context: Context, found: Campaign, now: Date): Promise<void> {
  if (overdueNow(found, now) === null) return;
  const { id } = found;
  // Asked before anything is held: the IdP is asked who they are.
  const fallback = await fallbackPair(context, found, new Set());
  await commit(
    context.db,
    async (unit) => {
      const campaign = await unit.campaign(id);
      const then = campaign?.state === 'open' ? overdueNow(campaign, now) : null;
      if (campaign === null || then === null) return { result: null };
      const base = { campaignId: id, at: unit.now, actor: latchkey };
      if (then === 'extend') {
        const dueAt = new Date(now.getTime() + campaign.extendSeconds * 1_000);
        return { result: null, events: [{ ...base, type: 'campaignExtended', dueAt }] };
      }
      const events = await overdueEvents(unit, base, then, fallback);
      return {
        result: null,
        events: [
          ...events,
          { ...base, type: 'campaignOverdue', then },
          ...(await decidedBy(unit, campaign, events)),
        ],
      };
    },
    context.nudge,
  );
}

/** A line that nobody decided in time is taken away, or goes to the fallback. A rule can only go to somebody. */
async function overdueEvents(
  unit: Unit,
  base: { campaignId: CampaignId; at: Date; actor: typeof latchkey },
  then: 'revoke' | 'escalate',
  fallback: readonly { id: PersonId; name: string }[],
): Promise<CampaignEvent[]> {
  const lines = await lockUndecided(unit.tx, base.campaignId);
  const revoked = then === 'revoke' ? lines.filter(({ kind }) => kind !== 'rule') : [];
  const events: CampaignEvent[] =
    revoked.length === 0
      ? []
      : [
          {
            ...base,
            type: 'linesSubmitted',
            by: null,
            clickId: null,
            lines: revoked.map(({ n }) => ({ n, decision: 'revoke', comment: 'nobody decided in time' })),
          },
        ];
  const rest = lines.filter((line) => !revoked.includes(line));
  return [...events, ...handedTo(base, rest, fallback, 'nobody decided in time')];
}

/** Whose fallback they are themselves keep their lines, and are reminded every day. */
function handedTo(
  base: { campaignId: CampaignId; at: Date; actor: typeof latchkey },
  lines: readonly { n: number; personId: PersonId | null; reviewerId: PersonId | null }[],
  fallback: readonly { id: PersonId; name: string }[],
  why: string,
): CampaignEvent[] {
  const byNext = Map.groupBy(
    lines,
    ({ personId, reviewerId }) =>
      fallback.find((one) => one.id !== personId && one.id !== reviewerId) ?? null,
  );
  return [...byNext].flatMap(([to, handed]): CampaignEvent[] =>
    to === null
      ? []
      : [
          {
            ...base,
            type: 'linesReassigned',
            lines: handed.map(({ n }) => n),
            to,
            from: null,
            why,
            clickId: null,
          },
        ],
  );
}
