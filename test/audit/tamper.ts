import { sql } from 'kysely';
import type { Db } from '../../src/store/postgres/database.ts';

/** An act that only the owner of the tables can do: triggers off, change, triggers on. */
export async function tamper(db: Db, statements: string): Promise<void> {
  const { rows } = await sql<{ of: string }>`
    select format('alter table %s %%s trigger %I', tgrelid::regclass, tgname) as of from pg_trigger
    where tgfoid = 'refuse_rewrite'::regproc`.execute(db);
  const all = (how: string) => rows.map(({ of }) => of.replace('%s', how)).join('; ');
  await sql
    .raw(
      // Foreign keys do not look either.
      `begin; set local session_replication_role = replica; ${all('disable')}; ${statements}; ${all('enable always')}; commit`,
    )
    .execute(db);
}
