import type { ScimSource } from '../../../src/store/schema/scim-tables.ts';
import { CORE_GROUP, CORE_USER, ENTERPRISE_USER, PATCH_OP } from '../start-scim.ts';

/** One request as the client writes it, and the status that it counts on. */
export type Sent = { method: string; path: string; body?: unknown; status: number };

/** A person as the directory has them. */
export type Person = {
  userName: string;
  externalId: string;
  givenName: string;
  familyName: string;
  department: string;
  active: boolean;
};

export type Team = { displayName: string; externalId: string };

/** Somebody in a team, by the id that we gave. */
export type Member = { id: string; userName: string };

/**
 * How one client speaks SCIM. A client knows what is there: a PUT sends all of it, a PATCH what differs.
 * Bodies are those of the vendors' documents.
 */
export type Dialect = {
  name: string;
  source: ScimSource;
  headers: Record<string, string>;
  /** The request of the button "Test connection"; 200 with an empty list is success. */
  testConnection(): Sent;
  findUser(userName: string): Sent;
  createUser(person: Person): Sent;
  updateUser(id: string, before: Person, after: Person): Sent[];
  /** For somebody who has left the directory for good. */
  endUser(id: string, person: Person): Sent[];
  findGroup(displayName: string): Sent;
  createGroup(team: Team): Sent;
  renameGroup(id: string, after: Team, members: readonly Member[]): Sent[];
  /** Whoever is in `after` is in, and nobody else. */
  changeMembers(id: string, team: Team, before: readonly Member[], after: readonly Member[]): Sent[];
  /** The whole list once more, because somebody asked for it. */
  pushMembers(id: string, team: Team, before: readonly Member[], after: readonly Member[]): Sent[];
  deleteGroup(id: string): Sent;
};

const query = (path: string, parameters: Record<string, string | number>) =>
  `${path}?${Object.entries(parameters)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&')}`;
const get = (path: string): Sent => ({ method: 'GET', path, status: 200 });
const post = (path: string, body: unknown): Sent => ({ method: 'POST', path, body, status: 201 });
const put = (path: string, body: unknown): Sent => ({ method: 'PUT', path, body, status: 200 });
const remove = (path: string): Sent => ({ method: 'DELETE', path, status: 204 });
const patch = (path: string, Operations: unknown[], status: number): Sent[] =>
  Operations.length === 0
    ? []
    : [{ method: 'PATCH', path, body: { schemas: [PATCH_OP], Operations }, status }];

const without = (some: readonly Member[], others: readonly Member[]) =>
  some.filter(({ id }) => !others.some((other) => other.id === id));

/** Facts, section 2: docs/reference/scim/scim-20 and docs/concepts/scim/faqs of okta-developer-docs. */
const oktaHeaders = {
  'user-agent': 'Okta SCIM Client 1.0.0',
  accept: 'application/scim+json',
  'accept-charset': 'utf-8',
  'content-type': 'application/scim+json; charset=utf-8',
};

const oktaProfile = ({ userName, externalId, givenName, familyName, department, active }: Person) => ({
  schemas: [CORE_USER, ENTERPRISE_USER],
  userName,
  name: { givenName, familyName },
  emails: [{ primary: true, value: userName, type: 'work' }],
  displayName: `${givenName} ${familyName}`,
  locale: 'en-US',
  externalId,
  [ENTERPRISE_USER]: { department },
  groups: [],
  password: '1mz050nq',
  active,
});

const oktaMembers = (members: readonly Member[]) =>
  members.map(({ id, userName }) => ({ value: id, display: userName }));

type Shared =
  | 'source'
  | 'headers'
  | 'testConnection'
  | 'findUser'
  | 'createUser'
  | 'findGroup'
  | 'createGroup'
  | 'deleteGroup';

const anyOkta: Pick<Dialect, Shared> = {
  source: 'okta',
  headers: oktaHeaders,
  testConnection: () => get('/Users?startIndex=1&count=2'),
  findUser: (userName) =>
    get(query('/Users', { filter: `userName eq ${JSON.stringify(userName)}`, startIndex: 1, count: 100 })),
  createUser: (person) => post('/Users', oktaProfile(person)),
  findGroup: (name) =>
    get(query('/Groups', { filter: `displayName eq ${JSON.stringify(name)}`, startIndex: 1, count: 100 })),
  // Okta has the group's id nowhere in the push.
  createGroup: ({ displayName }) => post('/Groups', { schemas: [CORE_GROUP], displayName, members: [] }),
  deleteGroup: (id) => remove(`/Groups/${id}`),
};

