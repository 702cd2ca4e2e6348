import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { Fault } from '../core/fault.ts';
import { type Db, poolOf } from '../store/postgres/database.ts';
import { type Scanned, scan } from './scan.ts';
import { type AuditCheck, type VerifyOptions, verifyAudit } from './verify.ts';

const WORKERS_MAX = 8;

/**
 * As `verifyAudit`, on all processors: this one reads stretches too, and begins while the workers start. For a process
 * that does nothing else meanwhile. `url`: of the database. Throws `store.unavailable`.
 */
export async function verifyAtOnce(db: Db, url: string, options: VerifyOptions = {}): Promise<AuditCheck> {
  const count = Math.min(WORKERS_MAX, availableParallelism());
  const here: Scanner = {
    scan: (stretch, archives) => scan(poolOf(db), stretch, archives),
    end: async () => {},
  };
  const idle = [...Array.from({ length: count - 1 }, () => startWorker(url)), here];
  const scanners = [...idle];
  try {
    return await verifyAudit(db, {
      ...options,
      atOnce: count,
      // As many are asked at a time as there are.
      async scan(stretch, archives) {
        const scanner = idle.pop() as Scanner;
        const scanned = await scanner.scan(stretch, archives);
        idle.push(scanner);
        return scanned;
      },
    });
  } finally {
    await Promise.all(scanners.map((scanner) => scanner.end()));
  }
}

type Scan = NonNullable<VerifyOptions['scan']>;
type Scanner = { scan: Scan; end(): Promise<unknown> };

function startWorker(url: string): Scanner {
  const worker = new Worker(new URL('./verify-worker.ts', import.meta.url), { workerData: url });
  return {
    scan: (stretch, archives) =>
      new Promise<Scanned>((resolve, reject) => {
        const fail = (why: string) =>
          reject(new Fault('store.unavailable', `the audit can’t be read: ${why}`, { retryable: true }));
        worker.once('error', (error) => fail(error.message));
        worker.once('message', (answer: { done: Scanned } | { why: string }) => {
          worker.removeAllListeners('error');
          if ('done' in answer) resolve(answer.done);
          else fail(answer.why);
        });
        worker.postMessage({ stretch, archives });
      }),
    end: () => worker.terminate(),
  };
}
