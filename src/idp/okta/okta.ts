import { z } from 'zod';
import { Fault } from '../../core/fault.ts';
import type { Answer } from '../../outbound/call.ts';
import { type ReadList, type Recall, readList } from '../../outbound/json-list.ts';
import type {
  IdentityProvider,
  IdpGroup,
  IdpPerson,
  MembersPage,
  SignIn,
  Writability,
} from '../../ports/identity-provider.ts';
import type { Page } from '../../ports/page.ts';
import type { UseRecord } from '../../ports/usage.ts';
import { oktaAdvice } from './advice.ts';
import {
  easeMsOf,
  groupSchema,
  idsSchema,
  type OktaGroup,
  parseAnswer,
  personOf,
  ruleSchema,
  userSchema,
  usersSchema,
} from './answers.ts';
import { badAnswer, type OktaApi, type OktaSettings, openOktaApi } from './api.ts';
import { contextScopes } from './credentials.ts';
import { oktaGroupClaim } from './group-claim.ts';
import { createOktaLog, type OktaLog } from './log.ts';
import { createMemberships } from './memberships.ts';

/**
 * Page size that Okta recommends for members and the most it gives of users and rules (OpenAPI description 2026.06.3).
 */
const PAGE_LIMIT = 200;
/** The largest page of members: for whoever reads whole groups, fewer calls count more than quick ones. */
const COMPARISON_LIMIT = 1_000;
/** How a user begins in Okta's lists. */
const USER_OPENING = '{"id":"';
/** Ids asked for in one search; the address stays well below what servers take. */
const IDS_PER_SEARCH = 100;
/**
 * Logins that Okta reads by address. Okta says that it can't read one with a slash or a question mark
 * (developer.okta.com, "Retrieve a user"). Servers refuse or cut others, encoded or not (`;`, `\\`, brackets). Those
 * are searched for.
 */
