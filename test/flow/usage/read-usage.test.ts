import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { idpsOf } from '../../../src/flow/idps/idps.ts';
import { readUsageOnce } from '../../../src/flow/usage/read-usage.ts';
import { createOkta } from '../../../src/idp/okta/okta.ts';
import { createAnypointEmulator } from '../../../src/sandbox/anypoint/emulator.ts';
import { createOktaEmulator } from '../../../src/sandbox/okta/emulator.ts';
import { company, credentials, people } from '../../../src/sandbox/seed.ts';
import { rememberPerson } from '../../../src/store/people.ts';
import { linkPerson } from '../../../src/store/person-links.ts';
import { readUsage } from '../../../src/store/usage.ts';
import { freshDatabase } from '../../database.ts';
import { connectTo } from '../../mulesoft/connect.ts';
import { type StartedEmulator, startEmulator } from '../../sandbox/start-emulator.ts';
import { idpPerson } from '../../store/given.ts';

const DAY = 86_400_000;
const ago = (days: number) => new Date(Date.now() - days * DAY).toISOString();
const seed = (key: string) => people.find((p) => p.key === key);

let anypoint: StartedEmulator;
let okta: StartedEmulator;
let clean: [unknown, unknown];
let fresh: Awaited<ReturnType<typeof freshDatabase>>;
let context: Parameters<typeof readUsageOnce>[0];
let erik: string;
const warned: unknown[] = [];

beforeAll(async () => {
  [anypoint, okta] = await Promise.all([
    startEmulator(createAnypointEmulator),
    startEmulator(createOktaEmulator),
  ]);
  clean = [anypoint.emulator.snapshot(), okta.emulator.snapshot()];
});
beforeEach(async () => {
  anypoint.emulator.restore(clean[0]);
  okta.emulator.restore(clean[1]);
  anypoint.world.faults.clear();
  okta.world.faults.clear();
  await fresh?.close();
  fresh = await freshDatabase();
  const { db } = fresh.database;
  context = {
    db,
    mulesoft: connectTo(anypoint),
    idps: idpsOf(
      createOkta({
        orgUrl: `${okta.url}/okta`,
        auth: { token: credentials.oktaApiToken },
        anypointAppId: company.oktaAppId,
      }),
    ),
    catalogue: { current: () => ({ digest: { unusedSeconds: 30 * 86_400 } }) } as never,
    log: { warn: (...args: unknown[]) => warned.push(args) } as never,
  };
  erik = (await rememberPerson(db, 'okta', idpPerson('erik', { id: seed('erik')?.oktaId ?? '' }))).id;
  await linkPerson(db, erik, 'anypoint', seed('erik')?.anypointId ?? '');
});
afterAll(async () => {
  await fresh.close();
  await anypoint.close();
  await okta.close();
});

async function console(started: StartedEmulator, path: string, body: unknown = {}): Promise<void> {
  const response = await fetch(`${started.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
}
const usesAnypoint = (key: string, body: { at?: string; api?: string } = {}) =>
  console(anypoint, `/anypoint/sim/users/${key}/use`, body);
const known = async () => (await readUsage(fresh.database.db, [erik], new Date())).get(erik);

test('the last sign-in that Anypoint has is the last use', async () => {
  await usesAnypoint('erik', { at: ago(40) });
  await readUsageOnce(context);
  expect(await known()).toMatchObject({
    known: 'used',
    source: 'anypointUsers',
    what: null,
  });
});

test('a change in the audit log is a use, in words, and so is a sign-in from the IdP to the app', async () => {
  await usesAnypoint('erik', { at: ago(10), api: 'orders-api' });
  await usesAnypoint('erik', { at: ago(20) });
  await readUsageOnce(context);
  expect(await known()).toMatchObject({ source: 'anypointAudit', what: 'Edit API orders-api' });
  await console(okta, '/okta/sim/users/erik/open-anypoint', { at: ago(1) });
  await readUsageOnce(context);
  expect(await known()).toMatchObject({ source: 'idpSignIns', what: null });
});

test('a use by an account that is only later known to be theirs counts', async () => {
  const { db } = fresh.database;
  const tom = (await rememberPerson(db, 'okta', idpPerson('tom', { id: 'not linked yet' }))).id;
  await usesAnypoint('tom', { at: ago(3) });
  await readUsageOnce(context);
  expect((await readUsage(db, [tom], new Date())).get(tom)).toMatchObject({ known: 'not since' });
  await linkPerson(db, tom, 'anypoint', seed('tom')?.anypointId ?? '');
  expect((await readUsage(db, [tom], new Date())).get(tom)).toMatchObject({ known: 'used' });
});

test('a second look reads on, and what it has already is no news', async () => {
  await usesAnypoint('erik', { at: ago(2), api: 'orders-api' });
  await readUsageOnce(context);
  const before = await known();
  const bodies = () => anypoint.world.faults.seen({ method: 'POST', path: '/audit/v2' });
  const asked = bodies().length;
  await readUsageOnce(context);
  expect(bodies().length).toBe(asked + 1);
  const { checkedAt: first, ...was } = before as never as { checkedAt: Date };
  const { checkedAt: second, ...is } = (await known()) as never as { checkedAt: Date };
  expect(is).toEqual(was);
  expect(second >= first).toBe(true);
});

test('a use after a long silence is kept as a return, once', async () => {
  await usesAnypoint('erik', { at: ago(50) });
  await readUsageOnce(context);
  await usesAnypoint('erik', { at: ago(0), api: 'orders-api' });
  await readUsageOnce(context);
  await readUsageOnce(context);
  const rows = await fresh.database.db.selectFrom('usage_returns').selectAll().execute();
  expect(rows).toMatchObject([{ person_id: erik }]);
  expect(Math.round((Date.now() - (rows[0]?.silent_since.getTime() ?? 0)) / DAY)).toBe(50);
});

test('a record that can’t be read is said, and is not "unused"; the others are read all the same', async () => {
  anypoint.world.faults.add({
    vendor: 'anypoint',
    path: '/users',
    kind: 'status',
    status: 403,
    times: 99,
  } as never);
  await usesAnypoint('erik', { at: ago(5), api: 'orders-api' });
  await readUsageOnce(context);
  expect(await known()).toMatchObject({ known: 'used', source: 'anypointAudit' });
  const sources = await fresh.database.db.selectFrom('usage_sources').selectAll().execute();
  expect(sources.find((s) => s.source === 'anypointUsers')).toMatchObject({
    checked_at: null,
    trouble: expect.stringContaining('Anypoint’s list of users could not be read'),
  });
  expect(warned.length).toBeGreaterThan(0);
});

test('who came into a team in Anypoint and who left one is kept, once however often it is read', async () => {
  const [team] = (await (await fetch(`${anypoint.url}/anypoint/sim/teams`)).json()) as { name: string }[];
  const member = `/anypoint/sim/teams/${encodeURIComponent(team?.name ?? '')}/members/erik`;
  await console(anypoint, member, { membershipType: 'member' });
  await readUsageOnce(context);
  await fetch(`${anypoint.url}${member}`, { method: 'DELETE' });
  for (let looks = 0; looks < 3; looks += 1) await readUsageOnce(context);
  const rows = await fresh.database.db.selectFrom('team_events').selectAll().orderBy('id').execute();
  const of = { team_name: team?.name, account: seed('erik')?.anypointId };
  expect(rows).toMatchObject([
    { ...of, direction: 'added', actor: { name: 'Anypoint administrator' } },
    { ...of, direction: 'removed', actor: { name: 'Anypoint administrator' } },
  ]);
});
