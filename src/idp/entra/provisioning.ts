import { z } from 'zod';
import { Fault } from '../../core/fault.ts';
import type { ProvisioningTrouble } from '../../core/provisioning-trouble.ts';
import type { Carried, Provisioning } from '../../ports/identity-provider.ts';
import { badAnswer, readGraph } from './faults.ts';
import type { GraphSession } from './graph-session.ts';
import { isGuid } from './member-reference.ts';
import { jobSchema, noSuchApp, type SyncJob, troubleOfJob } from './provisioning-job.ts';

export type EntraProvisioning = {
  /** Object id of the enterprise app's service principal that provisions to Latchkey. */
  servicePrincipalId: string;
};

/** The most that Graph takes: people in one call, and calls in a time (synchronizationJob: provisionOnDemand). */
const PEOPLE_AT_ONCE = 5;
const CALLS = 5;
const CALLS_PER_MS = 10_000;
/** Entra answers once it is done, which takes up to half a minute. */
const CARRIED_WITHIN_MS = 40_000;
/** An administrator may make another job or another mapping; it is looked for again after so long. */
const JOB_KEPT_MS = 10 * 60_000;
/** Who is assigned to the app is asked again after so long. */
const ASSIGNED_KEPT_MS = 60_000;
const MAX_PAGES = 1_000;

const jobsSchema = z.object({ value: z.array(jobSchema) });
const schemaSchema = z.object({
  synchronizationRules: z.array(
    z.object({
      id: z.string().min(1),
      objectMappings: z
        .array(z.object({ enabled: z.boolean().nullish(), sourceObjectName: z.string().nullish() }))
        .nullish(),
    }),
  ),
});
const assignmentsSchema = z.object({
  value: z.array(z.object({ principalId: z.string() })),
  '@odata.nextLink': z.string().optional(),
});
const answeredSchema = z.object({ key: z.string() });
/** What is in `key`, as text. */
const outcomeSchema = z.object({
  result: z.string(),
  details: z.object({ errorCode: z.string().nullish(), errorMessage: z.string().nullish() }).nullish(),
});

/**
 * The enterprise app that carries groups to Latchkey by SCIM. By itself it runs every 40 minutes; here it is asked to go
 * at once. Its permissions are `Synchronization.ReadWrite.All` and `Application.Read.All`.
 */
export class EntraProvisioner implements Provisioning {
  readonly peopleAtOnce = PEOPLE_AT_ONCE;
  readonly #graph: GraphSession;
  readonly #base: string;
  #called: number[] = [];
  #job: { path: string; ruleId: string; until: number } | null = null;
  #assigned: { ids: Promise<ReadonlySet<string>>; until: number } | null = null;

  constructor(graph: GraphSession, { servicePrincipalId }: EntraProvisioning) {
    if (!isGuid(servicePrincipalId))
      throw new Fault(
        'config.invalid',
        'Entra: the enterprise app is named by the object id of its service principal',
        {
          retryable: false,
        },
      );
    this.#graph = graph;
    this.#base = `/servicePrincipals/${servicePrincipalId}`;
  }

