import type { Selectable } from 'kysely';
import type { Db, Tx } from './postgres/database.ts';
import type { Tables } from './schema/tables.ts';

/** A policy that could not be put in force: the one before it stays. At most one is not mended. */
export type PolicyTrouble = {
  id: string;
  since: Date;
  /** Each with file and line. */
  mistakes: string[];
  mendedAt: Date | null;
};

function toTrouble(row: Selectable<Tables['policy_troubles']>): PolicyTrouble {
  return { id: row.id, since: row.since, mistakes: row.mistakes, mendedAt: row.mended_at };
}

/** Keeps the texts of a policy under its fingerprint. */
export async function keepPolicy(
  tx: Tx,
  fingerprint: string,
  texts: Readonly<Record<string, string>>,
): Promise<void> {
  await tx
    .insertInto('policies')
    .values({ fingerprint, texts: JSON.stringify(texts) })
    .onConflict((c) => c.column('fingerprint').doNothing())
    .execute();
}

/** The fingerprint of the policy that the audit has as put in force last; null: it has none at hand. */
export async function lastInForce(tx: Tx): Promise<string | null> {
  const row = await tx
    .selectFrom('audit')
    .select('data')
    .where('type', '=', 'policyLoaded')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return (row?.data as { fingerprint?: string } | undefined)?.fingerprint ?? null;
}

/** The fingerprints of kept policies that begin so; two of them are enough to know that there are several. */
export async function policiesNamed(db: Db, beginning: string): Promise<string[]> {
  const rows = await db
    .selectFrom('policies')
    .select('fingerprint')
    .where(({ fn, val }) => fn<boolean>('starts_with', ['fingerprint', val(beginning)]))
    .orderBy('fingerprint')
    .limit(2)
    .execute();
  return rows.map(({ fingerprint }) => fingerprint);
}

/** Reads what is not mended and holds it until the transaction ends. */
export async function lockOpenTrouble(tx: Tx): Promise<PolicyTrouble | null> {
  const row = await tx
    .selectFrom('policy_troubles')
    .selectAll()
    .where('mended_at', 'is', null)
    .forUpdate()
    .executeTakeFirst();
  return row === undefined ? null : toTrouble(row);
}

/** What is wrong with the policy's files now; null: nothing. */
export async function policyTroubleNow(db: Db): Promise<PolicyTrouble | null> {
  const row = await db
    .selectFrom('policy_troubles')
    .selectAll()
    .where('mended_at', 'is', null)
    .executeTakeFirst();
  return row === undefined ? null : toTrouble(row);
}

export async function readTrouble(db: Db, id: string): Promise<PolicyTrouble | null> {
  const row = await db.selectFrom('policy_troubles').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toTrouble(row);
}

/** False: another replica told of one a moment earlier. */
export async function openTrouble(tx: Tx, trouble: PolicyTrouble): Promise<boolean> {
  const opened = await tx
    .insertInto('policy_troubles')
    .values({
      id: trouble.id,
      since: trouble.since,
      mistakes: JSON.stringify(trouble.mistakes),
      mended_at: null,
    })
    .onConflict((c) => c.doNothing())
    .returning('id')
    .executeTakeFirst();
  return opened !== undefined;
}

export async function changeTrouble(
  tx: Tx,
  id: string,
  to: { mistakes: readonly string[] } | { mendedAt: Date },
): Promise<void> {
  await tx
    .updateTable('policy_troubles')
    .set('mistakes' in to ? { mistakes: JSON.stringify(to.mistakes) } : { mended_at: to.mendedAt })
    .where('id', '=', id)
    .execute();
}
