import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { sideBySide } from '../../src/outbound/side-by-side.ts';

test('of many calls asked for at the same time four are under way, and one that fails fails alone', async () => {
  let underWay = 0;
  let most = 0;
  const call = sideBySide(
    async (n: number) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await sleep(5);
      underWay -= 1;
      if (n === 3) throw new Error('no');
      return n;
    },
    () => false,
  );
  const ended = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => call(n)));
  expect(most).toBe(4);
  expect(ended.map((one) => (one.status === 'fulfilled' ? one.value : 'failed'))).toEqual(
    Array.from({ length: 20 }, (_, n) => (n === 3 ? 'failed' : n)),
  );
});

test('one that takes long holds up none of the others', async () => {
  const { promise: never } = Promise.withResolvers<number>();
  const call = sideBySide(
    async (n: number) => (n === 0 ? await never : n),
    () => false,
  );
  const [, ...others] = Array.from({ length: 20 }, (_, n) => call(n));
  expect(await Promise.all(others)).toEqual(Array.from({ length: 19 }, (_, n) => n + 1));
});

test('once one is turned away, those that have not begun are not made', async () => {
  let made = 0;
  const call = sideBySide(
    async (n: number) => {
      made += 1;
      return n === 4 ? 'turned away' : 'taken';
    },
    (answer) => answer === 'turned away',
  );
  const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => call(n)));
  expect(made).toBeLessThan(10);
  expect(answers.slice(0, 4)).toEqual(['taken', 'taken', 'taken', 'taken']);
  expect(answers.slice(10).every((answer) => answer === 'turned away')).toBe(true);
});
