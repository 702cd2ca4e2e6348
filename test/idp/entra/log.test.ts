import { beforeEach, describe, expect, test } from 'vitest';
import type { DirectoryLog, LogPage } from '../../../src/ports/identity-provider.ts';
import { entraAsSeeded } from './start-entra.ts';

const INES = 'e0000000-0000-4000-8000-000000000001';
const ERIK = 'e0000000-0000-4000-8000-000000000002';
const ORDERS_READ = 'f0000000-0000-4000-8000-000000000001';

const entra = entraAsSeeded();

describe('what has changed in the directory', () => {
  let log: DirectoryLog;
  let position: string;
  beforeEach(async () => {
    log = entra.idp().log as DirectoryLog;
    position = (await all(null)).at(-1)?.position ?? '';
  });
  async function all(from: string | null): Promise<LogPage[]> {
    const pages: LogPage[] = [];
    for await (const page of log.read(from)) pages.push(page);
    return pages;
  }
  const isAudit = ({ key }: { key: string }) => key.startsWith('graph:audit:');
  const told = (pages: readonly LogPage[]) =>
    pages.flatMap((page) => page.observations.filter((one) => !isAudit(one)).map((one) => one.payload));
  const put = (key: string, isMember: boolean, by = 'sofia') =>
    entra.portal('/members', { group: 'anypoint-orders-read', key, isMember, by });

  test('the first look tells nothing of what was before, and the next what came since', async () => {
    await put('ines', true);
    await put('erik', true);
    await put('erik', false);
    await entra.portal('/users', { key: 'tom', happening: 'blocked' });
    const pages = await all(position);
    const membership = (id: string, direction: string) => ({
      kind: 'membership',
      person: { id },
      group: { id: ORDERS_READ },
      direction,
    });
    expect(told(pages)).toEqual([
      membership(INES, 'added'),
      membership(ERIK, 'added'),
      membership(ERIK, 'removed'),
      { kind: 'person', person: { id: 'e0000000-0000-4000-8000-000000000003' }, happening: 'changed' },
    ]);
    expect(told(await all(pages.at(-1)?.position ?? ''))).toEqual([]);
  });

  test('who did it is told by the audit log, once for each entry; an app is nobody', async () => {
    await put('ines', true);
    await put('ines', false);
    await entra.idp().addMember(ORDERS_READ, ERIK);
    const pages = await all(position);
    const audits = (some: readonly LogPage[]) => some.flatMap((page) => page.observations.filter(isAudit));
    const sofia = { id: 'e0000000-0000-4000-8000-000000000006', name: 'Sofia Ricci' };
    expect(audits(pages).map(({ payload, actor }) => [payload, actor])).toEqual([
      [{ kind: 'membership', person: { id: ERIK }, group: { id: ORDERS_READ }, direction: 'added' }, null],
      [{ kind: 'membership', person: { id: INES }, group: { id: ORDERS_READ }, direction: 'removed' }, sofia],
      [{ kind: 'membership', person: { id: INES }, group: { id: ORDERS_READ }, direction: 'added' }, sofia],
    ]);
    // Entries come late, so the last minutes are read again: the same key each time.
    const again = audits(await all(pages.at(-1)?.position ?? ''));
    expect(again.map(({ key }) => key)).toEqual(audits(pages).map(({ key }) => key));
  });

  test('an entry that is written minutes later is told then, though others were read meanwhile', async () => {
    await put('ines', true, 'sam');
    await entra.portal('/settings', { auditLagMs: 60_000 });
    const before = await all(position);
    const audits = (some: readonly LogPage[]) => some.flatMap((page) => page.observations.filter(isAudit));
    expect(audits(before)).toEqual([]);
    await entra.portal('/settings', { auditLagMs: 0 });
    expect(audits(await all(before.at(-1)?.position ?? '')).map(({ actor }) => actor?.name)).toEqual([
      'Sam Whitaker',
    ]);
  });

  test('SEKOIA-IO/intake-formats#1480: who used another program is named themselves, and who is not known by their sign-in', async () => {
    const done = { group: 'anypoint-orders-read', isMember: true, program: 'Microsoft Teams Services' };
    await entra.portal('/members', { ...done, key: 'ines', by: 'olga' });
    await entra.portal('/members', { ...done, key: 'erik' });
    const names = (pages: readonly LogPage[]) =>
      pages.flatMap((page) => page.observations.filter(isAudit).map(({ actor }) => actor?.name));
    expect(names(await all(position))).toEqual(['admin@acme.onmicrosoft.com', 'Olga Brandt']);

    // when people can’t be read
    entra.world.faults.add({ vendor: 'entra', path: 'batch', kind: 'status', status: 503 });
    const fresh = entra.idp().log as DirectoryLog;
    const pages: LogPage[] = [];
    for await (const page of fresh.read(position)) pages.push(page);
    expect(names(pages)).toEqual(['admin@acme.onmicrosoft.com', 'olga@acme.example']);
  });

  test('without AuditLog.Read.All what has changed is told all the same', async () => {
    await entra.portal('/permissions', ['GroupMember.ReadWrite.All', 'User.Read.All']);
    await put('ines', true);
    const pages = await all(position);
    expect(told(pages)).toHaveLength(1);
    expect(pages.flatMap((page) => page.observations).every(({ actor }) => actor === null)).toBe(true);
  });

  test('whoever is deleted is told as deleted', async () => {
    await entra.portal('/users', { key: 'ines', happening: 'deleted' });
    expect(told(await all(position))).toEqual([
      { kind: 'person', person: { id: INES }, happening: 'deleted' },
    ]);
  });

  test('more than a page, from wherever it stopped, and read twice it is the same news', async () => {
    for (let i = 0; i < 60; i += 1) await put('ines', i % 2 === 0);
    const pages = await all(position);
    expect(told(pages)).toHaveLength(60);
    const keys = (some: readonly LogPage[]) =>
      some.flatMap((page) => page.observations.map(({ key }) => key));
    expect(new Set(keys(pages)).size).toBeGreaterThan(2);
    expect(keys(await all(position))).toEqual(keys(pages));
    expect(told(await all(pages[0]?.position ?? ''))).toHaveLength(10);
  });

  test('where Entra has forgotten the place it says so and goes on from now', async () => {
    await put('ines', true);
    await entra.portal('/forget', {});
    const pages = await all(position);
    expect(told(pages)).toEqual([]);
    expect(pages.flatMap((page) => page.unread)).toMatchObject([
      { event: 'groups delta' },
      { event: 'users delta' },
    ]);
    await put('erik', true);
    expect(told(await all(pages.at(-1)?.position ?? ''))).toHaveLength(1);
  });

  test('a stored place that is none, or leads elsewhere, is a fault', async () => {
    for (const wrong of [
      'none',
      '{}',
      JSON.stringify({ groups: 'https://elsewhere.example', users: '/users/x' }),
    ])
      await expect(all(wrong)).rejects.toMatchObject({ code: 'idp.bad_answer' });
  });
});

