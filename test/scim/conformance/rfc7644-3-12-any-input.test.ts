import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CORE_USER, ENTERPRISE_USER, ERROR, type Response } from '../start-scim.ts';
import { type Staffed, startWithPeople } from './people.ts';

let there: Staffed;
beforeAll(async () => {
  there = await startWithPeople();
});
afterAll(() => there.scim.close());

/** Success, or an Error that says what is wrong; never our own fault. */
function expectAnswered({ status, body }: Response, sent: unknown): void {
  const about = `${JSON.stringify(sent)} -> ${status} ${JSON.stringify(body)}`;
  expect(status, about).toBeLessThan(500);
  if (status < 400) return;
  expect(body, about).toMatchObject({
    schemas: [ERROR],
    status: String(status),
    detail: expect.stringMatching(/./),
  });
  if (status === 400) expect(body.scimType, about).toMatch(/^[a-zA-Z]+$/);
}

const names = fc.constantFrom(
  ...[
    'userName',
    'active',
    'name',
    'emails',
    'title',
    'members',
    'displayName',
    'externalId',
    'schemas',
    'id',
  ],
  ...[
    'meta',
    'groups',
    'password',
    'manager',
    'value',
    'type',
    'primary',
    'Operations',
    'op',
    'path',
    '$ref',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    '',
    'bulkId',
    'method',
    'data',
    'x509Certificates',
    'addresses',
  ],
  ...[
    CORE_USER,
    ENTERPRISE_USER,
    `${ENTERPRISE_USER}:manager`,
    'name.givenName',
    'emails[type eq "work"].value',
  ],
);
const leaf = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -1,
    1e308,
    '',
    'x',
    'True',
    'add',
    'Replace',
    'remove',
    '\0',
    '\ud800',
  ),
  fc.constantFrom<unknown>(
    [],
    {},
    [[]],
    [null],
    CORE_USER,
    'bulkId:a',
    'x'.repeat(3_000),
    '11111111-1111-4111-8111-111111111111',
  ),
  fc.string({ unit: 'binary', maxLength: 8 }),
  names,
);
/** JSON made of the words of the protocol, in any wrong place. */
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('json'), { maxLength: 3 }),
    fc.array(fc.tuple(names, tie('json')), { maxLength: 4 }).map((pairs) => Object.fromEntries(pairs)),
  ),
}));
const path = fc.oneof(
  names,
  fc.tuple(names, names).map(([a, b]) => `${a}.${b}`),
  fc.tuple(names, names, leaf, names).map(([a, b, v, c]) => `${a}[${b} eq ${JSON.stringify(v)}].${c}`),
  fc.string({ unit: 'binary', maxLength: 10 }),
);
const step = fc.record(
  {
    op: fc.oneof(fc.constantFrom('add', 'Remove', 'replace'), json),
    path: fc.oneof(path, json),
    value: json,
  },
  { requiredKeys: [] },
);
const bulkStep = fc.record(
  {
    method: fc.oneof(fc.constantFrom('POST', 'PUT', 'patch', 'DELETE'), json),
    path: fc.constantFrom(
      '/Users',
      '/Groups',
      '/Users/x',
      '/Groups/bulkId:a',
      '/Bulk',
      '',
      '/',
      '//',
      '/Users/%zz',
    ),
    bulkId: fc.constantFrom<unknown>('a', 'b', 5, null),
    data: json,
  },
  { requiredKeys: [] },
);

