import { type Kysely, sql } from 'kysely';

/** Access that ends with its ticket: which grants do, what is known of the tickets, and a source that can't be read. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- the ticket that the grant ends with; null: it ends at its time alone
    alter table grants add column ticket text;
    create index grants_by_ticket on grants (ticket) where ended_at is null and ticket is not null;

    -- tickets of grants that are held, as they were last read
    create table watched_tickets (
      ticket text primary key,
      -- when it was taken up, or last could be read
      read_at timestamptz not null,
      -- what the last answer was: open, closed or absent; null: there was none yet
      seen text,
      -- how many answers in a row were this one
      times integer not null default 0,
      next_at timestamptz not null,
      -- why it could not be read at the last try; null: it could
      fault text
    );
    create index watched_tickets_due on watched_tickets (next_at);

    -- a time in which tickets could not be read, which the admins were told of
    create table ticket_troubles (
      id uuid primary key,
      since timestamptz not null,
      -- in words that follow the source's name
      why text not null,
      back_at timestamptz
    );
    create unique index ticket_troubles_one_open on ticket_troubles ((true)) where back_at is null;
  `.execute(db);
}
