import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalEntry } from '../../src/audit/entry.ts';

const entry = {
  id: '7',
  at: new Date('2026-03-03T10:00:00.120Z'),
  type: 'changeApproved',
  changeId: null,
  actor: '{"part": "slack"}',
  data: '{}',
};
/** As it stands in the entry. */
const dataOf = (data: string) => /"data":(.*),"id"/.exec(canonicalEntry({ ...entry, data }))?.[1];

test('an entry is its members in order, without blanks', () => {
  expect(canonicalEntry(entry)).toBe(
    '{"actor":{"part":"slack"},"at":"2026-03-03T10:00:00.120Z","changeId":null,"data":{},"id":"7","type":"changeApproved"}',
  );
});

test('the example of RFC 8785 section 3.2 comes out as it stands there', () => {
  const input = String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`;
  expect(dataOf(input)).toBe(
    String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  );
});

test('members are sorted by UTF-16 code units, and numbers among their names are names', () => {
  expect(
    dataOf('{"\u20ac":1,"\\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7,"10":8,"2":9}'),
  ).toBe('{"\\r":2,"1":4,"10":8,"2":9,"\u0080":6,"\u00f6":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}');
});

test.each(['"\\uDEAD"', '"\\uDE00\\uD83D"', '{"\\uDC00":1}'])('what is no Unicode is refused: %s', (data) => {
  expect(() => canonicalEntry({ ...entry, data })).toThrow(/surrogate/);
});

test('the whole is canonical, whatever is in it', () => {
  const words = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), words, (data, type) => {
      const text = canonicalEntry({ ...entry, type, data: JSON.stringify(data) });
      expect(text).toBe(canonicalize(JSON.parse(text)));
    }),
  );
});
