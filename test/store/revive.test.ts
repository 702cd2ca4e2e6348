import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Change } from '../../src/core/change/change.ts';
import { revive } from '../../src/store/revive.ts';

const instant = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') });
/** Words of people may look just like a point in time. */
const words = fc.oneof(
  fc.string(),
  instant.map((at) => at.toISOString()),
);

/** Documents of any depth, in which points in time have the names that are kept for them. */
const document = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    words,
    tie('object'),
    fc.array(tie('object'), { maxLength: 3 }),
  ),
  object: fc.record(
    {
      at: instant,
      endsAt: fc.option(instant),
      stillHeldUntil: fc.option(instant),
      reason: words,
      format: words,
      until: words,
      inner: tie('value'),
    },
    { requiredKeys: ['at'] },
  ),
})).object;

test('a document comes back out of JSON as it went in, and words that look like a date stay words', () => {
  fc.assert(
    fc.property(document, (doc) => {
      expect(revive(JSON.parse(JSON.stringify(doc)) as never)).toEqual(doc);
    }),
  );
});

test('who reopened a decision is known with the time, which had no line of its own', () => {
  const stored = JSON.parse(
    '{"reopened":{"by":"p","name":"Mira","at":"2026-11-29T10:00:00.000Z"}}',
  ) as Change;
  expect(revive<Change>(stored).reopened?.at).toEqual(new Date('2026-11-29T10:00:00.000Z'));
});

test('the compiler refuses a date under another name, and other things under the name of a date', () => {
  // @ts-expect-error: a date that would stay text
  revive<{ begins: Date | null }>({ begins: null });
  // @ts-expect-error: text that would become a date
  revive<{ inner: { seenAt: string }[] }>({ inner: [] });
  expect(revive<{ inner: { seenAt: Date | null }[] }>({ inner: [{ seenAt: null }] })).toEqual({
    inner: [{ seenAt: null }],
  });
});
