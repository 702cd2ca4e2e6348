import type { Selectable } from 'kysely';
import type { Db, Tx } from './postgres/database.ts';
import type { Tables } from './schema/tables.ts';

/** A time in which an identity provider carried nothing to us. Of each at most one is not over. */
export type StoredProvisioningTrouble = {
  id: string;
  /** `system` of the identity provider. */
  idp: string;
  since: Date;
  what: string;
  said: string | null;
  next: string;
  backAt: Date | null;
};

export async function openProvisioningTroubles(db: Db | Tx): Promise<StoredProvisioningTrouble[]> {
  const rows = await db
    .selectFrom('provisioning_troubles')
    .selectAll()
    .where('back_at', 'is', null)
    .orderBy('idp')
    .execute();
  return rows.map(toTrouble);
}

/** Answers whether it is the first to say so. */
export async function beginProvisioningTrouble(
  tx: Tx,
  trouble: Omit<StoredProvisioningTrouble, 'backAt'>,
): Promise<boolean> {
  const begun = await tx
    .insertInto('provisioning_troubles')
    .values({ ...trouble, back_at: null })
    .onConflict((c) => c.doNothing())
    .returning('id')
    .executeTakeFirst();
  return begun !== undefined;
}

/** The provider says something else of it now. */
export async function changeProvisioningTrouble(
  tx: Tx,
  id: string,
  { what, said, next }: Pick<StoredProvisioningTrouble, 'what' | 'said' | 'next'>,
): Promise<void> {
  await tx.updateTable('provisioning_troubles').set({ what, said, next }).where('id', '=', id).execute();
}

/** Answers whether it was open: another replica may have ended it a moment earlier. */
export async function endProvisioningTrouble(tx: Tx, id: string, at: Date): Promise<boolean> {
  const ended = await tx
    .updateTable('provisioning_troubles')
    .set({ back_at: at })
    .where('id', '=', id)
    .where('back_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return ended !== undefined;
}

export async function readProvisioningTrouble(db: Db, id: string): Promise<StoredProvisioningTrouble | null> {
  const row = await db
    .selectFrom('provisioning_troubles')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  return row === undefined ? null : toTrouble(row);
}

function toTrouble({
  back_at,
  ...row
}: Selectable<Tables['provisioning_troubles']>): StoredProvisioningTrouble {
  return { ...row, backAt: back_at };
}
