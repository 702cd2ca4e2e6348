import Fastify from 'fastify';
import type { Emulator, World } from '../../src/sandbox/emulator.ts';
import { FaultPlan } from '../../src/sandbox/fault-plan.ts';
import { credentials, people } from '../../src/sandbox/seed.ts';

export type StartedEmulator = {
  /** Base address of the world, without a trailing slash. */
  url: string;
  world: World & { changes: () => number };
  emulator: Emulator;
  close(): Promise<void>;
};

/** One emulator on a port of its own, over real HTTP, with a world made of the seed. */
export async function startEmulator(
  create: (world: World) => Emulator,
  opts: { latchkey?: { url: string; scimToken: string; entraScimToken?: string } } = {},
): Promise<StartedEmulator> {
  let url = '';
  let changes = 0;
  const world = {
    people,
    faults: new FaultPlan(),
    keys: { ...credentials },
    changed: () => {
      changes += 1;
    },
    changes: () => changes,
    onChange: () => () => undefined,
    latchkey: () => opts.latchkey ?? null,
    url: () => url,
  };
  const emulator = create(world);
  // Connections that a fault left hanging must not keep the server from closing.
  const app = Fastify({ forceCloseConnections: true });
  await emulator.routes(app);
  url = (await app.listen({ host: '127.0.0.1', port: 0 })).replace(/\/$/, '');
  return {
    url,
    world,
    emulator,
    close: async () => {
      await emulator.close();
      await app.close();
    },
  };
}