  async isAssigned(groupId: string): Promise<boolean> {
    const now = performance.now();
    if (this.#assigned === null || now > this.#assigned.until) {
      const ids = this.#readAssigned();
      this.#assigned = { ids, until: now + ASSIGNED_KEPT_MS };
      ids.catch(() => {
        this.#assigned = null;
      });
    }
    return (await this.#assigned.ids).has(groupId.toLowerCase());
  }

  async carry(groupId: string, personIds: readonly string[]): Promise<Carried> {
    const what = 'provision on demand';
    const { path, ruleId } = await this.#findJob();
    this.#takeTurn();
    const subject = {
      objectId: groupId,
      objectTypeName: 'Group',
      links: { members: personIds.map((objectId) => ({ objectId, objectTypeName: 'User' })) },
    };
    const answer = await this.#graph.send('POST', `${path}/provisionOnDemand`, what, {
      body: { parameters: [{ ruleId, subjects: [subject] }] },
      timeoutMs: CARRIED_WITHIN_MS,
      // Carried twice is carried once.
      isRead: true,
    });
    const { result, details } = readOutcome(readGraph(answeredSchema, answer, what).key, what);
    if (result === 'Success') return { came: 'carried' };
    const code = details?.errorCode ?? result;
    if (code === 'RedundantExport') return { came: 'already so' };
    return {
      came: 'refused',
      why: `${code}${details?.errorMessage == null ? '' : `: ${details.errorMessage}`}`,
    };
  }

  async trouble(): Promise<ProvisioningTrouble | null> {
    try {
      return troubleOfJob(await this.#readJob());
    } catch (error) {
      if (error instanceof Fault && error.code === 'idp.not_found') return noSuchApp;
      throw error;
    }
  }

  /** Asked more often, Graph would only refuse. @throws idp.throttled, without a call */
  #takeTurn(): void {
    const now = performance.now();
    this.#called = this.#called.filter((at) => at > now - CALLS_PER_MS);
    const [oldest] = this.#called;
    if (this.#called.length >= CALLS && oldest !== undefined)
      throw new Fault('idp.throttled', 'Graph, provision on demand: five calls in ten seconds are the most', {
        retryable: true,
        retryAfterMs: oldest + CALLS_PER_MS - now,
      });
    this.#called.push(now);
  }

  async #findJob(): Promise<{ path: string; ruleId: string }> {
    if (this.#job !== null && performance.now() < this.#job.until) return this.#job;
    const what = 'find the provisioning job';
    const job = await this.#readJob();
    if (job === null) throw badAnswer(what, 'the enterprise app has none');
    const path = `${this.#base}/synchronization/jobs/${encodeURIComponent(job.id)}`;
    const { synchronizationRules } = readGraph(
      schemaSchema,
      await this.#graph.send('GET', `${path}/schema`, what),
      what,
    );
    const rule = synchronizationRules.find(({ objectMappings }) =>
      objectMappings?.some((one) => one.enabled !== false && one.sourceObjectName?.toLowerCase() === 'group'),
    );
    if (rule === undefined)
      throw badAnswer(what, 'it provisions no groups: enable the mapping of groups in the enterprise app');
    this.#job = { path, ruleId: rule.id, until: performance.now() + JOB_KEPT_MS };
    return this.#job;
  }

  /** The newest way of provisioning, where there are several. */
  async #readJob(): Promise<SyncJob | null> {
    const what = 'read the provisioning job';
    const { value } = readGraph(
      jobsSchema,
      await this.#graph.send('GET', `${this.#base}/synchronization/jobs`, what),
      what,
    );
    return value.find(({ id }) => id.toLowerCase().startsWith('scim.')) ?? value[0] ?? null;
  }

  async #readAssigned(): Promise<ReadonlySet<string>> {
    const what = 'read who is assigned to the enterprise app';
    const ids = new Set<string>();
    let path: string | null = `${this.#base}/appRoleAssignedTo?$select=id,principalId&$top=999`;
    for (let pages = 0; path !== null; pages += 1) {
      if (pages === MAX_PAGES) throw badAnswer(what, 'the list has no end');
      const page = readGraph(assignmentsSchema, await this.#graph.send('GET', path, what), what);
      for (const { principalId } of page.value) ids.add(principalId.toLowerCase());
      path = this.#graph.pathOf(page['@odata.nextLink'], what);
    }
    return ids;
  }
}

/** The outcome is a text of JSON inside the JSON. */
function readOutcome(text: string, what: string): z.infer<typeof outcomeSchema> {
  try {
    return readGraph(outcomeSchema, { body: JSON.parse(text) as unknown }, what);
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw badAnswer(what, 'the outcome is no JSON');
  }
}
