import express from 'express';
import SCIMMY from 'scimmy';
import SCIMMYRouters from 'scimmy-routers';

/**
 * scimmy-routers as its documentation shows it, over a store in memory: nothing is written anywhere.
 * `node scim-scimmy.ts <port> <sizes of groups, comma-separated> <groups of each size>`; ids are `g<size>-<n>`.
 */
const [port, sizes = '', groupsOfEachSize] = process.argv.slice(2);

// biome-ignore lint/suspicious/noExplicitAny: scimmy's resources are plain objects of any shape
type Stored = any;
const users = new Map<string, Stored>();
const groups = new Map<string, Stored>();
for (const size of sizes.split(','))
  for (let n = 0; n < Number(groupsOfEachSize); n++) {
    const members = Array.from({ length: Number(size) }, (_, m) => ({
      value: `u${m}`,
      display: `User ${m}`,
    }));
    groups.set(`g${size}-${n}`, { id: `g${size}-${n}`, displayName: `Group ${size} ${n}`, members });
  }
const names = new Set<string>();
let serial = 0;

SCIMMY.Resources.declare(SCIMMY.Resources.User)
  .ingress((resource: Stored, data: Stored) => {
    const id = resource.id ?? `new${serial++}`;
    const name = String(data.userName).toLowerCase();
    if (resource.id === undefined && names.has(name))
      throw new SCIMMY.Types.Error(409, 'uniqueness', 'taken');
    names.add(name);
    const stored = { ...data, id };
    users.set(id, stored);
    return stored;
  })
  .egress((resource: Stored) => (resource.id === undefined ? [...users.values()] : users.get(resource.id)))
  .degress((resource: Stored) => {
    users.delete(resource.id);
  });
SCIMMY.Resources.declare(SCIMMY.Resources.Group)
  .ingress((resource: Stored, data: Stored) => {
    const id = resource.id ?? `new${serial++}`;
    const stored = { id, displayName: data.displayName, members: data.members ?? [] };
    groups.set(id, stored);
    return stored;
  })
  .egress((resource: Stored) => (resource.id === undefined ? [...groups.values()] : groups.get(resource.id)))
  .degress((resource: Stored) => {
    groups.delete(resource.id);
  });

const app = express();
app.use(
  '/scim/v2',
  new SCIMMYRouters({
    type: 'bearer',
    handler: (request: express.Request) => {
      if (request.header('Authorization')?.startsWith('Bearer ') !== true) throw new Error('no token');
      return 'bench';
    },
  }),
);
const server = app.listen(Number(port), '127.0.0.1');
// One request of a large group takes longer than Node lets a connection be idle.
server.keepAliveTimeout = 0;
server.requestTimeout = 0;
server.headersTimeout = 0;
process.on('SIGTERM', () => process.exit(0));
