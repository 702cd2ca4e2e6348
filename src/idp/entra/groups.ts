import type { IdpGroup, Writability } from '../../ports/identity-provider.ts';
import {
  directoryObjectSchema,
  type EntraGroup,
  GROUP_QUERY,
  groupSchema,
  isA,
  pageSchema,
  quoted,
} from './answers.ts';
import { badAnswer, readGraph } from './faults.ts';
import type { GraphSession } from './graph-session.ts';
import { isGuid } from './member-reference.ts';

/** The largest page that Graph gives of directory objects. */
const PAGE = 999;
const MAX_PAGES = 10_000;
/** Group names are at most 256 characters. */
const NAME_MAX = 256;

const groupsSchema = pageSchema(groupSchema);
const objectsSchema = pageSchema(directoryObjectSchema);

/** Reads groups. Its permission is `GroupMember.Read.All`; the one to write, `GroupMember.ReadWrite.All`, has it. */
export class EntraGroups {
  readonly #graph: GraphSession;
  readonly #isAssigned: ((groupId: string) => Promise<boolean>) | null;

  /** `isAssigned`: whether the enterprise app that provisions carries a group; null where none does. */
  constructor(graph: GraphSession, isAssigned: ((groupId: string) => Promise<boolean>) | null) {
    this.#graph = graph;
    this.#isAssigned = isAssigned;
  }

  /** By object id, or by exact name. What looks like an id is never taken for a name: anybody may name a group. */
  async find(idOrName: string): Promise<IdpGroup | null> {
    const found = isGuid(idOrName) ? await this.#byId(idOrName) : await this.#named(idOrName);
    const [group] = found;
    if (group === undefined) return null;
    const name = group.displayName ?? '';
    return {
      id: group.id,
      name,
      description: group.description ?? null,
      ...(found.length > 1
        ? unwritable(
            `Entra has ${found.length} groups called ${name}, and names there need not be unique. Name the one that is meant by its object id.`,
          )
        : await this.#writability(group)),
    };
  }

  async #byId(id: string): Promise<EntraGroup[]> {
    const what = 'find a group';
    const answer = await this.#graph.send('GET', `/groups/${id}?${GROUP_QUERY}`, what, { mayBeAbsent: true });
    return answer.status === 404 ? [] : [readGraph(groupSchema, answer, what)];
  }

  async #named(name: string): Promise<EntraGroup[]> {
    if (name === '' || name.length > NAME_MAX || !name.isWellFormed()) return [];
    const what = 'find a group';
    const filter = encodeURIComponent(`displayName eq ${quoted(name)}`);
    const found: EntraGroup[] = [];
    let path: string | null = `/groups?$filter=${filter}&${GROUP_QUERY}`;
    for (let pages = 0; path !== null; pages += 1) {
      if (pages === MAX_PAGES) throw badAnswer(what, 'the list has no end');
      const page = readGraph(groupsSchema, await this.#graph.send('GET', path, what), what);
      found.push(...page.value);
      path = this.#graph.pathOf(page['@odata.nextLink'], what);
    }
    // To Graph, capitals and small letters are the same.
    return found.filter((group) => group.displayName === name);
  }

  async #writability(group: EntraGroup): Promise<Writability> {
    const reason =
      fixedReason(group) ??
      (group.isAssignableToRole === true ? await this.#roleReason() : null) ??
      (await this.#nestedReason(group.id));
    if (reason !== null) return unwritable(reason);
    const isAssigned = this.#isAssigned === null || (await this.#isAssigned(group.id));
    return isAssigned ? { writable: true } : { ...UNASSIGNED, writable: false };
  }

  async #roleReason(): Promise<string | null> {
    const permissions = await this.#graph.permissions();
    return permissions?.includes('RoleManagement.ReadWrite.Directory') === true
      ? null
      : 'This group can be given roles in Entra, so its members can only be changed with the application permission RoleManagement.ReadWrite.Directory, which Latchkey had better not have. Name a group that can’t be given roles.';
  }

