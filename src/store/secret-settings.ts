import { sql } from 'kysely';
import type { Db, Tx } from './postgres/database.ts';

/** What is known of a secret that is read from elsewhere. */
export type SecretSeen = {
  name: string;
  source: string;
  version: string;
  madeAt: Date | null;
  lastUsedAt: Date | null;
  trouble: string | null;
};

/** A version of a secret that was in use for longer than it should be. */
export type AgedSecret = {
  id: string;
  name: string;
  source: string;
  version: string;
  madeAt: Date;
  replacedAt: Date | null;
};

/** Notes what this process knows of them; the latest use of all replicas is kept. */
export async function noteSecrets(db: Db, seen: readonly SecretSeen[]): Promise<void> {
  for (const { name, source, version, madeAt, lastUsedAt, trouble } of seen)
    await sql`insert into secret_settings (name, source, version, made_at, last_used_at, trouble)
      values (${name}, ${source}, ${version}, ${madeAt}, ${lastUsedAt}, ${trouble})
      on conflict (name) do update set source = excluded.source, version = excluded.version,
        made_at = excluded.made_at, trouble = excluded.trouble,
        last_used_at = greatest(secret_settings.last_used_at, excluded.last_used_at)`.execute(db);
}

/** By setting, when each was last used, by whichever replica. */
export async function secretsUsed(db: Db): Promise<Map<string, Date>> {
  const rows = await db.selectFrom('secret_settings').select(['name', 'last_used_at']).execute();
  return new Map(rows.flatMap(({ name, last_used_at: at }) => (at === null ? [] : [[name, at] as const])));
}

/** False when this version of it was told of before. */
export async function ageSeen(
  tx: Tx,
  { id, name, source, version, madeAt }: Omit<AgedSecret, 'replacedAt'>,
): Promise<boolean> {
  const made = await tx
    .insertInto('aged_secrets')
    .values({
      ...{ id, name, source, version, made_at: madeAt, replaced_at: null },
      told_at: sql<Date>`clock_timestamp()`,
    })
    .onConflict((c) => c.doNothing())
    .returning('id')
    .executeTakeFirst();
  return made !== undefined;
}

/** Ends what was told of other versions of this setting. Answers their ids. */
export async function ageOver(tx: Tx, name: string, version: string): Promise<string[]> {
  const rows = await tx
    .updateTable('aged_secrets')
    .set({ replaced_at: sql<Date>`clock_timestamp()` })
    .where('name', '=', name)
    .where('version', '<>', version)
    .where('replaced_at', 'is', null)
    .returning('id')
    .execute();
  return rows.map(({ id }) => id);
}

export async function readAgedSecret(db: Db, id: string): Promise<AgedSecret | null> {
  const row = await db.selectFrom('aged_secrets').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) return null;
  const { name, source, version, made_at: madeAt, replaced_at: replacedAt } = row;
  return { id, name, source, version, madeAt, replacedAt };
}
