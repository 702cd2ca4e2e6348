import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Stage } from '../stage.ts';
import { type Journey, setOut, wordsOf } from './journey.ts';

/** Orders to read is Okta's, orders to deploy Entra's. */
const OF_OKTA = { key: 'orders-api-read', group: 'anypoint-orders-read', team: 'Orders API readers' };
const OF_ENTRA = { key: 'orders-api-deploy', group: 'anypoint-orders-deploy', team: 'Orders API deployers' };

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ idp: 'both' }));
});
afterAll(() => stage?.close());

const lostAccounts = async (admin: string) =>
  (await walk.messages(admin, 'dm')).filter(({ metadata }) =>
    metadata?.event_payload?.marker?.includes(':lostAccount:'),
  );
const inOkta = async (key: string, group: string) => await walk.isInGroup(key, group);
const inEntra = async (key: string, group: string) =>
  (await walk.request<Record<string, string[]>>('GET', '/entra/sim/members'))[group]?.includes(key) ?? false;

test('each entitlement is written where its group is, and nowhere else; who asks is one person in both', async () => {
  // when
  await walk.isGiven('tom', { entitlement: OF_OKTA.key, reason: 'Read at Okta' }, 'olga');
  const deploy = await walk.asks('tom', { entitlement: OF_ENTRA.key, reason: 'Deploy at Entra' });
  for (const who of ['olga', 'sofia']) await walk.click(who, await walk.cardNow(deploy), 'approve');
  await walk.becomes(deploy.id, 'inEffect', 30_000);

  // then
  expect(await inOkta('tom', OF_OKTA.group)).toBe(true);
  expect(await inEntra('tom', OF_OKTA.group)).toBe(false);
  expect(await inEntra('tom', OF_ENTRA.group)).toBe(true);
  expect(await inOkta('tom', OF_ENTRA.group)).toBe(false);
  const links = await walk.query<{ system: string }>(
    `select l.system from person_links l join people p on p.id = l.person_id
     where p.email = 'tom@acme.example' and l.system in ('okta', 'entra') order by 1`,
  );
  expect(links.map(({ system }) => system)).toEqual(['entra', 'okta']);
  expect((await walk.query(`select 1 from people where email = 'tom@acme.example'`)).length).toBe(1);
}, 90_000);

test('an account lost in one ends what that one gives, and what the other gives stays; lost in both, everything ends', async () => {
  // when
  await walk.request('POST', '/okta/sim/users/tom/status', { status: 'DEPROVISIONED' });

  // then
  await walk.until('Okta’s access ends', async () => !(await walk.isInTeam('tom', OF_OKTA.team)));
  await walk.until('the audit says which was lost', async () => {
    const rows = await walk.query<{ data: { idp: string; stillActiveIn: string } }>(
      `select data from audit where type = 'accountLost'`,
    );
    return rows[0]?.data.idp === 'okta' && rows[0].data.stillActiveIn === 'entra';
  });
  await walk.owesNothing();
  expect(await walk.isInTeam('tom', OF_ENTRA.team)).toBe(true);
  expect(await inEntra('tom', OF_ENTRA.group)).toBe(true);
  expect(await walk.query('select 1 from offboardings')).toEqual([]);
  for (const admin of ['sam', 'sofia'])
    expect((await lostAccounts(admin)).map(wordsOf)).toEqual([
      expect.stringMatching(
        /Okta no longer has <@\w+> active.*• <@\w+>: ends: Orders API: read logs and messages in prod; stays by Entra: Orders API: deploy to prod\.\n.*What to do:.*\/access offboard/s,
      ),
    ]);

  // and when
  await walk.request('POST', '/entra/sim/users', { key: 'tom', happening: 'deleted' });

  // then
  await walk.until('nothing is left', async () => !(await walk.isInTeam('tom', OF_ENTRA.team)));
  await walk.until('the case of a leaver begins', async () => {
    const rows = await walk.query<{ cause: string }>('select cause from offboardings');
    return rows.length === 1;
  });
}, 120_000);
