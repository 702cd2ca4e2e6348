import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseStorable } from '../../src/core/storable.ts';
import { readList } from '../../src/outbound/json-list.ts';

const OPENING = '{"id":"';
const bytes = (text: string) => Buffer.from(text);
const nobody = () => undefined;

/** A reader of many lists, who remembers every element by its id. */
function reader() {
  const known = new Map<string, string>();
  return (text: string) => {
    const { elements, prints, met } = readList(bytes(text), OPENING, (print) => known.get(print));
    const read = elements as { id: string }[];
    for (const [n, print] of prints.entries()) known.set(print, read[n]?.id ?? '');
    return { read, met };
  };
}

describe('a list of JSON', () => {
  test('an element that was met before is not read again', () => {
    const read = reader();
    expect(read('[{"id":"a","n":1},{"id":"b"}]')).toEqual({
      read: [{ id: 'a', n: 1 }, { id: 'b' }],
      met: [],
    });
    expect(read('[{"id":"b"},{"id":"c"},{"id":"a","n":1}]')).toEqual({
      read: [{ id: 'c' }],
      met: ['b', 'a'],
    });
  });

  test('one who differs in the least is read', () => {
    const read = reader();
    read('[{"id":"a","status":"ACTIVE"}]');
    expect(read('[{"id":"a","status":"SUSPENDED"}]')).toEqual({
      read: [{ id: 'a', status: 'SUSPENDED' }],
      met: [],
    });
  });

  test.each([
    ['none', '[]'],
    ['blanks', '[ {"id":"a"}, {"id":"b"} ]\n'],
    ['another key first', '[{"status":"ACTIVE","id":"a"},{"status":"ACTIVE","id":"b"}]'],
    ['the same deeper within', '[{"id":"a","other":[{"n":1},{"id":"z"}]},{"id":"b"}]'],
    ['no list', '{"id":"a"}'],
    ['a null', 'null'],
    ['elements of other kinds', '[{"id":"a"},7,{"id":"b"}]'],
  ])('with %s it is read as a whole', (_, text) => {
    const { elements, met } = readList(bytes(text), OPENING, nobody);
    expect(elements).toEqual(JSON.parse(text));
    expect(met).toEqual([]);
  });

  test('what was met before stands in no list that has to be read as a whole', () => {
    const read = reader();
    read('[{"id":"a"},{"id":"b"}]');
    const text = '[{"id":"a"},{"id":"c","other":[{"n":1},{"id":"z"}]}]';
    expect(read(text)).toEqual({ read: JSON.parse(text), met: [] });
  });

  test.each(['[{"id":"a"},{"id":"b"}', '[{"id":"a"', '[{"id":"a"}{"id":"b"}]', 'sorry'])(
    '%s is none',
    (text) => {
      expect(() => readList(bytes(text), OPENING, nobody)).toThrow(SyntaxError);
    },
  );

  test('whatever the elements are, all of them are found, whether read or met', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constant(',{"id":"'),
      fc.json().map((t) => JSON.parse(t)),
    );
    const element = fc.record({ id: fc.string(), profile: value, more: fc.array(value) });
    fc.assert(
      fc.property(fc.array(fc.array(element)), (lists) => {
        const known = new Map<string, unknown>();
        for (const list of lists) {
          const { elements, prints, met } = readList(bytes(JSON.stringify(list)), OPENING, (print) =>
            known.get(print),
          );
          for (const [n, print] of prints.entries()) known.set(print, (elements as unknown[])[n]);
          const found = [...(elements as unknown[]), ...met].map((one) => JSON.stringify(one));
          // What can't be stored comes replaced.
          const asStored = list.map((one) => JSON.stringify(parseStorable(JSON.stringify(one))));
          expect(found.sort()).toEqual(asStored.sort());
        }
      }),
    );
  });
});
