import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { eachQueue, PATIENCE_MS, scene, set, testQueueAway } from './queue-away.ts';

const isBack = (message: { text: string }) => message.text.includes('queue is back');
const toldAdmins = async () =>
  (await scene.walk.messages('sam', 'dm')).filter((m) => m.text.includes('Latchkey’s queue'));

testQueueAway(
  [
    {
      name: 'takes work and hands out none: its workers can’t wait for any',
      says: /handed out nothing|does not answer/,
      begin: () => scene.first.say('ACL', 'SETUSER', 'default', '-bzpopmin'),
      end: () => scene.first.say('ACL', 'SETUSER', 'default', '+@all'),
    },
    {
      name: 'takes work and hands out none: its queues were paused',
      says: /handed out nothing|does not answer/,
      begin: () => eachQueue((queue) => queue.pause()),
      end: () => eachQueue((queue) => queue.resume()),
    },
  ],
  () => {
    test(
      'the admins are told of it once, and once that it is over, however long it lasts',
      async () => {
        // given
        await scene.walk.until('what was before is over', async () => (await toldAdmins()).every(isBack));
        const before = (await toldAdmins()).length;

        // when
        scene.ending = () => set('maxmemory', 0);
        await set('maxmemory', 1);

        // then
        const message = await scene.walk.until(
          'an admin is told of it',
          async () => (await toldAdmins()).find((m) => !isBack(m)),
          30_000,
        );
        expect(message.text).toMatch(/takes no work since .*: it has no memory left.*What to do:/s);
        await sleep(6_000);
        expect(await toldAdmins()).toHaveLength(before + 1);

        // when it is over
        scene.ending = null;
        await set('maxmemory', 0);

        // then it is the same message
        await scene.walk.until(
          'it says that it is over',
          async () => (await toldAdmins()).find((m) => m.ts === message.ts && isBack(m)),
          40_000,
        );
        expect(await toldAdmins()).toHaveLength(before + 1);
        const notes = await scene.walk.query(
          `select type from audit where type like 'queue%' order by id desc limit 2`,
        );
        expect(notes).toEqual([{ type: 'queueBack' }, { type: 'queueAway' }]);
      },
      PATIENCE_MS,
    );
  },
);
