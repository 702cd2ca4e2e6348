import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { z } from 'zod';
import { onlyFromThisMachine } from '../web/same-machine.ts';
import { createAnypointEmulator } from './anypoint/emulator.ts';
import { type Emulator, type Installation, systems, type World } from './emulator.ts';
import { createEntraEmulator } from './entra/emulator.ts';
import { FaultPlan, faultSchema, type Vendor, vendors } from './fault-plan.ts';
import { createModelEmulator } from './model/emulator.ts';
import { createOktaEmulator } from './okta/emulator.ts';
import { credentials, type Keys, type Person, people } from './seed.ts';
import { createSlackEmulator } from './slack/emulator.ts';
import { createTicketEmulator } from './tickets/emulator.ts';

export type RunningWorld = {
  url: string;
  world: World;
  /** The process of the Latchkey that uses it, where that said so. */
  usedBy(): number | null;
  close(): Promise<void>;
};

export type WorldOptions = {
  port: number;
  /** File that keeps the state between starts; null: nothing is kept. */
  stateFile: string | null;
  latchkey: Installation | null;
  /** The company's people; the seed's when left out. */
  people?: readonly Person[];
  /** The web page; left out in tests that don't look at it. */
  page?: (app: Parameters<Emulator['routes']>[0], world: World) => Promise<void>;
};

/** A change is written to the state file at the latest this long after it. */
const SAVE_AFTER_MS = 300;
/** How often the world looks whether Latchkey is up, until Okta has its event hook and has pushed its groups. */
const GREET_EVERY_MS = 500;

const installation = z.strictObject({
  url: z.url(),
  scimToken: z.string().min(1),
  entraScimToken: z.string().min(1).optional(),
  hookSecret: z.string().min(1).optional(),
  systems: z.array(z.enum(systems)).optional(),
  readToken: z.string().optional(),
  pid: z.number().int().positive().optional(),
});

const keySchema = z.partialRecord(z.enum(Object.keys(credentials) as [keyof Keys]), z.string().min(1));

