import fc from 'fast-check';
import { oddText } from './odd-text.ts';

/** The longest that each of these comes in; of what is not named here, 300 characters. */
const longest: Record<string, number> = {
  name: 200,
  byName: 200,
  title: 75,
  gives: 500,
  reason: 1_000,
  note: 1_000,
  why: 1_000,
  text: 1_000,
  next: 500,
  plain: 2_000,
  ticket: 100,
  headline: 400,
  groupName: 255,
  teamName: 255,
  manager: 200,
  department: 200,
  from: 200,
  to: 200,
  because: 300,
  clause: 20,
  signInTrouble: 500,
  teamsNote: 500,
  trouble: 500,
  api: 200,
  environment: 100,
  request: 300,
  person: 100,
  inEffectNote: 300,
  question: 1_000,
  answer: 1_000,
};
/** Lists of words. */
const wordLists = [
  'mistakes',
  'unusual',
  'questions',
  'restorable',
  'duties',
  'given',
  'teams',
  'left',
  'gone',
];
/** Lists that can have any number of people or things in them. */
const long = [
  'pinged',
  'alsoMay',
  'admins',
  'deciders',
  'people',
  'items',
  'owners',
  'pushes',
  'approvals',
  'facts',
  'contracts',
  'teams',
  'mistakes',
  'grounds',
  'holds',
  'conflicts',
  'excludedByPolicy',
];

/** Names of people who are in chat, and of those who are not. */
const account = fc.option(
  fc.integer({ min: 1, max: 9_999_999 }).map((n) => `U${String(n).padStart(7, '0')}`),
  { nil: null },
);

/**
 * The same state with hostile words wherever somebody else’s stand, with people who are or are not in chat, and with
 * lists of any length. What decides which message it is, stays.
 */
export function hostile<T>(value: T): fc.Arbitrary<T> {
  return arbitrary(value, '') as fc.Arbitrary<T>;
}

function arbitrary(value: unknown, key: string): fc.Arbitrary<unknown> {
  if (value instanceof Date) return fc.constant(value);
  if (typeof value === 'string') return key in longest ? oddText(longest[key] ?? 300) : fc.constant(value);
  if (Array.isArray(value)) {
    const each = (one: unknown) =>
      typeof one === 'string' && wordLists.includes(key) ? oddText(500) : arbitrary(one, key);
    if (value.length === 0) return fc.constant(value);
    const asMany = fc.tuple(...value.map(each));
    if (!long.includes(key)) return asMany;
    const anyNumber = fc
      .array(fc.oneof(...value.map(each)), { minLength: 1, maxLength: 60, size: 'max' })
      .map((list) => list.map(withOwnKey));
    return fc.oneof({ weight: 3, arbitrary: asMany }, { weight: 1, arbitrary: anyNumber });
  }
  if (typeof value !== 'object' || value === null) return fc.constant(value);
  // A time in a fact is ours.
  if ('label' in value && value.label === 'held until') return fc.constant(value);
  const fields = Object.entries(value).map(([field, inner]): [string, fc.Arbitrary<unknown>] => [
    field,
    field === 'accountId' ? account : arbitrary(inner, field),
  ]);
  return fc.record(Object.fromEntries(fields));
}

/** No two things on one card have one key. */
function withOwnKey(one: unknown, i: number): unknown {
  return typeof one === 'object' && one !== null && 'key' in one
    ? { ...one, key: `${String(one.key)}${i}` }
    : one;
}
