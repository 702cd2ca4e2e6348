import { type Kysely, sql } from 'kysely';

/** What the model answered to which facts, and what each day has cost. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table model_answers (
      -- fingerprint of model, prompt and facts
      key text primary key,
      raw jsonb not null,
      model text not null,
      answered_at timestamptz not null default clock_timestamp()
    );
    create index model_answers_age on model_answers (answered_at);

    -- days of UTC
    create table model_spending (day date primary key, tokens bigint not null);
  `.execute(db);
}
