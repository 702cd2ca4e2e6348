import { afterAll, beforeAll, beforeEach } from 'vitest';
import { createEntra, type EntraSettings } from '../../../src/idp/entra/entra.ts';
import type { IdentityProvider, RecentWrites } from '../../../src/ports/identity-provider.ts';
import { createEntraEmulator, entraSettings } from '../../../src/sandbox/entra/emulator.ts';
import type { EntraGroup, EntraUser } from '../../../src/sandbox/entra/tenant.ts';
import { type StartedEmulator, startEmulator } from '../../sandbox/start-emulator.ts';

export type StartedEntra = StartedEmulator & {
  idp(more?: Partial<EntraSettings> & { recent?: RecentWrites }): IdentityProvider;
  /** A click in Entra's portal. */
  portal<T>(path: string, body: unknown): Promise<T>;
  see<T>(path: string): Promise<T>;
  createUser(user: Partial<EntraUser> & Pick<EntraUser, 'userPrincipalName'>): Promise<EntraUser>;
  createGroup(
    group: Partial<Omit<EntraGroup, 'members'>> & { displayName: string; members?: string[] },
  ): Promise<{ id: string }>;
  /** Method and path of every request to Graph so far. */
  asked(): Promise<string[]>;
};

/** Entra alone, with its administrator at hand. */
export async function startEntra(opts: Parameters<typeof startEmulator>[1] = {}): Promise<StartedEntra> {
  const started = await startEmulator(createEntraEmulator, opts);
  const sim = `${started.url}/entra/sim`;
  const portal = async <T>(path: string, body: unknown) => {
    const response = await fetch(`${sim}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  const see = async <T>(path: string) => (await (await fetch(`${sim}${path}`)).json()) as T;
  return {
    ...started,
    portal,
    see,
    idp: ({ recent, ...more } = {}) =>
      createEntra({ ...entraSettings(started.url), settleMs: 2_000, ...more }, recent),
    createUser: (user) => portal('/users/new', user),
    createGroup: (group) => portal('/groups/new', group),
    asked: () => see<string[]>('/requests'),
  };
}

/** One Entra for all tests of a file, before each of them as the seed has it. */
export function entraAsSeeded(): StartedEntra {
  const entra = {} as StartedEntra;
  let clean: unknown;
  beforeAll(async () => {
    Object.assign(entra, await startEntra());
    clean = entra.emulator.snapshot();
  });
  beforeEach(() => {
    entra.world.faults.clear();
    entra.world.faults.forgetSeen();
    entra.emulator.restore(clean);
  });
  afterAll(() => entra.close());
  return entra;
}
