import type { FastifyInstance } from 'fastify';
import type { Guard } from './guard.ts';
import { isBearer, type ReadCheck } from './read-door.ts';
import { acceptsWork, type Readiness } from './readiness.ts';

/** A report is good for so long, in milliseconds: anybody may ask, and each costs the database some queries. */
const REPORT_KEPT_MS = 250;

/**
 * `/healthz` and `/readyz`. Anybody is told whether it works, for a load balancer asks that. Only the holder of the
 * READ_TOKEN is told the details: names of groups, rules and faults.
 */
export function healthRoutes(
  app: FastifyInstance,
  { guard, mayRead, report }: { guard: Guard; mayRead: ReadCheck; report: () => Promise<Readiness> },
): void {
  let latest: { at: number; report: Promise<Readiness> } | null = null;
  const current = () => {
    if (latest === null || performance.now() - latest.at > REPORT_KEPT_MS)
      latest = { at: performance.now(), report: report() };
    return latest.report;
  };
  app.get('/healthz', { onRequest: guard.forAnybody }, async (request) =>
    (await mayRead(request)) ? { ok: true, pid: process.pid } : { ok: true },
  );
  app.get('/readyz', { onRequest: guard.forAnybody }, async (request, reply) => {
    const isReader = await mayRead(request);
    if (!isReader && isBearer(request)) await guard.refused(request, 'read');
    const full = await current();
    return reply.code(acceptsWork(full) ? 200 : 503).send(isReader ? full : { ready: full.ready });
  });
}
