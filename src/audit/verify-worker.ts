import { parentPort, workerData } from 'node:worker_threads';
import type { ArchivedSegment } from '../store/audit-archives.ts';
import { openPool } from '../store/postgres/pool.ts';
import { scan } from './scan.ts';

/** Reads stretches of the trail on a processor of its own, by a connection of its own. */
const pool = openPool(workerData as string, { max: 1, name: 'latchkey audit' });

parentPort?.on(
  'message',
  async ({ stretch, archives }: { stretch: [number, number]; archives: ArchivedSegment[] }) => {
    try {
      parentPort?.postMessage({ done: await scan(pool, stretch, archives) });
    } catch (error) {
      parentPort?.postMessage({ why: (error as Error).message });
    }
  },
);
