import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CORE_USER, ENTERPRISE_USER, PATCH_OP, type StartedScim, startScim } from './start-scim.ts';

let scim: StartedScim;
let count = 0;
beforeAll(async () => {
  scim = await startScim();
});
afterAll(() => scim.close());

type Account = { id: string; userName: string; path: string };
async function account(active = true, more: Record<string, unknown> = {}): Promise<Account> {
  const userName = `user${count++}@acme.example`;
  const id = await scim.createUser(userName, { title: 'Lead', active, ...more });
  return { id, userName, path: `/Users/${id}` };
}
const read = async ({ path }: Account) => (await scim.call('GET', path)).body;
const off = { op: 'replace', path: 'active', value: false };
const OTHER = 'urn:ietf:params:scim:schemas:extension:acme:2.0:User';

/** What the last audit entry about a user says was left out. */
async function ignoredOf({ id }: Account): Promise<string[]> {
  const rows = await scim.database.db.selectFrom('audit').select('data').orderBy('id', 'desc').execute();
  const data = rows.map((row) => row.data as { scimUserId?: string; ignored?: string[] });
  return data.find((one) => one.scimUserId === id)?.ignored ?? [];
}

describe('whatever stands beside it, a deactivation is taken', () => {
  it.each<[string, (of: Account) => unknown]>([
    ['an attribute that there is not', () => ({ op: 'add', path: 'shoeSize', value: 44 })],
    ['a sub-attribute that there is not', () => ({ op: 'add', path: 'name.nick', value: 'x' })],
    ['an extension that there is not', () => ({ op: 'Add', path: `${OTHER}:badge`, value: '7' })],
    ['an extension as an object', () => ({ op: 'add', value: { [OTHER]: { badge: '7' } } })],
    [
      'a filter on a single value',
      () => ({ op: 'Replace', path: `${ENTERPRISE_USER}:manager[value eq "26118915"]`, value: '26118915' }),
    ],
    ['the same to remove', () => ({ op: 'remove', path: `${ENTERPRISE_USER}:manager[value eq "x"]` })],
    ['a filter on a simple value', () => ({ op: 'replace', path: 'title[value eq "Lead"]', value: 'x' })],
    ['a key of Graph', () => ({ op: 'replace', value: { '@odata.type': '#user', title: 'x' } })],
    ['a key that is no name', () => ({ op: 'add', value: { '1st': 1, 'a b': 2, '': 3, 'x[': 4 } })],
    ['its id', ({ id }) => ({ op: 'replace', path: 'id', value: id })],
    ['another id', () => ({ op: 'replace', path: 'id', value: 'another' })],
    ['its type', () => ({ op: 'replace', path: 'meta.resourceType', value: 'User' })],
    ['its groups', () => ({ op: 'replace', path: 'groups', value: [] })],
    ['its schemas', () => ({ op: 'replace', path: 'schemas', value: [CORE_USER] })],
    ['a first address', () => ({ op: 'replace', path: 'addresses[type eq "work"].formatted', value: 'x' })],
    [
      'a first e-mail',
      () => ({ op: 'Replace', path: 'emails[type eq "work"].value', value: 'w@acme.example' }),
    ],
    ['removing what is not there', () => ({ op: 'remove', path: 'phoneNumbers[type eq "fax"].value' })],
    ['a value of another type', () => ({ op: 'replace', path: 'title', value: { a: 1 } })],
    ['an operation that there is not', () => ({ op: 'move', path: 'title', value: 'x' })],
    ['no operation at all', () => 7],
    ['no value', () => ({ op: 'add', path: 'title' })],
    ['a path that can’t be read', () => ({ op: 'replace', path: 'emails[type eq', value: 'x' })],
    ['no path to remove', () => ({ op: 'remove' })],
    ['removing what is required', () => ({ op: 'remove', path: 'userName' })],
    ['a character that can’t be stored', () => ({ op: 'add', path: 'title', value: 'a\0b' })],
    ['a name that can’t be stored', () => ({ op: 'add', path: 'a\0b\ud800', value: 'x' })],
    [
      'two that are primary',
      () => ({ op: 'add', path: 'emails', value: [{ primary: true }, { primary: true }] }),
    ],
  ])('%s', async (_name, neighbour) => {
    for (const inOrder of [(a: unknown, b: unknown) => [a, b], (a: unknown, b: unknown) => [b, a]]) {
      const of = await account();
      const { status, body } = await scim.patch(of.path, ...inOrder(off, neighbour(of)));
      expect(status, JSON.stringify(body)).toBe(200);
      expect(await read(of)).toMatchObject({ id: of.id, userName: of.userName, active: false });
    }
  });

  it('beside another’s userName and externalId, which are not taken; the rest is', async () => {
    const externalId = `ext-${++count}`;
    const [other, of] = [await account(true, { externalId }), await account()];
    const { status } = await scim.patch(
      of.path,
      { op: 'replace', path: 'userName', value: other.userName },
      { op: 'replace', path: 'externalId', value: externalId },
      { op: 'replace', path: 'title', value: 'Gone' },
      off,
    );
    expect(status).toBe(200);
    expect(await read(of)).toMatchObject({ userName: of.userName, title: 'Gone', active: false });
    expect(await read(of)).not.toHaveProperty('externalId');
    expect(await ignoredOf(of)).toEqual([
      'userName: another user has this userName',
      'externalId: another user has this externalId',
    ]);
  });

  it('what was left out, and why, is in the audit', async () => {
    const of = await account();
    await scim.patch(of.path, off, { op: 'add', path: 'shoeSize', value: 44 }, { op: 'add', path: 'title' });
    expect(await ignoredOf(of)).toEqual([
      'shoeSize: there is no such attribute',
      'operation 3: add without a value',
    ]);
    const on = await account();
    await scim.patch(on.path, { op: 'add', path: 'shoeSize', value: 44 });
    expect(await ignoredOf(on)).toEqual(['shoeSize: there is no such attribute']);
  });

  it('with more operations than are taken', async () => {
    const of = await account();
    const many = Array(1_001).fill({ op: 'replace', path: 'title', value: 'x' });
    expect((await scim.patch(of.path, ...many, off)).status).toBe(200);
    expect(await read(of)).toMatchObject({ title: 'Lead', active: false });
  });

  it('without a deactivation the same is refused, and nothing has changed', async () => {
    const of = await account();
    const before = await read(of);
    for (const bad of [
      { op: 'replace', path: 'title', value: { a: 1 } },
      { op: 'move', path: 'title' },
    ]) {
      const title = { op: 'replace', path: 'title', value: 'x' };
      expect((await scim.patch(of.path, title, bad)).status).toBe(400);
      expect(await read(of)).toEqual(before);
    }
  });

  it.each<[string, (of: Account) => Record<string, unknown>]>([
    ['a value of another type', ({ userName }) => ({ userName, title: { a: 1 }, active: false })],
    ['the extension of another type', ({ userName }) => ({ userName, [ENTERPRISE_USER]: 7, active: false })],
    ['no userName', () => ({ nickName: 'x', active: false })],
    ['schemas of another kind', ({ userName }) => ({ schemas: ['urn:x'], userName, active: 'False' })],
    [
      'its attributes under the schema’s name',
      ({ userName }) => ({ userName, [CORE_USER]: { active: false } }),
    ],
    ['a PATCH for a body', () => ({ schemas: [PATCH_OP], Operations: [off] })],
    ['null for active', ({ userName }) => ({ userName, active: null })],
  ])('a PUT with %s', async (_name, bodyOf) => {
    const of = await account(true, { externalId: `ext-${++count}` });
    const { status, body } = await scim.call('PUT', of.path, bodyOf(of));
    expect(status, JSON.stringify(body)).toBe(200);
    expect(await read(of)).toMatchObject({ userName: of.userName, active: false });
  });

  it('a PUT keeps what it has of an attribute that can’t be taken, and all of it without what is required', async () => {
    const of = await account(true, { nickName: 'N' });
    await scim.call('PUT', of.path, { userName: of.userName, title: { a: 1 }, active: false });
    expect(await read(of)).toMatchObject({ title: 'Lead', active: false });
    const other = await account(true, { nickName: 'N' });
    await scim.call('PUT', other.path, { active: false });
    expect(await read(other)).toMatchObject({ title: 'Lead', nickName: 'N', active: false });
  });
});

