import { afterAll, beforeAll, beforeEach } from 'vitest';
import { createEntra, type EntraSettings } from '../../../src/idp/entra/entra.ts';
import type { IdentityProvider } from '../../../src/ports/identity-provider.ts';
import { createEntraEmulator, entraSettings } from '../../../src/sandbox/entra/emulator.ts';
import type { EntraGroup, EntraUser } from '../../../src/sandbox/entra/tenant.ts';
import { type StartedEmulator, startEmulator } from '../../sandbox/start-emulator.ts';

export type StartedEntra = StartedEmulator & {
  idp(more?: Partial<EntraSettings>): IdentityProvider;
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

/** One Entra for all tests of a file, before each of them as the seed has it. */
export function entraAsSeeded(opts: Parameters<typeof startEmulator>[1] = {}): StartedEntra {
  const entra = {} as StartedEntra;
  let clean: unknown;
  beforeAll(async () => {
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
    Object.assign(entra, started, {
      portal,
      see,
      idp: (more: Partial<EntraSettings> = {}) =>
        createEntra({ ...entraSettings(started.url), settleMs: 2_000, ...more }),
      createUser: (user: unknown) => portal('/users/new', user),
      createGroup: (group: unknown) => portal('/groups/new', group),
      asked: () => see<string[]>('/requests'),
    });
    clean = started.emulator.snapshot();
  });
  beforeEach(() => {
    entra.world.faults.clear();
    entra.world.faults.forgetSeen();
    entra.emulator.restore(clean);
  });
  afterAll(() => entra.close());
  return entra;
}
