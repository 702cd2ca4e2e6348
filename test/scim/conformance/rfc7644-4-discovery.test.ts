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