/** An application of Okta's catalogue: PATCH, without a path where an object will do. */
const okta: Dialect = {
  ...anyOkta,
  name: 'Okta, catalogue (OIN) application',
  updateUser: (id, before, after) => {
    const value = difference(oktaProfile(before), oktaProfile(after));
    return patch(`/Users/${id}`, Object.keys(value).length === 0 ? [] : [{ op: 'replace', value }], 200);
  },
  endUser: (id) => patch(`/Users/${id}`, [{ op: 'replace', value: { active: false } }], 200),
  renameGroup: (id, { displayName }) =>
    patch(`/Groups/${id}`, [{ op: 'replace', value: { id, displayName } }], 204),
  changeMembers: (id, { displayName }, before, after) => {
    const added = without(after, before);
    const moves = [
      ...without(before, after).map((gone) => ({ op: 'remove', path: `members[value eq "${gone.id}"]` })),
      ...(added.length === 0 ? [] : [{ op: 'add', path: 'members', value: oktaMembers(added) }]),
    ];
    if (moves.length === 0) return [];
    // Each push of members comes with a rename, though the name is the same.
    const rename = { op: 'replace', value: { id, displayName } };
    return [...patch(`/Groups/${id}`, [rename], 204), ...patch(`/Groups/${id}`, moves, 204)];
  },
  pushMembers: (id, _team, _before, after) =>
    patch(`/Groups/${id}`, [{ op: 'replace', path: 'members', value: oktaMembers(after) }], 204),
};

/** An application made with Okta's wizard: PUT of the whole resource. */
const oktaAiw: Dialect = {
  ...anyOkta,
  name: 'Okta, custom (AIW) application',
  updateUser: (id, _before, after) => [
    put(`/Users/${id}`, { ...oktaProfile(after), id, meta: { resourceType: 'User' } }),
  ],
  endUser: (id, person) => [put(`/Users/${id}`, { ...oktaProfile(person), id, active: false })],
  renameGroup: (id, { displayName }, members) => [putGroup(id, displayName, members)],
  changeMembers: (id, { displayName }, _before, after) => [putGroup(id, displayName, after)],
  pushMembers: (id, { displayName }, _before, after) => [putGroup(id, displayName, after)],
};

const putGroup = (id: string, displayName: string, members: readonly Member[]) =>
  put(`/Groups/${id}`, { schemas: [CORE_GROUP], id, displayName, members: oktaMembers(members) });

/** Facts, section 3: docs/identity/app-provisioning of entra-docs. */
const ADSCIM_GROUP = 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group';

/** Where Entra writes each attribute, and what it writes there. */
const entraPaths = (person: Person): Record<string, string> => ({
  userName: person.userName,
  externalId: person.externalId,
  'emails[type eq "work"].value': person.userName,
  'name.givenName': person.givenName,
  'name.familyName': person.familyName,
  'name.formatted': `${person.givenName} ${person.familyName}`,
  [`${ENTERPRISE_USER}:department`]: person.department,
});

