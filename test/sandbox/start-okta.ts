import { afterAll, beforeAll, beforeEach } from 'vitest';
import { createOktaEmulator } from '../../src/sandbox/okta/emulator.ts';
import { oktaConsole } from './okta-console.ts';
import { startScimRecorder } from './scim-recorder.ts';
import { type StartedEmulator, startEmulator } from './start-emulator.ts';

export type StartedOkta = StartedEmulator & { console: ReturnType<typeof oktaConsole> };

/** Okta alone, with its administrator at hand. */
export async function startOkta(opts: Parameters<typeof startEmulator>[1] = {}): Promise<StartedOkta> {
  const started = await startEmulator(createOktaEmulator, opts);
  return { ...started, console: oktaConsole(started.url) };
}

/** One Okta for all tests of a file, before each of them as the seed has it and without faults. */
export function oktaAsSeeded(): StartedOkta {
  const okta = {} as StartedOkta;
  let clean: unknown;
  beforeAll(async () => {
    Object.assign(okta, await startOkta());
    clean = okta.emulator.snapshot();
  });
  beforeEach(() => {
    okta.world.faults.clear();
    okta.world.faults.forgetSeen();
    okta.emulator.restore(clean);
  });
  afterAll(() => okta.close());
  return okta;
}

export type PushingOkta = StartedOkta & { scim: Awaited<ReturnType<typeof startScimRecorder>> };

/** Okta that pushes at once, to what only records it. */
export async function startPushingOkta(): Promise<PushingOkta> {
  const scim = await startScimRecorder();
  const okta = await startOkta({ latchkey: { url: scim.url, scimToken: 's3cret' } });
  await okta.console.setPush({ latencyMs: 0, jitterMs: 0 });
  return {
    ...okta,
    scim,
    async close() {
      await okta.close();
      await scim.close();
    },
  };
}
