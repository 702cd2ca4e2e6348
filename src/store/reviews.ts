import { sql } from 'kysely';
import { inTheirName } from '../core/policy/routing.ts';
import { type Campaign, type CampaignEvent, evolveCampaign } from '../core/review/campaign.ts';
import type { Db, Tx } from './postgres/database.ts';
import { later } from './postgres/transaction.ts';
import { revive } from './revive.ts';
import { unfinishedCampaign } from './states.ts';

export async function readCampaign(db: Db | Tx, id: string): Promise<Campaign | null> {
  const row = await db.selectFrom('campaigns').select('doc').where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : revive<Campaign>(row.doc);
}

/** Reads it and holds its row until the transaction ends. */
export async function lockCampaign(tx: Tx, id: string): Promise<Campaign | null> {
  const row = await tx
    .selectFrom('campaigns')
    .select('doc')
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return row === undefined ? null : revive<Campaign>(row.doc);
}

/** Campaigns whose id begins so, newest first: people type the beginning of one. */
export async function campaignsNamed(db: Db, beginning: string): Promise<Campaign[]> {
  const rows = await db
    .selectFrom('campaigns')
    .select('doc')
    .where(sql<boolean>`starts_with(id::text, ${beginning.toLowerCase()})`)
    .orderBy('opened_at', 'desc')
    .execute();
  return rows.map((row) => revive<Campaign>(row.doc));
}

/** The newest first. */
export async function campaigns(db: Db, limit: number): Promise<Campaign[]> {
  const rows = await db
    .selectFrom('campaigns')
    .select('doc')
    .orderBy('opened_at', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => revive<Campaign>(row.doc));
}

/** Those in which something is still to happen, oldest first. */
export async function unfinishedCampaigns(db: Db): Promise<Campaign[]> {
  const rows = await db
    .selectFrom('campaigns')
    .select('doc')
    .where(sql<boolean>`state in ${unfinishedCampaign}`)
    .orderBy('opened_at')
    .execute();
  return rows.map((row) => revive<Campaign>(row.doc));
}

/**
 * When each entitlement was last put to review by a campaign that covers all who hold it, by its key. Also since when
 * its group is looked at. `null`: never.
 */
export async function lastReviewed(db: Db, keys: readonly string[]): Promise<Map<string, Date>> {
  const { rows } = await sql<{ key: string; at: Date }>`
    select k.key, max(c.opened_at) as at from unnest(${[...keys]}::text[]) as k (key)
    join campaigns c on k.key = any(c.entitlement_keys) and c.state <> 'cancelled'
      and c.doc->'scope'->'people' = 'null'::jsonb and c.doc->'scope'->'departments' = 'null'::jsonb
      and c.doc->'scope'->'sinceAt' = 'null'::jsonb and c.doc->'scope'->'unusedDays' = 'null'::jsonb
      and c.doc->'scope'->'ends' = 'null'::jsonb
    group by k.key`.execute(db);
  return new Map(rows.map(({ key, at }) => [key, at]));
}

/** When each of these groups was first looked at. */
export async function firstLookedAt(db: Db, groupIds: readonly string[]): Promise<Map<string, Date>> {
  if (groupIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('baselines')
    .select(['group_id', 'taken_at'])
    .where('group_id', 'in', [...groupIds])
    .execute();
  return new Map(rows.map(({ group_id, taken_at }) => [group_id, taken_at]));
}

/** Applies an event to the stored campaign and its lines. Only commit.ts calls this. */
export async function writeCampaignEvent(
  tx: Tx,
  before: Campaign | null,
  event: CampaignEvent,
): Promise<Campaign> {
  const after = evolveCampaign(before, event);
  const columns = { state: after.state, version: after.version, doc: JSON.stringify(after) };
  if (before === null)
    await tx
      .insertInto('campaigns')
      .values({
        ...columns,
        id: after.id,
        opened_at: after.openedAt,
        entitlement_keys: [],
      })
      .execute();
  else await later(tx, tx.updateTable('campaigns').set(columns).where('id', '=', after.id).compile());
  await writeLines(tx, event);
  return after;
}

async function writeLines(tx: Tx, event: CampaignEvent): Promise<void> {
  switch (event.type) {
    case 'snapshotTaken':
      await tx
        .updateTable('campaigns')
        .set({ entitlement_keys: event.keys })
        .where('id', '=', event.campaignId)
        .execute();
      return;
    case 'linesSubmitted':
      await sql`
        update campaign_lines l set decision = d.decision, comment = d.comment, decided_at = ${event.at},
          decided_by = ${event.by?.id ?? null}::uuid, decided_by_name = ${event.by === null ? null : inTheirName(event.by.name, event.by.insteadOf, (text) => text)}
        from jsonb_to_recordset(${JSON.stringify(event.lines)}::jsonb) as d (n int, decision text, comment text)
        where l.campaign_id = ${event.campaignId} and l.n = d.n and l.decision is null`.execute(tx);
      await noteClick(tx, event, event.by);
      return;
    case 'linesDropped':
      await sql`
        update campaign_lines set decision = 'gone', comment = ${event.why}, decided_at = ${event.at}
        where campaign_id = ${event.campaignId} and n = any(${event.lines}::int[]) and decision is null`.execute(
        tx,
      );
      return;
    case 'objectionAnswered':
      await sql`
        update campaign_lines set answer = ${JSON.stringify({ by: event.by, why: event.why, at: event.at })}::jsonb
        where campaign_id = ${event.campaignId} and n = any(${event.lines}::int[]) and decision = 'object'
          and answer is null`.execute(tx);
      return;
    case 'linesReassigned':
      await sql`
        update campaign_lines set reviewer_id = ${event.to.id}, hops = hops + 1, handed_on = ${event.why},
          draft = null, draft_comment = null, drafted_at = null, draft_in_bulk = false, shown_at = null
        where campaign_id = ${event.campaignId} and n = any(${event.lines}::int[]) and decision is null`.execute(
        tx,
      );
      await sql`
        insert into campaign_reviewers (id, campaign_id, person_id, name)
        values (gen_random_uuid(), ${event.campaignId}, ${event.to.id}, ${event.to.name})
        on conflict (campaign_id, person_id) do nothing`.execute(tx);
      await noteClick(tx, event, event.from);
      return;
    case 'reviewersReminded':
      await sql`
        update campaign_reviewers set reminders = array_append(reminders, ${event.which}::text)
        where campaign_id = ${event.campaignId} and person_id = any(${event.reviewers}::uuid[])`.execute(tx);
      return;
    default:
  }
}

/** A click that counted is known again when it comes twice. */
async function noteClick(
  tx: Tx,
  event: Pick<CampaignEvent, 'campaignId'> & { clickId: string | null },
  by: { id: string } | null,
): Promise<void> {
  if (by === null || event.clickId === null) return;
  await sql`update campaign_reviewers set clicks = array_append(clicks, ${event.clickId}::text)
    where campaign_id = ${event.campaignId} and person_id = ${by.id}`.execute(tx);
}

/** Whether this click of somebody's has counted already. */
export async function isCounted(tx: Tx, part: { id: string }, clickId: string): Promise<boolean> {
  const { rows } = await sql`
    select from campaign_reviewers where id = ${part.id} and ${clickId} = any(clicks)`.execute(tx);
  return rows.length > 0;
}
