import { cpus } from 'node:os';
import type { ProcessorTime, Scene } from './scene.ts';

/** From this share on the machine has no more to give. */
const ALL_BUSY = 0.9;
/** From this share on it is others who take it. */
const MANY_OTHERS = 0.15;

/** What of the processors' time was used, and by whom; 1: all of them, all the time. */
export type Busy = Record<'all' | keyof ProcessorTime, number>;

/** From now on until it is asked. */
export async function busyBetween(scene: Scene): Promise<() => Promise<Busy>> {
  const machine = () => {
    const times = cpus().map(({ times: { user, nice, sys, irq, idle } }) => [user + nice + sys + irq, idle]);
    return times.reduce(([used, left], [u = 0, i = 0]) => [(used ?? 0) + u, (left ?? 0) + i], [0, 0]);
  };
  const [usedBefore = 0, idleBefore = 0] = machine();
  const before = await scene.processorTime();
  return async () => {
    const [used = 0, idle = 0] = machine();
    const after = await scene.processorTime();
    const whole = used - usedBefore + idle - idleBefore;
    const share = (of: keyof ProcessorTime) => (after[of] - before[of]) / whole;
    return {
      all: (used - usedBefore) / whole,
      latchkey: share('latchkey'),
      postgres: share('postgres'),
      world: share('world'),
      bench: share('bench'),
    };
  };
}

/** Whether the rate was borne and, where it was not, whether it is the machine that has no more to give. */
export function borneInWords(given: {
  done: number;
  rate: number;
  least: number;
  underWay: number;
  was: Busy;
}): string {
  const { done, rate, least, underWay, was } = given;
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  const others = Math.max(0, was.all - was.latchkey - was.postgres - was.world - was.bench);
  const used = `the processors were ${percent(was.all)} busy: Latchkey ${percent(was.latchkey)}, PostgreSQL ${percent(was.postgres)}, the world ${percent(was.world)}, the bench ${percent(was.bench)}, others ${percent(others)}`;
  if (done >= least) return `${done.toFixed(1)} of ${rate} changes a second; ${used}`;
  const lower = Math.max(0.5, Math.floor(done * 1.6) / 2);
  const why =
    was.all < ALL_BUSY
      ? 'The machine had more to give: Latchkey is what was slow'
      : others >= MANY_OTHERS
        ? 'Others use the machine: measure it at rest'
        : `This machine can't bear ${rate}, so nothing is said of that rate: --rate ${lower} shows whether anything grows`;
  return `only ${done.toFixed(1)} of ${rate} changes a second, with ${underWay} under way at most. ${why}; ${used}`;
}
