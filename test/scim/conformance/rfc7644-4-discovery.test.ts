import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CORE_GROUP, CORE_USER, ENTERPRISE_USER, type StartedScim, startScim } from '../start-scim.ts';

let scim: StartedScim;
beforeAll(async () => {
  scim = await startScim();
});
afterAll(() => scim.close());

describe('RFC 7644 section 4, discovery', () => {
  it('RFC 7644 §4: says what is supported', async () => {
    const { status, body } = await scim.call('GET', '/ServiceProviderConfig');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      patch: { supported: true },
      bulk: { supported: true, maxOperations: 1_000, maxPayloadSize: 1_048_576 },
      pagination: {
        cursor: true,
        index: true,
        defaultPaginationMethod: 'index',
        defaultPageSize: 100,
        maxPageSize: 200,
        cursorTimeout: 3_600,
      },
      etag: { supported: true },
    });
    const types = await scim.call('GET', '/ResourceTypes');
    expect(types.body.Resources.map((r: { id: string }) => r.id)).toEqual(['User', 'Group']);
    expect((await scim.call('GET', '/ResourceTypes/Group')).body.endpoint).toBe('/Groups');
    const all = await scim.call('GET', '/Schemas');
    expect(all.body.Resources.map((r: { id: string }) => r.id)).toEqual([
      CORE_USER,
      ENTERPRISE_USER,
      CORE_GROUP,
    ]);
    expect((await scim.call('GET', `/Schemas/${CORE_USER}`)).body.name).toBe('User');
    expect((await scim.call('GET', '/Schemas?filter=id+pr')).body.status).toBe('403');
    expect((await scim.call('GET', '/Schemas/urn:none')).body.status).toBe('404');
  });
});

type Described = {
  name: string;
  type: string;
  multiValued: boolean;
  subAttributes?: Described[];
  [characteristic: string]: unknown;
};

/** Whether a value is what its description says; every attribute in it must be described. */
function expectAsDescribed(attributes: readonly Described[], object: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(object)) {
    const attribute = attributes.find((a) => a.name === name);
    expect(attribute, `${name} is described`).toBeDefined();
    expect(Array.isArray(value), name).toBe(attribute?.multiValued);
    for (const one of Array.isArray(value) ? value : [value])
      if (attribute?.type === 'complex') expectAsDescribed(attribute.subAttributes ?? [], one);
      else expect(typeof one, name).toBe(attribute?.type === 'boolean' ? 'boolean' : 'string');
  }
}

