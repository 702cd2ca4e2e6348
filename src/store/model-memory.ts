import { sql } from 'kysely';
import type { Db } from './postgres/database.ts';

/** An answer as it came, unchecked: checks are made anew whenever it is used. */
export type Remembered = { raw: unknown; model: string };

/** The replicas' shared memory of the model: answers by a fingerprint of the question, and what the day has cost. */
export type ModelMemory = {
  recall(key: string): Promise<Remembered | null>;
  remember(key: string, answer: Remembered): Promise<void>;
  /** Sets tokens aside for a question; false: the day (UTC) has not so many left. */
  reserve(tokens: number): Promise<boolean>;
  /** Puts in the place of what was set aside what it came to. */
  settle(reserved: number, spent: number): Promise<void>;
};

const KEPT_DAYS = 30;
/** Old answers are dropped so often, in milliseconds, and when the first is remembered. */
const DROP_EVERY_MS = 3_600_000;

/** `dailyTokens` null: no limit; what is spent is counted all the same. */
export function createModelMemory(db: Db, dailyTokens: number | null): ModelMemory {
  let dropAt = 0;
  const today = sql`(clock_timestamp() at time zone 'utc')::date`;
  return {
    async recall(key) {
      const row = await db
        .selectFrom('model_answers')
        .select(['raw', 'model'])
        .where('key', '=', key)
        .executeTakeFirst();
      return row ?? null;
    },
    async remember(key, { raw, model }) {
      await db
        .insertInto('model_answers')
        .values({ key, raw: JSON.stringify(raw), model })
        .onConflict((c) => c.column('key').doNothing())
        .execute();
      if (performance.now() < dropAt) return;
      dropAt = performance.now() + DROP_EVERY_MS;
      await db
        .deleteFrom('model_answers')
        .where('answered_at', '<', sql<Date>`clock_timestamp() - ${KEPT_DAYS} * interval '1 day'`)
        .execute();
    },
    async reserve(tokens) {
      if (dailyTokens === null) return true;
      const { rows } = await sql`
        insert into model_spending as s (day, tokens)
        select ${today}, ${tokens}::bigint where ${tokens}::bigint <= ${dailyTokens}::bigint
        on conflict (day) do update set tokens = s.tokens + excluded.tokens
          where s.tokens + excluded.tokens <= ${dailyTokens}::bigint
        returning day`.execute(db);
      return rows.length === 1;
    },
    async settle(reserved, spent) {
      // Without a limit nothing was set aside.
      if (dailyTokens === null)
        await sql`insert into model_spending as s (day, tokens) values (${today}, ${spent}::bigint)
          on conflict (day) do update set tokens = s.tokens + excluded.tokens`.execute(db);
      else
        await sql`
          update model_spending set tokens = greatest(0, tokens + ${spent - reserved}::bigint)
          where day = ${today}`.execute(db);
    },
  };
}
