import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CORE_USER, ENTERPRISE_USER, PATCH_OP, type StartedScim, startScim } from './start-scim.ts';

let scim: StartedScim;
let of: { id: string; userName: string; path: string };
beforeAll(async () => {
  scim = await startScim();
  await scim.createUser('taken@acme.example', { externalId: 'taken' });
  const id = await scim.createUser('ines@acme.example', { externalId: '00u1' });
  of = { id, userName: 'ines@acme.example', path: `/Users/${id}` };
});
afterAll(() => scim.close());

type Op = { op?: unknown; path?: unknown; value?: unknown };

/** One deactivation, as Entra and as Okta write it, and as others do. */
const deactivation: fc.Arbitrary<Op> = fc.oneof(
  fc.record({
    op: fc.constantFrom('Replace', 'replace', 'Add', 'add', 'REPLACE'),
    path: fc.constantFrom('active', 'Active', `${CORE_USER}:active`, 'active[value eq "True"]', '/active'),
    value: fc.constantFrom<unknown>(false, 'False', 'false', null, 0, '0', '', [{ value: 'False' }]),
  }),
  fc.record({
    op: fc.constantFrom('replace', 'Replace', 'add'),
    value: fc.constantFrom<unknown>(
      { active: false },
      { Active: 'False', title: 'x' },
      { [`${CORE_USER}:active`]: false },
      { [CORE_USER]: { active: false } },
      { id: 'x', active: null },
    ),
  }),
  fc.record({ op: fc.constantFrom('remove', 'Remove'), path: fc.constant('active') }),
);

const names = fc.constantFrom(
  ...[
    'title',
    'userName',
    'displayName',
    'externalId',
    'name',
    'name.givenName',
    'emails',
    'addresses',
    'id',
  ],
  ...[
    'meta',
    'meta.resourceType',
    'schemas',
    'groups',
    'password',
    'shoeSize',
    '@odata.type',
    '1st',
    '__proto__',
  ],
  ...[
    'emails[type eq "work"].value',
    'addresses[type eq "work"].formatted',
    'emails[type ne "x"]',
    'emails[',
  ],
  ...[
    `${ENTERPRISE_USER}:manager`,
    `${ENTERPRISE_USER}:manager[value eq "26118915"]`,
    ENTERPRISE_USER,
    CORE_USER,
  ],
  ...[
    'urn:ietf:params:scim:schemas:extension:acme:2.0:User:badge',
    'x'.repeat(3_000),
    'roles[primary eq "True"].value',
  ],
);
const leaf = fc.constantFrom<unknown>(
  ...['x', 'taken@acme.example', 'taken', '', null, true, 7, {}, [], 'a\0b', '\ud800', ['x'], { a: 1 }],
  ...[
    { value: 'x' },
    [
      { value: 'x', primary: true },
      { value: 'y', primary: true },
    ],
    'x'.repeat(2_000),
  ],
);
const value = fc.oneof(leaf, fc.dictionary(names, leaf, { maxKeys: 3 }));
/** Legal and not. */
const neighbour: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record(
      { op: fc.constantFrom<unknown>('add', 'Replace', 'remove', 'move', 7, ''), path: names, value },
      { requiredKeys: ['op'] },
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(7, null, 'x', [], {}, { op: 'remove' }) },
);
const operations = fc
  .tuple(fc.array(neighbour, { maxLength: 4 }), deactivation, fc.array(neighbour, { maxLength: 4 }))
  .map(([before, off, after]) => [...before, off, ...after]);

/** How the operations are wrapped, and what goes wrong on the way. */
const wrapping = fc.constantFrom<(ops: unknown[]) => unknown>(
  (Operations) => ({ schemas: [PATCH_OP], Operations }),
  (Operations) => ({ Operations }),
  (operations) => ({ schemas: ['urn:x'], operations }),
  (ops) => ops,
  (ops) => JSON.stringify({ Operations: ops }).slice(0, -1),
  (ops) => `\ufeff${JSON.stringify({ Operations: ops })}`,
);
const headers = fc.constantFrom<Record<string, string>>(
  {},
  {},
  { 'content-type': 'text/plain' },
  { 'if-match': 'W/"1000000"' },
  { 'if-match': '' },
);

async function told(): Promise<{ n: number; seen: number; owed: number }> {
  const { rows } = await sql<{ n: number; seen: number; owed: number }>`select
    (select coalesce(sum(times), 0)::int from refused_pushes where resource_id = ${of.id}) as n,
    (select count(*)::int from observed where key like 'scim:refused:%') as seen,
    (select count(*)::int from outbox where job = 'updateCard') as owed`.execute(scim.database.db);
  return rows[0] ?? { n: 0, seen: 0, owed: 0 };
}
const isActive = async () => (await scim.call('GET', of.path)).body.active;
async function isMade(active: boolean): Promise<void> {
  await scim.call('PUT', of.path, { userName: of.userName, externalId: '00u1', active });
  expect(await isActive()).toBe(active);
}

describe('any PATCH', () => {
  it('that holds a deactivation leaves the person inactive, or is refused and told', async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(operations, wrapping, headers, async (ops, wrap, sent) => {
        await isMade(true);
        const before = await told();
        const { status, body } = await scim.call('PATCH', of.path, wrap(ops), sent);
        const about = JSON.stringify([ops, sent, status, body]);
        if (status < 300) {
          expect(await isActive(), about).toBe(false);
          return;
        }
        refused += 1;
        expect(await isActive(), about).toBe(true);
        const after = await told();
        expect(after.n, about).toBe(before.n + 1);
        expect(after.seen, about).toBe(before.seen + 1);
        expect(after.owed, about).toBeGreaterThan(0);
      }),
      { numRuns: 250 },
    );
    expect(refused).toBeGreaterThan(10);
  }, 120_000);

  it('without an explicit true switches nobody on', async () => {
    const word = fc.constantFrom<unknown>(
      false,
      'False',
      null,
      '',
      0,
      1,
      '1',
      'yes',
      'on',
      [],
      {},
      [true, true],
      {
        a: true,
      },
    );
    const path = fc.constantFrom(
      'active',
      'Active',
      `${CORE_USER}:active`,
      'active.value',
      'active[value pr]',
    );
    const op = fc.constantFrom('add', 'Replace', 'remove', 'move');
    const said: fc.Arbitrary<unknown> = fc.oneof(
      fc.record({ op, path, value: word }, { requiredKeys: ['op', 'path'] }),
      fc.tuple(op, path, word).map(([op, name, said]) => ({ op, value: { [name]: said } })),
    );
    const all = fc.array(fc.oneof(said, neighbour), { maxLength: 5 });
    await isMade(false);
    await fc.assert(
      fc.asyncProperty(all, wrapping, fc.constantFrom('PATCH', 'PUT'), async (ops, wrap, method) => {
        const about = JSON.stringify(ops);
        await scim.call(method, of.path, wrap(ops));
        expect(await isActive(), about).toBe(false);
      }),
      { numRuns: 200 },
    );
  }, 120_000);
});
