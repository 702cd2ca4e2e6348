import { apart, scene, testQueueAway } from './queue-away.ts';
import { startRedis } from './redis-server.ts';

testQueueAway([
  {
    name: 'is frozen and answers nothing',
    says: /does not answer/,
    begin: () => scene.first.freeze(),
    end: () => scene.first.thaw(),
  },
  {
    name: 'is paused',
    says: /does not answer/,
    begin: () => scene.first.say('CLIENT', 'PAUSE', 600_000, 'WRITE'),
    end: () => scene.first.say('CLIENT', 'UNPAUSE'),
  },
  {
    name: 'is busy with a script',
    says: /busy|does not answer/,
    begin: () => void apart((client) => client.eval('while true do end', 0)),
    end: () => apart((client) => client.script('KILL')),
  },
  {
    name: 'has connections that are half open',
    says: /does not answer/,
    begin: () => scene.proxy.fallSilent(),
    end: () => scene.proxy.speak(),
  },
  {
    name: 'is killed',
    says: /./,
    begin: () => scene.first.stop(),
    async end() {
      scene.first = await startRedis({ port: scene.first.port });
    },
  },
]);
