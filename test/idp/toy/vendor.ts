import { text, url } from '../../../src/config/setting-shapes.ts';
import { wholly } from '../../../src/core/checked.ts';
import { Fault } from '../../../src/core/fault.ts';
import { standardWay } from '../../../src/idp/sign-in-way.ts';
import type { IdpVendor } from '../../../src/idp/vendor.ts';
import { type Call, call } from '../../../src/outbound/call.ts';
import type { IdentityProvider, IdpAdvice, IdpPerson } from '../../../src/ports/identity-provider.ts';
import { type GivenSecret, secretOf } from '../../../src/secrets/secret.ts';
import type { ToyPerson } from './directory.ts';

const advice: IdpAdvice = {
  credentials: 'set TOY_KEY to the key on the lid',
  rights: 'turn the key to the right',
  address: 'TOY_URL',
  scim: 'wind it up',
  pushGroups: 'in the toy, the big button',
  pushNow: 'in the toy, press the button {group}',
};

/** A whole identity provider in one folder, as small as one can be. */
export const toy: IdpVendor = {
  system: 'toy',
  name: 'Toy Directory',
  settings: {
    TOY_URL: { shape: url, hint: 'where the toy directory is' },
    TOY_KEY: { shape: text, hint: 'the key on its lid', secret: {} },
  },
  read({ need, needSecret }) {
    const settings = { url: need('TOY_URL'), key: needSecret('TOY_KEY') };
    return {
      system: 'toy',
      name: 'Toy Directory',
      settings,
      place: `toy directory ${settings.url}`,
      url: settings.url,
      connect: () => createToy(settings),
      check: async () => [
        await wholly('Toy Directory', () => createToy(settings).check(), { name: 'Toy Directory', advice }),
      ],
      signsInAt: () => false,
      signInWay: standardWay,
      hook: null,
      addresses: () => [],
      notifications: null,
    };
  },
};

function createToy({ url, key }: { url: string; key: GivenSecret }): IdentityProvider {
  const send = async (method: Call['method'], path: string): Promise<unknown> => {
    const headers = { authorization: secretOf(key).current() };
    const answer = await call('idp', {
      system: 'toy',
      method,
      url: `${url}${path}`,
      headers,
      timeoutMs: 5_000,
    });
    if (answer.status === 401) throw new Fault('idp.unauthorized', 'wrong key', { retryable: false });
    if (answer.status >= 400) throw new Fault('idp.not_found', `no ${path}`, { retryable: false });
    return answer.body;
  };
  const people = async (path: string) => ((await send('GET', path)) as ToyPerson[]).map(personOf);
  const named = (name: string) => people(`/people?name=${encodeURIComponent(name)}`);
  const membersOf = (group: string) => people(`/groups/${encodeURIComponent(group)}`);
  const groups = async () => (await send('GET', '/groups')) as string[];
  return {
    system: 'toy',
    name: 'Toy Directory',
    advice,
    findPeopleByEmail: async (email) =>
      (await named(email)).filter((one) => one.email === email.toLowerCase()),
    readPerson: async (idOrLogin) => (await named(idOrLogin))[0] ?? null,
    async findGroup(name) {
      const isThere = (await groups()).includes(name);
      return isThere ? { id: name, name, description: null, writable: true } : null;
    },
    isMember: async (group, id) => (await membersOf(group)).some((one) => one.id === id),
    async groupIdsOf(id) {
      const found = [];
      for (const group of await groups())
        if ((await membersOf(group)).some((one) => one.id === id)) found.push(group);
      return found;
    },
    async *listMembers(group) {
      yield* await membersOf(group);
    },
    pageOfMembers: async (group) => ({ rows: await membersOf(group), next: null, easeMs: 0 }),
    readPeople: async (ids) => (await Promise.all(ids.map(named))).flat(),
    addMember: async (group, id) => void (await send('PUT', `/groups/${group}/${id}`)),
    removeMember: async (group, id) => void (await send('DELETE', `/groups/${group}/${id}`)),
    check: async () => void (await groups()),
  };
}

function personOf({ id, login, email, name, active }: ToyPerson): IdpPerson {
  return {
    ...{ id, login, email, displayName: name, status: active ? 'active' : 'inactive' },
    ...{ title: null, department: null, manager: null, timeZone: null },
  };
}
