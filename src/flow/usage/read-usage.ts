import { Fault } from '../../core/fault.ts';
import { faultInWords } from '../../core/fault-words.ts';
import type { UsePage, UseRecord } from '../../ports/usage.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { keepTeamEvents } from '../../store/team-events.ts';
import {
  noteUsesRead,
  noteUsesUnread,
  readUsePosition,
  recordUses,
  writeUsePosition,
} from '../../store/usage.ts';
import { commit } from '../kernel/commit.ts';
import type { Context } from '../kernel/context.ts';

/**
 * After a longer absence of Latchkey, uses may have fallen out of the record. Then it is read from its beginning again.
 */
const AWAY_MAX_MS = 25 * 24 * 3_600_000;

type Needs = Pick<Context, 'db' | 'idps' | 'mulesoft' | 'catalogue' | 'log'>;

/**
 * Reads on in every record of who used Anypoint. Each page is stored with where to go on. One that can't be read holds
 * up none of the others, and why is kept: "could not check" is not "unused".
 */
export async function readUsageOnce(context: Needs): Promise<void> {
  const records = [
    ...context.mulesoft.useRecords,
    ...context.idps.all.flatMap(({ signIns }) => signIns ?? []),
  ];
  for (const record of records)
    try {
      await readOn(context, record);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      context.log.warn({ source: record.source, err: error.message }, 'when people used Anypoint not read');
      await commit(context.db, async ({ tx }) => {
        await noteUsesUnread(tx, record, `${record.name} could not be read: ${faultInWords(error)}`);
        return { result: null };
      });
    }
}

async function readOn(context: Needs, record: UseRecord): Promise<void> {
  const beganAt = await databaseNow(context.db);
  const known = await readUsePosition(context.db, record.source);
  const isAnew = known?.checkedAt == null || beganAt.getTime() - known.checkedAt.getTime() > AWAY_MAX_MS;
  // A first look that was not finished goes on where it was.
  const from = known !== null && (known.checkedAt === null || !isAnew) ? known.position : null;
  let isWhole = false;
  for await (const page of record.read(from)) {
    await store(context, record, page, isAnew && from === null);
    isWhole = page.isEnd;
  }
  if (!isWhole) return;
  await commit(context.db, async ({ tx }) => {
    await noteUsesRead(tx, record.source, beganAt);
    return { result: null };
  });
}

async function store(context: Needs, record: UseRecord, page: UsePage, isAnew: boolean): Promise<void> {
  await commit(context.db, async ({ tx }) => {
    await keepTeamEvents(tx, page.teamEvents ?? []);
    await recordUses(tx, record, page.uses, context.catalogue.current().digest.unusedSeconds);
    await writeUsePosition(tx, record, page, isAnew);
    return { result: null };
  });
}
