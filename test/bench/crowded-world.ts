import { anypointTeams, oktaGroups } from '../../src/sandbox/seed.ts';
import { startWorld } from '../../src/sandbox/world.ts';
import { areas } from './areas.ts';
import { seedAndCrowd } from './crowd.ts';
import { stormPeople } from './storm-crowd.ts';

/** The sandbox world as a process of its own, with more people. `node crowded-world.ts <port> [people in the storm] [areas]` */
for (const { group, groupId, team, teamId } of areas(Number(process.argv[4] ?? 0))) {
  (oktaGroups as unknown as { push(group: object): void }).push({
    id: groupId,
    name: group,
    type: 'OKTA_GROUP',
    pushed: true,
    members: [],
  });
  (anypointTeams as unknown as { push(team: object): void }).push({ id: teamId, name: team, members: [] });
}
const world = await startWorld({
  port: Number(process.argv[2]),
  stateFile: null,
  latchkey: null,
  people: [...seedAndCrowd(), ...stormPeople(Number(process.argv[3] ?? 0))],
});
process.on('SIGTERM', () => void world.close().then(() => process.exit(0)));
