import { startWorld } from '../../src/sandbox/world.ts';
import { seedAndCrowd } from './crowd.ts';

/** The sandbox world as a process of its own, with more people. `node crowded-world.ts <port>` */
const world = await startWorld({
  port: Number(process.argv[2]),
  stateFile: null,
  latchkey: null,
  people: seedAndCrowd(),
});
process.on('SIGTERM', () => void world.close().then(() => process.exit(0)));
