import { expect, test } from 'vitest';
import { gathering } from '../../../src/store/postgres/gathering.ts';

/** Statements that answer when they are told to. */
function slow(patienceMs?: number) {
  const sent: { together: readonly string[]; ends: (error?: Error) => void }[] = [];
  const ask = gathering<string, string>({
    most: 3,
    keyOf: (asked) => asked,
    ...(patienceMs === undefined ? {} : { patienceMs }),
    carryOut: (together) =>
      new Promise((resolve, reject) => {
        const ends = (error?: Error) =>
          error === undefined ? resolve(together.map((one) => `${one} done`)) : reject(error);
        sent.push({ together, ends });
      }),
  });
  return { sent, ask };
}

test('what comes while a statement is on its way shares the next, but never twice the same nor too many', async () => {
  const { sent, ask } = slow();
  const first = ask('a');
  await expect.poll(() => sent.length).toBe(1);
  const others = Promise.all(['b', 'b', 'c', 'd', 'e'].map(ask));
  sent[0]?.ends();
  expect(await first).toBe('a done');
  await expect.poll(() => sent.length).toBe(2);
  expect(sent[1]?.together).toEqual(['b', 'c', 'd']);
  sent[1]?.ends();
  await expect.poll(() => sent.length).toBe(3);
  expect(sent[2]?.together).toEqual(['b', 'e']);
  sent[2]?.ends();
  expect(await others).toEqual(['b done', 'b done', 'c done', 'd done', 'e done']);
});

test('who waits too long for a statement that is not answered goes alone; what is in that one waits for its answer', async () => {
  const { sent, ask } = slow(30);
  const first = ask('a');
  await expect.poll(() => sent.length).toBe(1);

  // when another comes behind it
  expect(await ask('b')).toBeNull();

  // then it is in no statement, and the first may still be told either way
  sent[0]?.ends(new Error('the connection ended'));
  await expect(first).rejects.toThrow('the connection ended');
  const next = ask('c');
  await expect.poll(() => sent.length).toBe(2);
  expect(sent[1]?.together).toEqual(['c']);
  sent[1]?.ends();
  expect(await next).toBe('c done');
});