/** The outside world over real HTTP: Slack, Okta, Anypoint, tickets and a scripted model on one port, each under its prefix. */
export async function startWorld(options: WorldOptions): Promise<RunningWorld> {
  let latchkey = options.latchkey;
  let url = '';
  let usedBy: number | null = null;
  const listeners = new Set<() => void>();
  const world: World = {
    people: options.people ?? people,
    faults: new FaultPlan(),
    keys: { ...credentials },
    changed() {
      for (const listener of listeners) listener();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    latchkey: () => latchkey,
    claimOf(key, by) {
      if (by === 'okta') return okta.groupsOf(key);
      if (by === 'entra') return entra.claimOf(key);
      return (latchkey?.systems ?? ['okta']).flatMap((system) =>
        (system === 'okta' ? okta : entra).groupsOf(key),
      );
    },
    url: () => url,
  };
  const okta = createOktaEmulator(world);
  const entra = createEntraEmulator(world);
  const emulators: Record<Vendor, Emulator> = {
    slack: createSlackEmulator(world),
    okta,
    entra,
    anypoint: createAnypointEmulator(world),
    model: createModelEmulator(world),
    tickets: createTicketEmulator(world),
  };
  if (options.stateFile !== null) await restore(emulators, options.stateFile);

  const app = Fastify({ forceCloseConnections: true, bodyLimit: 2 * 1024 * 1024 });
  onlyFromThisMachine(app);
  for (const vendor of vendors) await emulators[vendor].routes(app);
  controlRoutes(app, world, {
    stateFile: options.stateFile,
    onInstalled(given, pid) {
      latchkey = given;
      usedBy = pid;
      world.changed();
    },
  });
  if (options.page !== undefined) await options.page(app, world);
  url = (await app.listen({ host: '127.0.0.1', port: options.port })).replace(/\/$/, '');

  const saving = savingInto(options.stateFile, emulators, world);
  const stopGreeting = greeting(world, async () => {
    await okta.registerHook();
    okta.pushInitially();
  });

  return {
    url,
    world,
    usedBy: () => usedBy,
    async close() {
      stopGreeting();
      await saving.end();
      for (const vendor of vendors) await emulators[vendor].close();
      await app.close();
    },
  };
}

/** The acts and questions of the world itself, beside the parties in it. */
function controlRoutes(
  app: FastifyInstance,
  world: World,
  {
    stateFile,
    onInstalled,
  }: { stateFile: string | null; onInstalled: (latchkey: Installation, pid: number | null) => void },
): void {
  app.get('/control/health', async () => ({
    world: 'latchkey-sandbox',
    pid: process.pid,
    // By its file a Latchkey knows whether this is its own world or another folder's.
    stateFile: stateFile === null ? null : resolve(stateFile),
    latchkey: world.latchkey()?.url ?? null,
    systems: world.latchkey()?.systems ?? ['okta'],
  }));
  app.put('/control/latchkey', async (request) => {
    const { readToken, hookSecret, entraScimToken, systems, pid, ...given } = installation.parse(
      request.body,
    );
    onInstalled(
      {
        ...given,
        ...(readToken === undefined ? {} : { readToken }),
        ...(hookSecret === undefined ? {} : { hookSecret }),
        ...(systems === undefined ? {} : { systems }),
        ...(entraScimToken === undefined ? {} : { entraScimToken }),
      },
      pid ?? null,
    );
    return { ok: true };
  });
  app.post('/control/keys', async (request) => {
    Object.assign(world.keys, keySchema.parse(request.body));
    return { ok: true };
  });
  app.get('/control/faults', async () => world.faults.list());
  app.post('/control/faults', async (request, reply) => {
    const parsed = faultSchema.safeParse(request.body);
    if (!parsed.success) return reply.code(400).send({ error: z.prettifyError(parsed.error) });
    world.faults.add(parsed.data);
    world.changed();
    return reply.code(201).send(parsed.data);
  });
  app.delete('/control/faults', async () => {
    world.faults.clear();
    world.changed();
    return { ok: true };
  });
  app.get<{ Querystring: { vendor?: Vendor; method?: string; path?: string } }>(
    '/control/requests',
    async (request) => world.faults.seen(request.query),
  );
  app.delete('/control/requests', async () => {
    world.faults.forgetSeen();
    return { ok: true };
  });
}

/** Writes the state to the file soon after each change, and when it ends. Null: nothing is kept. */
function savingInto(file: string | null, emulators: Record<Vendor, Emulator>, world: World) {
  if (file === null) return { end: async () => {} };
  let soon: NodeJS.Timeout | null = null;
  const stopListening = world.onChange(() => {
    soon ??= setTimeout(() => {
      soon = null;
      keep(emulators, file).catch(() => {});
    }, SAVE_AFTER_MS);
  });
  return {
    async end() {
      stopListening();
      if (soon !== null) clearTimeout(soon);
      await keep(emulators, file);
    },
  };
}

/** Runs `greet` once for each Latchkey that comes up. Answers what ends it. */
function greeting(world: World, greet: () => Promise<void>): () => void {
  let greeted: string | null = null;
  const looking = setInterval(async () => {
    const url = world.latchkey()?.url;
    if (url === undefined || url === greeted) return;
    const isUp = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(1_000) }).then(
      (r) => r.ok,
      () => false,
    );
    if (!isUp || world.latchkey()?.url === greeted) return;
    greeted = url;
    await greet();
  }, GREET_EVERY_MS);
  return () => clearInterval(looking);
}

async function restore(emulators: Record<Vendor, Emulator>, file: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return;
  const saved = JSON.parse(text) as Record<Vendor, unknown>;
  for (const vendor of vendors) if (saved[vendor] !== undefined) emulators[vendor].restore(saved[vendor]);
}

/** Written beside and moved into place: a killed world leaves the old state or the new, never half of one. */
async function keep(emulators: Record<Vendor, Emulator>, file: string): Promise<void> {
  const state = Object.fromEntries(vendors.map((vendor) => [vendor, emulators[vendor].snapshot()]));
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.new`, JSON.stringify(state));
  await rename(`${file}.new`, file);
}
