import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Fault } from '../../../src/core/fault.ts';
import { memberReference } from '../../../src/idp/entra/member-reference.ts';
import type { FaultSpec } from '../../../src/sandbox/fault-plan.ts';
import { createRecentWrites } from '../../../src/store/recent-writes.ts';
import { type FreshDatabase, freshDatabase } from '../../database.ts';
import { entraAsSeeded } from './start-entra.ts';

const INES = 'e0000000-0000-4000-8000-000000000001';
const ERIK = 'e0000000-0000-4000-8000-000000000002';
const DORA = 'e0000000-0000-4000-8000-000000000009';
const NOBODY = '00000000-0000-4000-8000-000000000000';
const ORDERS_READ = 'f0000000-0000-4000-8000-000000000001';
const EVERYONE_VIEW = 'f0000000-0000-4000-8000-000000000006';

const entra = entraAsSeeded();
const everything = ['GroupMember.ReadWrite.All', 'User.ReadWrite.All', 'Group.ReadWrite.All'];

describe('adding and removing', () => {
  test('twice is the same as once', async () => {
    const idp = entra.idp();
    expect(await idp.isMember(ORDERS_READ, INES)).toBe(false);
    await idp.addMember(ORDERS_READ, INES);
    await idp.addMember(ORDERS_READ, INES);
    expect(await idp.isMember(ORDERS_READ, INES)).toBe(true);
    await idp.removeMember(ORDERS_READ, INES);
    await idp.removeMember(ORDERS_READ, INES);
    expect(await idp.isMember(ORDERS_READ, INES)).toBe(false);
  });

  test('what no copy shows yet is looked for until it shows, and is not taken back by an older copy', async () => {
    const idp = entra.idp({ settleMs: 5_000 });
    await entra.portal('/settings', { lagMs: 900 });
    await idp.addMember(ORDERS_READ, INES);
    for (let i = 0; i < 6; i += 1) expect(await idp.isMember(ORDERS_READ, INES)).toBe(true);
    await idp.removeMember(ORDERS_READ, INES);
    for (let i = 0; i < 6; i += 1) expect(await idp.isMember(ORDERS_READ, INES)).toBe(false);
    expect((await entra.see<Record<string, string[]>>('/members'))['anypoint-orders-read']).toEqual([]);
  });

  test('what somebody else took back is believed once the time for copies is over, and then at once', async () => {
    const idp = entra.idp({ settleMs: 3_000 });
    await idp.addMember(ORDERS_READ, INES);
    await entra.portal('/members', { group: 'anypoint-orders-read', key: 'ines', isMember: false });
    expect(await idp.isMember(ORDERS_READ, INES)).toBe(false);
    const since = performance.now();
    expect(await idp.isMember(ORDERS_READ, INES)).toBe(false);
    expect(performance.now() - since).toBeLessThan(1_500);
  });

  test('who is deleted a moment after a write is out at once: no copy is waited for', async () => {
    // given
    const idp = entra.idp({ settleMs: 20_000 });
    await idp.addMember(ORDERS_READ, INES);
    await entra.portal('/users', { key: 'ines', happening: 'deleted' });

    // when
    const since = performance.now();
    const isIn = await idp.isMember(ORDERS_READ, INES);
    await idp.removeMember(ORDERS_READ, INES);

    // then
    expect(isIn).toBe(false);
    expect(performance.now() - since).toBeLessThan(5_000);
  });

  test('a write that is acknowledged and never seen is not done: its outcome is unknown', async () => {
    entra.world.faults.add({ vendor: 'entra', method: 'POST', path: 'members', kind: 'dropWrite' });
    await expect(entra.idp({ settleMs: 400 }).addMember(ORDERS_READ, INES)).rejects.toMatchObject({
      code: 'idp.unavailable',
      retryable: true,
      outcomeUnknown: true,
    });
    entra.world.faults.clear();
    await entra.idp().addMember(ORDERS_READ, INES);
    entra.world.faults.add({ vendor: 'entra', method: 'DELETE', path: 'members', kind: 'dropWrite' });
    await expect(entra.idp({ settleMs: 400 }).removeMember(ORDERS_READ, INES)).rejects.toMatchObject({
      code: 'idp.unavailable',
      outcomeUnknown: true,
    });
  });

  test('without an answer the outcome is unknown, and the same again is safe', async () => {
    const idp = entra.idp({ timeoutMs: 300 });
    entra.world.faults.add({
      vendor: 'entra',
      method: 'POST',
      path: 'members',
      kind: 'timeoutAfterWrite',
      times: 1,
    });
    await expect(idp.addMember(ORDERS_READ, INES)).rejects.toMatchObject({
      code: 'idp.timeout',
      outcomeUnknown: true,
    });
    await idp.addMember(ORDERS_READ, INES);
    expect(await idp.isMember(ORDERS_READ, INES)).toBe(true);
  });
});

