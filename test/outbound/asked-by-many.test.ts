import { expect, test } from 'vitest';
import { askedByMany } from '../../src/outbound/asked-by-many.ts';

type Asked = { subject: string; n: number };
const crowd = (subject: string, count: number) => Array.from({ length: count }, (_, n) => ({ subject, n }));
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Answers are held back until `answerNext` lets the oldest one go. */
function asking() {
  const underWay: { asked: readonly Asked[]; answer: (how: 'well' | 'badly') => void }[] = [];
  const ask = askedByMany<Asked, string>(
    ({ subject }) => subject,
    (asked) =>
      new Promise((resolve, reject) =>
        underWay.push({
          asked,
          answer: (how) =>
            how === 'well'
              ? resolve(asked.map(({ n }) => (n === 3 ? new Error('not this one') : `answer ${n}`)))
              : reject(new Error('nobody answers')),
        }),
      ),
  );
  return {
    ask: (all: readonly Asked[]) => Promise.allSettled(all.map(ask)),
    sizes: () => underWay.map(({ asked }) => asked.length),
    answerNext: (how: 'well' | 'badly' = 'well') => underWay.shift()?.answer(how),
  };
}

test('many that come while many are answered are asked together once those are done', async () => {
  const { ask, sizes, answerNext } = asking();
  const first = ask(crowd('a', 24));
  await nextTurn();
  const second = ask(crowd('a', 24));
  await nextTurn();
  const third = ask(crowd('a', 52));
  await nextTurn();
  expect(sizes()).toEqual([24]);

  answerNext();
  await first;
  await nextTurn();
  expect(sizes()).toEqual([76]);
  answerNext();
  const ended = [...(await second), ...(await third)];
  expect(ended.filter(({ status }) => status === 'fulfilled')).toHaveLength(74);
  expect(ended[1]).toEqual({ status: 'fulfilled', value: 'answer 1' });
  expect(ended[3]).toMatchObject({ status: 'rejected', reason: { message: 'not this one' } });
});

test('few wait for nobody, and one subject waits for no other', async () => {
  const { ask, sizes } = asking();
  void ask(crowd('a', 24));
  await nextTurn();
  void ask(crowd('a', 1));
  void ask(crowd('b', 24));
  await nextTurn();
  expect(sizes()).toEqual([24, 1, 24]);
});

test('what waited is asked when the one before it fails', async () => {
  const { ask, sizes, answerNext } = asking();
  const first = ask(crowd('a', 24));
  await nextTurn();
  const second = ask(crowd('a', 24));
  answerNext('badly');
  expect((await first).every(({ status }) => status === 'rejected')).toBe(true);
  await nextTurn();
  expect(sizes()).toEqual([24]);
  answerNext();
  expect((await second)[0]).toEqual({ status: 'fulfilled', value: 'answer 0' });
});
