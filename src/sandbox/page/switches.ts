/** Ways to make the world outside misbehave, each one a thing that happens to real installations. */
import { systemNames } from '../consoles.ts';
import type { System, World } from '../emulator.ts';
import type { FaultSpec } from '../fault-plan.ts';
import type { Settings, Sources } from './sources.ts';

/** Beyond the 60 seconds that Latchkey promises. */
const ANYPOINT_LAG_MS = 70_000;
const THROTTLED_FOR_MS = 30_000;
const QUARANTINED = 'We received this unexpected response from your application: 401 Unauthorized';
const SLOW_MODEL_MS = 15_000;

export type SwitchState = { name: string; title: string; means: string; isOn: boolean };

type Switch = {
  /** Only where this one gives access. */
  at?: System;
  title: string;
  means: string;
  isOn(settings: Settings, faults: readonly FaultSpec[]): boolean;
  set(isOn: boolean, parts: { sources: Sources; world: World }): Promise<unknown>;
};

const throttled = (vendor: System): FaultSpec => ({ vendor, kind: 'status', status: 429 });
const writesLost: FaultSpec[] = ['POST', 'PUT', 'PATCH', 'DELETE'].map((method) => ({
  vendor: 'anypoint',
  method,
  // The token endpoint is a POST too, and nothing would reach the teams without it.
  path: 'members',
  kind: 'dropWrite',
}));

function isSame(a: FaultSpec, b: FaultSpec): boolean {
  return a.vendor === b.vendor && a.kind === b.kind && a.method === b.method && a.path === b.path;
}

function setFaults(world: World, specs: readonly FaultSpec[], isOn: boolean): void {
  const others = world.faults.list().filter((f) => !specs.some((s) => isSame(s, f)));
  world.faults.clear();
  for (const fault of isOn ? [...others, ...specs] : others) world.faults.add(fault);
  world.changed();
}

function modelSwitch(mode: string, title: string, means: string): Switch {
  return {
    title,
    means,
    isOn: (settings) => settings.modelMode === mode,
    set: (isOn, { sources }) =>
      sources.turn('/model/sim/mode', {
        mode: isOn ? mode : 'scripted',
        ...(isOn && mode === 'slow' ? { ms: SLOW_MODEL_MS } : {}),
      }),
  };
}

function throttling(system: System): Switch {
  const fault = throttled(system);
  return {
    at: system,
    title: `${systemNames[system]} throttles for 30\u00a0s`,
    means: 'every call is answered 429',
    isOn: (_settings, faults) => faults.some((f) => isSame(f, fault)),
    async set(isOn, { world }) {
      setFaults(world, [fault], isOn);
      if (isOn) setTimeout(() => setFaults(world, [fault], false), THROTTLED_FOR_MS).unref();
    },
  };
}

const switches: Record<string, Switch> = {
  'anypoint-lag': {
    title: 'Anypoint lags 70\u00a0s',
    means: 'changes are made, but its API shows them late',
    isOn: (settings) => settings.anypointLagMs >= ANYPOINT_LAG_MS,
    set: (isOn, { sources }) => sources.turn('/anypoint/sim/lag', { ms: isOn ? ANYPOINT_LAG_MS : 0 }),
  },
  'push-paused': {
    at: 'okta',
    title: 'Okta push paused',
    means: 'group changes stay in Okta and reach nobody',
    isOn: (settings) => settings.isPushPaused,
    set: (isOn, { sources }) => sources.turn('/okta/sim/push', { paused: isOn }),
  },
  quarantine: {
    at: 'entra',
    title: 'Entra’s provisioning in quarantine',
    means: 'its job has failed too often, and Entra tries once a day',
    isOn: (settings) => settings.isQuarantined,
    set: (isOn, { sources }) =>
      sources.turn('/entra/sim/sync/quarantine', isOn ? { message: QUARANTINED } : null),
  },
  'okta-429': throttling('okta'),
  'entra-429': throttling('entra'),
  'drop-writes': {
    title: 'Anypoint loses writes',
    means: 'it says yes and does nothing',
    isOn: (_settings, faults) => writesLost.some((w) => faults.some((f) => isSame(f, w))),
    async set(isOn, { world }) {
      setFaults(world, writesLost, isOn);
    },
  },
  'model-down': modelSwitch('down', 'Model down', 'the scripted model answers 503'),
  'model-slow': modelSwitch('slow', 'Model slow', 'it answers after 15\u00a0s'),
  'model-hostile': modelSwitch('hostile', 'Model hostile', 'it invents facts and gives orders'),
};

export async function switchStates(sources: Sources, world: World): Promise<SwitchState[]> {
  const settings = await sources.settings();
  const faults = world.faults.list();
  const systems = sources.systems();
  const here = Object.entries(switches).filter(([, { at }]) => at === undefined || systems.includes(at));
  return here.map(([name, { title, means, isOn }]) => ({
    name,
    title,
    means,
    isOn: isOn(settings, faults),
  }));
}

/** False when there is no such switch. `normal` turns everything off and takes every other fault away. */
export async function turnSwitch(
  name: string,
  isOn: boolean,
  parts: { sources: Sources; world: World },
): Promise<boolean> {
  if (name === 'normal') {
    for (const one of Object.values(switches)) await one.set(false, parts);
    parts.world.faults.clear();
    parts.world.changed();
    return true;
  }
  const wanted = switches[name];
  if (wanted === undefined) return false;
  await wanted.set(isOn, parts);
  parts.world.changed();
  return true;
}
