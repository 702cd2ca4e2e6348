import { createAnypoint } from '../../src/mulesoft/anypoint.ts';
import type { MuleSoft } from '../../src/ports/mulesoft.ts';
import { company, credentials } from '../../src/sandbox/seed.ts';
import type { StartedEmulator } from '../sandbox/start-emulator.ts';

export type Over = Partial<Parameters<typeof createAnypoint>[0]>;

/** The adapter, connected to the emulator with the sandbox's credentials unless told otherwise. */
export function connectTo(running: Pick<StartedEmulator, 'url'>, over: Over = {}): MuleSoft {
  return createAnypoint({
    url: `${running.url}/anypoint`,
    orgId: company.anypointOrgId,
    clientId: credentials.anypointClientId,
    clientSecret: credentials.anypointClientSecret,
    timeoutMs: 2_000,
    ...over,
  });
}
