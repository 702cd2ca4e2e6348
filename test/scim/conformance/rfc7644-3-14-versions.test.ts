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

describe('RFC 7644 section 3.14, entity tags', () => {
  it('RFC 7644 §3.14: ETag is meta.version, a weak tag, in every answer with one resource', async () => {
    const created = await scim.call('POST', '/Users', { userName: 'etag@acme.example' });
    const path = `/Users/${created.body.id}`;
    for (const answer of [
      created,
      await scim.call('GET', path),
      await scim.call('PUT', path, { userName: 'etag@acme.example', title: 'x' }),
      await scim.patch(path, { op: 'replace', path: 'title', value: 'y' }),
    ]) {
      expect(answer.headers.get('etag')).toMatch(/^W\/"\d+"$/);
      expect(answer.body.meta.version).toBe(answer.headers.get('etag'));
    }
    // A group's PATCH has no body, but says the version it has led to.
    const id = await scim.createGroup('etags');
    const moved = await scim.patch(`/Groups/${id}`, { op: 'add', path: 'members', value: [{ value: ines }] });
    expect(moved.headers.get('etag')).toBe((await scim.call('GET', `/Groups/${id}`)).body.meta.version);
  });

  it('RFC 7644 §3.14: If-Match and If-None-Match take lists, *, and either form of a tag', async () => {
    const path = `/Users/${await scim.createUser('lists@acme.example')}`;
    for (const tags of ['*', 'W/"1"', '"1"', 'W/"9", W/"1"', '"8","1"']) {
      const put = await scim.call('PUT', path, { userName: 'lists@acme.example' }, { 'if-match': tags });
      expect(put.status, tags).toBe(200);
      expect((await scim.call('GET', path, undefined, { 'if-none-match': tags })).status, tags).toBe(304);
    }
    for (const tags of ['W/"9"', '"11"', '1', 'nonsense', '"8", "9"']) {
      const put = await scim.call('PUT', path, { userName: 'lists@acme.example' }, { 'if-match': tags });
      expect(put.body, tags).toMatchObject({ status: '412' });
      expect((await scim.call('GET', path, undefined, { 'if-none-match': tags })).status, tags).toBe(200);
    }
  });

  it('RFC 7644 §3.14: a 304 has no body but the tag', async () => {
    const path = `/Users/${omar}`;
    const tag = (await scim.call('GET', path)).headers.get('etag') as string;
    const answer = await scim.call('GET', path, undefined, { 'if-none-match': tag });
    expect([answer.status, answer.body, answer.headers.get('etag')]).toEqual([304, null, tag]);
  });

  it('RFC 7644 §3.14: of two writers who read the same version, one wins and one is 412', async () => {
    const path = `/Users/${await scim.createUser('race@acme.example')}`;
    const write = (title: string) =>
      scim.call(
        'PATCH',
        path,
        { Operations: [{ op: 'replace', path: 'title', value: title }] },
        { 'if-match': 'W/"1"' },
      );
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map(write));
    expect(answers.map((a) => a.status).sort()).toEqual([200, 412, 412, 412]);
    const winner = answers.find((a) => a.status === 200);
    expect((await scim.call('GET', path)).body).toEqual(winner?.body);
  });

  it('RFC 7644 §3.14: a group’s version counts its members’ moves, with If-Match too', async () => {
    const path = `/Groups/${await scim.createGroup('counted')}`;
    const move = (op: string, tag: string) =>
      scim.call(
        'PATCH',
        path,
        { Operations: [{ op, path: 'members', value: [{ value: ines }] }] },
        { 'if-match': tag },
      );
    expect((await move('add', 'W/"1"')).headers.get('etag')).toBe('W/"2"');
    expect((await move('add', 'W/"2"')).headers.get('etag')).toBe('W/"2"');
    expect((await move('remove', 'W/"1"')).status).toBe(412);
    expect((await move('remove', 'W/"2"')).headers.get('etag')).toBe('W/"3"');
  });
});
