import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CORE_USER, ENTERPRISE_USER } from '../start-scim.ts';
import { type Client, fresh, type Requirement, spoken, startClient } from './suite.ts';

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const NAME = /^[A-Za-z$][-\w$]*$/;
const PNG = 'iVBORw0KGgo=';
const work = { type: 'work', value: 'w@acme.example' };

/** Every testable requirement that scim2/test-suite takes from RFC 7643, by its section and line there. */
const requirements: Requirement[] = [
  [
    '2.1 L366',
    'a resource is JSON and names its schemas',
    async (c) => {
      for (const made of [await c.hired(), await c.group()]) expect(made.schemas.length).toBeGreaterThan(0);
    },
  ],
  [
    '2.1 L369',
    'attribute names are names',
    async (c) => {
      const names = (value: unknown): string[] =>
        Array.isArray(value)
          ? value.flatMap(names)
          : typeof value === 'object' && value !== null
            ? Object.entries(value).flatMap(([name, part]) => [name, ...names(part)])
            : [];
      for (const made of [await c.hired(), await c.group()])
        expect(names(made).filter((name) => !name.startsWith('urn:') && !NAME.test(name))).toEqual([]);
    },
  ],
  [
    '2.3.4 L521',
    'an integer has no fraction and no exponent',
    async (c) => {
      const { body } = await c.get('/Users?count=1');
      for (const name of ['totalResults', 'startIndex', 'itemsPerPage'])
        expect(Number.isInteger(body[name])).toBe(true);
      expect((await c.get('/Users?count=1.5')).status).toBe(400);
    },
  ],
  [
    '2.3.5 L527, L531',
    'a dateTime has a date and a time, as XML writes it',
    async (c) => {
      const { meta } = await c.hired();
      expect([meta.created, meta.lastModified]).toEqual([
        expect.stringMatching(ISO),
        expect.stringMatching(ISO),
      ]);
    },
  ],
  [
    '2.3.6 L537',
    'a binary value is base64, as it came',
    async (c) => {
      const made = await c.user({ x509Certificates: [{ value: PNG }] });
      expect(Buffer.from(made.x509Certificates[0].value, 'base64').toString('base64')).toBe(PNG);
    },
  ],
  [
    '2.3.7 L552, L555, L577, L578',
    'a reference is an address by HTTP, whole, and leads to the resource',
    async (c) => {
      const user = await c.hired();
      const { members } = await c.group([user.id]);
      const { $ref } = members[0];
      expect($ref).toMatch(/^https?:\/\//);
      const [, path] = /\/scim\/v2(\/Users\/.+)$/.exec($ref) ?? [];
      expect((await c.get(path ?? '')).body.id).toBe(user.id);
    },
  ],
  [
    '2.3.8 L592',
    'the order of attributes means nothing',
    async (c) => {
      const [one, other] = [fresh(), fresh()];
      const made = await c.send('POST', '/Users', { active: true, userName: one, schemas: [CORE_USER] });
      const again = await c.send('POST', '/Users', { schemas: [CORE_USER], userName: other, active: true });
      expect([made.status, again.status]).toEqual([201, 201]);
      expect(Object.keys(made.body).sort()).toEqual(Object.keys(again.body).sort());
    },
  ],
  [
    '2.3.8 L595',
    'no complex attribute holds another',
    async (c) => {
      type Attribute = { type: string; subAttributes?: Attribute[] };
      const { body } = await c.get('/Schemas');
      const inner = body.Resources.flatMap(
        (schema: { attributes: Attribute[] }) => schema.attributes,
      ).flatMap((attribute: Attribute) => attribute.subAttributes ?? []);
      expect(inner.length).toBeGreaterThan(0);
      expect(inner.filter((sub: Attribute) => sub.type === 'complex')).toEqual([]);
    },
  ],
  [
    '2.4 L634',
    'at most one value is primary',
    async (c) => {
      const emails = [
        { value: 'a@acme.example', primary: true },
        { value: 'b@acme.example', primary: true },
      ];
      const { status } = await c.send('POST', '/Users', { schemas: [CORE_USER], userName: fresh(), emails });
      expect(status).toBe(400);
    },
  ],
  [
    '2.4 L655',
    'a value comes back in a form that means the same',
    async (c) => {
      const made = await c.user({ emails: [{ value: 'TEST@EXAMPLE.COM', type: 'work' }] });
      expect(made.emails[0].value.toLowerCase()).toBe('test@example.com');
    },
  ],
  [
    '2.4 L663',
    'the same type and value come back once',
    async (c) => {
      const twice = [work, { ...work, primary: true }, { ...work, type: 'home' }];
      const once = [
        { ...work, primary: true },
        { ...work, type: 'home' },
      ];
      const made = await c.user({ emails: twice });
      expect(made.emails).toEqual(once);
      const { now } = await c.patched(`/Users/${made.id}`, { op: 'add', path: 'emails', value: [work] });
      expect(now.emails).toEqual(once);
    },
  ],
  [
    '2.5 L682',
    'unassigned, null and an empty list are one state',
    async (c) => {
      const made = await c.user({ displayName: null, emails: [], nickName: 'x' });
      for (const name of ['displayName', 'emails']) expect(made).not.toHaveProperty(name);
      const put = await c.put(made, { nickName: null, phoneNumbers: [] });
      for (const name of ['nickName', 'phoneNumbers']) expect(put.body).not.toHaveProperty(name);
    },
  ],
  [
    '3 L709, L711, L713',
    'schemas is not empty, names what there is, and each once',
    async (c) => {
      const known = new Set((await c.get('/Schemas')).body.Resources.map((one: { id: string }) => one.id));
      const sent = {
        [ENTERPRISE_USER]: { department: 'x' },
        schemas: [CORE_USER, CORE_USER, ENTERPRISE_USER],
      };
      for (const { schemas } of [await c.user(sent), await c.user(), await c.group()]) {
        expect(schemas.length).toBeGreaterThan(0);
        expect(new Set(schemas).size).toBe(schemas.length);
        expect(schemas.filter((urn: string) => !known.has(urn))).toEqual([]);
      }
    },
  ],
  [
    '3.1 L852, L855, L866',
    'who creates gets an id and meta',
    async (c) => {
      for (const made of [await c.hired(), await c.group()]) {
        expect(made.id).toEqual(expect.stringMatching(/./));
        expect(made.meta).toMatchObject({ resourceType: expect.any(String), location: expect.any(String) });
      }
    },
  ],
  [
    '3.1 L867',
    'an id is unique among all resources',
    async (c) => {
      const ids = [await c.hired(), await c.hired(), await c.group()].map(({ id }) => id);
      expect(new Set(ids).size).toBe(3);
    },
  ],
  [
    '3.1 L868',
    'an id stays, and never comes again',
    async (c) => {
      const made = await c.hired();
      expect((await c.put(made)).body.id).toBe(made.id);
      await c.send('DELETE', `/Users/${made.id}`);
      expect((await c.user({ userName: made.userName })).id).not.toBe(made.id);
    },
  ],
  [
    '3.1 L872, L873',
    'an id is never the client’s, and never holds bulkId',
    async (c) => {
      for (const id of ['client-id', 'bulkId']) expect((await c.user({ id })).id).not.toContain(id);
    },
  ],
  [
    '3.1 L890',
    'an externalId is never ours',
    async (c) => {
      expect(await c.user()).not.toHaveProperty('externalId');
    },
  ],
  [
    '3.1 L911',
    'a meta of the client’s is ignored',
    async (c) => {
      const sent = {
        resourceType: 'Other',
        created: '1999-01-01T00:00:00Z',
        location: 'https://x',
        version: 'x',
      };
      const { meta } = await c.user({ meta: sent });
      expect(Object.values(sent).filter((value) => Object.values(meta).includes(value))).toEqual([]);
    },
  ],
  [
    '3.1 L920, L925',
    'created is a dateTime, and lastModified the same until something changes',
    async (c) => {
      const made = await c.hired();
      expect(made.meta.lastModified).toBe(made.meta.created);
      expect((await c.get(`/Users/${made.id}`)).body.meta).toEqual(made.meta);
    },
  ],
  [
    '3.1 L927',
    'meta.location is where the answer says that it is',
    async (c) => {
      const { headers, body } = await c.send('POST', '/Users', { schemas: [CORE_USER], userName: fresh() });
      expect(headers.get('location')).toBe(body.meta.location);
      const again = await c.get(`/Users/${body.id}`);
      expect([again.headers.get('location'), again.headers.get('content-location')]).toEqual([
        body.meta.location,
        null,
      ]);
    },
  ],
  [
    '3.1 L940',
    'a weak entity tag begins with W/',
    async (c) => {
      expect((await c.hired()).meta.version).toMatch(/^W\/".+"$/);
    },
  ],
  [
    '3.3 L976, L981',
    'the base schema is named, and an extension’s attributes are under its URN',
    async (c) => {
      const made = await c.user({
        schemas: [CORE_USER, ENTERPRISE_USER],
        [ENTERPRISE_USER]: { division: 'x' },
      });
      expect(made.schemas).toEqual([CORE_USER, ENTERPRISE_USER]);
      expect(made[ENTERPRISE_USER]).toEqual({ division: 'x' });
      expect(made).not.toHaveProperty('division');
    },
  ],
  [
    '4.1.1 L1035',
    'a user has a userName',
    async (c) => {
      for (const more of [{}, { userName: '' }, { userName: ' ' }, { userName: null }]) {
        const { status } = await c.send('POST', '/Users', { schemas: [CORE_USER], ...more });
        expect(status).toBe(400);
      }
    },
  ],
  [
    '4.1.1 L1186, L1222; 7 L1769',
    'a password never comes back, in no form',
    async (c) => {
      const password = 'correct horse battery staple';
      const made = await c.user({ password });
      const path = `/Users/${made.id}`;
      const seen = [
        made,
        (await c.get(path)).body,
        (await c.get(`${path}?attributes=password`)).body,
        (await c.patched(path, { op: 'replace', path: 'password', value: password })).answer,
        (await c.find(`userName eq "${made.userName}"`)).body,
      ];
      expect(JSON.stringify(seen)).not.toMatch(/password|battery/);
      expect((await c.find('password pr')).status).toBe(400);
    },
  ],
  [
    '4.1.2 L1244, L1322',
    'an address by mail and a country come back as they were sent',
    async (c) => {
      const addresses = [{ type: 'work', country: 'US' }];
      expect(await c.user({ emails: [work], addresses })).toMatchObject({ emails: [work], addresses });
    },
  ],
  [
    '4.1.2 L1351, L1354',
    'groups are changed at the group, and named by their ids',
    async (c) => {
      const user = await c.hired();
      const group = await c.group();
      await c.patched(`/Groups/${group.id}`, { op: 'add', path: 'members', value: [{ value: user.id }] });
      const { body } = await c.get(`/Users/${user.id}`);
      expect(body.groups).toMatchObject([{ value: group.id, display: group.displayName }]);
      expect((await c.put(user, { groups: [] })).body.groups).toHaveLength(1);
    },
  ],
  [
    '4.1.2 L1378',
    'a certificate is base64 of DER',
    async (c) => {
      const value = Buffer.from([0x30, 0x82, 0x01, 0x0a]).toString('base64');
      expect((await c.user({ x509Certificates: [{ value }] })).x509Certificates).toEqual([{ value }]);
    },
  ],
  [
    '5 L1581',
    'the ways to prove who one is are told',
    async (c) => {
      const { body } = await c.get('/ServiceProviderConfig');
      expect(body.authenticationSchemes).toMatchObject([{ type: 'oauthbearertoken' }]);
    },
  ],
  [
    '6 L1619, L1641, L1650, L1655; 7 L1691, L1700',
    'each resource type and schema has a name, and each type’s schemas are there; no extension is required',
    async (c) => {
      const schemas = (await c.get('/Schemas')).body.Resources;
      const ids = schemas.map((one: { id: string }) => one.id);
      for (const { id, name } of schemas)
        expect([id, name]).toEqual([expect.stringMatching(/^urn:/), expect.any(String)]);
      for (const type of (await c.get('/ResourceTypes')).body.Resources) {
        expect(type.name).toEqual(expect.stringMatching(/./));
        expect(ids).toContain(type.schema);
        for (const { schema, required } of type.schemaExtensions) {
          expect(ids).toContain(schema);
          expect(required).toBe(false);
        }
      }
    },
  ],
  [
    '7 L1748, L1750',
    'case counts where it is exact, and is kept everywhere',
    async (c) => {
      const externalId = fresh('CaSe');
      const made = await c.user({ externalId, displayName: 'CaSeExAcT Display' });
      expect(made).toMatchObject({ externalId, displayName: 'CaSeExAcT Display' });
      expect((await c.find(`externalId eq "${externalId}"`)).body.totalResults).toBe(1);
      expect((await c.find(`externalId eq "${externalId.toLowerCase()}"`)).body.totalResults).toBe(0);
    },
  ],
  [
    '7 L1759, L1766',
    'what is read-only or immutable does not change',
    async (c) => {
      const made = await c.hired();
      const { status, body } = await c.put(made, { id: 'changed', meta: { resourceType: 'Other' } });
      expect([status, body.id, body.meta.resourceType]).toEqual([200, made.id, 'User']);
      const { now } = await c.patched(`/Users/${made.id}`, {
        op: 'replace',
        path: 'meta.resourceType',
        value: 'Other',
      });
      expect(now.meta).toMatchObject({ resourceType: 'User', created: made.meta.created });
    },
  ],
];

describe.each(spoken)('$name', (dialect) => {
  let client: Client;
  beforeAll(async () => {
    client = await startClient(dialect);
  });
  afterAll(() => client.session.scim.close());

  it.each(requirements)('RFC 7643 §2.1 to §7, scim2/test-suite: §%s, %s', async (_section, _wants, check) => {
    await check(client);
  });
});
