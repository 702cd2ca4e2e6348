import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

export const vendors = ['slack', 'okta', 'entra', 'anypoint', 'model', 'tickets'] as const;
export type Vendor = (typeof vendors)[number];

/**
 * How an emulator is told to misbehave. `POST /control/faults` with one of these; `DELETE /control/faults`
 * takes all away. The first fault that fits a request and has turns left is applied.
 */
export const faultSchema = z.strictObject({
  vendor: z.enum(vendors),
  /** HTTP method, or any. */
  method: z.string().optional(),
  /** Regular expression over the path below the vendor's prefix, query excluded. */
  path: z.string().optional(),
  /**
   * `status`: answer `status` with the vendor's own error body and no effect. `latency`: wait `ms`, then serve.
   * `timeout`: never answer, no effect. `timeoutAfterWrite`: have the effect, never answer.
   * `disconnect`: cut the connection, no effect. `dropWrite`: answer success, have no effect.
   */
  kind: z.enum(['status', 'latency', 'timeout', 'timeoutAfterWrite', 'disconnect', 'dropWrite']),
  status: z.int().min(400).max(599).optional(),
  ms: z.int().min(0).optional(),
  /** How many requests it hits; absent: until taken away. */
  times: z.int().min(1).optional(),
});
export type FaultSpec = z.infer<typeof faultSchema>;

export type SeenRequest = { vendor: Vendor; method: string; path: string; at: number; status: number | null };

const SEEN_KEPT = 20_000;

/** The faults in force, and a record of every request that reached an emulator. */
export class FaultPlan {
  #faults: FaultSpec[] = [];
  #seen: SeenRequest[] = [];

  add(spec: FaultSpec): void {
    this.#faults.push({ ...spec });
  }

  clear(): void {
    this.#faults = [];
  }

  list(): readonly FaultSpec[] {
    return this.#faults;
  }

  seen(filter: { vendor?: Vendor; method?: string; path?: string } = {}): SeenRequest[] {
    const path = filter.path === undefined ? null : new RegExp(filter.path);
    return this.#seen.filter(
      (r) =>
        (filter.vendor === undefined || r.vendor === filter.vendor) &&
        (filter.method === undefined || r.method === filter.method) &&
        (path === null || path.test(r.path)),
    );
  }

  forgetSeen(): void {
    this.#seen = [];
  }

  /** Takes a turn of the first fault that fits, if any. */
  take(vendor: Vendor, method: string, path: string): FaultSpec | null {
    for (const fault of this.#faults) {
      if (fault.vendor !== vendor) continue;
      if (fault.method !== undefined && fault.method !== method) continue;
      if (fault.path !== undefined && !new RegExp(fault.path).test(path)) continue;
      if (fault.times !== undefined) {
        fault.times -= 1;
        if (fault.times === 0) this.#faults = this.#faults.filter((f) => f !== fault);
      }
      return fault;
    }
    return null;
  }

  note(seen: SeenRequest): void {
    this.#seen.push(seen);
    if (this.#seen.length > SEEN_KEPT) this.#seen.splice(0, SEEN_KEPT / 2);
  }
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set when the vendor is told to lose this write: answer success, change nothing. */
    dropWrite?: boolean;
  }
}

/**
 * Puts a vendor's routes under the fault plan. `prefix` is what to cut off the URL; `errorBody` writes the
 * vendor's own error answer (status, headers and body) for a `status` fault.
 */
export function underFaults(
  app: FastifyInstance,
  plan: FaultPlan,
  { vendor, prefix }: { vendor: Vendor; prefix: string },
  errorBody: (status: number, reply: FastifyReply, request: FastifyRequest) => unknown,
): void {
  app.addHook('onRequest', async (request, reply) => {
    const path = (request.url.split('?')[0] ?? '').slice(prefix.length);
    if (path.startsWith('/sim')) return;
    const record: SeenRequest = { vendor, method: request.method, path, at: Date.now(), status: null };
    plan.note(record);
    reply.raw.once('finish', () => {
      record.status = reply.statusCode;
    });
    const fault = plan.take(vendor, request.method, path);
    if (fault === null) return;
    switch (fault.kind) {
      case 'latency':
        await sleep(fault.ms ?? 1_000);
        return;
      case 'status':
        if (fault.ms !== undefined) await sleep(fault.ms);
        return reply.send(errorBody(fault.status ?? 500, reply.code(fault.status ?? 500), request));
      case 'timeout':
        reply.hijack();
        return;
      case 'disconnect':
        reply.hijack();
        request.raw.socket.destroy();
        return;
      case 'dropWrite':
        request.dropWrite = true;
        return;
      case 'timeoutAfterWrite':
        // The route runs and has its effect; the answer is never sent.
        reply.raw.end = (() => reply.raw) as typeof reply.raw.end;
        reply.raw.write = (() => true) as typeof reply.raw.write;
        return;
    }
  });
}