describe('RFC 7643 sections 5 to 7', () => {
  const schemas = async () => (await scim.call('GET', '/Schemas')).body.Resources as Described[];
  const attributesOf = (schema: unknown) => (schema as { attributes: Described[] }).attributes;

  it('RFC 7643 §5: ServiceProviderConfig has all that is required, and it is what the server does', async () => {
    const { body } = await scim.call('GET', '/ServiceProviderConfig');
    expect(body).toEqual({
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'],
      patch: { supported: true },
      bulk: { supported: true, maxOperations: expect.any(Number), maxPayloadSize: expect.any(Number) },
      filter: { supported: true, maxResults: expect.any(Number) },
      changePassword: { supported: false },
      sort: { supported: true },
      etag: { supported: true },
      pagination: expect.any(Object),
      authenticationSchemes: [
        expect.objectContaining({
          type: 'oauthbearertoken',
          name: expect.any(String),
          description: expect.any(String),
        }),
      ],
      meta: {
        resourceType: 'ServiceProviderConfig',
        location: expect.stringMatching(/\/ServiceProviderConfig$/),
      },
    });
    const list = await scim.call('GET', `/Users?count=${body.filter.maxResults + 1}`);
    expect(list.status).toBe(200);
  });

  it('RFC 7643 §6: each resource type names its endpoint and its schemas, all of which there are', async () => {
    const urns = (await schemas()).map((schema) => schema.id);
    const { body } = await scim.call('GET', '/ResourceTypes');
    expect(body).toMatchObject({ totalResults: 2, itemsPerPage: 2, startIndex: 1 });
    for (const type of body.Resources) {
      expect(type).toMatchObject({
        schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
        id: type.name,
        description: expect.any(String),
        meta: { resourceType: 'ResourceType', location: expect.stringMatching(/\/v2\/ResourceTypes\//) },
      });
      for (const urn of [type.schema, ...type.schemaExtensions.map((e: { schema: string }) => e.schema)])
        expect(urns).toContain(urn);
      expect((await scim.call('GET', type.endpoint)).status).toBe(200);
      expect((await scim.call('GET', `/ResourceTypes/${type.id}`)).body).toEqual(type);
    }
  });

  it('RFC 7643 §7: each attribute is described with all its characteristics', async () => {
    const check = (attribute: Described): void => {
      expect(attribute, attribute.name).toMatchObject({
        name: expect.stringMatching(/^[$a-zA-Z][-$\w]*$/),
        type: expect.stringMatching(/^(string|boolean|decimal|integer|dateTime|reference|binary|complex)$/),
        multiValued: expect.any(Boolean),
        description: expect.stringMatching(/./),
        required: expect.any(Boolean),
        mutability: expect.stringMatching(/^(readOnly|readWrite|immutable|writeOnly)$/),
        returned: expect.stringMatching(/^(always|never|default|request)$/),
        uniqueness: expect.stringMatching(/^(none|server|global)$/),
      });
      const { type } = attribute;
      expect(attribute.subAttributes !== undefined, attribute.name).toBe(type === 'complex');
      expect(attribute.referenceTypes !== undefined, attribute.name).toBe(type === 'reference');
      if (type === 'reference') expect(attribute.referenceTypes).not.toEqual([]);
      expect(typeof attribute.caseExact, attribute.name).toBe(
        type === 'complex' || type === 'boolean' ? 'undefined' : 'boolean',
      );
      // RFC 7643 sections 2.3.6 and 2.3.7.
      if (type === 'reference' || type === 'binary') expect(attribute.caseExact, attribute.name).toBe(true);
      for (const sub of attribute.subAttributes ?? []) {
        expect(sub.type, 'no complex in a complex').not.toBe('complex');
        check(sub);
      }
    };
    for (const schema of await schemas()) {
      expect(schema).toMatchObject({
        schemas: ['urn:ietf:params:scim:schemas:core:2.0:Schema'],
        name: expect.any(String),
        meta: { resourceType: 'Schema', location: `https://latchkey.example/scim/v2/Schemas/${schema.id}` },
      });
      for (const attribute of attributesOf(schema)) check(attribute);
      expect((await scim.call('GET', `/Schemas/${schema.id}`)).body).toEqual(schema);
    }
  });

  it('RFC 7643 §7: says of each special attribute what the server does with it', async () => {
    const [user, , group] = (await schemas()).map(attributesOf);
    const of = (attributes: Described[] | undefined, name: string) =>
      attributes?.find((a) => a.name === name);
    expect(of(user, 'userName')).toMatchObject({ required: true, uniqueness: 'server', caseExact: false });
    expect(of(user, 'password')).toMatchObject({ mutability: 'writeOnly', returned: 'never' });
    expect(of(user, 'groups')).toMatchObject({ mutability: 'readOnly', multiValued: true });
    expect(of(of(user, 'groups')?.subAttributes, '$ref')).toMatchObject({ referenceTypes: ['Group'] });
    expect(of(user, 'profileUrl')).toMatchObject({ type: 'reference', referenceTypes: ['external'] });
    expect(of(group, 'displayName')).toMatchObject({ required: true, uniqueness: 'server' });
    expect(of(of(group, 'members')?.subAttributes, 'value')).toMatchObject({ mutability: 'immutable' });
    expect(of(of(group, 'members')?.subAttributes, '$ref')).toMatchObject({ referenceTypes: ['User'] });
  });

  it('RFC 7643 §7: what the server answers is what its schemas describe', async () => {
    const id = await scim.createUser('described@acme.example', {
      name: { givenName: 'D' },
      emails: [{ value: 'd@acme.example', type: 'work', primary: true }],
      addresses: [{ country: 'UK', type: 'work' }],
      photos: [{ value: 'https://acme.example/d.png' }],
      externalId: 'ext',
      [ENTERPRISE_USER]: { department: 'x', manager: { value: 'm' } },
    });
    const group = await scim.createGroup('described', [id]);
    const [user = [], enterprise = [], core = []] = (await schemas()).map(attributesOf);
    for (const [path, attributes] of [
      [`/Users/${id}`, user],
      [`/Groups/${group}`, core],
    ] as const) {
      const { schemas, id: _id, externalId: _external, meta, ...own } = (await scim.call('GET', path)).body;
      const { [ENTERPRISE_USER]: extension, ...rest } = own;
      expect(schemas).toContain(path.startsWith('/Users') ? CORE_USER : CORE_GROUP);
      expect(Object.keys(meta).sort()).toEqual([
        'created',
        'lastModified',
        'location',
        'resourceType',
        'version',
      ]);
      expectAsDescribed(attributes, rest);
      if (extension !== undefined) expectAsDescribed(enterprise, extension);
    }
  });

  it('RFC 7644 §4: attributes, sorting and paging are ignored there, a filter is 403', async () => {
    for (const path of ['/Schemas', '/ResourceTypes']) {
      const { body } = await scim.call('GET', path);
      const query = 'attributes=id&sortBy=name&sortOrder=descending&startIndex=2&count=1';
      expect((await scim.call('GET', `${path}?${query}`)).body).toEqual(body);
      expect((await scim.call('GET', `${path}?filter=name eq "User"`)).body).toMatchObject({ status: '403' });
      expect((await scim.call('GET', `${path}/nothing`)).body).toMatchObject({ status: '404' });
    }
  });
});