describe('the last sign-in', () => {
  const at = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  const signIn = (key: string, minutes: number, more: object = {}) =>
    entra.portal('/sign-ins', {
      key,
      createdDateTime: at(minutes),
      appId: 'app',
      status: { errorCode: 0 },
      location: { countryOrRegion: 'DE' },
      ...more,
    });

  test('the newest that succeeded, of this person, within the time, with the name of its country', async () => {
    await signIn('ines', 90, { location: { countryOrRegion: 'FR' } });
    await signIn('ines', 30);
    await signIn('ines', 10, { status: { errorCode: 50126 }, location: { countryOrRegion: 'KP' } });
    await signIn('erik', 5, { location: { countryOrRegion: 'US' } });
    const idp = entra.idp();
    expect(await idp.lastSignIn?.(INES, 3_600)).toMatchObject({ country: 'Germany' });
    expect(await idp.lastSignIn?.(INES, 600)).toBeNull();
    await signIn('tom', 1, { location: null });
    expect(await idp.lastSignIn?.('e0000000-0000-4000-8000-000000000003', 600)).toMatchObject({
      country: null,
    });
  });

  test('without the licence or the permission it can’t be told, which is not "none"', async () => {
    await entra.portal('/licence', { isPremium: false });
    await expect(entra.idp().lastSignIn?.(INES, 600)).rejects.toMatchObject({
      code: 'idp.forbidden',
      vendorCode: 'Authentication_RequestFromNonPremiumTenantOrB2CTenant',
    });
    await entra.portal('/permissions', ['User.Read.All']);
    await expect(entra.idp().lastSignIn?.(INES, 600)).rejects.toMatchObject({ code: 'idp.forbidden' });
  });
});
