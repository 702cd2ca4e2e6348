/**
 * Slack, as far as an app like Latchkey can tell. It has the Web API with its limits and error names, and Block Kit
 * checks. It has modals, ephemeral messages, response URLs, signed delivery and Socket Mode.
 *
 * Latchkey's `SLACK_API_URL` is `<world url>/slack/api/`.
 */
import type { FastifyInstance } from 'fastify';
import type { Emulator, World } from '../emulator.ts';
import { underFaults } from '../fault-plan.ts';
import { slackError } from './call.ts';
import { consoleRoutes } from './console.ts';
import { Impossible } from './console-person.ts';
import { statusRoute } from './console-status.ts';
import { viewConsoleRoutes } from './console-views.ts';
import { DeliveryToLatchkey } from './delivery.ts';
import { fileRoutes } from './methods-files.ts';
import { RateLimits } from './rate-limits.ts';
import { responseUrls } from './response-urls.ts';
import { GrantedScopes } from './scopes.ts';
import { SocketMode } from './socket-mode.ts';
import { webApi } from './web-api.ts';
import { Workspace } from './workspace.ts';
import { workspaceRoute } from './workspace-view.ts';

const PREFIX = '/slack';
/** What Slack asks for when it is throttling and nothing says otherwise. */
const RETRY_AFTER_SECONDS = 1;
/** A view may have 250 kB, and forms carry it percent-encoded. */
const MOST_BODY_BYTES = 2_000_000;

export function createSlackEmulator(world: World): Emulator {
  const workspace = new Workspace(
    () => world.people,
    () => world.changed(),
  );
  const sockets = new SocketMode(world, `${PREFIX}/link/`);
  const delivery = new DeliveryToLatchkey(world, sockets);
  const limits = new RateLimits();
  const scopes = new GrantedScopes();

  return {
    async routes(app: FastifyInstance): Promise<void> {
      sockets.attach(app.server);
      await app.register(
        async (slack) => {
          underFaults(slack, world.faults, { vendor: 'slack', prefix: PREFIX }, (status, reply) => {
            if (status !== 429) return slackError(status >= 500 ? 'internal_error' : 'fatal_error');
            reply.header('retry-after', String(RETRY_AFTER_SECONDS));
            return slackError('ratelimited');
          });
          slack.addContentTypeParser(
            'application/x-www-form-urlencoded',
            { parseAs: 'string', bodyLimit: MOST_BODY_BYTES },
            (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
          );
          slack.setErrorHandler((error, _request, reply) => {
            if (error instanceof Impossible) return reply.code(400).send(slackError(error.reason));
            const status = (error as { statusCode?: number }).statusCode ?? 500;
            return status < 500 ? reply.code(200).send(slackError('invalid_json')) : reply.send(error);
          });
          webApi(slack, { workspace, world, sockets, limits, scopes });
          responseUrls(slack, workspace);
          fileRoutes(slack, workspace);
          workspaceRoute(slack, workspace);
          const parts = { world, workspace, delivery, sockets, limits, scopes };
          consoleRoutes(slack, parts);
          viewConsoleRoutes(slack, parts);
          statusRoute(slack, parts);
        },
        { prefix: PREFIX },
      );
    },
    snapshot: () => workspace.snapshot(),
    restore: (saved) => workspace.restore(saved),
    async close(): Promise<void> {
      delivery.close();
      await sockets.close();
    },
  };
}
