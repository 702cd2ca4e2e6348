import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CORE_USER, ENTERPRISE_USER, type StartedScim, startScim } from '../start-scim.ts';
import { idsFound } from './people.ts';

type Value = { value?: string; type?: string; primary?: boolean };
type Person = {
  id: string;
  userName: string;
  externalId?: string;
  title?: string;
  userType?: string;
  active: boolean;
  name?: { familyName?: string };
  emails?: Value[];
  ims?: Value[];
  department?: string;
  created: string;
};

let scim: StartedScim;
let people: Person[];
let enterprise: string[];

const corpus: Omit<Person, 'id' | 'created'>[] = [
  {
    userName: 'bjensen',
    externalId: 'bjensen',
    title: 'Tour Guide',
    userType: 'Employee',
    active: true,
    name: { familyName: "O'Malley" },
    emails: [
      { value: 'bjensen@example.com', type: 'work', primary: true },
      { value: 'babs@home.example', type: 'home' },
    ],
    ims: [{ value: 'babs@foo.com', type: 'xmpp' }],
    department: 'Tour Operations',
  },
  { userName: 'Jsmith', externalId: 'BJENSEN', userType: 'employee', active: true, title: 'tour guide' },
  {
    userName: 'jdoe@example.org',
    userType: 'Intern',
    active: false,
    emails: [{ value: 'jdoe@example.org', type: 'home', primary: false }],
    department: 'tour operations',
  },
  { userName: 'Zoë', active: true, title: 'GUIDE', name: { familyName: 'Ångström' }, ims: [{ value: 'z' }] },
  { userName: 'none', active: false },
];

beforeAll(async () => {
  scim = await startScim();
  people = [];
  for (const { department, ...one } of corpus) {
    const more = department === undefined ? {} : { [ENTERPRISE_USER]: { department } };
    const { body } = await scim.call('POST', '/Users', { ...one, ...more });
    people.push({
      ...one,
      ...(department === undefined ? {} : { department }),
      id: body.id,
      created: body.meta.created,
    });
  }
  enterprise = people.filter((one) => one.department !== undefined).map((one) => one.id);
});
afterAll(() => scim.close());

const named = (...names: string[]) =>
  people.filter((one) => names.includes(one.userName)).map((one) => one.id);

describe('RFC 7644 §3.4.2.2, the examples of figure 2', () => {
  it.each([
    ['userName eq "bjensen"', ['bjensen']],
    ['name.familyName co "O\'Malley"', ['bjensen']],
    ['userName sw "J"', ['Jsmith', 'jdoe@example.org']],
    ['urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"', ['Jsmith', 'jdoe@example.org']],
    ['title pr', ['bjensen', 'Jsmith', 'Zoë']],
    ['meta.lastModified lt "2011-05-13T04:42:34Z"', []],
    ['meta.lastModified le "2011-05-13T04:42:34Z"', []],
    ['title pr and userType eq "Employee"', ['bjensen', 'Jsmith']],
    ['title pr or userType eq "Intern"', ['bjensen', 'Jsmith', 'jdoe@example.org', 'Zoë']],
    ['userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")', ['bjensen']],
    [
      'userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")',
      ['Zoë', 'none'],
    ],
    ['userType eq "Employee" and (emails.type eq "work")', ['bjensen']],
    ['userType eq "Employee" and emails[type eq "work" and value co "@example.com"]', ['bjensen']],
    [
      'emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]',
      ['bjensen'],
    ],
  ])('RFC 7644 §3.4.2.2: %s', async (filter, names) => {
    expect(await idsFound(scim, filter)).toEqual(named(...names));
  });

  it.each(['gt', 'ge'])('RFC 7644 §3.4.2.2: meta.lastModified %s a time that is past', async (op) => {
    const found = await idsFound(scim, `meta.lastModified ${op} "2011-05-13T04:42:34Z"`);
    expect(found).toEqual(people.map((one) => one.id));
  });

  it('RFC 7644 §3.4.2.2: schemas eq the URN of a schema', async () => {
    expect(await idsFound(scim, `schemas eq "${ENTERPRISE_USER}"`)).toEqual(enterprise);
    expect(await idsFound(scim, `schemas eq "${CORE_USER}"`)).toHaveLength(people.length);
    expect(await idsFound(scim, `not (schemas eq "${ENTERPRISE_USER}")`)).toHaveLength(people.length - 2);
    expect(await idsFound(scim, `schemas eq "${CORE_USER}"`, '/Groups')).toEqual([]);
    expect(await idsFound(scim, `schemas eq "${ENTERPRISE_USER}"`, '')).toEqual(enterprise);
  });
});

