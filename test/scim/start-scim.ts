import Fastify from 'fastify';
import { sql } from 'kysely';
import type { Told } from '../../src/core/drift/observation.ts';
import type { ObservedMemberships } from '../../src/core/drift/scim-observation.ts';
import { scimRoutes } from '../../src/scim/routes.ts';
import { createToken } from '../../src/scim/tokens.ts';
import type { Database } from '../../src/store/postgres/database.ts';
import type { ScimSource } from '../../src/store/schema/scim-tables.ts';
import { router } from '../../src/web/server.ts';
import { freshDatabase } from '../database.ts';

export const TOKEN = 'a-long-test-token';
export const CORE_USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const ENTERPRISE_USER = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
export const CORE_GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
export const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
export const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error';

// biome-ignore lint/suspicious/noExplicitAny: bodies are compared, not computed with
type Body = any;
export type Response = { status: number; body: Body; headers: Headers };

export type StartedScim = {
  /** Address of `/scim/v2`. */
  url: string;
  /** What its own requests go out with. */
  token: string;
  database: Database;
  /** The observations that were stored, in order, as far as this harness's own requests have looked. */
  observed: ObservedMemberships[];
  /** All that was stored as observed. */
  committed(): Promise<ObservedMemberships[]>;
  /** One request; a string body goes out as it is, anything else as SCIM JSON. */
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string | null>,
  ): Promise<Response>;
  createUser(userName: string, more?: Record<string, unknown>): Promise<string>;
  createGroup(displayName: string, memberIds?: string[]): Promise<string>;
  /** User ids of a group as GET shows them, sorted. */
  membersOf(groupId: string): Promise<string[]>;
  patch(path: string, ...operations: unknown[]): Promise<Response>;
  close(): Promise<void>;
};

/**
 * The SCIM routes on a port of their own, over real HTTP and a fresh database; null: every group is observed. Requests
 * go out with a token of the IdP.
 */
export async function startScim(
  observedGroups: string[] | null = null,
  idp: ScimSource = 'okta',
  otherIdps: readonly ScimSource[] = [],
): Promise<StartedScim> {
  const fresh = await freshDatabase();
  const observed: ObservedMemberships[] = [];
  const app = Fastify({ forceCloseConnections: true, routerOptions: router });
  await scimRoutes(app, {
    db: fresh.database.db,
    token: TOKEN,
    idps: [idp, ...otherIdps],
    baseUrl: 'https://latchkey.example',
    observedGroups: () => observedGroups,
  });
  const url = `${(await app.listen({ host: '127.0.0.1', port: 0 })).replace(/\/$/, '')}/scim/v2`;

  const token =
    idp === 'okta'
      ? TOKEN
      : ((await createToken(fresh.database.db, { source: idp, name: 'the harness', days: null }))?.token ??
        '');

  let lastSeen = '0';
  let reading: Promise<unknown> = Promise.resolve();
  /** What was stored since the last look; one look after another. */
  const news = async (): Promise<ObservedMemberships[]> => {
    const look = reading.then(async () => {
      const rows = await observedRows(fresh.database, lastSeen);
      lastSeen = rows.at(-1)?.id ?? lastSeen;
      return joined(rows);
    });
    reading = look.catch(() => null);
    return await look;
  };

  const call: StartedScim['call'] = async (method, path, body, headers = {}) => {
    const sent: Record<string, string | null> = {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/scim+json' }),
      ...headers,
    };
    const response = await fetch(`${url}${path}`, {
      method,
      headers: Object.entries(sent).filter((pair): pair is [string, string] => pair[1] !== null),
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (method !== 'GET') observed.push(...(await news()));
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? null : JSON.parse(text),
    };
  };

  return {
    url,
    token,
    database: fresh.database,
    observed,
    committed: async () => joined(await observedRows(fresh.database, '0')),
    call,
    createUser: async (userName, more = {}) => {
      const { body } = await call('POST', '/Users', { schemas: [CORE_USER], userName, ...more });
      return body.id;
    },
    createGroup: async (displayName, memberIds = []) => {
      const members = memberIds.map((value) => ({ value }));
      const { body } = await call('POST', '/Groups', { schemas: [CORE_GROUP], displayName, members });
      return body.id;
    },
    membersOf: async (groupId) => {
      const { body } = await call('GET', `/Groups/${groupId}`);
      return (body.members as { value: string }[]).map((m) => m.value).sort();
    },
    patch: (path, ...Operations) => call('PATCH', path, { schemas: [PATCH_OP], Operations }),
    close: async () => {
      await app.close();
      await fresh.close();
    },
  };
}

type Row = { id: string; key: string; told: Told & { kind: 'membership' } };

async function observedRows(database: Database, after: string): Promise<Row[]> {
  const { rows } = await sql<Row>`select id, key, payload as told from observed
    where id > ${after} and payload->>'kind' = 'membership' order by id`.execute(database.db);
  return rows;
}

/** Rows that one change of one group brought, as one. */
function joined(rows: readonly Row[]): ObservedMemberships[] {
  const all = new Map<string, ObservedMemberships>();
  for (const { key, told } of rows) {
    const [, groupId = '', revision = '', scimUserId = ''] = key.split(':');
    const groupName = 'name' in told.group ? told.group.name : '';
    const id = `${groupId} ${groupName} ${revision}`;
    const one = all.get(id) ?? { groupName, groupId, revision, added: [], removed: [] };
    all.set(id, one);
    if (!('pushed' in told.person) || told.person.pushed === undefined) continue;
    const { pushed } = told.person;
    one[told.direction].push({
      scimUserId,
      externalId: told.person.id,
      userName: pushed.login,
      email: pushed.email,
      displayName: pushed.name,
      active: pushed.isActive,
    });
  }
  return [...all.values()];
}
