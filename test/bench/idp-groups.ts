import type { System } from '../../src/sandbox/emulator.ts';
import type { AskWorld } from './idp.ts';

/** The ids of the groups that a console lists, by name. */
export async function groupIds(world: AskWorld, system: System): Promise<(name: string) => string> {
  const listed = await world<{ id: string; name: string }[]>('GET', `/${system}/sim/groups`);
  return (name) => {
    const id = listed.find((group) => group.name === name)?.id;
    if (id === undefined) throw new Error(`${system} has no group ${name}`);
    return id;
  };
}