describe('RFC 7644 §3.12, any input', () => {
  it('RFC 7644 §3.12, §3.3: any JSON to POST is taken or refused with a reason', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('/Users', '/Groups', '/.search', '/Users/.search', '/Bulk'),
        json,
        async (to, body) => {
          expectAnswered(await there.scim.call('POST', to, JSON.stringify(body)), body);
        },
      ),
      { numRuns: 250 },
    );
  }, 60_000);

  it('RFC 7644 §3.12, §3.5.2: any JSON to PATCH is taken or refused with a reason, and then nothing has changed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('user', 'group'),
        fc.array(step, { maxLength: 3 }),
        async (kind, Operations) => {
          const to = kind === 'user' ? `/Users/${there.omar}` : `/Groups/${there.group}`;
          const before = (await there.scim.call('GET', to)).body;
          const answer = await there.scim.call('PATCH', to, { Operations });
          expectAnswered(answer, Operations);
          if (answer.status >= 400) expect((await there.scim.call('GET', to)).body).toEqual(before);
        },
      ),
      { numRuns: 250 },
    );
  }, 60_000);

  it('RFC 7644 §3.12, §3.5.1: any JSON to PUT', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('user', 'group'), json, async (kind, body) => {
        const to = kind === 'user' ? `/Users/${there.lena}` : `/Groups/${there.group}`;
        expectAnswered(await there.scim.call('PUT', to, JSON.stringify(body)), body);
      }),
      { numRuns: 120 },
    );
  }, 60_000);

  it('RFC 7644 §3.12, §3.7: any list of operations to Bulk has its own answers', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(bulkStep, json), { minLength: 1, maxLength: 4 }),
        async (Operations) => {
          const { status, body } = await there.scim.call('POST', '/Bulk', { Operations });
          expect(status).toBe(200);
          expect(body.Operations).toHaveLength(Operations.length);
          for (const one of body.Operations as { status: string; response?: unknown }[]) {
            expect(Number(one.status), JSON.stringify([Operations, body])).toBeLessThan(500);
            if (Number(one.status) >= 400) expect(one.response).toMatchObject({ status: one.status });
          }
        },
      ),
      { numRuns: 120 },
    );
  }, 60_000);

  it('RFC 7644 §3.12, §3.4.2: any parameters of a query', async () => {
    const word = fc.oneof(
      path,
      names,
      fc.constantFrom(
        'eq',
        'pr',
        'and',
        'not',
        '(',
        ')',
        '[',
        ']',
        '"',
        '\\',
        'null',
        'true',
        '1',
        '-',
        '"x"',
        '\0',
        '%',
      ),
    );
    const text = fc.array(word, { maxLength: 8 }).map((words) => words.join(' '));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('/Users', '/Groups', ''),
        fc.record(
          { filter: text, sortBy: path, attributes: text, cursor: text, count: text },
          { requiredKeys: [] },
        ),
        async (to, query) => {
          const parameters = Object.entries(query).map(
            ([k, v]) => `${k}=${encodeURIComponent(v.toWellFormed())}`,
          );
          expectAnswered(await there.scim.call('GET', `${to}?${parameters.join('&')}`), query);
        },
      ),
      { numRuns: 300 },
    );
  }, 60_000);

  it('RFC 7644 §3.12, §3.4.1: any id and any version', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'PUT', 'PATCH', 'DELETE'),
        fc.constantFrom('/Users', '/Groups', '/Schemas', '/ResourceTypes'),
        fc.oneof(
          fc.string({ unit: 'binary', minLength: 3, maxLength: 40 }),
          fc.constantFrom('%', '*', '\0', "' or 1=1 --"),
        ),
        fc.constantFrom('', '*', '"', 'W/', ',,,', 'W/"99999999999999999999"'),
        async (method, to, id, tag) => {
          const address = `${to}/${encodeURIComponent(id.toWellFormed())}`;
          const body =
            method === 'GET' || method === 'DELETE' ? undefined : { Operations: [{ op: 'add', value: {} }] };
          const answer = await there.scim.call(method, address, body, {
            'if-match': tag,
            'if-none-match': tag,
          });
          expectAnswered(answer, [method, address, tag]);
          expect(answer.status).toBeGreaterThanOrEqual(400);
        },
      ),
      { numRuns: 150 },
    );
  }, 60_000);
});
