import { afterAll, beforeAll, expect, test } from 'vitest';
import { buttonsOf, type Journey, setOut, wordsOf } from '../journeys/journey.ts';
import type { Stage } from '../stage.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ way: 'socket' }));
});
afterAll(() => stage?.close());

const read = 'orders-api-read';

test('over Socket Mode, what is asked and approved is in effect, and nothing comes in by HTTP', async () => {
  // given
  const direct = await fetch(`${stage.latchkey.url}/slack/events`, { method: 'POST', body: '{}' });
  expect(direct.status).toBe(404);

  // when
  const asked = await walk.asks('ines', { entitlement: read, reason: 'Over the WebSocket' });
  const click = await walk.click('tom', asked.card, 'approve');

  // then
  expect(click.acked).toBe(true);
  await walk.becomes(asked.id, 'inEffect');
  expect(await walk.isInTeam('ines', 'Orders API readers')).toBe(true);
  const card = await walk.cardSays(asked, 'In effect in MuleSoft');
  expect(buttonsOf(card)).toEqual([]);
  await walk.receives('ines', 'that it is in effect', (m) => m.text.includes('approved by Tom Okafor'));
});

test('over Socket Mode, a form is refused field by field as it is over HTTP', async () => {
  // given
  const asked = await walk.asks('erik', { entitlement: read, reason: 'To be denied' });

  // when
  const refused = await walk.clickAndFill('tom', asked.card, 'deny', { reason: { reason: '  ' } });

  // then
  expect(refused).toMatchObject({ sent: false, errors: { reason: 'A denial needs a reason.' } });
});

test('after Slack cuts the connection, as it does every few hours, clicks arrive again', async () => {
  // given
  const asked = await walk.asks('sam', { entitlement: read, reason: 'Connected anew' });

  // when
  await walk.request('POST', '/slack/sim/disconnect-sockets', { reason: 'refresh_requested' });

  // then
  await walk.until(
    'a click is acknowledged',
    async () => (await walk.click('olga', asked.card, 'approve')).acked,
  );
  await walk.becomes(asked.id, 'inEffect');
});

test('a connection that Slack cuts and does not give again at first is tried until it holds', async () => {
  // given
  const asked = await walk.asks('sofia', { entitlement: read, reason: 'Cut and refused' });
  await walk.fault({ vendor: 'slack', path: 'apps.connections.open', kind: 'status', status: 503, times: 3 });

  // when
  await walk.request('POST', '/slack/sim/disconnect-sockets', { reason: 'warning' });

  // then
  await walk.until(
    'a click is acknowledged',
    async () => (await walk.click('tom', asked.card, 'approve')).acked,
  );
});

test('over Socket Mode too, Slack being down keeps Latchkey from nothing else', async () => {
  // given Slack is down while Latchkey starts
  await walk.fault({ vendor: 'slack', kind: 'status', status: 503 });

  // when
  await stage.restart();

  // then it serves SCIM and looks after what is owed
  expect((await fetch(`${stage.latchkey.url}/readyz`)).status).toBe(200);

  // when Slack is back
  await walk.heal();

  // then their requests arrive again
  await walk.until('a command is acknowledged', async () => {
    const typed = { as: 'tom', command: '/access', text: 'help' };
    return (await walk.request<{ ok: boolean }>('POST', '/slack/sim/command', typed)).ok;
  });
  const form = await walk.openForm('tom');
  expect(wordsOf(form)).toContain('Orders API: read logs');
}, 60_000);