/** A filter as text, and the naive reading of it. */
type Filter = { text: string; meets(person: Person): boolean };
type Operator = 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'ge' | 'lt' | 'le';

function compare(op: Operator, left: string | undefined, right: string): boolean {
  if (left === undefined) return op === 'ne';
  switch (op) {
    case 'eq':
      return left === right;
    case 'ne':
      return left !== right;
    case 'co':
      return left.includes(right);
    case 'sw':
      return left.startsWith(right);
    case 'ew':
      return left.endsWith(right);
    case 'gt':
      return left > right;
    case 'ge':
      return left >= right;
    case 'lt':
      return left < right;
    case 'le':
      return left <= right;
    default:
      return op satisfies never;
  }
}

const every: Operator[] = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'];
const anyCase = (text: string) => fc.constantFrom(text, text.toUpperCase(), text.toLowerCase());
const quoted = (text: string) => JSON.stringify(text);
const word = fc.constantFrom(
  'guide',
  'TOUR',
  'e',
  'BJENSEN',
  'bjensen',
  'Intern',
  '',
  '%',
  'ZOË',
  'ångström',
  '_',
  "O'Malley",
  '@',
  'ope',
);

/** Attributes with their values in a person; `isExact` is caseExact. */
const texts: { path: string; isExact: boolean; of(person: Person): string | undefined }[] = [
  { path: 'userName', isExact: false, of: (p) => p.userName },
  { path: 'externalId', isExact: true, of: (p) => p.externalId },
  { path: 'title', isExact: false, of: (p) => p.title },
  { path: 'userType', isExact: false, of: (p) => p.userType },
  { path: 'name.familyName', isExact: false, of: (p) => p.name?.familyName },
  { path: `${CORE_USER}:title`, isExact: false, of: (p) => p.title },
  { path: `${ENTERPRISE_USER}:department`, isExact: false, of: (p) => p.department },
];

const textTest: fc.Arbitrary<Filter> = fc
  .tuple(fc.constantFrom(...texts), fc.constantFrom(...every), word)
  .chain(([attribute, op, value]) =>
    fc.tuple(anyCase(attribute.path), anyCase(op)).map(([path, operator]) => ({
      text: `${path} ${operator} ${quoted(value)}`,
      meets: (person) => {
        const plain = (text: string) => (attribute.isExact ? text : text.toLowerCase());
        const left = attribute.of(person);
        return compare(op, left === undefined ? undefined : plain(left), plain(value));
      },
    })),
  );

const presence: fc.Arbitrary<Filter> = fc.oneof(
  fc
    .constantFrom(...texts)
    .map(({ path, of }) => ({ text: `${path} pr`, meets: (p: Person) => of(p) !== undefined })),
  fc.constant({ text: 'emails pr', meets: (p: Person) => p.emails !== undefined }),
  fc.constant({ text: 'name pr', meets: (p: Person) => p.name !== undefined }),
  fc.constant({ text: 'title eq null', meets: (p: Person) => p.title === undefined }),
);

const activity: fc.Arbitrary<Filter> = fc
  .tuple(fc.constantFrom('eq' as const, 'ne' as const), fc.boolean())
  .map(([op, value]) => ({
    text: `active ${op} ${value}`,
    meets: (p) => (p.active === value) === (op === 'eq'),
  }));

