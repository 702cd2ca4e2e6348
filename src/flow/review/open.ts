import { randomUUID } from 'node:crypto';
import type { Actor } from '../../core/change/events.ts';
import type { CampaignId, PersonId } from '../../core/ids.ts';
import { type Refusal, refuse } from '../../core/refusal.ts';
import type { Campaign, CampaignPlan } from '../../core/review/campaign.ts';
import { refuseStart } from '../../core/review/start.ts';
import type { Db } from '../../store/postgres/database.ts';
import { lastComparison } from '../../store/reconcile/runs.ts';
import { readCampaign } from '../../store/reviews.ts';
import { commit } from '../kernel/commit.ts';

/**
 * The one who begins or starts a campaign: a person, an operator at the command line, or Latchkey by the catalogue's
 * cadence.
 */
export type Starter = { actor: Actor; person: { id: PersonId; name: string } | null };

export const byCadence: Starter = { actor: { part: 'latchkey' }, person: null };
export const byOperator: Starter = { actor: { part: 'operator' }, person: null };

/** Needs the database alone, so that the command line can do it while Latchkey runs elsewhere. */
type Place = { db: Db; nudge?: () => void };

/**
 * Begins a campaign: the snapshot is taken next, and nobody is told of it before it is started. `id`: given by whoever
 * may come twice; a campaign of that id that is there already is left alone.
 */
export async function openCampaign(
  { db, nudge }: Place,
  plan: CampaignPlan,
  by: Starter,
  { cause = 'person', id = randomUUID() as CampaignId }: { cause?: Campaign['cause']; id?: CampaignId } = {},
): Promise<CampaignId> {
  if ((await readCampaign(db, id)) !== null) return id;
  await commit(
    db,
    async (unit) => ({
      result: null,
      events: [
        {
          type: 'campaignOpened',
          campaignId: id,
          at: unit.now,
          actor: by.actor,
          cause,
          plan,
          startedBy: by.person,
        },
      ],
    }),
    nudge,
  );
  return id;
}

/** Starts a campaign whose preview somebody has seen: now its reviewers are told. */
export async function startCampaign(
  { db, nudge }: Place,
  id: string,
  by: Starter,
): Promise<Campaign | Refusal> {
  const lastComparedAt = (await lastComparison(db))?.startedAt ?? null;
  return await commit<Campaign | Refusal>(
    db,
    async (unit) => {
      const campaign = await unit.campaign(id);
      if (campaign === null) return { result: unknownCampaign };
      const refusal = refuseStart(campaign, { at: unit.now, lastComparedAt });
      if (refusal !== null) return { result: refusal };
      const dueAt = new Date(unit.now.getTime() + campaign.dueSeconds * 1_000);
      return {
        result: { ...campaign, state: 'open', startedAt: unit.now, dueAt },
        events: [{ type: 'campaignStarted', campaignId: campaign.id, at: unit.now, actor: by.actor, dueAt }],
      };
    },
    nudge,
  );
}

/** Ends a campaign before its time. What was decided already goes its way. */
export async function cancelCampaign(
  { db, nudge }: Place,
  id: string,
  by: Starter,
  why: string,
): Promise<Refusal | null> {
  return await commit<Refusal | null>(
    db,
    async (unit) => {
      const campaign = await unit.campaign(id);
      if (campaign === null) return { result: unknownCampaign };
      if (campaign.state === 'closed' || campaign.state === 'cancelled')
        return {
          result: refuse('alreadySettled', 'The campaign is over already.', 'Nothing more to do.'),
        };
      const name = by.person?.name ?? ('part' in by.actor ? by.actor.part : by.actor.name);
      return {
        result: null,
        events: [
          {
            type: 'campaignCancelled',
            campaignId: campaign.id,
            at: unit.now,
            actor: by.actor,
            by: name,
            why,
          },
        ],
      };
    },
    nudge,
  );
}

export const unknownCampaign: Refusal = refuse(
  'unknownChange',
  'There is no such campaign.',
  'Look at the list of campaigns.',
);
