import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { provisioningTroubleInWords } from '../../../src/core/provisioning-trouble.ts';
import { enterpriseApp } from '../../../src/sandbox/entra/synchronization-api.ts';
import { type StartedScim, startScim } from '../../scim/start-scim.ts';
import { type StartedEntra, startEntra } from './start-entra.ts';

const INES = 'e0000000-0000-4000-8000-000000000001';
const ERIK = 'e0000000-0000-4000-8000-000000000002';
const TOM = 'e0000000-0000-4000-8000-000000000003';
const ORDERS_READ = 'f0000000-0000-4000-8000-000000000001';
const GROUP = 'anypoint-orders-read';
const provisioning = { servicePrincipalId: enterpriseApp.servicePrincipalId };

let scim: StartedScim;
let entra: StartedEntra;
let clean: unknown;
/** As the portal has it. */
let latchkey: { url: string; scimToken: string; entraScimToken: string };

beforeAll(async () => {
  scim = await startScim(null, 'entra');
  latchkey = { url: scim.url.replace('/scim/v2', ''), scimToken: 'Okta’s', entraScimToken: scim.token };
  entra = await startEntra({ latchkey });
  clean = entra.emulator.snapshot();
});
beforeEach(async () => {
  entra.emulator.restore(clean);
  for (const kind of ['Groups', 'Users'])
    for (const { id } of (await scim.call('GET', `/${kind}?count=100`)).body.Resources)
      await scim.call('DELETE', `/${kind}/${id}`);
});
afterAll(async () => {
  await entra.close();
  await scim.close();
});

const run = () => entra.portal<{ lastRun: { state: string } | null }>('/sync/run', {});
const put = (key: string, isMember: boolean, group = GROUP) =>
  entra.portal('/members', { group, key, isMember });
const user = async (userName: string) =>
  (await scim.call('GET', `/Users?filter=${encodeURIComponent(`userName eq "${userName}"`)}`)).body
    .Resources[0];
async function membersOf(name: string): Promise<string[]> {
  const filter = encodeURIComponent(`displayName eq "${name}"`);
  const [group] = (await scim.call('GET', `/Groups?filter=${filter}`)).body.Resources;
  const ids = new Set((group?.members ?? []).map(({ value }: { value: string }) => value));
  const { Resources } = (await scim.call('GET', '/Users?count=100')).body;
  return Resources.filter(({ id }: { id: string }) => ids.has(id))
    .map(({ userName }: { userName: string }) => userName)
    .sort();
}

describe.each([
  ['as Entra speaks by itself', false],
  ['with aadOptscim062020', true],
])('a cycle, %s', (_dialect, isCompliant) => {
  beforeEach(() => entra.portal('/sync', { isCompliant }));

  test('carries who is in and takes away who is not, by difference', async () => {
    await put('ines', true);
    await put('erik', true);
    expect((await run()).lastRun?.state).toBe('Succeeded');
    expect(await membersOf(GROUP)).toEqual(['erik@acme.example', 'ines@acme.example']);
    expect(await user('ines@acme.example')).toMatchObject({ active: true, externalId: 'ines' });

    await put('ines', false);
    await put('tom', true);
    await run();
    expect(await membersOf(GROUP)).toEqual(['erik@acme.example', 'tom@acme.example']);
    // Whoever is in no assigned group any more is switched off.
    expect(await user('ines@acme.example')).toMatchObject({ active: false });
  });

  test('blocked, deleted and restored', async () => {
    await put('ines', true);
    await run();
    await entra.portal('/users', { key: 'ines', happening: 'blocked' });
    await run();
    expect(await user('ines@acme.example')).toMatchObject({ active: false });
    await entra.portal('/users', { key: 'ines', happening: 'unblocked' });
    await entra.portal('/users', { key: 'ines', happening: 'deleted' });
    await run();
    const renamed = `${INES.replaceAll('-', '')}ines@acme.example`;
    expect(await user(renamed)).toMatchObject({ active: false });
    expect(await membersOf(GROUP)).toEqual([]);
    await entra.portal('/users', { key: 'ines', happening: 'restored' });
    await run();
    expect(await user('ines@acme.example')).toMatchObject({ active: true });
    expect(await membersOf(GROUP)).toEqual(['ines@acme.example']);
  });

  test('who is in by another group alone is not carried', async () => {
    const inner = await entra.createGroup({ displayName: 'inner', members: [INES] });
    const outer = await entra.createGroup({ displayName: 'outer', members: [inner.id, ERIK] });
    await entra.portal('/sync/assignments', { group: 'outer', isAssigned: true });
    await run();
    expect(await membersOf('outer')).toEqual(['erik@acme.example']);
    expect(await entra.idp({ provisioning }).findGroup(outer.id)).toMatchObject({
      writable: false,
      reason: expect.stringMatching(/another group in it/),
    });
  });
});