/** Times are told in any zone. */
const time: fc.Arbitrary<Filter> = fc
  .tuple(fc.constantFrom(...every.filter((op) => !['co', 'sw', 'ew'].includes(op))), fc.nat(4), fc.boolean())
  .map(([op, nth, isZoned]) => {
    const at = () => people[nth]?.created ?? '';
    const told = () =>
      isZoned ? `${new Date(Date.parse(at()) + 3_600_000).toISOString().slice(0, -1)}+01:00` : at();
    return {
      get text() {
        return `meta.created ${op} "${told()}"`;
      },
      meets: (person: Person) => compare(op, person.created, at()),
    };
  });

const element: fc.Arbitrary<{ text: string; meets(value: Value): boolean }> = fc.oneof(
  fc
    .tuple(fc.constantFrom('value' as const, 'type' as const), fc.constantFrom(...every), word)
    .map(([sub, op, value]) => ({
      text: `${sub} ${op} ${quoted(value)}`,
      meets: (one: Value) => compare(op, one[sub]?.toLowerCase(), value.toLowerCase()),
    })),
  fc.constant({ text: 'primary eq true', meets: (one: Value) => one.primary === true }),
  fc.constant({ text: 'type pr', meets: (one: Value) => one.type !== undefined }),
  fc.constant({ text: 'type eq "work"', meets: (one: Value) => one.type === 'work' }),
);

const selection: fc.Arbitrary<Filter> = fc
  .tuple(fc.constantFrom('emails' as const, 'ims' as const), element, fc.constantFrom('and', 'or'), element)
  .map(([path, a, op, b]) => ({
    text: `${path}[${a.text} ${op} not (${b.text})]`,
    meets: (person) =>
      (person[path] ?? []).some((one) =>
        op === 'and' ? a.meets(one) && !b.meets(one) : a.meets(one) || !b.meets(one),
      ),
  }));

const dotted: fc.Arbitrary<Filter> = fc
  .tuple(fc.constantFrom('emails', 'emails.value', 'emails[value pr].value'), fc.constantFrom(...every), word)
  .map(([path, op, value]) => ({
    text: `${path} ${op} ${quoted(value)}`,
    meets: (person) =>
      (person.emails ?? []).some((one) => compare(op, one.value?.toLowerCase(), value.toLowerCase())),
  }));

const { filter } = fc.letrec<{ filter: Filter; test: Filter; both: Filter; not: Filter }>((tie) => ({
  test: fc.oneof({ weight: 4, arbitrary: textTest }, presence, activity, time, selection, dotted),
  not: tie('filter').map((inner) => ({
    get text() {
      return `not (${inner.text})`;
    },
    meets: (person: Person) => !inner.meets(person),
  })),
  // `and` binds closer than `or`, so three without brackets are read as the first two and the last.
  both: fc.tuple(tie('filter'), tie('filter'), tie('test')).map(([a, b, c]) => ({
    get text() {
      return `(${a.text}) and (${b.text}) or ${c.text}`;
    },
    meets: (person: Person) => (a.meets(person) && b.meets(person)) || c.meets(person),
  })),
  filter: fc.oneof({ depthSize: 'small', withCrossShrink: true }, tie('test'), tie('both'), tie('not')),
}));

describe('RFC 7644 §3.4.2.2, any filter', () => {
  it('RFC 7644 §3.4.2.2: nine operators on text, boolean, dateTime and values, with and, or, not, find what a naive reading finds', async () => {
    await fc.assert(
      fc.asyncProperty(filter, async (one) => {
        fc.pre(one.text.length <= 2_000);
        const wanted = people.filter((person) => one.meets(person)).map((person) => person.id);
        expect(await idsFound(scim, one.text), one.text).toEqual(wanted);
      }),
      { numRuns: 400 },
    );
  }, 60_000);
});
