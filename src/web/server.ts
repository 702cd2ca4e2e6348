import type { Socket } from 'node:net';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  LogController,
} from 'fastify';
import type { Logger } from 'pino';
import { JSON_DEPTH_MAX, nestsDeeperThan } from '../core/nesting.ts';
import { refuseUnruled } from './route-rules.ts';
import { onlyFromThisMachine } from './same-machine.ts';

/** Bytes of a body, where a route doesn't say otherwise. */
const BODY_MAX = 1_048_576;
/** Nesting of objects and lists in a JSON body; nobody who calls us needs more than a dozen. */

/** How long a client may take, and how much it may hold. Times in milliseconds. */
export type ServerLimits = {
  /** For the headers, and for the whole request with its body. */
  headersTimeout: number;
  requestTimeout: number;
  /** How often both are looked at. */
  checkEvery: number;
  /** Without a byte in either direction, while we work too; a large SCIM Bulk takes its time. */
  connectionTimeout: number;
  /** Between two requests: longer than the minute after which load balancers let go. */
  keepAliveTimeout: number;
  requestsPerConnection: number;
  connections: number;
  /** Of one address, so that one can't take all; not with a trusted proxy, which stands for many. */
  connectionsPerAddress: number;
};

export const serverLimits: ServerLimits = {
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  checkEvery: 2_000,
  connectionTimeout: 120_000,
  keepAliveTimeout: 72_000,
  requestsPerConnection: 10_000,
  connections: 2_000,
  connectionsPerAddress: 500,
};

/** A base address with a slash at its end makes `/scim/v2//Users`, and SCIM clients write `/Users/?filter=`. */
export const router = { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true } as const;

/**
 * The one HTTP server, without routes. A client that sends slowly is cut off. Hostile JSON (too deep, or with keys that
 * change every object) is refused before it is read. An error tells nothing of ours.
 *
 * `trustProxy`: addresses of the proxies whose X-Forwarded-For is believed; null: nobody's, anybody can write one.
 */
export function createServer(
  {
    log,
    trustProxy = null,
    isSandbox = false,
  }: { log: Logger; trustProxy?: readonly string[] | null; isSandbox?: boolean },
  limits: ServerLimits = serverLimits,
): FastifyInstance {
  const app = Fastify({
    forceCloseConnections: true,
    routerOptions: router,
    bodyLimit: BODY_MAX,
    trustProxy: trustProxy === null ? false : [...trustProxy],
    requestTimeout: limits.requestTimeout,
    connectionTimeout: limits.connectionTimeout,
    keepAliveTimeout: limits.keepAliveTimeout,
    maxRequestsPerSocket: limits.requestsPerConnection,
    http: { headersTimeout: limits.headersTimeout, connectionsCheckingInterval: limits.checkEvery },
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
  });
  app.server.maxConnections = limits.connections;
  refuseUnruled(app);
  if (isSandbox) onlyFromThisMachine(app);
  if (trustProxy === null) limitConnections(app, limits.connectionsPerAddress);

  // A hook that waits for nothing calls back: a promise for each request costs more than what it looks at.
  app.addHook('onRequest', ({ url }, _reply, done) => {
    if (!url.includes('%00')) return done();
    const why = 'the address has a NUL character (%00), which can’t be stored: leave it out';
    done(Object.assign(new Error(why), { statusCode: 400 }));
  });
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = body.toString();
    if (nestsDeeperThan(text, JSON_DEPTH_MAX))
      done(Object.assign(new Error(`the body nests deeper than ${JSON_DEPTH_MAX}`), { statusCode: 400 }));
    else parse(request, text, done);
  });
  app.setErrorHandler<FastifyError>(async (error, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) return await reply.code(status).send({ error: error.message });
    request.log.error({ err: error }, 'request failed');
    return await reply.code(status).send({ error: 'internal fault' });
  });
  return app;
}

function limitConnections(app: FastifyInstance, max: number): void {
  const open = new Map<string, number>();
  app.server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
    if (count > max) socket.destroy();
  });
}
