import { relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../core/fault.ts';
import type { Ending } from '../ending.ts';
import { COMMAND_LOOK_AGAIN_MS, COMMAND_MAX_MS, type Holder, heldTooLong, tryRunLock } from '../run-lock.ts';
import { runningEmbeddedPostgres, startEmbeddedPostgres } from '../store/postgres/embedded.ts';
import { stateFolder } from '../store/postgres/own-folder.ts';

/** Where the embedded database of a command is. */
export type CommandPlace = {
  /** Folder of all state, with the lock. */
  dir: string;
  /** Folder of this database. */
  database: string;
};

/** Latchkey starts and ends within seconds: what takes longer is worth a word. */
const WORTH_A_WORD_MS = 1_000;

/**
 * Calls `work` with the address of the embedded database. That is the database of the Latchkey that runs in this
 * folder. When none runs, a database is started for the time of the command, under the folder's lock. Another command
 * is waited for. Throws `config.invalid` and `store.unavailable`, with what to do.
 */
export async function withEmbeddedDatabase(
  place: CommandPlace,
  { ending, note }: { ending: Ending; note: (line: string) => void },
  work: (url: string) => Promise<void>,
): Promise<void> {
  const { dir, database } = place;
  const own = { by: 'command', database: resolve(database) } as const;
  const startedAt = performance.now();
  // Before anything is made: a database that is another user's is not used, nor is one begun beside it.
  await databaseOfRunning(place);
  for (let isTold = false; ; ) {
    const taken = await orAnothers(dir, async () => {
      for (const folder of [dir, resolve(database, '..')]) stateFolder(folder);
      return await tryRunLock(dir, own);
    });
    if ('release' in taken) {
      note('Latchkey does not run here: its embedded database is started for this command.');
      ending.begun('the folder’s lock', taken.release);
      try {
        const postgres = await startEmbeddedPostgres(database);
        ending.begun('PostgreSQL', () => postgres.stop());
        return await work(postgres.url);
      } finally {
        await ending.endAll();
      }
    }
    const { heldBy } = taken;
    refuseAnotherDatabase(heldBy, own.database);
    const url = heldBy.by === 'latchkey' ? await databaseOfRunning(place) : null;
    if (url !== null) return await beside(heldBy, place, () => work(url));
    const waitedMs = performance.now() - startedAt;
    if (waitedMs > COMMAND_MAX_MS) throw heldBy.by === 'command' ? heldTooLong(heldBy.pid) : notThere(heldBy);
    if (waitedMs > WORTH_A_WORD_MS && !isTold) {
      isTold = true;
      note(
        heldBy.by === 'command'
          ? `Another command (process ${heldBy.pid}) uses the embedded database: waiting for its end.`
          : `Latchkey (process ${heldBy.pid}) starts or ends: waiting for its embedded database.`,
      );
    }
    await sleep(COMMAND_LOOK_AGAIN_MS);
  }
}

/** Address of the embedded database of the Latchkey that runs in this folder; null: none runs. */
export async function databaseOfRunning({ dir, database }: CommandPlace): Promise<string | null> {
  return await orAnothers(dir, () => runningEmbeddedPostgres(database));
}

/** The database goes when its Latchkey does: whoever was using it is told why. */
async function beside({ pid }: Holder, place: CommandPlace, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const isGone =
      error instanceof Fault &&
      error.code === 'store.unavailable' &&
      (await databaseOfRunning(place)) === null;
    if (!isGone) throw error;
    throw new Fault(
      'store.unavailable',
      `Latchkey (process ${pid}) ended while this command used its embedded database: call the command again, and look first whether it was done`,
      { retryable: true, cause: error },
    );
  }
}

/** The sandbox and an installation have a database each, and one lock for both. */
function refuseAnotherDatabase({ pid, database }: Holder, own: string): void {
  if (database === '' || database === own) return;
  throw new Fault(
    'config.invalid',
    `Latchkey (process ${pid}) runs in this folder on the database in ${relative('', database)}, and this command is for the one in ${relative('', own)}: give it the settings that Latchkey was started with, or stop that Latchkey`,
    { retryable: false },
  );
}

function notThere({ pid }: Holder): Fault {
  return new Fault(
    'store.unavailable',
    `Latchkey (process ${pid}) runs in this folder, and its embedded database does not answer: see its log, or start it again`,
    { retryable: true },
  );
}

/** The system refuses access here because the folder is another user's. */
async function orAnothers<T>(dir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!['EACCES', 'EPERM'].includes((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
    throw new Fault(
      'config.invalid',
      `the folder ${dir} is another user’s: call the command as the user who runs Latchkey`,
      { retryable: false, cause },
    );
  }
}
