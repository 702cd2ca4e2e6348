import { type Kysely, sql } from 'kysely';

/** Checkpoints of the audit that were put somewhere else, where the owner of the database can't reach them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table audit_anchors (
      id uuid primary key,
      size bigint not null,
      note text not null,
      made_at timestamptz not null
    );
    create index audit_anchors_made on audit_anchors (made_at)`.execute(db);
}
