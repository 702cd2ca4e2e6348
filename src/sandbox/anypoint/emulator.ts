import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Emulator, World } from '../emulator.ts';
import { underFaults } from '../fault-plan.ts';
import { company } from '../seed.ts';
import { notFound } from './answers.ts';
import { applicationConsole } from './application-console.ts';
import { Applications } from './applications.ts';
import { AuditLog, type AuditRow, auditRoutes } from './audit.ts';
import { assetRoutes, clientApplicationRoutes } from './client-application-routes.ts';
import { connectedAppListRoutes, connectedAppRoutes } from './connected-app-routes.ts';
import { consoleRoutes } from './console-routes.ts';
import { contractRoutes } from './contract-routes.ts';
import { memberRoutes } from './member-routes.ts';
import { Organization } from './state.ts';
import { teamRoutes } from './team-routes.ts';
import { rateLimitHeaders, Throttle } from './throttle.ts';
import { requireToken, Tokens, tokenRoutes } from './token-routes.ts';
import { userRoutes } from './user-routes.ts';

const PREFIX = '/anypoint';
/** A 429 asked for by the fault plan names a window that ends this soon. */
const FAULT_RESET_MS = 1_000;

type Saved = {
  organization: ReturnType<Organization['snapshot']>;
  /** Missing in states kept before applications were known. */
  applications?: ReturnType<Applications['snapshot']>;
  audit: AuditRow[];
  throttle: Throttle['settings'];
};

/**
 * MuleSoft Anypoint below `/anypoint`:
 * - the token endpoint and Access Management, the audit log, client applications and their contracts, as published
 *   (mulesoft-dx, apis/access-management, audit-log-query, api-platform, exchange-experience, api-manager)
 * - a gateway for its APIs
 * - its console, below `/anypoint/sim`
 */
export function createAnypointEmulator(world: World): Emulator {
  const organization = new Organization(world);
  const applications = new Applications(world, organization);
  const audit = new AuditLog(organization);
  const throttle = new Throttle({ perMinute: null, as: 429 });
  const tokens = new Tokens();

  return {
    async routes(app) {
      await app.register(
        async (console) => {
          parseBodies(console);
          consoleRoutes(console, { world, organization, audit, throttle });
          applicationConsole(console, organization, applications);
        },
        { prefix: PREFIX },
      );
      await app.register(
        async (api) => {
          underFaults(api, world.faults, { vendor: 'anypoint', prefix: PREFIX }, faultBody);
          api.addHook('onRequest', async (_request, reply) => {
            if (!throttle.admit(reply)) return reply.send();
          });
          parseBodies(api);
          tokenRoutes(api, tokens, applications, () => world.keys.anypointClientSecret);
          await api.register(async (protectedApi) => {
            requireToken(protectedApi, tokens);
            connectedAppListRoutes(protectedApi, applications);
            assetRoutes(protectedApi, organization, applications);
            await protectedApi.register(async (inOrganization) => {
              requireOrganization(inOrganization);
              auditRoutes(inOrganization, audit);
              clientApplicationRoutes(inOrganization, organization, applications);
              contractRoutes(inOrganization, applications);
              await inOrganization.register(
                async (access) => {
                  teamRoutes(access, organization, audit);
                  memberRoutes(access, organization, audit);
                  userRoutes(access, organization);
                  connectedAppRoutes(access, organization, applications, tokens);
                },
                { prefix: '/accounts/api/organizations/:orgId' },
              );
            });
          });
        },
        { prefix: PREFIX },
      );
    },
    snapshot(): Saved {
      return {
        organization: organization.snapshot(),
        applications: applications.snapshot(),
        audit: structuredClone([...audit.rows()]),
        throttle: throttle.settings,
      };
    },
    restore(saved) {
      const from = saved as Saved;
      organization.restore(from.organization);
      if (from.applications !== undefined) applications.restore(from.applications);
      audit.restore(from.audit);
      throttle.set(from.throttle);
      world.changed();
    },
    async close() {
      organization.close();
    },
  };
}

function faultBody(status: number, reply: FastifyReply): unknown {
  // The back end at capacity answers 503 with nothing in it (KB 001116018).
  if (status === 503) return undefined;
  if (status === 429) {
    rateLimitHeaders(reply, 0, 0, Date.now() + FAULT_RESET_MS);
    return undefined;
  }
  if (status === 401) return 'Unauthorized';
  return { name: 'InternalServerError', message: 'Something went wrong' };
}

/** JSON (an empty body counts as none) and forms. */
function parseBodies(app: FastifyInstance): void {
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => {
    if (text === '') return done(null, undefined);
    try {
      done(null, JSON.parse(text as string));
    } catch {
      done(Object.assign(new Error('Unexpected token in JSON'), { statusCode: 400 }));
    }
  });
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, text, done) => done(null, Object.fromEntries(new URLSearchParams(text as string))),
  );
}

function requireOrganization(app: FastifyInstance): void {
  app.addHook('preHandler', async (request, reply) => {
    const { orgId } = request.params as { orgId?: string };
    if (orgId !== company.anypointOrgId) return reply.send(notFound(reply, 'Organization'));
  });
}
