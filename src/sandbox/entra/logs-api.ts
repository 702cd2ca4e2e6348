import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
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

type Row = EntraSignIn & Record<string, unknown>;
const CLAUSE = /^(\w+(?:\/\w+)?) (eq|ge|le) (?:'((?:[^']|'')*)'|([\w.:+-]+))$/;

/** The record of sign-ins (`/auditLogs/signIns`), which a tenant without a premium licence does not give. */
export class EntraLogs {
  isPremium = true;
  readonly signIns: EntraSignIn[] = [];

  addSignIn(signIn: Omit<EntraSignIn, 'id'>): void {
    this.signIns.push({ id: randomUUID(), ...signIn });
  }

  reset(): void {
    this.isPremium = true;
    this.signIns.length = 0;
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
    const clauses = (request.query.$filter ?? '').split(' and ').filter((clause) => clause !== '');
    // The newest come first, asked or not.
    const rows = (logs.signIns as Row[])
      .filter((row) => clauses.every((clause) => fits(row, clause)))
      .sort((a, b) => b.createdDateTime.localeCompare(a.createdDateTime));
    return paged(rows, request, worldUrl());
  });
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
