import { randomUUID } from 'node:crypto';
import {
  endQueueTrouble,
  isQueueTroubleOver,
  type QueueTrouble,
  queueTroubleSeen,
  readQueueTrouble,
} from '../../store/queue-troubles.ts';
import { commit, type Outcome, type Unit } from '../kernel/commit.ts';
import type { Data, Parties, Runtime } from '../kernel/context.ts';
import { noteAndTell } from '../messages/note-and-tell.ts';
import { adminContacts } from '../people/admins.ts';
import type { Named } from '../people/named.ts';

/** Everything the message about a queue that takes no work is made of. */
export type QueueView = { trouble: QueueTrouble; channel: string; admins: Named[] };

/** Shorter than this is a failover that went well, in milliseconds: nobody has to be told. */
const TOLD_AFTER_MS = 5_000;

/**
 * Tells the catalogue's admins that the queue is away, once, however many replicas are without it, and once that it is
 * back. Looked at every few seconds.
 */
export async function tellOfQueue(context: Data & Runtime): Promise<void> {
  const away = context.queueAway();
  if (away === null) {
    if (await isQueueTroubleOver(context.db)) await commit(context.db, backAgain, context.nudge);
  } else if (Date.now() - away.since.getTime() >= TOLD_AFTER_MS)
    await commit(
      context.db,
      async (unit) => {
        const { since, why } = away;
        const id = await queueTroubleSeen(unit.tx, { id: randomUUID(), since, why });
        return id === null ? { result: null } : told(unit, 'queueAway', id, { since, why });
      },
      context.nudge,
    );
}

async function backAgain(unit: Unit): Promise<Outcome<null>> {
  const trouble = await endQueueTrouble(unit.tx, unit.now);
  if (trouble === null) return { result: null };
  return told(unit, 'queueBack', trouble.id, { since: trouble.since });
}

export async function readQueueView(context: Data & Parties, id: string): Promise<QueueView | null> {
  const trouble = await readQueueTrouble(context.db, id);
  return trouble === null ? null : { trouble, ...(await adminContacts(context)) };
}

function told(
  unit: Unit,
  type: 'queueAway' | 'queueBack',
  id: string,
  data: Record<string, unknown>,
): Outcome<null> {
  return { result: null, ...noteAndTell(unit, { about: 'queue', id }, type, data) };
}
