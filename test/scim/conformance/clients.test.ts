import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENTERPRISE_USER, ERROR } from '../start-scim.ts';
import { type Dialect, dialects, type Member, type Sent } from './dialects.ts';
import { personCalled, type Session, startSession } from './session.ts';

const NOBODY = '11111111-1111-4111-8111-111111111111';

/** What every client needs of us, each told in its own words. */
describe.each(dialects)('$name', (dialect: Dialect) => {
  let session: Session;
  let serial = 0;
  beforeAll(async () => {
    session = await startSession(dialect);
  });
  afterAll(() => session.scim.close());

  const fresh = () => personCalled(`ines.${serial++}@acme.example`);
  const freshTeam = () => ({ displayName: `mulesoft-${serial++}`, externalId: `8aa1a0c0-${serial}` });
  const found = async (members: readonly Member[] = []) => {
    const team = freshTeam();
    const id = (await session.say(dialect.createGroup(team))).body.id as string;
    const moves = dialect.changeMembers(id, team, [], members);
    if (members.length > 0) await session.say(moves);
    return { id, team };
  };
  const read = async (path: string) => (await session.scim.call('GET', path)).body;
  const ids = (members: readonly Member[]) => members.map((m) => m.id).sort();
  const lastSeen = () => session.scim.observed.at(-1);
  const one = (sent: readonly Sent[]) => sent.at(-1) as Sent;

  it('RFC 7644 §2: is known by its token, and the audit names it', async () => {
    const person = fresh();
    const { id } = await session.hire(person);
    const noted = await session.scim.database.db
      .selectFrom('audit')
      .select(['actor', 'data'])
      .where('type', '=', 'scimUserChanged')
      .orderBy('id', 'desc')
      .executeTakeFirstOrThrow();
    expect(noted).toMatchObject({
      actor: { part: dialect.source },
      data: { scimUserId: id, did: 'created' },
    });
    const stranger = await session.send(dialect.createUser(fresh()), { authorization: 'Bearer wrong' });
    expect(stranger.status).toBe(401);
    expect(stranger.body).toMatchObject({ schemas: [ERROR], status: '401' });
  });

  it('RFC 7644 §3.4.2: tests the connection', async () => {
    const { body } = await session.say(dialect.testConnection());
    expect(body).toMatchObject({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
      totalResults: expect.any(Number),
      Resources: expect.any(Array),
    });
  });

  it('RFC 7644 §3.4.2.2: looks for a user before it creates one, and finds them after in any case', async () => {
    const person = fresh();
    const none = await session.say(dialect.findUser(person.userName));
    expect(none.body).toMatchObject({ totalResults: 0, startIndex: 1, itemsPerPage: 0, Resources: [] });
    const { id } = await session.hire(person);
    const some = await session.say(dialect.findUser(person.userName.toUpperCase()));
    expect(some.body).toMatchObject({ totalResults: 1, Resources: [{ id, userName: person.userName }] });
  });

  it('RFC 7644 §3.3: creates a user: 201 with the resource, its address and its version', async () => {
    const person = fresh();
    const { status, body, headers } = await session.say(dialect.createUser(person));
    expect(status).toBe(201);
    expect(body).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      userName: person.userName,
      externalId: person.externalId,
      active: true,
      name: { givenName: 'Ines', familyName: 'Okonkwo' },
      emails: [{ value: person.userName, type: 'work', primary: true }],
      [ENTERPRISE_USER]: { department: 'Integration' },
      meta: { resourceType: 'User', version: headers.get('etag'), location: headers.get('location') },
    });
    expect(headers.get('content-type')).toMatch(/^application\/scim\+json/);
    expect(body).toEqual(await read(`/Users/${body.id}`));
  });

  it('RFC 7643 §4.1.1, §7: a password is taken, never kept and never returned', async () => {
    const { body } = await session.say(dialect.createUser(fresh()));
    expect(body).not.toHaveProperty('password');
    const { resource } = await session.scim.database.db
      .selectFrom('scim_users')
      .select('resource')
      .where('id', '=', body.id)
      .executeTakeFirstOrThrow();
    expect(JSON.stringify(resource)).not.toContain('1mz050nq');
  });

  it('RFC 7644 §3.3: the same user again is 409 uniqueness, and changes nothing', async () => {
    const person = fresh();
    const { id } = await session.hire(person);
    const before = await read(`/Users/${id}`);
    const again = await session.send(
      dialect.createUser({ ...person, userName: person.userName.toUpperCase(), department: 'Other' }),
    );
    expect(again.status).toBe(409);
    expect(again.body).toMatchObject({ schemas: [ERROR], status: '409', scimType: 'uniqueness' });
    expect(await read(`/Users/${id}`)).toEqual(before);
  });

  it('RFC 7644 §3.5: changes attributes, sub-attributes, one value of several and an extension', async () => {
    const person = fresh();
    const { id } = await session.hire(person);
    const after = {
      ...person,
      userName: `new.${person.userName}`,
      givenName: 'Inês',
      familyName: 'O’Konkwo',
      department: 'Platform',
    };
    const { body } = await session.say(dialect.updateUser(id, person, after));
    expect(body).toMatchObject({
      id,
      userName: after.userName,
      name: { givenName: 'Inês', familyName: 'O’Konkwo' },
      emails: [{ value: after.userName, type: 'work' }],
      [ENTERPRISE_USER]: { department: 'Platform' },
      active: true,
      externalId: person.externalId,
    });
    expect(body).toEqual(await read(`/Users/${id}`));
  });

  it('RFC 7644 §3.5: a login that another has is 409 uniqueness, and changes nothing', async () => {
    const other = fresh();
    await session.hire(other);
    const person = fresh();
    const { id } = await session.hire(person);
    const before = await read(`/Users/${id}`);
    const after = { ...person, userName: other.userName, department: 'Platform' };
    const answer = await session.send(one(dialect.updateUser(id, person, after)));
    expect(answer.body).toMatchObject({ status: '409', scimType: 'uniqueness' });
    expect(await read(`/Users/${id}`)).toEqual(before);
  });

  it('RFC 7644 §3.5, RFC 7643 §4.1.1: deactivates and reactivates: the user stays, out of every group and back', async () => {
    const person = fresh();
    const member = await session.hire(person);
    const { id, team } = await found([member]);
    const off = await session.say(dialect.updateUser(member.id, person, { ...person, active: false }));
    expect(off.body.active).toBe(false);
    expect(lastSeen()).toMatchObject({
      groupName: team.displayName,
      added: [],
      removed: [{ scimUserId: member.id, active: false }],
    });
    expect(await read(`/Users/${member.id}`)).toMatchObject({ active: false, groups: [{ value: id }] });
    expect((await session.say(dialect.findUser(person.userName))).body.Resources[0].active).toBe(false);
    const on = await session.say(
      dialect.updateUser(member.id, { ...person, active: false }, { ...person, active: true }),
    );
    expect(on.body.active).toBe(true);
    expect(lastSeen()).toMatchObject({ added: [{ scimUserId: member.id, active: true }], removed: [] });
    expect(await session.scim.membersOf(id)).toEqual([member.id]);
  });

  it('RFC 7644 §3.5.2.1, §3.14: the same once more changes neither version nor members nor what is observed', async () => {
    const person = fresh();
    const after = { ...person, department: 'Platform', active: false };
    const member = await session.hire(person);
    const { id, team } = await found([member]);
    const update = dialect.updateUser(member.id, person, after);
    await session.say(update);
    const moves = dialect.changeMembers(id, team, [], [member]);
    const [user, group] = [await read(`/Users/${member.id}`), await read(`/Groups/${id}`)];
    const seen = session.scim.observed.length;
    await session.say(update);
    await session.say(moves);
    await session.say(dialect.renameGroup(id, team, [member]));
    expect(await read(`/Users/${member.id}`)).toEqual(user);
    expect(await read(`/Groups/${id}`)).toEqual(group);
    expect(session.scim.observed).toHaveLength(seen);
  });

  it('RFC 7644 §3.3, §3.4.2.2: creates an empty group and finds it by its name', async () => {
    const team = freshTeam();
    const none = await session.say(dialect.findGroup(team.displayName));
    expect(none.body).toMatchObject({ totalResults: 0, Resources: [] });
    const { body } = await session.say(dialect.createGroup(team));
    expect(body).toMatchObject({
      displayName: team.displayName,
      members: [],
      meta: { resourceType: 'Group' },
    });
    const some = await session.say(dialect.findGroup(team.displayName));
    expect(some.body.Resources).toMatchObject([{ id: body.id, displayName: team.displayName }]);
    const again = await session.send(dialect.createGroup(team));
    expect(again.body).toMatchObject({ status: '409', scimType: 'uniqueness' });
  });

  it('RFC 7644 §3.5: adds, removes and replaces members, and observes each move once', async () => {
    const [a, b, c] = [await session.hire(fresh()), await session.hire(fresh()), await session.hire(fresh())];
    const { id, team } = await found();
    const seen = session.scim.observed.length;
    await session.say(dialect.changeMembers(id, team, [], [a, b]));
    expect(await session.scim.membersOf(id)).toEqual(ids([a, b]));
    await session.say(dialect.changeMembers(id, team, [a, b], [b]));
    expect(await session.scim.membersOf(id)).toEqual([b.id]);
    await session.say(dialect.changeMembers(id, team, [b], [a, c]));
    expect(await session.scim.membersOf(id)).toEqual(ids([a, c]));
    await session.say(dialect.pushMembers(id, team, [a, c], [a, b]));
    expect(await session.scim.membersOf(id)).toEqual(ids([a, b]));
    await session.say(dialect.changeMembers(id, team, [a, b], []));
    expect(await session.scim.membersOf(id)).toEqual([]);
    const moves = session.scim.observed.slice(seen);
    const names = (of: 'added' | 'removed') =>
      moves.flatMap((m) => m[of].map((one) => one.scimUserId)).sort();
    expect(moves.every((m) => m.groupId === id && m.groupName === team.displayName)).toBe(true);
    expect(names('added')).toEqual(ids([a, b, a, c, b]));
    expect(names('removed')).toEqual(ids([a, b, c, a, b]));
  });

  it('RFC 7644 §3.5, §3.12: a member who does not exist is 400 invalidValue, and nobody moves', async () => {
    const a = await session.hire(fresh());
    const b = await session.hire(fresh());
    const { id, team } = await found([a]);
    const before = await read(`/Groups/${id}`);
    const seen = session.scim.observed.length;
    const stranger = { id: NOBODY, userName: 'nobody@acme.example' };
    const sent = dialect.changeMembers(id, team, [a], [a, b, stranger]);
    const { status, body } = await session.send(one(sent));
    expect(status).toBe(400);
    expect(body).toMatchObject({ schemas: [ERROR], status: '400', scimType: 'invalidValue' });
    expect(await read(`/Groups/${id}`)).toEqual(before);
    expect(session.scim.observed).toHaveLength(seen);
  });

  it('RFC 7644 §3.5: to take out somebody who is not in, or not there, is no error', async () => {
    const [a, b] = [await session.hire(fresh()), await session.hire(fresh())];
    const { id, team } = await found([a]);
    const before = await read(`/Groups/${id}`);
    const stranger = { id: NOBODY, userName: 'nobody@acme.example' };
    await session.say(dialect.changeMembers(id, team, [a, b, stranger], [a]));
    expect(await read(`/Groups/${id}`)).toEqual(before);
  });

  it('RFC 7644 §3.5: renames a group: out of the old name, into the new', async () => {
    const a = await session.hire(fresh());
    const { id, team } = await found([a]);
    const after = { ...team, displayName: `${team.displayName} renamed` };
    await session.say(dialect.renameGroup(id, after, [a]));
    expect(await read(`/Groups/${id}`)).toMatchObject({
      displayName: after.displayName,
      members: [{ value: a.id }],
    });
    expect(session.scim.observed.slice(-2)).toMatchObject([
      { groupName: team.displayName, added: [], removed: [{ scimUserId: a.id }] },
      { groupName: after.displayName, added: [{ scimUserId: a.id }], removed: [] },
    ]);
  });

  it('RFC 7644 §3.14: with a stale If-Match each write is 412, and changes nothing', async () => {
    const person = fresh();
    const a = await session.hire(person);
    const { id, team } = await found([a]);
    const before = [await read(`/Users/${a.id}`), await read(`/Groups/${id}`)];
    for (const sent of [
      ...dialect.updateUser(a.id, person, { ...person, active: false }),
      ...dialect.changeMembers(id, team, [a], []),
      ...dialect.renameGroup(id, { ...team, displayName: 'stale' }, [a]),
      dialect.deleteGroup(id),
    ]) {
      const { status, body } = await session.send(sent, { 'if-match': 'W/"99"' });
      expect(status, `${sent.method} ${sent.path}`).toBe(412);
      expect(body).toMatchObject({ schemas: [ERROR], status: '412' });
    }
    expect([await read(`/Users/${a.id}`), await read(`/Groups/${id}`)]).toEqual(before);
  });

  it('RFC 7644 §3.12: whoever is not there is 404, whatever is to be done', async () => {
    const person = fresh();
    const team = freshTeam();
    const a = await session.hire(fresh());
    for (const sent of [
      ...dialect.updateUser(NOBODY, person, { ...person, active: false }),
      ...dialect.endUser(NOBODY, person),
      ...dialect.changeMembers(NOBODY, team, [], [a]),
      ...dialect.renameGroup(NOBODY, team, []),
      dialect.deleteGroup(NOBODY),
    ]) {
      const { status, body } = await session.send(sent);
      expect(status, `${sent.method} ${sent.path}`).toBe(404);
      expect(body).toMatchObject({ schemas: [ERROR], status: '404', detail: expect.any(String) });
    }
  });

  it('RFC 7644 §3.8: takes application/json too', async () => {
    const json = { 'content-type': 'application/json', accept: 'application/json' };
    const created = await session.send(dialect.createUser(fresh()), json);
    expect(created.status).toBe(201);
  });

  it('RFC 7644 §3.6: ends a user for good, and the name is free once they are deleted', async () => {
    const person = fresh();
    const a = await session.hire(person);
    const { id, team } = await found([a]);
    const sent = dialect.endUser(a.id, person);
    await session.say(sent);
    // A user who is switched off leaves at once; the deletion after it takes nobody out a second time.
    const moves = session.scim.observed.filter((m) => m.groupId === id && m.removed.length > 0);
    expect(moves).toMatchObject([{ groupName: team.displayName, removed: [{ scimUserId: a.id }] }]);
    const answer = await session.scim.call('GET', `/Users/${a.id}`);
    if (one(sent).method !== 'DELETE') return expect(answer.body.active).toBe(false);
    expect(answer.status).toBe(404);
    expect(await session.scim.membersOf(id)).toEqual([]);
    expect((await session.hire(person)).id).not.toBe(a.id);
  });

  it('RFC 7644 §3.6: deletes a group, and all who were in it are out', async () => {
    const [a, b] = [await session.hire(fresh()), await session.hire(fresh())];
    const { id, team } = await found([a, b]);
    await session.say(dialect.deleteGroup(id));
    expect(lastSeen()).toMatchObject({ groupId: id, groupName: team.displayName, added: [] });
    expect(
      lastSeen()
        ?.removed.map((m) => m.scimUserId)
        .sort(),
    ).toEqual(ids([a, b]));
    expect((await session.scim.call('GET', `/Groups/${id}`)).status).toBe(404);
    expect((await read(`/Users/${a.id}`)).groups).toEqual([]);
    expect((await session.say(dialect.findGroup(team.displayName))).body.totalResults).toBe(0);
  });
});