describe('written by several processes', () => {
  let fresh: FreshDatabase;
  beforeAll(async () => {
    fresh = await freshDatabase();
  });
  afterAll(() => fresh.close());
  const oneOf = () => entra.idp({ settleMs: 20_000, recent: createRecentWrites(fresh.database.db) });

  test('what another has taken back a moment later is so at once: no copy is waited for', async () => {
    // given
    const [one, other] = [oneOf(), oneOf()];
    await one.addMember(ORDERS_READ, INES);
    await other.removeMember(ORDERS_READ, INES);
    const before = (await entra.asked()).length;

    // when
    const isIn = await one.isMember(ORDERS_READ, INES);

    // then
    expect(isIn).toBe(false);
    expect((await entra.asked()).length - before).toBe(1);
  });

  test('what one wrote is not taken back by an older copy that another is shown', async () => {
    // given
    await entra.portal('/settings', { lagMs: 900 });
    const [one, other] = [oneOf(), oneOf()];

    // when one has written, and the other is asked
    await one.addMember(ORDERS_READ, INES);
    for (let i = 0; i < 6; i += 1) expect(await other.isMember(ORDERS_READ, INES)).toBe(true);
    await other.removeMember(ORDERS_READ, INES);
    for (let i = 0; i < 6; i += 1) expect(await one.isMember(ORDERS_READ, INES)).toBe(false);

    // then
    expect((await entra.see<Record<string, string[]>>('/members'))['anypoint-orders-read']).toEqual([]);
  });

  test('what somebody else changed since is believed by all once one has waited for it', async () => {
    // given
    const recent = createRecentWrites(fresh.database.db);
    await oneOf().addMember(ORDERS_READ, INES);
    await entra.portal('/members', { group: 'anypoint-orders-read', key: 'ines', isMember: false });

    // when
    expect(await entra.idp({ settleMs: 400, recent }).isMember(ORDERS_READ, INES)).toBe(false);

    // then
    const before = (await entra.asked()).length;
    expect(await oneOf().isMember(ORDERS_READ, INES)).toBe(false);
    expect((await entra.asked()).length - before).toBe(1);
  });

  test('a write of a minute ago is what Entra shows, whatever it was', async () => {
    await oneOf().addMember(ORDERS_READ, INES);
    await entra.portal('/members', { group: 'anypoint-orders-read', key: 'ines', isMember: false });
    await sql`update recent_writes set at = at - interval '1 minute'`.execute(fresh.database.db);
    const before = (await entra.asked()).length;
    expect(await oneOf().isMember(ORDERS_READ, INES)).toBe(false);
    expect((await entra.asked()).length - before).toBe(1);
  });
});

describe('refusals that share one code', () => {
  test('a refusal is success only where the membership is there', async () => {
    const refused = {
      vendor: 'entra',
      method: 'POST',
      path: 'members',
      kind: 'status',
      status: 400,
    } as const;
    entra.world.faults.add(refused);
    const idp = entra.idp({ settleMs: 400 });
    await expect(idp.addMember(ORDERS_READ, INES)).rejects.toMatchObject({ code: 'idp.invalid' });
    await entra.portal('/members', { group: 'anypoint-orders-read', key: 'ines', isMember: true });
    await idp.addMember(ORDERS_READ, INES);
  });

  test('a group that nobody can write, a person or a group who is not there', async () => {
    const idp = entra.idp({ settleMs: 300 });
    const mail = await entra.createGroup({ displayName: 'mail', mailEnabled: true });
    await expect(idp.addMember(EVERYONE_VIEW, INES)).rejects.toMatchObject({ code: 'idp.forbidden' });
    await expect(idp.addMember(mail.id, INES)).rejects.toMatchObject({ code: 'idp.invalid' });
    for (const [group, person] of [
      [ORDERS_READ, NOBODY],
      [ORDERS_READ, DORA],
      [NOBODY, INES],
    ] as const)
      await expect(idp.addMember(group, person)).rejects.toMatchObject({ code: 'idp.not_found' });
  });

  test('not found is removed, where nothing is seen; somebody unknown is a fault of their own', async () => {
    const idp = entra.idp({ settleMs: 300 });
    await idp.removeMember(ORDERS_READ, ERIK);
    await idp.removeMember(NOBODY, ERIK);
    await idp.removeMember(ORDERS_READ, DORA);
    await expect(idp.removeMember(ORDERS_READ, NOBODY)).rejects.toMatchObject({ code: 'idp.not_found' });
  });

  test('not found while the membership is seen is tried again, and never taken for removed', async () => {
    await entra.portal('/members', { group: 'anypoint-orders-read', key: 'ines', isMember: true });
    const absent = {
      vendor: 'entra',
      method: 'DELETE',
      path: 'members',
      kind: 'status',
      status: 404,
    } as const;
    entra.world.faults.add({ ...absent, times: 2 });
    await entra.idp().removeMember(ORDERS_READ, INES);
    expect(await entra.idp().isMember(ORDERS_READ, INES)).toBe(false);

    await entra.portal('/members', { group: 'anypoint-orders-read', key: 'ines', isMember: true });
    entra.world.faults.add(absent);
    await expect(entra.idp({ settleMs: 400 }).removeMember(ORDERS_READ, INES)).rejects.toMatchObject({
      code: 'idp.unavailable',
      retryable: true,
      outcomeUnknown: true,
    });
  });
});