describe('on demand', () => {
  const carry = async (personIds: readonly string[], groupId = ORDERS_READ) =>
    await entra.idp({ provisioning }).provisioning?.carry(groupId, personIds);

  test('a membership is carried at once, and one that is there already is so', async () => {
    await entra.idp().addMember(ORDERS_READ, INES);
    expect(await carry([INES])).toEqual({ came: 'carried' });
    expect(await membersOf(GROUP)).toEqual(['ines@acme.example']);
    expect(await carry([INES])).toEqual({ came: 'already so' });
    await entra.idp().removeMember(ORDERS_READ, INES);
    expect(await carry([INES])).toEqual({ came: 'carried' });
    expect(await membersOf(GROUP)).toEqual([]);
  });

  test('a group that the app does not carry is refused, and so says the catalogue', async () => {
    const { id } = await entra.createGroup({ displayName: 'apart', members: [TOM] });
    expect(await carry([TOM], id)).toEqual({
      came: 'refused',
      why: expect.stringMatching(/^NotEffectivelyEntitled/),
    });
    expect(await entra.idp({ provisioning }).findGroup('apart')).toMatchObject({
      writable: false,
      reason: expect.stringMatching(/not assigned to the enterprise app/),
    });
    expect(await entra.idp({ provisioning }).findGroup(GROUP)).toMatchObject({ writable: true });
    // Where Entra does not provision at all, nothing has to be assigned.
    expect(await entra.idp().findGroup('apart')).toMatchObject({ writable: true });
  });

  test('a sixth call in ten seconds is not made, and says when it may be', async () => {
    const idp = entra.idp({ provisioning });
    for (let i = 0; i < 5; i += 1) await idp.provisioning?.carry(ORDERS_READ, [INES]);
    const before = (await entra.asked()).length;
    const fault = await idp.provisioning?.carry(ORDERS_READ, [INES]).catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: 'idp.throttled', retryable: true });
    expect((fault as { retryAfterMs: number }).retryAfterMs).toBeLessThanOrEqual(10_000);
    expect(await entra.asked()).toHaveLength(before);
    // Another process knows nothing of these five; then Graph says it.
    await expect(entra.idp({ provisioning }).provisioning?.carry(ORDERS_READ, [INES])).rejects.toMatchObject({
      code: 'idp.throttled',
    });
  });

  test('without the permission for it', async () => {
    await entra.portal('/permissions', [
      'GroupMember.ReadWrite.All',
      'User.Read.All',
      'Synchronization.Read.All',
    ]);
    await expect(carry([INES])).rejects.toMatchObject({ code: 'idp.forbidden' });
  });
});

describe('a job that does not do its work', () => {
  const found = async () => await entra.idp({ provisioning }).provisioning?.trouble();
  const trouble = async () => {
    const one = await found();
    return one == null ? null : provisioningTroubleInWords(one);
  };

  test('in quarantine it says since when and why, until it works again', async () => {
    expect(await trouble()).toBeNull();
    await put('ines', true);
    latchkey.entraScimToken = 'run out';
    for (let i = 0; i < 3; i += 1) expect((await run()).lastRun?.state).toBe('Failed');
    expect(await trouble()).toMatch(/in quarantine since 20.*401.*Restart provisioning/);
    latchkey.entraScimToken = scim.token;
    await run();
    expect(await trouble()).toBeNull();
  });

  test('since when it is in quarantine stays the same, however often Entra looks again', async () => {
    await entra.portal('/sync/quarantine', { message: 'The host did not answer.' });
    const [first, second] = [await found(), await found()];
    expect(first).toMatchObject({ said: 'The host did not answer.', since: expect.any(Date) });
    expect(second).toEqual(first);
    await entra.portal('/sync/quarantine', null);
    expect(await found()).toBeNull();
  });

  test.each([
    ['too many deletions', { reason: 'TooManyDeletes' }, /Allow deletes/],
    ['credentials refused', { code: 'InvalidCredentials' }, /SCIM token.*Test Connection/],
    ['anything else', { reason: 'IngestionInterrupted' }, /mend what it says.*four weeks/],
  ])('in quarantine for %s: what to do about it', async (_why, quarantine, next) => {
    await entra.portal('/sync/quarantine', quarantine);
    expect(await found()).toMatchObject({ next: expect.stringMatching(next) });
  });

  test('switched off', async () => {
    await entra.portal('/sync', { isPaused: true });
    expect(await trouble()).toMatch(/switched off: Start provisioning/);
  });

  test('an enterprise app that somebody has deleted', async () => {
    const gone = { servicePrincipalId: '5b000000-0000-4000-8000-00000000dead' };
    expect(await entra.idp({ provisioning: gone }).provisioning?.trouble()).toMatchObject({
      what: 'there is no such enterprise app',
      next: expect.stringMatching(/ENTRA_PROVISIONING_APP/),
    });
  });
});
