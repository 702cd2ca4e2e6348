import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { GraphError, notFound } from './errors.ts';
import { paged } from './odata.ts';
import type { Outcome, Provisioning } from './provisioning.ts';
import { type EntraTokens, entraApp } from './token.ts';

/** The enterprise app that provisions to Latchkey, and its job. */
export const enterpriseApp = {
  servicePrincipalId: '5b000000-0000-4000-8000-000000000001',
  jobId: `scim.${entraApp.tenantId.replaceAll('-', '')}.6c000000-0000-4000-8000-000000000001`,
} as const;

/** One rule with a mapping for users and one for groups. */
const RULE = '33f7c90d-bf71-41b1-bda6-aaf0ddbee5d8#V2';
const MEMBERS_MAX = 5;

const onDemandSchema = z.object({
  parameters: z
    .array(
      z.object({
        ruleId: z.string(),
        subjects: z
          .array(
            z.object({
              objectId: z.string(),
              objectTypeName: z.string(),
              links: z
                .object({ members: z.array(z.object({ objectId: z.string(), objectTypeName: z.string() })) })
                .optional(),
            }),
          )
          .length(1),
      }),
    )
    .length(1),
});

type Of = { tokens: EntraTokens; provisioning: Provisioning; worldUrl: () => string };

/** The synchronization API of Graph v1.0, as far as one job needs it, and who is assigned to the app. */
export function synchronizationRoutes(app: FastifyInstance, { tokens, provisioning, worldUrl }: Of): void {
  const base = '/servicePrincipals/:id';
  app.addHook<{ Params: { id?: string; jobId?: string } }>('preHandler', async (request) => {
    const { id, jobId } = request.params;
    if (id !== undefined && id !== enterpriseApp.servicePrincipalId) throw notFound(id);
    if (jobId !== undefined && jobId !== enterpriseApp.jobId)
      throw new GraphError(404, 'NotFound', `The job ${jobId} was not found.`);
  });

  app.get(`${base}/appRoleAssignedTo`, async (request) => {
    tokens.mustHave(request, ['Application.Read.All', 'Directory.Read.All', 'Application.ReadWrite.All']);
    const rows = [...provisioning.assigned].map((principalId) => ({
      id: `as-${principalId}`,
      principalId,
      principalType: 'Group',
      resourceId: enterpriseApp.servicePrincipalId,
    }));
    return paged(rows, request, worldUrl());
  });

  app.get(`${base}/synchronization/jobs`, async (request) => {
    tokens.mustHave(request, ['Synchronization.Read.All', 'Synchronization.ReadWrite.All']);
    return { value: [showJob(provisioning)] };
  });
  app.get(`${base}/synchronization/jobs/:jobId`, async (request) => {
    tokens.mustHave(request, ['Synchronization.Read.All', 'Synchronization.ReadWrite.All']);
    return showJob(provisioning);
  });
  app.get(`${base}/synchronization/jobs/:jobId/schema`, async (request) => {
    tokens.mustHave(request, ['Synchronization.Read.All', 'Synchronization.ReadWrite.All']);
    return schema;
  });

  app.post(`${base}/synchronization/jobs/:jobId/provisionOnDemand`, async (request) => {
    tokens.mustHave(request, ['Synchronization.ReadWrite.All', 'Application.ReadWrite.OwnedBy']);
    provisioning.onDemandLimit.take();
    const parsed = onDemandSchema.safeParse(request.body);
    const subject = parsed.data?.parameters[0]?.subjects[0];
    if (subject === undefined || parsed.data?.parameters[0]?.ruleId !== RULE)
      throw new GraphError(400, 'InvalidParameter', 'The parameters of the request are not valid.');
    const members = subject.links?.members ?? [];
    if (subject.objectTypeName !== 'Group' || members.length > MEMBERS_MAX)
      throw new GraphError(
        400,
        'InvalidParameter',
        `A group can be provisioned with at most ${MEMBERS_MAX} members.`,
      );
    return showOutcome(
      await provisioning.onDemand(
        subject.objectId,
        members.map(({ objectId }) => objectId),
      ),
    );
  });
}

/** Texts of JSON within JSON, as Graph has it. */
function showOutcome({ result, details }: Outcome) {
  return {
    '@odata.context': 'https://graph.microsoft.com/v1.0/$metadata#microsoft.graph.stringKeyStringValuePair',
    key: JSON.stringify({ result, details }),
    value: JSON.stringify({
      action: 'Update',
      changeId: randomUUID(),
      provisioningSteps: [],
      statusInfo: { status: result },
    }),
  };
}

function showJob({ settings, quarantined, lastRun }: Provisioning) {
  return {
    id: enterpriseApp.jobId,
    templateId: 'scim',
    schedule: { expiration: null, interval: 'PT40M', state: settings.isPaused ? 'Paused' : 'Active' },
    status: {
      code: settings.isPaused ? 'Paused' : quarantined === null ? 'Active' : 'Quarantine',
      countSuccessiveCompleteFailures: 0,
      escrowsPruned: false,
      lastExecution:
        lastRun === null
          ? null
          : {
              state: lastRun.state,
              timeBegan: lastRun.at,
              timeEnded: lastRun.at,
              error: lastRun.error === null ? null : { code: 'Failure', message: lastRun.error },
            },
      quarantine:
        quarantined === null
          ? null
          : {
              // It is imposed anew whenever Entra looks again; the series goes on.
              currentBegan: new Date().toISOString(),
              nextAttempt: new Date(Date.now() + 24 * 3_600_000).toISOString(),
              reason: quarantined.reason,
              seriesBegan: quarantined.since,
              seriesCount: 1,
              error: { code: quarantined.code, message: quarantined.message },
            },
    },
  };
}

const schema = {
  id: enterpriseApp.jobId,
  version: 'Date: 2026-11-01T00:00:00Z, Number: 1',
  synchronizationRules: [
    {
      id: RULE,
      name: 'USER_OUTBOUND_USER',
      priority: 1,
      sourceDirectoryName: 'Azure Active Directory',
      targetDirectoryName: 'customappsso',
      objectMappings: [
        {
          enabled: true,
          name: 'Provision Users',
          sourceObjectName: 'User',
          targetObjectName: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User',
        },
        {
          enabled: true,
          name: 'Provision Groups',
          sourceObjectName: 'Group',
          targetObjectName: 'urn:ietf:params:scim:schemas:core:2.0:Group',
        },
      ],
    },
  ],
};