describe('nobody is ever deleted', () => {
  test.each([
    ['', INES],
    [ORDERS_READ, ''],
    [ORDERS_READ, `${INES}?`],
    [ORDERS_READ, `${INES}/`],
    [ORDERS_READ, `${INES}#`],
    [ORDERS_READ, 'ines@acme.example'],
    [`${ORDERS_READ}/members`, INES],
    [ORDERS_READ, `../../users/${INES}`],
    [ORDERS_READ, `${INES}\n`],
  ])('%j and %j name no membership', async (groupId, personId) => {
    expect(() => memberReference(groupId, personId)).toThrowError(/two GUIDs/);
    await expect(entra.idp().removeMember(groupId, personId)).rejects.toMatchObject({
      code: 'bug.invariant',
    });
    await expect(entra.idp().addMember(groupId, personId)).rejects.toMatchObject({ code: 'bug.invariant' });
    expect((await entra.asked()).filter((one) => !one.startsWith('GET '))).toEqual([]);
  });

  const kinds = fc.constantFrom(
    'status',
    'timeout',
    'timeoutAfterWrite',
    'disconnect',
    'dropWrite',
    'latency',
  );
  const fault: fc.Arbitrary<FaultSpec> = fc.record({
    vendor: fc.constant('entra' as const),
    method: fc.constantFrom('GET', 'POST', 'DELETE'),
    path: fc.constantFrom('members', 'memberOf', 'directory', ''),
    kind: kinds as fc.Arbitrary<FaultSpec['kind']>,
    status: fc.constantFrom(400, 401, 403, 404, 409, 429, 500, 502, 503, 504),
    ms: fc.constant(5),
    times: fc.integer({ min: 1, max: 3 }),
  });
  const act = fc.record({
    what: fc.constantFrom('addMember', 'removeMember', 'isMember'),
    group: fc.constantFrom(ORDERS_READ, EVERYONE_VIEW, NOBODY, '', `${ORDERS_READ}/members/${INES}`),
    person: fc.constantFrom(INES, ERIK, DORA, NOBODY, '', 'ines@acme.example', '$ref', `${INES}/`),
  });

  test('whatever goes wrong, nothing but memberships and by their reference is asked to be deleted', async () => {
    const clean = entra.emulator.snapshot();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fault, { maxLength: 4 }),
        fc.array(act, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 0, max: 60 }),
        async (faults, acts, lagMs) => {
          // given an app that may delete everything, copies that lag, and whatever can go wrong
          entra.emulator.restore(clean);
          await entra.portal('/permissions', everything);
          await entra.portal('/settings', { lagMs });
          for (const one of faults) entra.world.faults.add(one);

          // when
          const idp = entra.idp({ settleMs: 40, timeoutMs: 60 });
          for (const { what, group, person } of acts)
            await idp[what](group, person).catch((error: unknown) => {
              if (!(error instanceof Fault)) throw error;
            });
          entra.world.faults.clear();

          // then
          const deletes = (await entra.asked()).filter((one) => one.startsWith('DELETE '));
          for (const one of deletes)
            expect(one).toMatch(/^DELETE \/groups\/[0-9a-f-]{36}\/members\/[0-9a-f-]{36}\/\$ref$/);
          const { tenant } = entra.emulator.snapshot() as { tenant: { users: unknown[]; groups: unknown[] } };
          const before = clean as { tenant: { users: unknown[]; groups: unknown[] } };
          expect(tenant.users).toHaveLength(before.tenant.users.length);
          expect(tenant.groups).toHaveLength(before.tenant.groups.length);
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  test('the emulator does delete a person by an address without /$ref, so the test above can fail', async () => {
    await entra.portal('/permissions', everything);
    const { access_token } = (await (
      await fetch(`${entra.url}/entra/login/7e000000-0000-4000-8000-000000000001/oauth2/v2.0/token`, {
        method: 'POST',
        body: new URLSearchParams({
          client_id: '7a000000-0000-4000-8000-000000000001',
          client_secret: 'sandbox-entra-client-secret',
          scope: `${entra.url}/entra/.default`,
          grant_type: 'client_credentials',
        }),
      })
    ).json()) as { access_token: string };
    const { status } = await fetch(`${entra.url}/entra/v1.0/groups/${ORDERS_READ}/members/${INES}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${access_token}` },
    });
    expect(status).toBe(204);
    expect(await entra.idp().readPerson(INES)).toMatchObject({ status: 'deprovisioned' });
  });
});
