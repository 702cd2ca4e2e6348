import type { System } from './emulator.ts';
import { guid } from './entra/tenant.ts';
import { oktaGroups, people } from './seed.ts';

type Request = <T>(method: string, path: string, body?: unknown) => Promise<T>;

/** As sentences call them. */
export const systemNames: Record<System, string> = { okta: 'Okta', entra: 'Entra' };

/** The consoles of the identity providers, as an administrator uses them, and what they show. `systemOf`: which identity provider has a group that gives access. */
export function consoles(request: Request, systemOf: (group: string) => System, systems: readonly System[]) {
  const shown: Record<System, () => Promise<Record<string, string[]>>> = {
    async okta() {
      const groups = await request<{ name: string; members: { key: string }[] }[]>('GET', '/okta/sim/groups');
      return Object.fromEntries(groups.map(({ name, members }) => [name, members.map(({ key }) => key)]));
    },
    entra: () => request('GET', '/entra/sim/members'),
  };
  const deactivating: Record<System, (key: string) => Promise<unknown>> = {
    okta: (key) => request('POST', `/okta/sim/users/${key}/status`, { status: 'DEPROVISIONED' }),
    entra: (key) => request('POST', '/entra/sim/users', { key, happening: 'deleted' }),
  };
  return {
    systems,
    systemOf,
    /** As sentences call the one that has this group. */
    nameOf: (group: string) => systemNames[systemOf(group)],
    /** As sentences call all of them. */
    name: systems.map((system) => systemNames[system]).join(' and '),
    isInGroup: async (key: string, group: string): Promise<boolean> =>
      (await shown[systemOf(group)]())[group]?.includes(key) ?? false,
    /** The groups that give access and have this person, wherever they are. */
    async groupsOf(key: string): Promise<string[]> {
      const found = await Promise.all(systems.map(async (system) => Object.entries(await shown[system]())));
      return found
        .flat()
        .filter(([name, members]) => name.startsWith('anypoint-') && members.includes(key))
        .map(([name]) => name);
    },
    /** In every one of them, as somebody who leaves the company is. */
    async deactivate(key: string): Promise<void> {
      for (const system of systems) await deactivating[system](key);
    },
    /** What a write of this membership looks like on the wire; the path is a pattern. Entra’s has the person in its body alone. */
    writeOf(key: string, group: string): { vendor: string; method: string; path: string } {
      const n = oktaGroups.findIndex(({ name }) => name === group);
      const oktaId = people.find((person) => person.key === key)?.oktaId ?? '';
      return systemOf(group) === 'okta'
        ? { vendor: 'okta', method: 'PUT', path: `/groups/${oktaGroups[n]?.id ?? ''}/users/${oktaId}` }
        : { vendor: 'entra', method: 'POST', path: `/groups/${guid('f', n + 1)}/members/[$]ref$` };
    },
  };
}