/** `flag` stands behind every address, as an administrator appends it to the tenant URL. */
function anyEntra(flag: string): Pick<Dialect, Shared> {
  const flagged = (path: string) => (flag === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${flag}`);
  return {
    source: 'entra',
    headers: { 'content-type': 'application/scim+json; charset=utf-8' },
    testConnection: () =>
      get(flagged('/Users?filter=userName+eq+%22non-existing-7f3a7a5e-6d2f-4b7f-8f0e-0b8b6a4f0c11%22')),
    findUser: (userName) =>
      get(flagged(query('/Users', { filter: `userName eq ${JSON.stringify(userName)}` }))),
    createUser: ({ userName, externalId, givenName, familyName, department, active }) =>
      post(flagged('/Users'), {
        schemas: [CORE_USER, ENTERPRISE_USER],
        externalId,
        userName,
        active,
        emails: [{ primary: true, type: 'work', value: userName }],
        meta: { resourceType: 'User' },
        name: { formatted: `${givenName} ${familyName}`, familyName, givenName },
        [ENTERPRISE_USER]: { department },
        roles: [],
      }),
    findGroup: (name) =>
      get(
        flagged(
          query('/Groups', {
            excludedAttributes: 'members',
            filter: `displayName eq ${JSON.stringify(name)}`,
          }),
        ),
      ),
    createGroup: ({ displayName, externalId }) =>
      post(flagged('/Groups'), {
        schemas: [CORE_GROUP, ADSCIM_GROUP],
        externalId,
        displayName,
        meta: { resourceType: 'Group' },
      }),
    deleteGroup: (id) => remove(flagged(`/Groups/${id}`)),
  };
}

const entraAdded = (members: readonly Member[]) => members.map(({ id }) => ({ $ref: null, value: id }));

/** Entra as it is: capitals, booleans as text, members to remove named by value. */
const entra: Dialect = {
  ...anyEntra(''),
  name: 'Entra',
  updateUser: (id, before, after) => {
    const told = difference(entraPaths(before), entraPaths(after));
    const operations = Object.entries(told).map(([path, value]) => ({ op: 'Replace', path, value }));
    return patch(
      `/Users/${id}`,
      before.active === after.active ? operations : [...operations, entraActive(after.active)],
      200,
    );
  },
  endUser: (id) => [...patch(`/Users/${id}`, [entraActive(false)], 200), remove(`/Users/${id}`)],
  renameGroup: (id, { displayName }) =>
    patch(`/Groups/${id}`, [{ op: 'Replace', path: 'displayName', value: displayName }], 204),
  changeMembers: (id, _team, before, after) => {
    const added = without(after, before);
    const gone = without(before, after).map((member) => ({ value: member.id }));
    return [
      ...patch(
        `/Groups/${id}`,
        added.length === 0 ? [] : [{ op: 'Add', path: 'members', value: entraAdded(added) }],
        204,
      ),
      ...patch(
        `/Groups/${id}`,
        gone.length === 0 ? [] : [{ op: 'Remove', path: 'members', value: gone }],
        204,
      ),
    ];
  },
  // Entra has no full push: "restart provisioning" adds everybody once more.
  pushMembers: (id, team, before, after) => [
    ...patch(
      `/Groups/${id}`,
      before.length === 0 ? [] : [{ op: 'Add', path: 'members', value: entraAdded(before) }],
      204,
    ),
    ...entra.changeMembers(id, team, before, after),
  ],
};

const entraActive = (active: boolean) => ({
  op: 'Replace',
  path: 'active',
  value: active ? 'True' : 'False',
});

/** Entra with `aadOptscim062020`: lower case, booleans, members by filter, several attributes without a path. */
const FLAG = 'aadOptscim062020';
const entraCompliant: Dialect = {
  ...anyEntra(FLAG),
  name: `Entra with ?${FLAG}`,
  updateUser: (id, before, after) => {
    const told = Object.entries(difference(entraPaths(before), entraPaths(after)));
    const filtered = told.filter(([path]) => path.includes('['));
    const plain = told.filter(([path]) => !path.includes('['));
    const operations: unknown[] = filtered.map(([path, value]) => ({ op: 'replace', path, value }));
    if (plain.length > 0) operations.push({ op: 'replace', value: Object.fromEntries(plain) });
    if (before.active !== after.active)
      operations.push({ op: 'replace', path: 'active', value: after.active });
    return patch(`/Users/${id}?${FLAG}`, operations, 200);
  },
  endUser: (id) => [
    ...patch(`/Users/${id}?${FLAG}`, [{ op: 'replace', path: 'active', value: false }], 200),
    remove(`/Users/${id}?${FLAG}`),
  ],
  renameGroup: (id, { displayName }) =>
    patch(`/Groups/${id}?${FLAG}`, [{ op: 'replace', path: 'displayName', value: displayName }], 204),
  changeMembers: (id, _team, before, after) => {
    const added = without(after, before);
    const gone = without(before, after);
    return [
      ...patch(
        `/Groups/${id}?${FLAG}`,
        added.length === 0 ? [] : [{ op: 'add', path: 'members', value: entraAdded(added) }],
        204,
      ),
      ...patch(
        `/Groups/${id}?${FLAG}`,
        gone.map((member) => ({ op: 'remove', path: `members[value eq "${member.id}"]` })),
        204,
      ),
    ];
  },
  pushMembers: (id, team, before, after) => [
    ...patch(
      `/Groups/${id}?${FLAG}`,
      before.length === 0 ? [] : [{ op: 'add', path: 'members', value: entraAdded(before) }],
      204,
    ),
    ...entraCompliant.changeMembers(id, team, before, after),
  ],
};

export const dialects: readonly Dialect[] = [okta, oktaAiw, entra, entraCompliant];

/** What is other in `after`. */
function difference<T>(before: Record<string, T>, after: Record<string, T>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(after).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])),
  );
}
