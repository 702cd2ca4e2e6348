import type { Selectable } from 'kysely';
import type { Db, Tx } from './postgres/database.ts';
import type { Tables } from './schema/tables.ts';

/** A time in which tickets could not be read. At most one is not over. */
export type TicketTrouble = {
  id: string;
  since: Date;
  /** In words that follow the name of the ticket system. */
  why: string;
  backAt: Date | null;
};

export async function openTicketTrouble(db: Db | Tx): Promise<TicketTrouble | null> {
  const row = await db
    .selectFrom('ticket_troubles')
    .selectAll()
    .where('back_at', 'is', null)
    .executeTakeFirst();
  return row === undefined ? null : toTrouble(row);
}

/** Answers whether it is the first to say so. */
export async function beginTicketTrouble(tx: Tx, trouble: Omit<TicketTrouble, 'backAt'>): Promise<boolean> {
  const begun = await tx
    .insertInto('ticket_troubles')
    .values({ ...trouble, back_at: null })
    .onConflict((c) => c.doNothing())
    .returning('id')
    .executeTakeFirst();
  return begun !== undefined;
}

export async function endTicketTrouble(tx: Tx, id: string, at: Date): Promise<void> {
  await tx.updateTable('ticket_troubles').set({ back_at: at }).where('id', '=', id).execute();
}

export async function readTicketTrouble(db: Db, id: string): Promise<TicketTrouble | null> {
  const row = await db.selectFrom('ticket_troubles').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toTrouble(row);
}

function toTrouble({ id, since, why, back_at }: Selectable<Tables['ticket_troubles']>): TicketTrouble {
  return { id, since, why, backAt: back_at };
}