describe('however it is written', () => {
  const of = (op: string, path: string, value: unknown) => ({ Operations: [{ op, path, value }] });
  it.each<[string, unknown]>([
    ['Entra’s word', of('Replace', 'active', 'False')],
    ['a word with blanks', of('replace', ' active ', ' false ')],
    ['nought', of('replace', 'active', 0)],
    ['nought in words', of('replace', 'active', '0')],
    ['null', of('replace', 'active', null)],
    ['nothing', of('replace', 'active', '')],
    ['add', of('add', 'active', false)],
    ['removed', { Operations: [{ op: 'remove', path: 'active' }] }],
    ['a list of one', of('Replace', 'active', [{ $ref: null, value: 'False' }])],
    ['an object', of('replace', 'active', { value: false })],
    ['another case', of('REPLACE', 'Active', false)],
    ['the schema’s name', of('replace', `${CORE_USER}:active`, false)],
    ['the schema’s name in another case', of('replace', `${CORE_USER.toUpperCase()}:ACTIVE`, 'false')],
    ['a pointer', of('replace', '/active', false)],
    ['in quotes', of('replace', '"active"', false)],
    ['a JSONPath', of('replace', '$.active', false)],
    ['a pointer with a slash at its end', of('replace', '/active/', false)],
    ['the resource’s name', of('replace', 'User.active', false)],
    ['the schema of SCIM 1', of('replace', 'urn:scim:schemas:core:1.0:active', false)],
    ['a comparison', of('replace', 'active eq true', false)],
    ['with characters that nobody sees', of('replace', '\u200bactive\u0000', false)],
    ['full width', of('replace', 'ａｃｔｉｖｅ', false)],
    ['a filter', of('replace', 'active[value eq "True"]', 'False')],
    ['a sub-attribute', of('replace', 'active.value', false)],
    ['without a path', { Operations: [{ op: 'replace', value: { active: false } }] }],
    ['without a path, in another case', { Operations: [{ op: 'Replace', value: { Active: 'False' } }] }],
    ['without a path, null', { Operations: [{ op: 'replace', value: { active: null } }] }],
    ['a dotted key', { Operations: [{ op: 'replace', value: { [`${CORE_USER}:active`]: false } }] }],
    [
      'an object under the schema',
      { Operations: [{ op: 'replace', value: { [CORE_USER]: { active: false } } }] },
    ],
    ['the schema for a path', of('replace', CORE_USER, { active: false })],
    ['both in one object', { Operations: [{ op: 'replace', value: { active: false, Active: true } }] }],
    ['a single operation', { Operations: off }],
    ['operations in small letters', { operations: [{ OP: 'Replace', Path: 'active', Value: false }] }],
    ['a bare list', [off]],
    ['a bare operation', off],
    ['no operation but a document', { active: false }],
    ['no op', { Operations: [{ path: 'active', value: false }] }],
    ['schemas of another kind', { schemas: ['urn:x'], Operations: [off] }],
    ['on and then off', { Operations: [{ ...off, value: true }, off] }],
  ])('%s', async (_name, body) => {
    const who = await account();
    const answer = await scim.call('PATCH', who.path, body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    expect((await read(who)).active).toBe(false);
  });

  it('of operations on it the last counts, RFC 7644 §3.5.2', async () => {
    const who = await account();
    await scim.patch(who.path, off, { ...off, value: true });
    expect((await read(who)).active).toBe(true);
  });

  it('a word that is neither is refused, whatever stands beside it', async () => {
    const who = await account();
    for (const value of ['perhaps', 1, '1', 'yes', {}, [true, false]])
      for (const path of ['active', 'active.value', '/active'])
        expect((await scim.patch(who.path, { op: 'replace', path, value })).body.scimType).toBe(
          'invalidValue',
        );
    expect((await read(who)).active).toBe(true);
  });
});

describe('nothing but an explicit true switches on', () => {
  it.each<[string, (of: Account) => [string, unknown]]>([
    ['null', () => ['PATCH', { Operations: [{ op: 'replace', path: 'active', value: null }] }]],
    ['null without a path', () => ['PATCH', { Operations: [{ op: 'replace', value: { active: null } }] }]],
    ['a removal', () => ['PATCH', { Operations: [{ op: 'remove', path: 'active' }] }]],
    ['silence', () => ['PATCH', { Operations: [{ op: 'replace', path: 'title', value: 'x' }] }]],
    ['a PUT that is silent', ({ userName }) => ['PUT', { userName, title: 'x' }]],
    ['a PUT of null', ({ userName }) => ['PUT', { userName, title: 'x', active: null }]],
    ['one', () => ['PATCH', { Operations: [{ op: 'replace', path: 'active', value: 1 }] }]],
    ['yes', () => ['PATCH', { Operations: [{ op: 'replace', path: 'active', value: 'yes' }] }]],
    [
      'a sub-attribute',
      () => ['PATCH', { Operations: [{ op: 'replace', path: 'active.value', value: true }] }],
    ],
  ])('not %s', async (_name, send) => {
    const who = await account(false);
    const [method, body] = send(who);
    await scim.call(method, who.path, body);
    expect((await read(who)).active).toBe(false);
  });

  it.each([true, 'True', 'true'])('%j does', async (value) => {
    const who = await account(false);
    await scim.patch(who.path, { op: 'Replace', path: 'active', value });
    expect((await read(who)).active).toBe(true);
  });

  it('a new user is active unless said otherwise; null is otherwise', async () => {
    const create = (more: object) =>
      scim.call('POST', '/Users', { userName: `user${count++}@acme.example`, ...more });
    expect((await create({})).body.active).toBe(true);
    expect((await create({ active: null })).body.active).toBe(false);
    expect((await create({ active: 'False' })).body.active).toBe(false);
    expect((await create({ [CORE_USER]: { active: false } })).body.active).toBe(false);
  });
});

describe('what Entra means is done', () => {
  it('creates the element that an operation speaks of, with Add and with Replace', async () => {
    for (const op of ['Add', 'Replace']) {
      const of = await account();
      const { status, body } = await scim.patch(
        of.path,
        { op, path: 'emails[type eq "work"].value', value: 'w@acme.example' },
        { op, path: 'addresses[type eq "work"].formatted', value: '18/2111' },
        { op, path: `${ENTERPRISE_USER}:department`, value: 'Retail' },
      );
      expect(status).toBe(200);
      expect(body).toMatchObject({
        emails: [{ type: 'work', value: 'w@acme.example' }],
        addresses: [{ type: 'work', formatted: '18/2111' }],
        [ENTERPRISE_USER]: { department: 'Retail' },
      });
    }
  });

  it('a filter on the manager is the manager that is meant', async () => {
    const of = await account();
    const path = `${ENTERPRISE_USER}:manager[value eq "26118915"]`;
    const managerAfter = async (...operations: unknown[]) => {
      const { status, body } = await scim.patch(of.path, ...operations);
      expect(status, JSON.stringify(body)).toBe(200);
      return body[ENTERPRISE_USER]?.manager;
    };
    expect(await managerAfter({ op: 'Add', path, value: '26118915' })).toEqual({ value: '26118915' });
    expect(await managerAfter({ op: 'Replace', path: `${path}.displayName`, value: 'Ana' })).toEqual({
      value: '26118915',
      displayName: 'Ana',
    });
    const another = `${ENTERPRISE_USER}:manager[value eq "7"]`;
    expect(await managerAfter({ op: 'remove', path: another })).toMatchObject({ value: '26118915' });
    expect(await managerAfter({ op: 'Replace', path: another, value: { displayName: 'Bo' } })).toEqual({
      value: '7',
      displayName: 'Bo',
    });
    expect(await managerAfter({ op: 'remove', path: another })).toBeUndefined();
  });

  it('a simple value as a list of one object', async () => {
    const of = await account();
    const value = [{ $ref: null, value: 'User x' }];
    const { body } = await scim.patch(of.path, { op: 'Replace', path: 'displayName', value });
    expect(body.displayName).toBe('User x');
  });
});
