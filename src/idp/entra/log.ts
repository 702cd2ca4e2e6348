import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Observation, Told } from '../../core/drift/observation.ts';
import { Fault } from '../../core/fault.ts';
import type { DirectoryLog, LogPage } from '../../ports/identity-provider.ts';
import { ActorNames } from './actor-names.ts';
import { readAudits } from './audits.ts';
import { badAnswer, readGraph } from './faults.ts';
import type { GraphSession } from './graph-session.ts';
import type { EntraPeople } from './people.ts';

/** Pages read in one go before we stop believing in the paging. */
const MAX_PAGES = 10_000;
/** Where a list of changes begins: with those from now on, without all that there is (concepts/delta-query-overview). */
const FROM_NOW = {
  groups: '/groups/delta?$select=members&$deltatoken=latest',
  users: '/users/delta?$select=userPrincipalName,accountEnabled,department,jobTitle&$deltatoken=latest',
} as const;
type List = keyof typeof FROM_NOW;
/** More changes of one group on a page are told as one look at the group. */
const MEMBERS_MAX = 100;

const changedSchema = z.looseObject({
  id: z.string().min(1).max(100),
  '@removed': z.unknown().optional(),
  'members@delta': z
    .array(
      z.looseObject({
        id: z.string().min(1).max(100),
        '@odata.type': z.string().nullish(),
        '@removed': z.unknown().optional(),
      }),
    )
    .nullish(),
});
const pageSchema = z.object({
  value: z.array(z.unknown()),
  '@odata.nextLink': z.string().optional(),
  '@odata.deltaLink': z.string().optional(),
});
const positionSchema = z.object({
  groups: z.string().startsWith('/groups/'),
  users: z.string().startsWith('/users/'),
  /** Time of the newest entry of the audit log that was read. */
  audits: z.iso.datetime({ offset: true }).optional(),
});
type Position = z.infer<typeof positionSchema>;

/**
 * What has changed in the directory (delta queries), the net beneath Graph's notifications. Who did it the audit log
 * says some minutes later. A position is where both lists of changes go on. Where Entra has forgotten it, the list begins anew, from now on.
 */
export class EntraLog implements DirectoryLog {
  readonly eventSource = 'graph';
  readonly isLate = true;
  readonly #graph: GraphSession;
  readonly #names: ActorNames;

  constructor(graph: GraphSession, people: Pick<EntraPeople, 'byIds'>) {
    this.#graph = graph;
    this.#names = new ActorNames(people);
  }

  async *read(position: string | null): AsyncGenerator<LogPage, void, undefined> {
    const at: Position = readPosition(position) ?? { ...FROM_NOW };
    for (const list of ['groups', 'users'] as const) {
      for (let pages = 0; ; pages += 1) {
        if (pages === MAX_PAGES) throw badAnswer(WHAT, 'the list has no end');
        const page = await this.#page(list, at[list]);
        at[list] = page.path;
        yield { observations: page.observations, unread: page.unread, position: JSON.stringify(at) };
        if (page.isEnd) break;
      }
    }
    for await (const { newest, ...page } of readAudits(this.#graph, at.audits ?? new Date().toISOString())) {
      at.audits = newest;
      const observations = await this.#names.given(page.observations);
      yield { ...page, observations, position: JSON.stringify(at) };
    }
  }

  async #page(list: List, path: string) {
    const answer = await this.#graph.send('GET', path, WHAT, { mayBeGone: true });
    if (answer.status === 410)
      return {
        observations: [],
        unread: [
          {
            event: `${list} delta`,
            why: 'Entra has forgotten where we were; what came since is found by the next comparison',
          },
        ],
        path: FROM_NOW[list],
        isEnd: false,
      };
    const page = readGraph(pageSchema, answer, WHAT);
    const next = this.#graph.pathOf(page['@odata.nextLink'] ?? page['@odata.deltaLink'], WHAT);
    if (next === null) throw badAnswer(WHAT, 'it does not say where to go on');
    // Read again from the same place, it is the same news.
    const mark = createHash('sha256').update(path).digest('base64url').slice(0, 16);
    return {
      ...readChanges(list, page.value, mark),
      path: next,
      isEnd: page['@odata.nextLink'] === undefined,
    };
  }

  async check(): Promise<void> {
    for (const path of Object.values(FROM_NOW)) await this.#graph.send('GET', path, WHAT);
  }
}

const WHAT = 'read what has changed';

function readPosition(text: string | null): Position | null {
  if (text === null) return null;
  try {
    return positionSchema.parse(JSON.parse(text));
  } catch {
    throw new Fault('idp.bad_answer', 'Graph: the stored position is none', { retryable: false });
  }
}

function readChanges(list: List, value: readonly unknown[], mark: string) {
  const observations: Observation[] = [];
  const unread: { event: string; why: string }[] = [];
  const now = new Date();
  const tell = (payload: Told, about: string) =>
    observations.push({
      key: `graph:delta:${mark}:${about}`.slice(0, 500),
      eventSource: 'graph',
      payload,
      actor: null,
      occurredAt: now,
    });
  for (const one of value) {
    const parsed = changedSchema.safeParse(one);
    if (!parsed.success) {
      unread.push({ event: `${list} delta`, why: parsed.error.issues[0]?.message ?? 'unreadable' });
      continue;
    }
    const { id, 'members@delta': members, '@removed': removed } = parsed.data;
    if (list === 'users')
      tell({ kind: 'person', person: { id }, happening: removed == null ? 'changed' : 'deleted' }, id);
    else if ((members ?? []).length > MEMBERS_MAX || removed != null)
      tell({ kind: 'group', group: { id } }, id);
    else
      for (const member of (members ?? []).filter((member) =>
        /(^|\.)user$/i.test(member['@odata.type'] ?? 'user'),
      )) {
        const direction = member['@removed'] == null ? 'added' : 'removed';
        tell(
          { kind: 'membership', person: { id: member.id }, group: { id }, direction },
          `${id}:${member.id}:${direction}`,
        );
      }
  }
  return { observations, unread };
}
