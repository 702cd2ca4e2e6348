import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Change } from '../../src/core/change/change.ts';
import { createEntraEmulator, entraSettings } from '../../src/sandbox/entra/emulator.ts';
import { startTransmitter, type Transmitter } from '../inbound/transmitter.ts';
import { type StartedEmulator, startEmulator } from '../sandbox/start-emulator.ts';
import type { Stage } from '../stage.ts';
import { type Journey, setOut } from './journey.ts';

/** Okta's own event sources are silenced: only Graph and a transmitter of SETs tell. */
const AUDIENCE = 'https://latchkey.example/set';
const REVOKED = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked';
const GROUP = 'anypoint-orders-read';
const ENTITLEMENT = 'orders-api-read';

let stage: Stage;
let walk: Journey;
let entra: StartedEmulator;
let idp: Transmitter;

beforeAll(async () => {
  entra = await startEmulator(createEntraEmulator);
  idp = await startTransmitter('https://idp.example', AUDIENCE);
  ({ stage, walk } = await setOut({
    listenEveryMs: 3_600_000,
    outside: {
      graph: entraSettings(entra.url),
      sets: { issuers: [{ issuer: idp.issuer, jwksUrl: idp.jwksUrl }], audience: AUDIENCE },
    },
  }));
  await walk.isQuiet();
  await walk.until(
    'Latchkey has subscribed',
    async () => (await walk.query('select 1 from graph_subscriptions')).length > 3,
  );
});
afterAll(async () => {
  await stage.close();
  await Promise.all([entra.close(), idp.close()]);
});
beforeEach(() => okta({ isSilent: false }));

const okta = async ({ isSilent }: { isSilent: boolean }) => {
  await walk.request('POST', '/okta/sim/push', { paused: isSilent });
  await walk.request('POST', '/okta/sim/hooks', { lose: isSilent });
};
/** Every event source that told anything since this observation, and how often. */
const eventSourcesSince = (id: string) =>
  walk.query<{ eventSource: string; n: number }>(
    'select event_source as "eventSource", count(*)::int as n from observed where id > $1 group by 1 order by 1',
    [id],
  );
/** No event source of Okta's from here on; returns the last observation there was. */
async function silence(): Promise<string> {
  await walk.isQuiet();
  await okta({ isSilent: true });
  const [last] = await walk.query<{ id: string }>('select coalesce(max(id), 0) as id from observed');
  return last?.id as string;
}
const push = async (token: string) =>
  (
    await fetch(`${stage.latchkey.url}/set`, {
      method: 'POST',
      headers: { 'content-type': 'application/secevent+jwt' },
      body: token,
    })
  ).status;
const inPortal = async (path: string, body: unknown) =>
  (await (
    await fetch(`${entra.url}/entra/sim${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  ).json()) as { userId: string };
const inEntra = (key: string, isMember: boolean) => inPortal('/members', { group: GROUP, key, isMember });
const outcomeOf = (userId: string, direction: string) =>
  walk.until('it is processed', async () => {
    const [row] = await walk.query<{ outcome: string | null }>(
      `select outcome from observed where event_source = 'graph'
       and payload->'person'->>'entraId' = $1 and payload->>'direction' = $2`,
      [userId, direction],
    );
    return row?.outcome;
  });

test('a SET that sessions were revoked: Okta is asked, and who has left there keeps nothing', async () => {
  // given a grant, and everybody silent about her leaving
  const given = await walk.isGiven('ines', { entitlement: ENTITLEMENT, reason: 'A look at the orders' });
  const since = await silence();
  await walk.directory.sets('ines', 'DEPROVISIONED');
  const [about] = await walk.query<{ email: string }>(`select email from people where login like 'ines@%'`);

  // when
  const sub_id = { format: 'email', email: about?.email };
  const token = await idp.sign({ [REVOKED]: { reason_admin: { en: 'left' } } }, { claims: { sub_id } });
  expect(await push(token)).toBe(202);
  expect(await push(token)).toBe(202);

  // then
  const ended = await walk.becomes(given.id, 'ended');
  expect(ended.ended?.cause).toBe('leaver');
  expect(await eventSourcesSince(since), 'the second is the first').toEqual([{ eventSource: 'set', n: 1 }]);
}, 60_000);

test('a SET of somebody who is still there ends nothing, and one of nobody we know is only noted', async () => {
  const given = await walk.isGiven('erik', { entitlement: ENTITLEMENT, reason: 'Still at work' });
  const about = (address: string) =>
    idp.sign({ [REVOKED]: {} }, { claims: { sub_id: { format: 'email', email: address } } });
  expect(await push(await about('erik@acme.example'))).toBe(202);
  expect(await push(await about('nobody@acme.example'))).toBe(202);
  const outcomes = await walk.until('both are processed', async () => {
    const rows = await walk.query<{ outcome: string | null }>(
      `select outcome from observed where payload->'person'->>'email' in ('erik@acme.example', 'nobody@acme.example')`,
    );
    return rows.length === 2 && rows.every((row) => row.outcome !== null) && rows;
  });
  expect(outcomes.map((row) => row.outcome).sort()).toEqual(['evaluated', 'unknown person']);
  expect((await walk.change(given.id)).state).toBe('inEffect');
}, 60_000);

test('a membership that Graph tells of is compared with Okta: not asked for there, it is put to the owner', async () => {
  // given Sam put into the group by hand, in Okta and, as its source, in Entra
  const since = await silence();
  await walk.directory.adds(GROUP, 'sam');
  const { userId } = await inEntra('sam', true);

  // then
  expect(await outcomeOf(userId, 'added')).toBe('checked');
  const found = await walk.until('there is a finding', async () => {
    const rows = await walk.query<{ doc: Change }>(
      `select doc from changes c join people p on p.id = c.person_id
       where p.login like 'sam@%' and doc->>'cause' = 'finding'`,
    );
    return rows[0]?.doc;
  });
  expect(found.target?.groupName).toBe(GROUP);
  expect(await eventSourcesSince(since)).toEqual([{ eventSource: 'graph', n: 1 }]);
  await walk.until('the owner is asked', async () =>
    (await walk.messages('sofia', 'access-requests')).some(
      (m) => m.metadata?.event_payload?.marker === `${found.id}:card`,
    ),
  );
}, 60_000);

test('what Graph tells and Okta does not have is no finding; somebody Okta does not know is nobody', async () => {
  const before = (await walk.query(`select 1 from changes where doc->>'cause' = 'finding'`)).length;
  const tom = await inEntra('tom', true);
  await inPortal('/users/new', { key: 'vera', userPrincipalName: 'vera@partner.example' });
  const vera = await inEntra('vera', true);
  expect(await outcomeOf(tom.userId, 'added')).toBe('checked');
  expect(await outcomeOf(vera.userId, 'added')).toBe('unknown person');
  await walk.isQuiet();
  expect((await walk.query(`select 1 from changes where doc->>'cause' = 'finding'`)).length).toBe(before);
  const links = await walk.query(
    `select person_id from person_links where system = 'graph' and external_id = $1`,
    [tom.userId],
  );
  expect(links, 'Tom is known by his id from now on').toHaveLength(1);
}, 60_000);
