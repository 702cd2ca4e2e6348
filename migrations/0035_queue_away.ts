import { type Kysely, sql } from 'kysely';

/** A queue that takes no work: what was handed out and begun, and what the admins were told. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- begun, by whoever has the lease; what was only put into the queue may have to be taken back from it
    alter table outbox add column taken boolean not null default false;

    create table queue_troubles (
      id uuid primary key,
      since timestamptz not null,
      -- what the queue says, in words
      why text not null,
      -- when a replica last was without the queue
      seen_at timestamptz not null,
      back_at timestamptz
    );
    -- However many replicas are without it, it is told once.
    create unique index queue_troubles_one_open on queue_troubles ((true)) where back_at is null;
  `.execute(db);
}
