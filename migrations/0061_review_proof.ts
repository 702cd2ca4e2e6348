import { type Kysely, sql } from 'kysely';

/**
 * A decided line is proven, also one that had ended by itself. What is objected to is answered. A digest goes by the
 * time zone that chat has, where the directory has none.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table campaign_lines
      -- why a decided line can't be carried out yet; null: it can be, or was
      add column carry_trouble text,
      -- of a rule that its reviewer objected to: {by, why, at}; null: nobody has answered yet
      add column answer jsonb;
    update campaign_lines set carried_at = decided_at where decision = 'gone' and carried_at is null;
    drop index campaign_lines_uncarried;
    create index campaign_lines_uncarried on campaign_lines (campaign_id, n)
      where decision in ('revoke', 'doNotRenew', 'gone') and carried_at is null;
    -- of people whose time zone the directory does not have: what chat has, and when it was asked
    create table chat_time_zones (
      person_id uuid primary key references people (id),
      -- null: chat has none either
      time_zone text,
      asked_at timestamptz not null
    );
    -- where the time zone of a digest comes from: directory, chat, or neither
    alter table digests add column zone_from text;
    create index campaign_lines_objected on campaign_lines (campaign_id, n) where decision = 'object';
  `.execute(db);
}
