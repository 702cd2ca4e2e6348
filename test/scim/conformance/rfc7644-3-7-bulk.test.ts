import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CORE_GROUP, CORE_USER, ENTERPRISE_USER, ERROR, type StartedScim, startScim } from '../start-scim.ts';

const BULK_REQUEST = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest';
const BULK_RESPONSE = 'urn:ietf:params:scim:api:messages:2.0:BulkResponse';

let scim: StartedScim;
beforeAll(async () => {
  scim = await startScim();
});
afterAll(() => scim.close());

const bulk = (Operations: unknown, more: Record<string, unknown> = {}) =>
  scim.call('POST', '/Bulk', { schemas: [BULK_REQUEST], Operations, ...more });
const newUser = (bulkId: string, userName: string, more: Record<string, unknown> = {}) => ({
  method: 'POST',
  path: '/Users',
  bulkId,
  data: { schemas: [CORE_USER], userName, ...more },
});
const newGroup = (bulkId: string, displayName: string, members: string[]) => ({
  method: 'POST',
  path: '/Groups',
  bulkId,
  data: { schemas: [CORE_GROUP], displayName, members: members.map((value) => ({ value })) },
});
const idIn = (location: string) => location.split('/').at(-1) as string;

describe('RFC 7644 section 3.7, bulk', () => {
  it('RFC 7644 §3.7: does every kind of operation and says where each resource is and at which version', async () => {
    const lena = await scim.createUser('bulk.lena@acme.example');
    const omar = await scim.createUser('bulk.omar@acme.example');
    const ines = await scim.createUser('bulk.ines@acme.example');
    const { status, body } = await bulk([
      newUser('q', 'bulk.new@acme.example'),
      {
        method: 'PUT',
        path: `/Users/${omar}`,
        version: 'W/"1"',
        data: { userName: 'bulk.omar@acme.example', title: 'Lead' },
      },
      {
        method: 'PATCH',
        path: `/Users/${ines}`,
        data: [{ op: 'add', path: 'nickName', value: 'I' }],
      },
      { method: 'DELETE', path: `/Users/${lena}` },
    ]);
    expect(status).toBe(200);
    expect(body.schemas).toEqual([BULK_RESPONSE]);
    const at = (id: string) => `https://latchkey.example/scim/v2/Users/${id}`;
    expect(body.Operations).toEqual([
      {
        method: 'POST',
        bulkId: 'q',
        location: expect.stringContaining('/Users/'),
        version: 'W/"1"',
        status: '201',
      },
      { method: 'PUT', location: at(omar), version: 'W/"2"', status: '200' },
      { method: 'PATCH', location: at(ines), version: 'W/"2"', status: '204' },
      { method: 'DELETE', location: at(lena), status: '204' },
    ]);
    expect((await scim.call('GET', `/Users/${idIn(body.Operations[0].location)}`)).body.userName).toBe(
      'bulk.new@acme.example',
    );
    expect((await scim.call('GET', `/Users/${lena}`)).status).toBe(404);
  });

  it('RFC 7644 §3.7: gives each operation its own status and Error, and goes on after one', async () => {
    const id = await scim.createUser('bulk.taken@acme.example');
    const { status, body } = await bulk([
      newUser('a', 'BULK.taken@acme.example'),
      { method: 'PATCH', path: `/Users/${id}`, version: 'W/"9"', data: { Operations: [] } },
      { method: 'DELETE', path: '/Users/11111111-1111-4111-8111-111111111111' },
      { method: 'POST', path: '/Users', data: { userName: 'bulk.noid@acme.example' } },
      { method: 'GET', path: `/Users/${id}` },
      { method: 'POST', path: '/Printers', bulkId: 'p', data: {} },
      { method: 'PUT', path: '/Users', data: {} },
      'nonsense',
      newUser('b', 'bulk.after@acme.example'),
    ]);
    expect(status).toBe(200);
    expect(body.Operations.map((o: { status: string }) => o.status)).toEqual([
      '409',
      '400',
      '404',
      '400',
      '400',
      '404',
      '400',
      '404',
      '201',
    ]);
    const [first, second] = body.Operations;
    expect(first).toMatchObject({
      method: 'POST',
      bulkId: 'a',
      response: { schemas: [ERROR], status: '409', scimType: 'uniqueness' },
    });
    expect(first.location).toBeUndefined();
    expect(second).toMatchObject({
      location: `https://latchkey.example/scim/v2/Users/${id}`,
      response: { status: '400', scimType: 'invalidSyntax' },
    });
  });

  it('RFC 7644 §3.14: an operation’s version is its If-Match', async () => {
    const id = await scim.createUser('bulk.version@acme.example');
    const change = { Operations: [{ op: 'replace', path: 'title', value: 'x' }] };
    const { body } = await bulk([
      { method: 'PATCH', path: `/Users/${id}`, version: 'W/"1"', data: change },
      { method: 'PATCH', path: `/Users/${id}`, version: 'W/"1"', data: change },
      { method: 'DELETE', path: `/Users/${id}`, version: 'W/"1"' },
    ]);
    expect(body.Operations.map((o: { status: string }) => o.status)).toEqual(['204', '412', '412']);
  });

  it('RFC 7644 §3.7.3: stops after failOnErrors errors and does not do the rest', async () => {
    const { body } = await bulk(
      [
        newUser('a', 'bulk.before@acme.example'),
        { method: 'DELETE', path: '/Users/nobody' },
        newUser('b', 'bulk.rest@acme.example'),
      ],
      { failOnErrors: 1 },
    );
    expect(body.Operations.map((o: { status: string }) => o.status)).toEqual(['201', '404']);
    const { body: found } = await scim.call('GET', '/Users?filter=userName eq "bulk.rest@acme.example"');
    expect(found.totalResults).toBe(0);
  });

  it('RFC 7644 §3.7.2: resolves bulkId in members, in sub-attributes and in paths, whatever the order', async () => {
    const { body } = await bulk([
      newGroup('g', 'bulk-team', ['bulkId:u1', 'bulkId:u2']),
      newUser('u1', 'bulk.one@acme.example', { [ENTERPRISE_USER]: { manager: { value: 'bulkId:u2' } } }),
      newUser('u2', 'bulk.two@acme.example'),
      {
        method: 'PATCH',
        path: '/Groups/bulkId:g',
        data: { Operations: [{ op: 'replace', value: { displayName: 'bulk-team-2' } }] },
      },
    ]);
    expect(body.Operations.map((o: { status: string }) => o.status)).toEqual(['201', '201', '201', '204']);
    const [g, u1, u2] = body.Operations.map((o: { location: string }) => idIn(o.location));
    expect(await scim.membersOf(g)).toEqual([u1, u2].sort());
    expect((await scim.call('GET', `/Groups/${g}`)).body.displayName).toBe('bulk-team-2');
    expect((await scim.call('GET', `/Users/${u1}`)).body[ENTERPRISE_USER].manager.value).toBe(u2);
  });

  it('RFC 7644 §3.7.1: resolves references that go in a circle', async () => {
    const { body } = await bulk([
      newUser('c1', 'bulk.c1@acme.example', { [ENTERPRISE_USER]: { manager: { value: 'bulkId:c2' } } }),
      newUser('c2', 'bulk.c2@acme.example', { [ENTERPRISE_USER]: { manager: { value: 'bulkId:c1' } } }),
    ]);
    const [c1, c2] = body.Operations.map((o: { location: string }) => idIn(o.location));
    expect((await scim.call('GET', `/Users/${c1}`)).body[ENTERPRISE_USER].manager.value).toBe(c2);
    expect((await scim.call('GET', `/Users/${c2}`)).body[ENTERPRISE_USER].manager.value).toBe(c1);
  });

  it('RFC 7644 §3.7.2: refuses an operation whose reference failed, is unknown or ambiguous', async () => {
    await scim.createUser('bulk.there@acme.example');
    const { body } = await bulk([
      newUser('u', 'bulk.there@acme.example'),
      newGroup('g1', 'bulk-orphan', ['bulkId:u']),
      newGroup('g2', 'bulk-unknown', ['bulkId:nobody']),
      newGroup('g2', 'bulk-twice', []),
      { method: 'DELETE', path: '/Groups/bulkId:g1' },
    ]);
    expect(body.Operations.map((o: { status: string }) => o.status)).toEqual([
      '409',
      '409',
      '400',
      '400',
      '409',
    ]);
    const { body: left } = await scim.call('GET', '/Groups?filter=displayName sw "bulk-"');
    expect(left.Resources.map((r: { displayName: string }) => r.displayName)).toEqual(['bulk-team-2']);
  });

  it('RFC 7644 §3.7.4: more operations or bytes than announced are 413, and nothing is done', async () => {
    const { body: config } = await scim.call('GET', '/ServiceProviderConfig');
    const { maxOperations, maxPayloadSize } = config.bulk;
    const many = Array.from({ length: maxOperations + 1 }, (_, n) =>
      newUser(`m${n}`, `many${n}@acme.example`),
    );
    const tooMany = await bulk(many);
    expect(tooMany.status).toBe(413);
    expect(tooMany.body).toMatchObject({ schemas: [ERROR], status: '413' });
    const tooBig = await bulk([newUser('x', 'many.big@acme.example', { title: 'x'.repeat(maxPayloadSize) })]);
    expect(tooBig.body).toMatchObject({
      status: '413',
      detail: expect.stringContaining(String(maxPayloadSize)),
    });
    const { body } = await scim.call('GET', '/Users?filter=userName sw "many"');
    expect(body.totalResults).toBe(0);
  });

  it.each([
    ['no list', { Operations: 'x' }, 'invalidSyntax'],
    ['an empty list', { Operations: [] }, 'invalidSyntax'],
    ['failOnErrors 0', { Operations: [{}], failOnErrors: 0 }, 'invalidValue'],
    ['other schemas', { Operations: [{}], schemas: ['urn:x'] }, 'invalidValue'],
  ])('RFC 7644 §3.7: refuses %s as a whole', async (_name, body, scimType) => {
    const answer = await scim.call('POST', '/Bulk', body);
    expect(answer.body).toMatchObject({ status: '400', scimType });
  });
});
