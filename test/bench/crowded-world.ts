import { startWorld } from '../../src/sandbox/world.ts';
import { seedAndCrowd } from './crowd.ts';
import { stormPeople } from './storm-crowd.ts';

/** The sandbox world as a process of its own, with more people. `node crowded-world.ts <port> [people in the storm]` */
const world = await startWorld({
  port: Number(process.argv[2]),
  stateFile: null,
  latchkey: null,
  people: [...seedAndCrowd(), ...stormPeople(Number(process.argv[3] ?? 0))],
});
process.on('SIGTERM', () => void world.close().then(() => process.exit(0)));
