import { randomUUID } from 'node:crypto';
import type { Change } from '../../core/change/change.ts';
import type { Actor, ChangeEvent } from '../../core/change/events.ts';
import { nextState } from '../../core/change/life-cycle.ts';
import type { ChangeId } from '../../core/ids.ts';
import { lookAgainMs } from '../../core/jobs/look-again.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import type { Campaign } from '../../core/review/campaign.ts';
import { endBaseline, isInBaseline } from '../../store/baseline.ts';
import { unendedGrants } from '../../store/grants.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { noteLinesCarried, type UncarriedLine, uncarriedLines } from '../../store/review-lines.ts';
import { revokesOf } from '../../store/review-progress.ts';
import { readCampaign } from '../../store/reviews.ts';
import { commit, type Following, together, type Unit } from '../kernel/commit.ts';
import { type Context, done, type Ran } from '../kernel/context.ts';
import { revokeOf } from '../membership/end-grants.ts';
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
        const one = line.decision === 'revoke' ? await revoke(unit, line) : await letLapse(unit, line);
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

/** The membership ends, whatever gives it: every grant of the pair, and its being there before Latchkey. */
async function revoke(unit: Unit, line: UncarriedLine): Promise<One> {
  const pair = { personId: line.personId, groupId: line.groupId };
  const changes: Change[] = [];
  for (const id of (await unendedGrants(unit.tx, pair)).map((grant) => grant.changeId).sort()) {
    const change = await unit.change(id);
    if (change !== null && change.ended === null && nextState(change.state, 'grantEnded') !== null)
      changes.push(change);
  }
  const wasBefore = await isInBaseline(unit.tx, pair);
  const target = changes.find((change) => change.target !== null)?.target ?? line.target;
  // It has ended by itself meanwhile.
  if ((changes.length === 0 && !wasBefore) || target === null) return { revokeId: null };
  const revokeId = randomUUID() as ChangeId;
  const actor: Actor = line.by === null ? { part: 'latchkey' } : { person: line.by.id, name: line.by.name };
  const ended = changes.map(
    (change): ChangeEvent => ({
      type: 'grantEnded',
      changeId: change.id,
      at: unit.now,
      actor,
      cause: 'review',
      by: line.by?.id ?? null,
      revokeId,
      stillHeld: false,
      stillHeldUntil: null,
    }),
  );
  const events = [
    ...ended,
    ...revokeOf({ revokeId, of: line, target, cause: 'review', by: line.by, actor, at: unit.now }),
  ];
  if (!wasBefore) return { revokeId, events };
  await endBaseline(unit.tx, pair, unit.now);
  const data = { personId: line.personId, groupId: line.groupId, groupName: target.groupName };
  return { revokeId, events, notes: [{ type: 'baselineEnded', at: unit.now, actor, changeId: null, data }] };
}

/** The grant ends at its end: no extension of it is offered, and none is taken. */
async function letLapse(unit: Unit, line: UncarriedLine): Promise<One> {
  const change = line.changeId === null ? null : await unit.change(line.changeId);
  const isOver =
    change === null || change.ended !== null || nextState(change.state, 'renewalDeclined') === null;
  if (isOver || line.by === null) return { revokeId: null };
  return {
    revokeId: null,
    events: [
      {
        type: 'renewalDeclined',
        changeId: change.id,
        at: unit.now,
        actor: { person: line.by.id, name: line.by.name },
        by: line.by,
      },
    ],
  };
}
