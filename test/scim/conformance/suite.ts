import { expect } from 'vitest';
import { CORE_GROUP, CORE_USER, PATCH_OP, type Response } from '../start-scim.ts';
import { type Dialect, dialects } from './dialects.ts';
import { personCalled, type Session, startSession } from './session.ts';

/** One client as a requirement of scim2/test-suite needs it, with what its dialect sends besides. */
export type Client = {
  session: Session;
  get(path: string): Promise<Response>;
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** A user created as the dialect does it; answers the body. */
  hired(): Promise<Body>;
  /** A user created with these attributes; answers the body. */
  user(more?: Record<string, unknown>): Promise<Body>;
  /** A group; answers the body. */
  group(ids?: string[]): Promise<Body>;
  /** A PATCH, and the resource as it is then. */
  patched(path: string, ...operations: unknown[]): Promise<{ status: number; answer: Body; now: Body }>;
  put(user: Body, more?: Record<string, unknown>): Promise<Response>;
  find(filter: string, more?: string): Promise<Response>;
};
// biome-ignore lint/suspicious/noExplicitAny: bodies are compared, not computed with
export type Body = any;

/** One requirement: its section and number of line there, what it wants, and how that shows. */
export type Requirement = [section: string, wants: string, check: (client: Client) => Promise<void>];

export const spoken: readonly Dialect[] = dialects;

let count = 0;
/** A name that nobody has yet. */
export const fresh = (what = 'suite') => `${what}-${++count}@acme.example`;

export async function startClient(dialect: Dialect): Promise<Client> {
  const session = await startSession(dialect);
  const send: Client['send'] = (method, path, body, headers) =>
    session.send({ method, path, body, status: 0 }, headers);
  const get: Client['get'] = (path) => send('GET', path);
  const made = async (path: string, sent: unknown) => {
    const { status, body } = await send('POST', path, sent);
    expect(status, JSON.stringify(body)).toBe(201);
    return body;
  };
  return {
    session,
    get,
    send,
    hired: async () => (await session.say(dialect.createUser(personCalled(fresh())))).body,
    user: async (more = {}) => await made('/Users', { schemas: [CORE_USER], userName: fresh(), ...more }),
    group: async (ids = []) =>
      await made('/Groups', {
        schemas: [CORE_GROUP],
        displayName: fresh('group'),
        members: ids.map((value) => ({ value, type: 'User' })),
      }),
    patched: async (path, ...Operations) => {
      const { status, body } = await send('PATCH', path, { schemas: [PATCH_OP], Operations });
      return { status, answer: body, now: (await get(path)).body };
    },
    put: async ({ id, userName }, more = {}) =>
      await send('PUT', `/Users/${id}`, { schemas: [CORE_USER], userName, ...more }),
    find: async (filter, more = '') => await get(`/Users?filter=${encodeURIComponent(filter)}${more}`),
  };
}
