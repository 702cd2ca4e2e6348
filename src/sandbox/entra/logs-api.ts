import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GraphError } from './errors.ts';
import { type ODataQuery, paged, unsupported } from './odata.ts';
import type { EntraTokens } from './token.ts';

export type EntraSignIn = {
  id: string;
  createdDateTime: string;
  userId: string;
  appId: string;
  status: { errorCode: number };
  location: { countryOrRegion: string } | null;
};

/** Who changed the members of a group; `by` null: an app. */
export type EntraAudit = {
  id: string;
  category: 'GroupManagement';
  activityDateTime: string;
  activityDisplayName: 'Add member to group' | 'Remove member from group';
  result: 'success';
  initiatedBy: {
    /** `displayName` is the program that they used, if any (SEKOIA-IO/intake-formats#1480). */
    user: { id: string; displayName: string | null; userPrincipalName: string } | null;
    app: { displayName: string } | null;
  };
  targetResources: { id: string; type: 'User' | 'Group'; modifiedProperties: object[] }[];
};

type Row = Record<string, unknown> & { id: string };
const CLAUSE = /^(\w+(?:\/\w+)?) (eq|ge|le) (?:'((?:[^']|'')*)'|([\w.:+-]+))$/;

/**
 * The record of sign-ins (`/auditLogs/signIns`), which a tenant without a premium licence does not give, and that of what
 * was changed (`/auditLogs/directoryAudits`).
 */
export class EntraLogs {
  isPremium = true;
  /** From the happening to its being readable, in milliseconds: in Entra that is minutes. */
  auditLagMs = 0;
  readonly signIns: EntraSignIn[] = [];
  readonly audits: EntraAudit[] = [];

  addAudit(
    { groupId, memberId, isMember }: { groupId: string; memberId: string; isMember: boolean },
    by: { id: string; userPrincipalName: string } | null,
    program: string | null = null,
  ): void {
    this.audits.push({
      id: `Directory_${randomUUID()}`,
      category: 'GroupManagement',
      activityDateTime: new Date().toISOString(),
      activityDisplayName: isMember ? 'Add member to group' : 'Remove member from group',
      result: 'success',
      initiatedBy:
        by === null
          ? { user: null, app: { displayName: 'Latchkey' } }
          : {
              user: { id: by.id, displayName: program, userPrincipalName: by.userPrincipalName },
              app: null,
            },
      targetResources: [
        {
          id: memberId,
          type: 'User',
          modifiedProperties: [
            {
              displayName: 'Group.ObjectID',
              oldValue: isMember ? null : JSON.stringify(groupId),
              newValue: isMember ? JSON.stringify(groupId) : null,
            },
          ],
        },
        // Of a removal the group is only among what was changed.
        ...(isMember ? [{ id: groupId, type: 'Group' as const, modifiedProperties: [] }] : []),
      ],
    });
  }

  addSignIn(signIn: Omit<EntraSignIn, 'id'>): void {
    this.signIns.push({ id: randomUUID(), ...signIn });
  }

  reset(): void {
    this.isPremium = true;
    this.auditLagMs = 0;
    this.signIns.length = 0;
    this.audits.length = 0;
  }
}

export function logRoutes(
  app: FastifyInstance,
  { tokens, logs, worldUrl }: { tokens: EntraTokens; logs: EntraLogs; worldUrl: () => string },
): void {
  app.get<{ Querystring: ODataQuery }>('/auditLogs/signIns', async (request) => {
    tokens.mustHave(request, ['AuditLog.Read.All']);
    if (!logs.isPremium)
      throw new GraphError(
        403,
        'Authentication_RequestFromNonPremiumTenantOrB2CTenant',
        "Neither tenant is B2C or tenant doesn't have premium license",
      );
    return answered(logs.signIns, request, 'createdDateTime');
  });

  app.get<{ Querystring: ODataQuery }>('/auditLogs/directoryAudits', async (request) => {
    tokens.mustHave(request, ['AuditLog.Read.All']);
    const written = Date.now() - logs.auditLagMs;
    const readable = logs.audits.filter(({ activityDateTime }) => Date.parse(activityDateTime) <= written);
    return answered(readable, request, 'activityDateTime');
  });

  /** The newest come first, asked or not. */
  function answered(all: readonly Row[], request: FastifyRequest<{ Querystring: ODataQuery }>, time: string) {
    const clauses = (request.query.$filter ?? '').split(' and ').filter((clause) => clause !== '');
    // The newest first, also of those of one millisecond.
    const rows = all
      .filter((row) => clauses.every((clause) => fits(row, clause)))
      .reverse()
      .sort((a, b) => String(b[time]).localeCompare(String(a[time])));
    return paged(rows, request, worldUrl());
  }
}

function fits(row: Row, clause: string): boolean {
  const [, name = '', operator, text, plain] = CLAUSE.exec(clause) ?? [];
  if (operator === undefined) throw unsupported('Invalid filter clause');
  const value = name
    .split('/')
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | null)?.[key], row);
  const wanted = text ?? plain ?? '';
  if (operator === 'eq') return String(value) === wanted;
  const [a, b] = [Date.parse(String(value)), Date.parse(wanted)];
  return operator === 'ge' ? a >= b : a <= b;
}