  /** A group in a group brings people in whom nobody can take out of this one. Provisioning does not see them at all. */
  async #nestedReason(groupId: string): Promise<string | null> {
    for await (const members of this.members(groupId)) {
      const nested = members.find((member) => isA('group', member));
      if (nested !== undefined)
        return `It has another group in it (${nested.displayName ?? nested.id}), whose people Entra does not provision and Latchkey can’t take out. Take that group out, or name a group of people alone.`;
    }
    return null;
  }

  /** Direct members of every kind, page by page. */
  async *members(groupId: string): AsyncGenerator<DirectoryObject[], void, undefined> {
    let from: string | null = null;
    for (let pages = 0; pages === 0 || from !== null; pages += 1) {
      if (pages === MAX_PAGES) throw badAnswer('list members', 'the list has no end');
      const page = await this.pageOfMembers(groupId, from);
      yield page.members;
      from = page.next;
    }
  }

  async pageOfMembers(
    groupId: string,
    from: string | null,
  ): Promise<{ members: DirectoryObject[]; next: string | null }> {
    const what = 'list members';
    const first = `/groups/${encodeURIComponent(groupId)}/members?$select=id,displayName&$top=${PAGE}`;
    const page = readGraph(objectsSchema, await this.#graph.send('GET', from ?? first, what), what);
    return { members: page.value, next: this.#graph.pathOf(page['@odata.nextLink'], what) };
  }

  /** Ids of the groups that a person is directly in; null for somebody who is not there. */
  async idsOf(personId: string): Promise<string[] | null> {
    return await this.#idsBy('memberOf', personId);
  }

  /** Of the groups that a person is in, directly or by another group. */
  async countOf(personId: string): Promise<number> {
    return (await this.#idsBy('transitiveMemberOf', personId))?.length ?? 0;
  }

  async #idsBy(way: 'memberOf' | 'transitiveMemberOf', personId: string): Promise<string[] | null> {
    const what = 'read memberships';
    const ids: string[] = [];
    let path: string | null = `/users/${personId}/${way}?$select=id&$top=${PAGE}`;
    for (let pages = 0; path !== null; pages += 1) {
      if (pages === MAX_PAGES) throw badAnswer(what, 'the list has no end');
      const answer = await this.#graph.send('GET', path, what, { mayBeAbsent: true });
      if (answer.status === 404) return null;
      const page = readGraph(objectsSchema, answer, what);
      ids.push(...page.value.filter((one) => isA('group', one)).map(({ id }) => id));
      path = this.#graph.pathOf(page['@odata.nextLink'], what);
    }
    return ids;
  }
}

export type DirectoryObject = ReturnType<typeof directoryObjectSchema.parse>;

const UNASSIGNED = {
  isUnpushed: true,
  reason:
    'It is not assigned to the enterprise app that provisions to Latchkey, so Entra would never push it. Assign it there (Enterprise applications, Users and groups), or name a group that is.',
} as const;

/** What makes a group one that nobody can write through Graph. */
function fixedReason(group: EntraGroup): string | null {
  const types = group.groupTypes ?? [];
  if (types.includes('DynamicMembership'))
    return 'A rule fills this group (dynamic membership), and nobody can change its members by hand. Name a group with assigned membership, or change the rule.';
  if (group.onPremisesSyncEnabled === true)
    return 'It is synchronized from an Active Directory on your premises, which alone can change its members. Name a group made in Entra itself, or manage this access there.';
  if (group.mailEnabled === true && !types.includes('Unified'))
    return 'It is a distribution list or a mail-enabled security group: only Exchange can change its members. Name a security group.';
  if (group.visibility === 'HiddenMembership')
    return 'Its members are hidden, so Latchkey could not see whether anybody is in it. Name a security group.';
  if (group.isManagementRestricted === true)
    return 'It is in a restricted management administrative unit, whose own administrators alone can change it. Name another group, or take it out of the unit.';
  return null;
}

function unwritable(reason: string): Writability {
  return { writable: false, reason };
}
