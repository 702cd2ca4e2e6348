import { describe, expect, test } from 'vitest';
import { eventTypes, readLogEvents } from '../../src/idp/okta/events.ts';
import { recordedTypes } from '../../src/sandbox/okta/org.ts';

const olga = { id: '00uolga', type: 'User', alternateId: 'olga@acme.example', displayName: 'Olga Brandt' };
const erik = { id: '00uerik', type: 'User', alternateId: 'erik@acme.example', displayName: 'Erik Lind' };
const readers = { id: '00gread', type: 'UserGroup', alternateId: 'unknown', displayName: 'readers' };

const added = {
  uuid: 'f5e1-1',
  published: '2026-11-25T09:30:00.123Z',
  eventType: 'group.user_membership.add',
  version: '0',
  severity: 'INFO',
  displayMessage: 'Add user to group membership',
  actor: olga,
  outcome: { result: 'SUCCESS' },
  target: [erik, readers],
};
const read = (...events: unknown[]) => readLogEvents(events, 'oktaHook');
const toldBy = (event: unknown) => read(event).observations.map((o) => o.payload);

test('a membership: who, which group, which way, by whom and when', () => {
  expect(read(added)).toEqual({
    observations: [
      {
        key: 'okta:f5e1-1',
        eventSource: 'oktaHook',
        payload: {
          kind: 'membership',
          direction: 'added',
          person: { id: '00uerik' },
          group: { id: '00gread' },
        },
        actor: { id: '00uolga', name: 'Olga Brandt' },
        occurredAt: new Date('2026-11-25T09:30:00.123Z'),
      },
    ],
    unread: [],
  });
  expect(toldBy({ ...added, eventType: 'group.user_membership.remove' })).toMatchObject([
    { direction: 'removed' },
  ]);
});

test('the log and the hook tell the same happening under the same key', () => {
  const [byHook] = readLogEvents([added], 'oktaHook').observations;
  const [byLog] = readLogEvents([added], 'oktaLog').observations;
  expect(byLog).toEqual({ ...byHook, eventSource: 'oktaLog' });
});

test('targets are found by type, wherever they stand', () => {
  expect(toldBy({ ...added, target: [readers, { id: 'x', type: 'AppInstance' }, erik] })).toEqual(
    toldBy(added),
  );
});

test('several people in one event are several observations', () => {
  const { observations } = read({ ...added, target: [erik, { ...erik, id: '00utom' }, readers] });
  expect(observations.map((o) => o.key)).toEqual(['okta:f5e1-1', 'okta:f5e1-1:1']);
});

describe('people and groups', () => {
  test.each([
    ['user.lifecycle.create', 'created'],
    ['user.lifecycle.activate', 'switchedOn'],
    ['user.lifecycle.deactivate', 'deprovisioned'],
    ['user.lifecycle.suspend', 'suspended'],
    ['user.lifecycle.unsuspend', 'returned'],
    ['user.lifecycle.reactivate', 'returned'],
    ['user.lifecycle.delete.initiated', 'deleted'],
    ['user.lifecycle.delete.completed', 'deleted'],
    ['user.account.lock', 'suspended'],
    ['user.account.unlock', 'returned'],
    ['user.account.update_profile', 'changed'],
    ['application.user_membership.add', 'changed'],
    ['application.user_membership.remove', 'changed'],
    ['user.session.clear', 'sessionsRevoked'],
  ])('%s is %s', (eventType, happening) => {
    const event = { ...added, eventType, target: [{ ...erik, id: '0uaerik', type: 'AppUser' }, erik] };
    expect(toldBy(event)).toEqual([{ kind: 'person', person: { id: '00uerik' }, happening }]);
  });

  test.each(['group.lifecycle.create', 'group.lifecycle.delete', 'group.profile.update'])(
    '%s is a group to look at',
    (eventType) => {
      expect(toldBy({ ...added, eventType, target: [readers] })).toEqual([
        { kind: 'group', group: { id: '00gread' } },
      ]);
    },
  );

  test('all that the sandbox’s Okta records is understood', () => {
    expect(recordedTypes.filter((type) => !eventTypes.includes(type))).toEqual([]);
  });
});

describe('the actor', () => {
  const actorOf = (actor: unknown) => read({ ...added, actor }).observations[0]?.actor;

  test('is a person or nobody', () => {
    expect(actorOf({ id: 'sys', type: 'SystemPrincipal', displayName: 'Okta System' })).toBeNull();
    expect(actorOf({ id: '0oa', type: 'PublicClientApp', displayName: 'Latchkey' })).toBeNull();
    expect(actorOf(null)).toBeNull();
    expect(actorOf({ ...olga, id: null })).toBeNull();
  });

  test('has a name whatever Okta leaves out', () => {
    expect(actorOf({ ...olga, displayName: null })?.name).toBe('olga@acme.example');
    expect(actorOf({ id: '00uolga', type: 'User' })?.name).toBe('00uolga');
    expect(actorOf({ ...olga, displayName: 'O\u0000lga' })?.name).toBe('olga@acme.example');
  });
});

test.each(['FAILURE', 'SKIPPED', 'DENY', 'ABANDONED'])('what is %s did not happen', (result) => {
  expect(read({ ...added, outcome: { result, reason: 'x' } })).toEqual({ observations: [], unread: [] });
});

describe('what is not understood is named, and the others are read', () => {
  test.each([
    ['another type', { ...added, uuid: 'u', eventType: 'policy.rule.update' }, /means nothing to us/],
    ['no target', { ...added, uuid: 'u', target: [] }, /about whom/],
    ['a target without id', { ...added, uuid: 'u', target: [{ type: 'User' }, readers] }, /about whom/],
    ['no uuid', { ...added, uuid: undefined }, /uuid/],
    ['a uuid that can’t be stored', { ...added, uuid: 'a\u0000b' }, /uuid/],
    ['an id that can’t be stored', { ...added, target: [{ ...erik, id: '\ud800' }, readers] }, /about whom/],
    ['an endless uuid', { ...added, uuid: 'u'.repeat(600) }, /uuid/],
    ['no time', { ...added, published: 'yesterday' }, /published/],
    ['a time out of this world', { ...added, published: '+275760-09-13T00:00:00Z' }, /published/],
    ['text', 'group.user_membership.add', /object/],
    ['nothing', null, /object/],
  ])('%s', (_name, event, why) => {
    const { observations, unread } = read(event, added);
    expect(observations).toHaveLength(1);
    expect(unread).toEqual([{ event: expect.any(String), why: expect.stringMatching(why) }]);
  });
});
