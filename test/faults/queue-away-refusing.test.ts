import { Redis } from 'ioredis';
import { scene, set, testQueueAway } from './queue-away.ts';

testQueueAway([
  {
    name: 'is read-only after a failover that nobody is led to',
    says: /read-only/,
    begin: () => scene.first.say('REPLICAOF', '127.0.0.1', scene.second.port),
    end: () => scene.first.say('REPLICAOF', 'NO', 'ONE'),
  },
  {
    name: 'has no memory left',
    says: /no memory left/,
    begin: () => set('maxmemory', 1),
    end: () => set('maxmemory', 0),
  },
  {
    name: 'can’t save its data',
    says: /can’t save its data/,
    async begin() {
      await set('dir', '/proc');
      await set('save', '1 1');
      await scene.first.say('SET', 'something', 'to save');
      await scene.first.say('BGSAVE').catch(() => {});
      await scene.walk.until('it fails to save', async () =>
        String(await scene.first.say('INFO', 'persistence')).includes('last_bgsave_status:err'),
      );
    },
    async end() {
      await set('save', '');
      await set('dir', '/tmp');
    },
  },
  {
    name: 'has too few replicas',
    says: /too few replicas/,
    begin: () => set('min-replicas-to-write', 1),
    end: () => set('min-replicas-to-write', 0),
  },
  {
    name: 'wants another password than we have',
    says: /password/,
    async begin() {
      await set('requirepass', 'rotated');
      await scene.first.say('CLIENT', 'KILL', 'TYPE', 'normal').catch(() => {});
    },
    async end() {
      const client = new Redis(scene.first.port, '127.0.0.1', { password: 'rotated' });
      await client.config('SET', 'requirepass', '');
      client.disconnect();
    },
  },
  {
    name: 'does not let us run scripts',
    says: /does not let our user/,
    begin: () => scene.first.say('ACL', 'SETUSER', 'default', '-evalsha', '-eval'),
    end: () => scene.first.say('ACL', 'SETUSER', 'default', '+@all'),
  },
]);
