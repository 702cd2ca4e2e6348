import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { readBody } from './answers.ts';
import type { Organization } from './state.ts';
import { Throttle } from './throttle.ts';

/** Most rows of one JSON answer (docs-access-management, audit-logging.adoc). */
const AUDIT_LIMIT_MAX = 200;
/** Audit queries per minute and address in the US control plane; the excess is a 503 (same source). */
const AUDIT_PER_MINUTE = 700;

export type AuditRow = {
  timestamp: number;
  userId: string;
  userName: string;
  platform: string;
  action: 'Create' | 'Delete' | 'Edit' | 'Permissions change';
  objects: { objectId: string; objectName: string; objectType: string }[];
  /** JSON in a string, as the audit log carries it. */
  payload: string;
  /** Rows come late by the same lag as other reads. */
  visibleAt: number;
};

export type Actor = { id: string; name: string };

/** The connected app that Latchkey uses, as the audit log names it. */
export const connectedApp: Actor = { id: 'sandbox-anypoint-client', name: 'Latchkey (connected app)' };
export const administrator: Actor = { id: 'anypoint-administrator', name: 'Anypoint administrator' };
export const signInClaim: Actor = { id: 'external-identity', name: 'External identity provider' };

export class AuditLog {
  #rows: AuditRow[] = [];
  readonly #organization: Organization;

  constructor(organization: Organization) {
    this.#organization = organization;
  }

  team(actor: Actor, action: AuditRow['action'], team: { id: string; name: string }, payload: unknown): void {
    const now = Date.now();
    this.#rows.push({
      timestamp: now,
      userId: actor.id,
      userName: actor.name,
      platform: 'Access Management',
      action,
      objects: [{ objectId: team.id, objectName: team.name, objectType: 'Team' }],
      payload: JSON.stringify(payload),
      visibleAt: now + this.#organization.lagMs,
    });
  }

  /** Somebody changed something of an API; `at` earlier than now, for a past. */
  work(actor: Actor, api: { id: string; name: string }, at = Date.now()): void {
    this.#rows.push({
      timestamp: at,
      userId: actor.id,
      userName: actor.name,
      platform: 'API Manager',
      action: 'Edit',
      objects: [{ objectId: api.id, objectName: api.name, objectType: 'API' }],
      payload: '{}',
      visibleAt: Date.now() + this.#organization.lagMs,
    });
    this.#rows.sort((a, b) => a.timestamp - b.timestamp);
  }

  rows(): readonly AuditRow[] {
    return this.#rows;
  }

  restore(rows: AuditRow[]): void {
    this.#rows = structuredClone(rows);
  }
}

const when = z.union([
  z.iso.datetime({ offset: true }),
  z.iso.datetime({ local: true }),
  z.iso.date(),
  z.int(),
]);
const querySchema = z.object({
  startDate: when,
  endDate: when.optional(),
  platforms: z.array(z.string()).default([]),
  objectTypes: z.array(z.string()).default([]),
  actions: z.array(z.string()).default([]),
  objectIds: z.array(z.string()).default([]),
  userIds: z.array(z.string()).default([]),
  ascending: z.boolean().default(true),
  limit: z.int().min(1).max(AUDIT_LIMIT_MAX).default(AUDIT_LIMIT_MAX),
  offset: z.int().min(0).default(0),
  cursor: z.string().optional(),
});

const cursorSchema = z.object({ place: z.int().min(0) });

/** `POST /audit/v2/organizations/:orgId/query`: by cursor (ends in an empty page without one) or by offset. */
export function auditRoutes(app: FastifyInstance, log: AuditLog): void {
  const throttle = new Throttle({ perMinute: AUDIT_PER_MINUTE, as: 503 });
  app.post<{ Querystring: Record<string, string | undefined> }>(
    '/audit/v2/organizations/:orgId/query',
    async (request, reply) => {
      if (!throttle.admit(reply)) return reply.send();
      const query = await readBody(querySchema, request, reply);
      if (query === null) return reply;
      const now = Date.now();
      const found = log
        .rows()
        .map((row, place) => ({ row, place }))
        .filter(({ row }) => row.visibleAt <= now && isWanted(row, query));
      if (!query.ascending) found.reverse();
      const total = { total: found.length };
      if (request.query.cursorPagination !== 'true')
        return { data: found.slice(query.offset, query.offset + query.limit).map(asJson), ...total };
      const cursor = readCursor(query.cursor);
      if (cursor === 'invalid') return reply.code(400).send({ message: 'Invalid cursor' });
      // By place in the log, so that rows that come meanwhile neither repeat nor hide others.
      const rest = found.filter(
        ({ place }) => cursor === null || (query.ascending ? place > cursor : place < cursor),
      );
      const data = rest.slice(0, query.limit);
      const last = data.at(-1);
      return {
        data: data.map(asJson),
        ...(last === undefined ? {} : { cursor: writeCursor(last.place) }),
        ...(request.query.doIncludeTotal === 'true' ? total : {}),
      };
    },
  );
}

/** An empty list of a query wants everything. */
function isWanted(row: AuditRow, query: z.infer<typeof querySchema>): boolean {
  const wants = (given: string[], values: string[]) =>
    given.length === 0 || values.some((v) => given.some((g) => g.toLowerCase() === v.toLowerCase()));
  const from = new Date(query.startDate).getTime();
  const to = query.endDate === undefined ? Number.POSITIVE_INFINITY : new Date(query.endDate).getTime();
  const types = row.objects.map(({ objectType }) => objectType);
  const ids = row.objects.map(({ objectId }) => objectId);
  return (
    row.timestamp >= from &&
    row.timestamp <= to &&
    wants(query.platforms, [row.platform]) &&
    wants(query.actions, [row.action]) &&
    wants(query.userIds, [row.userId]) &&
    wants(query.objectTypes, types) &&
    wants(query.objectIds, ids)
  );
}

function asJson({ row: { visibleAt: _visibleAt, ...row } }: { row: AuditRow }) {
  return row;
}

function writeCursor(place: number): string {
  return Buffer.from(JSON.stringify({ place })).toString('base64url');
}

function readCursor(cursor: string | undefined): number | null | 'invalid' {
  if (cursor === undefined) return null;
  try {
    return cursorSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))).place;
  } catch {
    return 'invalid';
  }
}
