import Fastify from 'fastify';
import { sql } from 'kysely';
import type { ObservedMemberships } from '../../src/scim/observed.ts';
import { scimRoutes } from '../../src/scim/routes.ts';
import type { Database } from '../../src/store/database.ts';
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
  database: Database;
  /** Everything `observe` saw, in order; with requests side by side also what was rolled back and tried again. */
  observed: ObservedMemberships[];
  /** What `observe` saw and was committed: it writes into a table of its own, in the same transaction. */
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

/** The SCIM routes on a port of their own, over real HTTP and a fresh database. */
export async function startScim(): Promise<StartedScim> {
  const fresh = await freshDatabase();
  const observed: ObservedMemberships[] = [];
  await sql`create table seen_by_observe (doc jsonb not null)`.execute(fresh.database.db);
  const app = Fastify({ forceCloseConnections: true });
  await scimRoutes(app, {
    db: fresh.database.db,
    token: TOKEN,
    baseUrl: 'https://latchkey.example',
    observe: async (unit, one) => {
      observed.push(one);
      await sql`insert into seen_by_observe values (${JSON.stringify(one)})`.execute(unit.tx);
      return { events: [], jobs: [] };
    },
  });
  const url = `${(await app.listen({ host: '127.0.0.1', port: 0 })).replace(/\/$/, '')}/scim/v2`;

  const call: StartedScim['call'] = async (method, path, body, headers = {}) => {
    const sent: Record<string, string | null> = {
      authorization: `Bearer ${TOKEN}`,
      ...(body === undefined ? {} : { 'content-type': 'application/scim+json' }),
      ...headers,
    };
    const response = await fetch(`${url}${path}`, {
      method,
      headers: Object.entries(sent).filter((pair): pair is [string, string] => pair[1] !== null),
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? null : JSON.parse(text),
    };
  };

  return {
    url,
    database: fresh.database,
    observed,
    committed: async () => {
      const { rows } = await sql<{ doc: ObservedMemberships }>`select doc from seen_by_observe`.execute(
        fresh.database.db,
      );
      return rows.map((row) => row.doc);
    },
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
