import type { System } from './emulator.ts';
import { enterpriseApp } from './entra/synchronization-api.ts';
import { guid } from './entra/tenant.ts';
import { oktaGroups, people } from './seed.ts';

type Request = <T>(method: string, path: string, body?: unknown) => Promise<T>;

/** Countries from which people sign in, as Okta writes them and as Entra does. */
const countryCodes = { Sweden: 'SE' } as const;

/** As sentences call them. */
export const systemNames: Record<System, string> = { okta: 'Okta', entra: 'Entra' };

/** The id of somebody of the seed in an identity provider. */
export function userIdIn(system: System, key: string): string {
  const n = people.findIndex((person) => person.key === key);
  return system === 'okta' ? (people[n]?.oktaId ?? '') : guid('e', n + 1);
}

/** Nothing is carried by SCIM for now, or again: what was held back is carried then. */
const holding: Record<System, (request: Request, isHeld: boolean) => Promise<void>> = {
  async okta(request, isHeld) {
    await request('POST', '/okta/sim/push', { paused: isHeld });
  },
  async entra(request, isHeld) {
    await request('POST', '/entra/sim/sync', { isPaused: isHeld });
    // On demand it carries also while its cycles are paused.
    const below = `/servicePrincipals/${enterpriseApp.servicePrincipalId}/synchronization`;
    const refuse = isHeld ? { status: 503, below } : null;
    await request('POST', '/entra/sim/settings', { refuse });
    if (!isHeld) await request('POST', '/entra/sim/sync/run');
  },
};

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
    /** The verb that fits the name of all of them. */
    does: (one: string, several: string) => (systems.length === 1 ? one : several),
    /** Somebody signs in from this country, as every one of them records. */
    async signsIn(key: string, country: keyof typeof countryCodes): Promise<void> {
      for (const system of systems)
        await (system === 'okta'
          ? request('POST', `/okta/sim/users/${key}/sign-in`, { country })
          : request('POST', '/entra/sim/sign-ins', {
              key,
              location: { countryOrRegion: countryCodes[country] },
            }));
    },
    async holdPushes(isHeld: boolean): Promise<void> {
      for (const system of systems) await holding[system](request, isHeld);
    },
    /** From now on nothing is carried by SCIM, and nothing of it later either. */
    async losePushes(): Promise<void> {
      for (const system of systems)
        if (system === 'okta') await request('POST', '/okta/sim/push', { drop: 'all' });
        else await holding[system](request, true);
    },
    /** The id of somebody where people sign in afresh. */
    signInIdOf: (key: string) => userIdIn(systems[0] ?? 'okta', key),
    /** In every one of them, as somebody who leaves the company is. */
    async deactivate(key: string): Promise<void> {
      for (const system of systems) await deactivating[system](key);
    },
    /** What a write of this membership looks like on the wire; the path is a pattern. Entra’s has the person in its body alone. */
    writeOf(key: string, group: string): { vendor: string; method: string; path: string } {
      const n = oktaGroups.findIndex(({ name }) => name === group);
      const oktaId = userIdIn('okta', key);
      return systemOf(group) === 'okta'
        ? { vendor: 'okta', method: 'PUT', path: `/groups/${oktaGroups[n]?.id ?? ''}/users/${oktaId}` }
        : { vendor: 'entra', method: 'POST', path: `/groups/${guid('f', n + 1)}/members/[$]ref$` };
    },
  };
}
