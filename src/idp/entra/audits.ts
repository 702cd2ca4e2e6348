import { z } from 'zod';
import type { Observation } from '../../core/drift/observation.ts';
import { Fault } from '../../core/fault.ts';
import type { LogPage } from '../../ports/identity-provider.ts';
import { badAnswer, readGraph } from './faults.ts';
import type { GraphSession } from './graph-session.ts';

/** Entries are written some minutes after they happened: so much is read again each time. */
const OVERLAP_MS = 15 * 60_000;
const PAGE = 500;
const MAX_PAGES = 1_000;
const WHAT = 'read who changed groups';

const activities: Record<string, 'added' | 'removed'> = {
  'Add member to group': 'added',
  'Remove member from group': 'removed',
};

const auditSchema = z.looseObject({
  id: z.string().min(1).max(300),
  activityDateTime: z.iso.datetime({ offset: true }),
  activityDisplayName: z.string(),
  result: z.string().nullish(),
  initiatedBy: z
    .object({
      user: z
        .object({
          id: z.string().nullish(),
          displayName: z.string().nullish(),
          userPrincipalName: z.string().nullish(),
        })
        .nullish(),
    })
    .nullish(),
  targetResources: z.array(
    z.looseObject({
      id: z.string().nullish(),
      type: z.string().nullish(),
      modifiedProperties: z
        .array(
          z.looseObject({
            displayName: z.string().nullish(),
            oldValue: z.string().nullish(),
            newValue: z.string().nullish(),
          }),
        )
        .nullish(),
    }),
  ),
});
type Audit = z.infer<typeof auditSchema>;
const pageSchema = z.object({ value: z.array(z.unknown()), '@odata.nextLink': z.string().optional() });

/** Page by page; `newest`: the time of the newest entry read. */
export type AuditPage = Pick<LogPage, 'observations' | 'unread'> & { newest: string };

/**
 * Who added and removed group members (`/auditLogs/directoryAudits`), since a time. Its permission is
 * `AuditLog.Read.All`. Where Entra does not give it, there is nothing to read: who did it is not known then.
 */
export async function* readAudits(
  graph: GraphSession,
  since: string,
): AsyncGenerator<AuditPage, void, undefined> {
  const from = new Date(Date.parse(since) - OVERLAP_MS).toISOString();
  const filter = `category eq 'GroupManagement' and activityDateTime ge ${from}`;
  let path: string | null = `/auditLogs/directoryAudits?$filter=${encodeURIComponent(filter)}&$top=${PAGE}`;
  let newest = since;
  for (let pages = 0; path !== null; pages += 1) {
    if (pages === MAX_PAGES) throw badAnswer(WHAT, 'the list has no end');
    const page: z.infer<typeof pageSchema> | null = await pageOf(graph, path);
    if (page === null) return;
    const observations: Observation[] = [];
    const unread: { event: string; why: string }[] = [];
    for (const entry of page.value) {
      const parsed = auditSchema.safeParse(entry);
      if (!parsed.success)
        unread.push({ event: 'audit', why: parsed.error.issues[0]?.message ?? 'unreadable' });
      else {
        if (parsed.data.activityDateTime > newest) newest = parsed.data.activityDateTime;
        observations.push(...observed(parsed.data));
      }
    }
    path = graph.pathOf(page['@odata.nextLink'], WHAT);
    yield { observations, unread, newest };
  }
}

async function pageOf(graph: GraphSession, path: string): Promise<z.infer<typeof pageSchema> | null> {
  try {
    return readGraph(pageSchema, await graph.send('GET', path, WHAT), WHAT);
  } catch (error) {
    if (error instanceof Fault && error.code === 'idp.forbidden') return null;
    throw error;
  }
}

function observed(audit: Audit): Observation[] {
  const direction = activities[audit.activityDisplayName];
  const person = audit.targetResources.find(({ type }) => type?.toLowerCase() === 'user');
  const groupId = groupOf(audit);
  if (direction === undefined || audit.result?.toLowerCase() === 'failure') return [];
  if (person?.id == null || groupId === null) return [];
  const by = audit.initiatedBy?.user;
  return [
    {
      key: `graph:audit:${audit.id}`,
      eventSource: 'graph',
      payload: { kind: 'membership', person: { id: person.id }, group: { id: groupId }, direction },
      // An app that did it, ours or another, is nobody.
      actor: by?.id == null ? null : { id: by.id, name: by.userPrincipalName || by.displayName || by.id },
      occurredAt: new Date(audit.activityDateTime),
    },
  ];
}

/** As a target of its own, or among what is changed of the person, there as JSON in a text. */
function groupOf({ targetResources }: Audit): string | null {
  const group = targetResources.find(({ type }) => type?.toLowerCase() === 'group');
  if (group?.id != null) return group.id;
  const property = targetResources
    .flatMap(({ modifiedProperties }) => modifiedProperties ?? [])
    .find(({ displayName }) => displayName === 'Group.ObjectID');
  const text = property?.newValue ?? property?.oldValue;
  return text == null ? null : text.replaceAll('"', '');
}