const FITS_AN_ADDRESS = /^[\p{L}\p{N}\p{M}@._+'-]+$/u;
/** Pages followed before we stop believing in the paging: two million members. */
const MAX_PAGES = 10_000;

/**
 * Okta as the identity provider. Reads people and groups, writes group members; least privilege is the scopes
 * `okta.groups.manage` and `okta.users.read`, and `okta.logs.read` for its log alone.
 *
 * Faults, with Okta's errorCode as `vendorCode`:
 * - `idp.unauthorized`: 401; a service app has fetched a new token once before
 * - `idp.forbidden`: 403
 * - `idp.not_found`
 * - `idp.throttled`, with `retryAfterMs`
 * - `idp.unavailable`: 5xx or no connection
 * - `idp.timeout`
 * - `idp.invalid`
 * - `idp.bad_answer`
 *
 * @throws config.invalid when the service app's private key is no key
 */
export function createOkta(settings: OktaSettings): IdentityProvider {
  return new Okta(settings);
}

class Okta implements IdentityProvider {
  readonly system = 'okta';
  readonly name = 'Okta';
  readonly advice = oktaAdvice;
  readonly groupClaim = oktaGroupClaim(async (personId) => (await this.groupIdsOf(personId)).length);
  readonly log: OktaLog;
  readonly signIns: UseRecord | null;
  readonly #api: OktaApi;
  readonly #isIn = createMemberships({
    pageOfIds: (groupId, from) => this.#pageOfIds(groupId, from),
    isMember: (groupId, personId) => this.#isMember(groupId, personId),
  });

  constructor(settings: OktaSettings) {
    this.#api = openOktaApi(settings, contextScopes);
    this.log = createOktaLog(settings);
    this.signIns = this.log.signIns;
  }

  async findPeopleByEmail(email: string): Promise<IdpPerson[]> {
    const found = await this.#searchUsers('profile.email', email);
    return found.filter((person) => isSameText(person.email, email));
  }

  async readPerson(idOrLogin: string): Promise<IdpPerson | null> {
    if (!FITS_AN_ADDRESS.test(idOrLogin)) return await this.#findByLogin(idOrLogin);
    const what = 'read a person';
    let answer: Answer;
    try {
      answer = await this.#api.send('GET', apiPath`/users/${idOrLogin}`, what, { mayBeAbsent: true });
    } catch (error) {
      // A text that Okta takes for no address may be somebody's login all the same.
      const found = isRefusedAsked(error) ? await this.#findByLogin(idOrLogin) : null;
      // It may also be an id, of which the search says nothing: a refusal is no word that there is nobody.
      if (found === null) throw error;
      return found;
    }
    if (answer.status === 404) return null;
    const person = personOf(parseAnswer(userSchema, answer, what));
    // Okta also answers to the short name, the part of a login before the @: that is somebody else's guess.
    return person.id === idOrLogin || isSameText(person.login, idOrLogin) ? person : null;
  }

  async #findByLogin(login: string): Promise<IdpPerson | null> {
    // No login is blank, and Okta takes no search for one.
    if (login.trim() === '') return null;
    const found = await this.#searchUsers('profile.login', login);
    return found.find((person) => isSameText(person.login, login)) ?? null;
  }

  async findGroup(name: string): Promise<IdpGroup | null> {
    const what = 'find a group';
    const path = `/groups?${new URLSearchParams({ search: equals('profile.name', name), limit: String(PAGE_LIMIT) })}`;
    let found: OktaGroup | null = null;
    for await (const group of this.#list(groupSchema, path, what)) {
      if (group.profile.name !== name) continue;
      // An imported group may share the name of one of Okta's own; ours is the one that can be written.
      if (found === null || group.type === 'OKTA_GROUP') found = group;
    }
    if (found === null) return null;
    const { id, profile } = found;
    return {
      id,
      name: profile.name,
      description: profile.description ?? null,
      ...(await this.#writability(found)),
    };
  }

  async isMember(groupId: string, personId: string): Promise<boolean> {
    return await this.#isIn({ groupId, personId });
  }

  async #isMember(groupId: string, personId: string): Promise<boolean> {
    // A person is in far fewer groups than a group has people.
    for await (const group of this.#list(groupSchema, apiPath`/users/${personId}/groups`, 'read memberships'))
      if (group.id === groupId) return true;
    return false;
  }

  async groupIdsOf(personId: string): Promise<string[]> {
    const ids: string[] = [];
    try {
      for await (const group of this.#list(
        groupSchema,
        apiPath`/users/${personId}/groups`,
        'read memberships',
      ))
        ids.push(group.id);
    } catch (error) {
      if (error instanceof Fault && error.code === 'idp.not_found') return [];
      throw error;
    }
    return ids;
  }

  async *listMembers(groupId: string): AsyncGenerator<IdpPerson, void, undefined> {
    const path = `${apiPath`/groups/${groupId}/users`}?limit=${PAGE_LIMIT}`;
    for await (const user of this.#list(userSchema, path, 'list members')) yield personOf(user);
  }

  async pageOfMembers<Met>(
    groupId: string,
    from: string | null,
    recall: Recall<Met> = () => undefined,
  ): Promise<MembersPage<Met>> {
    const what = 'list members';
    const path = from ?? `${apiPath`/groups/${groupId}/users`}?limit=${COMPARISON_LIMIT}`;
    const read = (body: Buffer) => readList(body, USER_OPENING, recall);
    const answer = await this.#api.send('GET', path, what, { read });
    const { elements, prints, met } = (answer.body ?? { elements: null }) as ReadList<Met>;
    return {
      rows: parseAnswer(usersSchema, { ...answer, body: elements }, what).map(personOf),
      prints,
      met,
      next: this.#api.nextPath(answer.headers, what),
      easeMs: easeMsOf(answer.headers),
    };
  }

  async #pageOfIds(groupId: string, from: string | null): Promise<Page<string>> {
    const what = 'list members';
    const path = from ?? `${apiPath`/groups/${groupId}/users`}?limit=${COMPARISON_LIMIT}`;
    const answer = await this.#api.send('GET', path, what);
    return {
      rows: parseAnswer(idsSchema, answer, what).map(({ id }) => id),
      next: this.#api.nextPath(answer.headers, what),
      easeMs: easeMsOf(answer.headers),
    };
  }

  async readPeople(ids: readonly string[]): Promise<IdpPerson[]> {
    const found: IdpPerson[] = [];
    for (let at = 0; at < ids.length; at += IDS_PER_SEARCH)
      found.push(...(await this.#readTogether(ids.slice(at, at + IDS_PER_SEARCH))));
    return found;
  }

  /**
   * One id that Okta takes for none, such as one that a SCIM client made up, does not keep the others from being read.
   */
  async #readTogether(ids: readonly string[]): Promise<IdpPerson[]> {
    const search = ids.map((id) => equals('id', id)).join(' or ');
    const path = `/users?${new URLSearchParams({ search, limit: String(PAGE_LIMIT) })}`;
    const found: IdpPerson[] = [];
    try {
      for await (const user of this.#list(userSchema, path, 'read people')) found.push(personOf(user));
      return found;
    } catch (error) {
      if (!isRefusedAsked(error)) throw error;
      if (ids.length === 1) return [];
      const half = Math.ceil(ids.length / 2);
      return [
        ...(await this.#readTogether(ids.slice(0, half))),
        ...(await this.#readTogether(ids.slice(half))),
      ];
    }
  }

  async lastSignIn(personId: string, withinSeconds: number): Promise<SignIn | null> {
    return await this.log.lastSignIn(personId, withinSeconds);
  }

  async addMember(groupId: string, personId: string): Promise<void> {
    await this.#api.send('PUT', apiPath`/groups/${groupId}/users/${personId}`, 'add a member');
  }

  async removeMember(groupId: string, personId: string): Promise<void> {
    await this.#api.send('DELETE', apiPath`/groups/${groupId}/users/${personId}`, 'remove a member');
  }

  async check(): Promise<void> {
    // One read for each right that we need to have.
    await this.#api.send('GET', '/groups?limit=1', 'check groups');
    await this.#api.send('GET', '/users?limit=1', 'check users');
  }

  async #searchUsers(attribute: string, value: string): Promise<IdpPerson[]> {
    const query = new URLSearchParams({ search: equals(attribute, value), limit: String(PAGE_LIMIT) });
    const found: IdpPerson[] = [];
    for await (const user of this.#list(userSchema, `/users?${query}`, 'find people'))
      found.push(personOf(user));
    return found;
  }

  async #writability(group: OktaGroup): Promise<Writability> {
    if (group.type === 'APP_GROUP')
      return unwritable(
        'Okta imports this group from another directory or app, which alone can change its members. Name a group made in Okta itself, or manage this access where the group comes from.',
      );
    if (group.type === 'BUILT_IN')
      return unwritable(
        'This group is built into Okta and nobody can change its members. Name another group.',
      );
    if (group.type !== 'OKTA_GROUP')
      return unwritable(
        `Okta calls this group's type ${group.type}, whose members we do not know how to change. Name a group made in Okta itself.`,
      );
    const rule = await this.#ruleOf(group.id);
    if (rule === null) return { writable: true };
    return unwritable(
      `The Okta group rule "${rule}" fills this group, and whoever is removed by hand lands on the rule's exclusion list for good. Take the group out of the rule, or name a group that no rule fills.`,
    );
  }

  /** Name of a rule that fills this group. One that is INVALID just now fills it again once it is mended. */
  async #ruleOf(groupId: string): Promise<string | null> {
    for await (const rule of this.#list(ruleSchema, `/groups/rules?limit=${PAGE_LIMIT}`, 'list group rules'))
      if (rule.status !== 'INACTIVE' && rule.actions?.assignUserToGroups?.groupIds?.includes(groupId))
        return rule.name;
    return null;
  }

  /** All items of a list, page after page by the `Link` header. */
  async *#list<T>(item: z.ZodType<T>, path: string, what: string): AsyncGenerator<T, void, undefined> {
    let next: string | null = path;
    for (let pages = 0; next !== null; pages += 1) {
      if (pages === MAX_PAGES) throw badAnswer(what, 'the list has no end');
      const answer: Answer = await this.#api.send('GET', next, what);
      yield* parseAnswer(z.array(item), answer, what);
      next = this.#api.nextPath(answer.headers, what);
    }
  }
}

function unwritable(reason: string): Writability {
  return { writable: false, reason };
}

/** An exact match in Okta's search grammar; the value cannot end its own quotes. */
function equals(attribute: string, value: string): string {
  return `${attribute} eq "${value.replace(/[\\"]/g, '\\$&')}"`;
}

/** Okta refuses the question itself (4xx), not us. */
function isRefusedAsked(error: unknown): boolean {
  return error instanceof Fault && error.code === 'idp.invalid';
}

function isSameText(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** A path whose values are each one segment, whatever is in them. */
function apiPath(parts: TemplateStringsArray, ...values: string[]): string {
  return parts.reduce((path, part, i) => path + segment(values[i - 1] ?? '') + part);
}

/** `.` and `..` would be resolved away by URL parsing, encoded or not; no Okta id is one. */
function segment(value: string): string {
  return value === '' || value === '.' || value === '..' ? '%20' : encodeURIComponent(value);
}
