import { setTimeout as sleep } from 'node:timers/promises';
import Fastify from 'fastify';

export type RecordedPush = {
  method: string;
  /** Path below `/scim/v2`, with the query decoded. */
  path: string;
  body: { Operations?: Record<string, unknown>[] } & Record<string, unknown>;
  headers: Record<string, string | string[] | undefined>;
};

/**
 * A SCIM provider that stands where Latchkey is: keeps what is pushed to it and gives out ids. It does what it
 * is told in place of an answer (`refuseWith`), and can forget everything it knew.
 */
export async function startScimRecorder() {
  const pushes: RecordedPush[] = [];
  let known = new Map<string, { id: string; name: string }>();
  const refusals: { status: number; path: RegExp }[] = [];
  let issued = 0;
  const app = Fastify({ forceCloseConnections: true });
  app.addContentTypeParser('application/scim+json', { parseAs: 'string' }, (_request, body, done) =>
    done(null, JSON.parse(body as string)),
  );
  app.all('/scim/v2/*', async (request, reply) => {
    const path = decodeURIComponent(request.url.slice('/scim/v2'.length).replaceAll('+', ' '));
    const body = (request.body ?? {}) as RecordedPush['body'];
    pushes.push({ method: request.method, path, body, headers: request.headers });
    const refusal = refusals.findIndex((r) => r.path.test(path));
    if (refusal >= 0) return reply.code(refusals.splice(refusal, 1)[0]?.status ?? 500).send({});
    const [, kind = '', id] = path.split('?')[0]?.split('/') ?? [];
    if (request.method === 'GET') {
      const name = /eq "(.*)"/.exec(path)?.[1];
      const found = [...known.values()].filter((r) => r.name === `${kind} ${name}`);
      return { totalResults: found.length, Resources: found.map((r) => ({ id: r.id })) };
    }
    if (request.method === 'POST') {
      issued += 1;
      const created = { id: `${kind}-${issued}`, name: `${kind} ${body.userName ?? body.displayName}` };
      known.set(created.id, created);
      return reply.code(201).send({ id: created.id });
    }
    return reply.code(known.has(id ?? '') ? 204 : 404).send();
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    pushes,
    /** Requests as `METHOD /path`, ids included. */
    lines: () => pushes.map((p) => `${p.method} ${p.path}`),
    /** The operations of the PATCHes to groups, renames left out. */
    memberOperations: () =>
      pushes
        .filter((p) => p.method === 'PATCH' && p.path.startsWith('/Groups/'))
        .flatMap((p) => p.body.Operations ?? [])
        .filter((operation) => operation.path !== undefined),
    refuseNext: (status: number, path = /./) => refusals.push({ status, path }),
    forget: () => {
      known = new Map();
    },
    close: () => app.close(),
  };
}

/** Waits until `holds` answers true. */
export async function until(holds: () => boolean | Promise<boolean>, withinMs = 5_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('waited in vain');
    await sleep(10);
  }
}
