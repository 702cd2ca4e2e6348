import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StartedScim } from '../start-scim.ts';
import { startWithPeople } from './people.ts';

let scim: StartedScim;
let ines: string;
let omar: string;
let group: string;
beforeAll(async () => {
  ({ scim, ines, omar, group } = await startWithPeople());
});
afterAll(() => scim.close());

describe('RFC 7644 section 3.14, versions', () => {
  it('RFC 7644 §3.14: answers 304 to If-None-Match and 412 to a stale If-Match', async () => {
    const id = await scim.createUser('version@acme.example');
    const etag = (await scim.call('GET', `/Users/${id}`)).headers.get('etag') as string;
    const same = await scim.call('GET', `/Users/${id}`, undefined, { 'if-none-match': etag });
    expect(same.status).toBe(304);
    const change = { op: 'replace', path: 'title', value: 'Lead' };
    const current = { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations: [change] };
    expect((await scim.call('PATCH', `/Users/${id}`, current, { 'if-match': etag })).status).toBe(200);
    const stale = await scim.call('PATCH', `/Users/${id}`, current, { 'if-match': etag });
    expect(stale.body).toMatchObject({ status: '412' });
    expect((await scim.call('DELETE', `/Users/${id}`, undefined, { 'if-match': etag })).status).toBe(412);
    expect((await scim.call('GET', `/Users/${id}`, undefined, { 'if-none-match': etag })).status).toBe(200);
    expect((await scim.call('DELETE', `/Users/${id}`, undefined, { 'if-match': '*' })).status).toBe(204);
  });

  it('RFC 7644 §3.5.2.1, §3.14: leaves the version alone when nothing changes', async () => {
    const before = (await scim.call('GET', `/Groups/${group}`)).body.meta;
    await scim.patch(`/Groups/${group}`, { op: 'add', path: 'members', value: [{ value: ines }] });
    await scim.patch(`/Groups/${group}`, { op: 'remove', path: `members[value eq "${omar}"]` });
    expect((await scim.call('GET', `/Groups/${group}`)).body.meta).toEqual(before);
  });
});
