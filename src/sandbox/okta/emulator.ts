import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Emulator, World } from '../emulator.ts';
import { underFaults } from '../fault-plan.ts';
import { AnypointConnector } from './anypoint-connector.ts';
import { Authorization, underAuthorization } from './authorization.ts';
import { consoleAdmin, consoleRoutes } from './console.ts';
import { errorBody, errorBodyOfStatus, OktaError, sendOktaError } from './errors.ts';
import { EventHooks } from './event-hooks.ts';
import { groupRoutes } from './groups-api.ts';
import { hookRoutes } from './hooks-api.ts';
import { logRoutes } from './logs-api.ts';
import { OktaOrg, recordedTypes, unseenTypes } from './org.ts';
import { PushQueue } from './push-queue.ts';
import { concurrentLimitHeaders, RateLimit, underRateLimit } from './rate-limit.ts';
import { oktaSignIn } from './sign-in.ts';
import { userRoutes } from './users-api.ts';

const PREFIX = '/okta';
const TOKEN_PATH = '/oauth2/v1/token';

export type OktaEmulator = Emulator & {
  /** Names of the groups that somebody is in, by key; none when they may not sign in. */
  groupsOf(key: string): string[];
  /** The full push of all pushed groups with their people that comes with switching group push on; once. */
  pushInitially(): void;
  /** Registers and verifies Latchkey's event hook, if the world has a secret for it. */
  registerHook(): Promise<void>;
};

type Saved = {
  org: unknown;
  push: unknown;
  connector?: unknown;
  hooks?: unknown;
  authorization: unknown;
  perMinute: number;
};

const HOOK_NAME = 'Latchkey';

/**
 * An Okta organisation:
 * - the management API under `/okta/api/v1`
 * - the org authorization server under `/okta/oauth2/v1`, with its sign-in page under `/okta/login`
 * - the admin console under `/okta/sim`
 * - a SCIM client that pushes groups to Latchkey as the MuleSoft app
 * - Okta's own Anypoint connector, which pushes groups to teams once it is told which
 * - event hooks
 */
export function createOktaEmulator(world: World): OktaEmulator {
  const org = new OktaOrg(world);
  const push = new PushQueue(org, world);
  const hooks = new EventHooks(world);
  const limit = new RateLimit();
  const authorization = new Authorization(() => world.keys.oktaApiToken);
  const signIn = oktaSignIn(org, world);
  const worldUrl = () => world.url();
  const connector = new AnypointConnector(org, world);
  org.listener = {
    membershipChanged(...told) {
      push.membershipChanged(...told);
      connector.membershipChanged(...told);
    },
    accountChanged: (...told) => push.accountChanged(...told),
    profileChanged: (...told) => push.profileChanged(...told),
    groupRenamed: (...told) => push.groupRenamed(...told),
  };
  org.recorded = (event) => hooks.recorded(event);

  return {
    async routes(app) {
      await app.register(
        async (okta) => {
          underFaults(okta, world.faults, { vendor: 'okta', prefix: PREFIX }, faultBody);
          takeBodiesAsOktaDoes(okta);
          okta.setErrorHandler(answerError);
          okta.setNotFoundHandler((_request, reply) =>
            reply.code(404).send(errorBody('E0000007', 'Not found: Resource not found')),
          );
          await okta.register(async (limited) => {
            underRateLimit(limited, limit);
            limited.post(TOKEN_PATH, (request, reply) => authorization.grant(request, reply));
            await limited.register(
              async (api) => {
                underAuthorization(api, authorization);
                groupRoutes(api, org, worldUrl);
                userRoutes(api, org, worldUrl);
                logRoutes(api, org.log);
                hookRoutes(api, hooks, worldUrl);
              },
              { prefix: '/api/v1' },
            );
          });
          await signIn.routes(okta);
          await okta.register(
            async (sim) => consoleRoutes(sim, { org, push, connector, hooks, limit, authorization }),
            {
              prefix: '/sim',
            },
          );
        },
        { prefix: PREFIX },
      );
    },
    snapshot(): Saved {
      return {
        org: org.save(),
        push: push.save(),
        connector: connector.save(),
        hooks: hooks.save(),
        authorization: authorization.save(),
        perMinute: limit.perMinute,
      };
    },
    restore(saved) {
      const state = saved as Saved;
      org.load(state.org);
      authorization.load(state.authorization);
      limit.setPerMinute(state.perMinute);
      push.load(state.push);
      if (state.connector !== undefined) connector.load(state.connector);
      if (state.hooks !== undefined) hooks.load(state.hooks);
    },
    async close() {
      push.close();
      connector.close();
      hooks.close();
    },
    groupsOf(key) {
      const user = org.userByKey(key);
      return user?.status === 'ACTIVE' ? org.groupsOf(user.id).map(({ profile }) => profile.name) : [];
    },
    pushInitially: () => push.pushInitially(),
    async registerHook() {
      const latchkey = world.latchkey();
      if (latchkey?.hookSecret === undefined) return;
      const uri = `${latchkey.url}/okta/events`;
      const ours = [...hooks.hooks.values()].find((h) => h.name === HOOK_NAME);
      if (ours?.uri === uri && ours.isVerified) return;
      if (ours !== undefined) hooks.hooks.delete(ours.id);
      await hooks.verify(
        hooks.create({
          name: HOOK_NAME,
          uri,
          auth: {
            key: 'Authorization',
            // It is what somebody entered in the console last.
            get value() {
              return world.latchkey()?.hookSecret ?? '';
            },
          },
          eventTypes: [...recordedTypes, ...unseenTypes],
          createdBy: consoleAdmin.id,
        }),
      );
    },
  };
}

function faultBody(status: number, reply: FastifyReply, request: FastifyRequest): unknown {
  if (status === 429) concurrentLimitHeaders(reply);
  if (request.url.startsWith(`${PREFIX}${TOKEN_PATH}`) && status < 500 && status !== 429)
    return { error: status === 401 ? 'invalid_client' : 'invalid_request', error_description: 'Refused.' };
  return errorBodyOfStatus(status);
}

function answerError(error: unknown, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof OktaError) return sendOktaError(reply, error);
  const status = (error as { statusCode?: number }).statusCode ?? 500;
  return reply.code(status).send(errorBodyOfStatus(status));
}

/** Okta takes a PUT that announces JSON and has no body; the token endpoint takes a form, left as text here. */
function takeBodiesAsOktaDoes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? null : JSON.parse(body as string));
    } catch {
      done(new OktaError('E0000001', 'The request body was not well-formed.'));
    }
  });
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, body),
  );
}
