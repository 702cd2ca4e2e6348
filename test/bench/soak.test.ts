import { describe, expect, it } from 'vitest';
import { type Busy, borneInWords } from './busy.ts';
import { type Bucket, growth } from './soak-watch.ts';

const verdict = (done: number, was: Partial<Busy>) =>
  borneInWords({
    done,
    rate: 10,
    least: 9.5,
    underWay: 24,
    was: { all: 0.5, latchkey: 0, postgres: 0, world: 0, bench: 0, ...was },
  });

describe('what a soak says of its rate', () => {
  it('that it was borne', () => {
    expect(verdict(9.9, { all: 0.99, latchkey: 0.99 })).toMatch(/^9\.9 of 10 changes a second/);
  });

  it('that the machine has no more to give, and which rate to ask for', () => {
    expect(verdict(7.4, { all: 0.98, latchkey: 0.5, postgres: 0.2, world: 0.2, bench: 0.05 })).toMatch(
      /^only 7\.4 of 10 .*can't bear 10.*--rate 5\.5 /,
    );
  });

  it('that others use the machine', () => {
    expect(verdict(7.4, { all: 0.98, latchkey: 0.4 })).toMatch(/measure it at rest.*others 58 %/);
  });

  it('that Latchkey was slow on a machine that had more to give', () => {
    expect(verdict(7.4, { all: 0.5, latchkey: 0.4 })).toMatch(/Latchkey is what was slow/);
  });
});

describe('what a soak says of growth', () => {
  it('what grows between the second fifth of the time and the last', () => {
    const buckets = Array.from({ length: 10 }, (_, n) => ({ rssMb: 100 + 10 * n })) as Bucket[];

    expect(growth(buckets, ({ rssMb }) => rssMb)).toEqual({ before: 130, after: 190 });
  });
});
