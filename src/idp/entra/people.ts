import { z } from 'zod';
import type { IdpPerson } from '../../ports/identity-provider.ts';
import {
  DELETED_USER_QUERY,
  deletedPersonOf,
  deletedUserSchema,
  type EntraUser,
  hasAddress,
  pageSchema,
  personOf,
  quoted,
  USER_QUERY,
  userSchema,
} from './answers.ts';
import { badAnswer, graphFault, readGraph } from './faults.ts';
import type { GraphSession } from './graph-session.ts';
import { isGuid } from './member-reference.ts';

/** The most that Graph takes: values of an `in`, and requests of a batch (graph/json-batching). */
const IDS_PER_FILTER = 15;
const REQUESTS_PER_BATCH = 20;
/** Pages followed before we stop believing in the paging. */
const MAX_PAGES = 10_000;

const usersSchema = pageSchema(userSchema);
const batchSchema = z.object({
  responses: z.array(
    z.object({
      id: z.string(),
      status: z.int(),
      headers: z.record(z.string(), z.string()).nullish(),
      body: z.unknown(),
    }),
  ),
});

/** The people of a tenant. Its permission is `User.Read.All`. */
export class EntraPeople {
  readonly #graph: GraphSession;

  constructor(graph: GraphSession) {
    this.#graph = graph;
  }

  async byId(id: string): Promise<IdpPerson | null> {
    const what = 'read a person';
    const answer = await this.#graph.send('GET', `/users/${id}?${USER_QUERY}`, what, { mayBeAbsent: true });
    const user = answer.status === 404 ? null : readGraph(userSchema, answer, what);
    // Graph takes the name to sign in with in the same place, and a name may look like an id.
    if (user !== null && user.id.toLowerCase() === id.toLowerCase()) return personOf(user);
    const deleted = await this.#graph.send(
      'GET',
      `/directory/deletedItems/microsoft.graph.user/${id}?${DELETED_USER_QUERY}`,
      'read a deleted person',
      { mayBeAbsent: true },
    );
    return deleted.status === 404 ? null : deletedPersonOf(readGraph(deletedUserSchema, deleted, what));
  }

  /** By the name that they sign in with. Not by address: such a name may have signs that a path can't carry. */
  async byLogin(login: string): Promise<IdpPerson | null> {
    // No name is blank, and none is as long.
    if (login.trim() === '' || login.length > LOGIN_MAX || !login.isWellFormed()) return null;
    const found = await this.#find(`userPrincipalName eq ${quoted(login)}`, 'find a person');
    const one = found.find((user) => user.userPrincipalName.toLowerCase() === login.toLowerCase());
    return one === undefined ? null : personOf(one);
  }

  async byEmail(email: string): Promise<IdpPerson[]> {
    if (email.trim() === '' || email.length > LOGIN_MAX || !email.isWellFormed()) return [];
    const what = 'find people';
    const text = quoted(email);
    // Each by itself: joined by `or` Graph wants its other, lagging index.
    const found = await Promise.all(
      [
        `mail eq ${text}`,
        `userPrincipalName eq ${text}`,
        `proxyAddresses/any(a:a eq ${quoted(`smtp:${email}`)})`,
      ].map((filter) => this.#find(filter, what)),
    );
    const people = new Map(found.flat().map((user) => [user.id, user]));
    return [...people.values()].filter((user) => hasAddress(user, email)).map(personOf);
  }

  async #find(filter: string, what: string): Promise<EntraUser[]> {
    const found: EntraUser[] = [];
    let path: string | null = `/users?$filter=${encodeURIComponent(filter)}&${USER_QUERY}`;
    for (let pages = 0; path !== null; pages += 1) {
      if (pages === MAX_PAGES) throw badAnswer(what, 'the list has no end');
      const page = readGraph(usersSchema, await this.#graph.send('GET', path, what), what);
      found.push(...page.value);
      path = this.#graph.pathOf(page['@odata.nextLink'], what);
    }
    return found;
  }

  /** Those of these ids who are there, in any order. Deleted people are left out. */
  async byIds(ids: readonly string[]): Promise<IdpPerson[]> {
    const asked = [...new Set(ids.filter(isGuid))];
    const paths: string[] = [];
    for (let at = 0; at < asked.length; at += IDS_PER_FILTER) {
      const filter = `id in (${asked
        .slice(at, at + IDS_PER_FILTER)
        .map(quoted)
        .join(',')})`;
      paths.push(`/users?$filter=${encodeURIComponent(filter)}&${USER_QUERY}`);
    }
    const found: IdpPerson[] = [];
    for (let at = 0; at < paths.length; at += REQUESTS_PER_BATCH)
      found.push(...(await this.#batch(paths.slice(at, at + REQUESTS_PER_BATCH))));
    return found;
  }

  async #batch(paths: readonly string[]): Promise<IdpPerson[]> {
    const what = 'read people';
    const requests = paths.map((url, i) => ({ id: String(i), method: 'GET', url }));
    // Nothing is written: a batch that got no answer is asked again like any read.
    const answer = await this.#graph.send('POST', '/$batch', what, { body: { requests }, isRead: true });
    const { responses } = readGraph(batchSchema, answer, what);
    if (new Set(responses.map(({ id }) => id)).size !== paths.length)
      throw badAnswer(what, 'some of a batch was not answered');
    return responses.flatMap(({ status, headers, body }) => {
      if (status >= 400)
        throw graphFault({ status, headers: new Headers(headers ?? {}), body: body ?? null }, 'GET', what);
      const page = readGraph(usersSchema, { body }, what);
      if (page['@odata.nextLink'] !== undefined) throw badAnswer(what, 'fifteen people do not fit on a page');
      return page.value.map(personOf);
    });
  }
}

/** Longer than any name or address that Entra takes. */
const LOGIN_MAX = 500;
