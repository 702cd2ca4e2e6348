import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Latchkey, startLatchkey } from '../../../src/latchkey.ts';
import { loadPolicy } from '../../../src/policy/policy-folder.ts';
import { sandboxOutside } from '../../../src/sandbox/launch.ts';
import { company, credentials, people } from '../../../src/sandbox/seed.ts';
import { type Asked, type Journey, setOut } from '../../journeys/journey.ts';
import {
  buttonValueOf,
  clickPayload,
  formOf,
  nowSeconds,
  requestPayload,
} from '../../journeys/slack-wire.ts';
import type { Stage } from '../../stage.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut());
  await walk.openForm('ines');
});
afterAll(() => stage?.close());

const FORM = 'application/x-www-form-urlencoded';
const macOf = (timestamp: number | string, body: string | Buffer) =>
  createHmac('sha256', credentials.slackSigningSecret).update(`v0:${timestamp}:`).update(body).digest('hex');

type Sent = { status: number; text: string };
type How = {
  at?: string;
  path?: string;
  timestamp?: number | string;
  signature?: string | null;
  contentType?: string | null;
  headers?: Record<string, string>;
};

/** As Slack sends it, unless told otherwise; signed over what is sent. */
async function send(body: string | Buffer, how: How = {}): Promise<Sent> {
  const { at = stage.latchkey.url, path = '/slack/events', timestamp = nowSeconds() } = how;
  const { signature = `v0=${macOf(timestamp, body)}`, contentType = FORM, headers = {} } = how;
  const answer = await fetch(`${at}${path}`, {
    method: 'POST',
    headers: {
      ...(contentType === null ? {} : { 'content-type': contentType }),
      ...(signature === null
        ? {}
        : { 'x-slack-signature': signature, 'x-slack-request-timestamp': String(timestamp) }),
      ...headers,
    },
    body: Buffer.from(body),
    signal: AbortSignal.timeout(10_000),
  });
  return { status: answer.status, text: await answer.text() };
}

const home = (eventId: string, words = '') =>
  JSON.stringify({
    type: 'event_callback',
    team_id: company.slackTeamId,
    api_app_id: 'A0LATCHKEY',
    event_id: eventId,
    event_time: nowSeconds(),
    event: { type: 'app_home_opened', tab: 'home', user: people[0]?.slackId, channel: 'D1', text: words },
  });
const views = async () => (await walk.requests({ vendor: 'slack', path: 'views\\.publish' })).length;

let last: string | null = null;
/** A request that waits (the one before is taken back), and the click that approves it. */
async function clickOn(reason: string): Promise<{ asked: Asked; body: string }> {
  if (last !== null) {
    await walk.click('ines', await walk.statusOf('ines', last), 'withdraw');
    await walk.becomes(last, 'withdrawn');
  }
  const asked = await walk.asks('ines', { entitlement: 'platform-admin', reason });
  last = asked.id;
  return {
    asked,
    body: formOf(clickPayload('sam', asked.card, 'approve', JSON.stringify(buttonValueOf(asked.card)))),
  };
}

describe('what was signed once counts once', () => {
  test('however its signature header is written, and for every replica and after every restart', async () => {
    // given a click that counted
    const { asked, body } = await clickOn('Sent again, in other words');
    const timestamp = nowSeconds();
    const mac = macOf(timestamp, body);
    expect((await send(body, { timestamp })).status).toBe(200);
    await walk.cardSays(asked, 'Approved by Sam Whitaker');

    // when the same bytes come again
    for (const signature of [
      `v0=${mac}`,
      `v0=${mac}=x`,
      `v0=${mac}=`,
      `v0=${mac} `,
      `v0=${mac.toUpperCase()}`,
      `V0=${mac}`,
      `v1=${mac}`,
      `v0=${mac}, v0=${mac}`,
      `v0=${mac}${'0'.repeat(7_000)}`,
      mac,
    ])
      expect([signature.slice(0, 80), (await send(body, { timestamp, signature })).status]).toEqual([
        signature.slice(0, 80),
        401,
      ]);
    for (const written of [
      `0${timestamp}`,
      `${timestamp}.0`,
      `+${timestamp}`,
      `${timestamp}e0`,
      ` ${timestamp}x`,
    ])
      expect((await send(body, { timestamp: written, signature: `v0=${mac}` })).status).toBe(401);

    // then, on another replica
    const other = await replica();
    try {
      expect((await send(body, { at: other.url, timestamp })).status).toBe(401);
    } finally {
      await other.stop();
    }
    // and after a restart
    await stage.restart();
    expect((await send(body, { timestamp })).status).toBe(401);
    expect((await walk.change(asked.id)).approvals).toHaveLength(1);
  }, 60_000);

  test('unsigned ones push nothing out and leave nothing behind', async () => {
    // given
    const { asked, body } = await clickOn('Among ten thousand forged ones');
    const timestamp = nowSeconds();
    expect((await send(body, { timestamp })).status).toBe(200);
    await walk.cardSays(asked, 'Approved by Sam Whitaker');
    const kept = async () =>
      (await walk.query<{ n: number }>('select count(*)::int as n from slack_received'))[0]?.n;
    const before = await kept();

    // when
    for (let i = 0; i < 20; i++)
      await Promise.all(
        Array.from({ length: 50 }, (_, n) =>
          send('payload=%7B%7D', { signature: `v0=${String(i * 50 + n).padStart(64, '0')}` }),
        ),
      );

    // then
    expect(await kept()).toBe(before);
    expect((await send(body, { timestamp })).status).toBe(401);
    // and what is genuine is taken, though its address sent all that
    expect((await send(home('Ev0'), { contentType: 'application/json' })).status).toBe(200);
    await stage.restart();
  }, 60_000);

  test('sent to two replicas at once, one takes it', async () => {
    const { asked, body } = await clickOn('To two at once');
    const other = await replica();
    try {
      const timestamp = nowSeconds();
      const answers = await Promise.all(
        [stage.latchkey.url, other.url, stage.latchkey.url, other.url].map((at) =>
          send(body, { at, timestamp }),
        ),
      );
      expect(answers.map((a) => a.status).sort()).toEqual([200, 401, 401, 401]);
      await walk.cardSays(asked, 'Approved by Sam Whitaker');
    } finally {
      await other.stop();
    }
  }, 60_000);

  test('an event that Slack sends again is taken; the same bytes again do nothing', async () => {
    const body = home('Ev1');
    // An event of a request shows on a Home that was opened, too.
    await walk.isQuiet();
    const how = { contentType: 'application/json', timestamp: nowSeconds() };
    const before = await views();
    expect((await send(body, how)).status).toBe(200);
    await walk.until('shown', async () => (await views()) === before + 1);
    expect((await send(body, { ...how, headers: { 'x-slack-retry-num': '1' } })).status).toBe(200);
    await walk.until('shown again', async () => (await views()) === before + 2);
    for (const again of [{}, { 'x-slack-retry-num': '1' }, { 'x-slack-retry-num': '77' }])
      expect((await send(body, { ...how, headers: again })).status).toBe(200);
    await walk.isQuiet();
    expect(await views()).toBe(before + 2);
  });

  test('what was received long ago is forgotten', async () => {
    await walk.query(`insert into slack_received (key, received_at) values
      ('old', clock_timestamp() - interval '16 minutes'), ('new', clock_timestamp() - interval '11 minutes')`);
    const { forgetOnce } = await import('../../../src/flow/timers.ts');
    await forgetOnce(stage.latchkey.context);
    const left = await walk.query<{ key: Buffer }>(
      `select key from slack_received where key in ('old', 'new')`,
    );
    expect(left.map(({ key }) => key.toString())).toEqual(['new']);
  });
});

describe('a signed body is read as what it is, whatever its content type says', () => {
  test('words in an event do not become anybody’s click', async () => {
    // given an event that quotes what somebody wrote
    const { asked, body: click } = await clickOn('Approved by a quotation');
    const command = new URLSearchParams({ command: '/access', user_id: 'U1', team_id: 'T1', text: 'mine' });
    const texts = [home('Ev2', `x&${click}`), home('Ev2', `x&${click}&y=`), home('Ev2', `x&${command}`)];

    // when
    for (const text of texts)
      for (const contentType of [FORM, `${FORM}; charset=utf-8`, `${FORM};charset=UTF-8`]) {
        const { status, text: said } = await send(text, { contentType });
        expect(status).toBe(400);
        expect(said).toContain('not one of Slack’s forms');
      }

    // then
    await walk.isQuiet();
    expect((await walk.change(asked.id)).approvals).toEqual([]);
  }, 60_000);

  test.each<[string, string | Buffer, string | null]>([
    ['a payload beside another field', `${formOf({ type: 'block_actions' })}&x=1`, FORM],
    ['two payloads', `${formOf({ type: 'block_actions' })}&${formOf({ type: 'block_actions' })}`, FORM],
    ['a payload and a command', `command=%2Faccess&user_id=U1&${formOf({ type: 'block_actions' })}`, FORM],
    ['a payload and an ssl_check', `ssl_check=1&${formOf({ type: 'block_actions' })}`, FORM],
    ['a command twice', 'command=%2Faccess&command=%2Faccess&user_id=U1', FORM],
    ['a user twice', 'command=%2Faccess&user_id=U1&user_id=U2', FORM],
    ['a command without a user', 'command=%2Faccess&text=', FORM],
    ['neither payload nor command', 'text=hello', FORM],
    ['nothing', '', FORM],
    [
      'a thousand fields before the payload',
      `${'a=&'.repeat(1_000)}${formOf({ type: 'block_actions' })}`,
      FORM,
    ],
    ['a payload that is a list', formOf([]), FORM],
    ['a payload that is null', formOf(null), FORM],
    ['a payload that says it is an event', formOf(JSON.parse(home('Ev3'))), FORM],
    ['a payload 100,000 lists deep', `payload=${'['.repeat(100_000)}${']'.repeat(100_000)}`, FORM],
    ['a key of every object', '__proto__=1&command=%2Faccess&user_id=U1', FORM],
    ['bytes that are no UTF-8', Buffer.from([0x70, 0xff, 0xfe]), FORM],
    ['a form that says it is JSON', formOf({ type: 'block_actions' }), 'application/json'],
    ['an event as text', home('Ev4'), 'text/plain'],
    ['an event without a content type', home('Ev4'), null],
    ['an event in another character set', home('Ev4'), 'application/json; charset=utf-16'],
    ['a form in several parts', home('Ev4'), 'multipart/form-data; boundary=x'],
    ['JSON that is a list', '[]', 'application/json'],
    ['JSON that is a string', '"x"', 'application/json'],
    ['JSON that is null', 'null', 'application/json'],
    ['JSON that is a click', JSON.stringify({ type: 'block_actions' }), 'application/json'],
    ['JSON 100,000 lists deep', `{"type":"event_callback","x":${'['.repeat(100_000)}`, 'application/json'],
    ['no JSON', '{"type":', 'application/json'],
  ])('%s: 400, and nothing comes of it', async (_what, body, contentType) => {
    const before = await walk.rowCounts();
    const { status, text } = await send(body, { contentType });
    expect(status).toBe(400);
    expect((JSON.parse(text) as { error: string }).error).toMatch(/\w{3}/);
    expect(await walk.rowCounts()).toEqual(before);
  });

  test('a form and an event are taken with their character set named', async () => {
    const payload = requestPayload('ines', { entitlement: 'orders-api-read', reason: '' });
    const { status, text } = await send(formOf(payload), { contentType: `${FORM}; charset=utf-8` });
    expect(status).toBe(200);
    expect(JSON.parse(text).errors.reason).toContain('A request needs a reason.');
    expect((await send(home('Ev5'), { contentType: 'application/json; charset="UTF-8"' })).status).toBe(200);
  });

  test('Slack’s question whether this address is ours is answered, signed only', async () => {
    const body = JSON.stringify({ type: 'url_verification', challenge: 'c-h-a', token: 't' });
    const how = { contentType: 'application/json' };
    expect(await send(body, how)).toEqual({ status: 200, text: '{"challenge":"c-h-a"}' });
    expect((await send(body, { ...how, signature: null })).status).toBe(401);
  });

  test('an unsigned look at the certificate is answered, and carries nothing in', async () => {
    // given
    const { asked, body: click } = await clickOn('Approved by a look at the certificate');
    expect((await send('ssl_check=1&token=xxx', { signature: null })).status).toBe(200);

    // when
    for (const body of [
      `ssl_check=1&${click}`,
      `${click}&ssl_check=1`,
      `ssl_check=1&ssl_check=1`,
      'ssl_check=1&command=%2Faccess&user_id=U1',
      `ssl_check=0`,
      `ssl_check=true`,
      `ssl_check=1&x=${'y'.repeat(5_000)}`,
      home('Ev6'),
    ])
      expect([body.slice(0, 60), (await send(body, { signature: null })).status]).toEqual([
        body.slice(0, 60),
        401,
      ]);

    // then
    await walk.isQuiet();
    expect((await walk.change(asked.id)).approvals).toEqual([]);
  });
});

describe('every request is answered', () => {
  test.each([
    '/slack/%65vents',
    '/%73lack/events',
    '/slack/events?x=1',
    '/slack/events#x',
    '/slack/Events',
    '/SLACK/EVENTS',
    '/slack/events/',
    '//slack/events',
    '/slack//events',
    '/slack/./events',
    '/slack/%2e%2e/slack/events',
    '/slack%2Fevents',
    '/slack/events%00',
    '/slack/events;x=1',
    '/slack/%zz',
    '/slack/ev%',
  ])('POST %s', async (path) => {
    const payload = requestPayload('ines', { entitlement: 'orders-api-read', reason: '' });
    const { status } = await send(formOf(payload), { path });
    expect([200, 400, 404]).toContain(status);
  });

  test('what Bolt can’t take is answered once, and nothing ends with it', async () => {
    for (const [body, contentType] of [
      [formOf({ type: 'view_submission' }), FORM],
      [formOf({ type: 'block_actions', user: null, actions: [null] }), FORM],
      [JSON.stringify({ type: 'event_callback', event: null }), 'application/json'],
    ] as const)
      expect((await send(body, { contentType })).status, body).toBeGreaterThanOrEqual(400);
    // Bolt looks again three seconds later whether somebody has answered.
    await sleep(3_500);
    expect((await fetch(`${stage.latchkey.url}/healthz`)).status).toBe(200);
  });

  test('that Slack holds events back is taken at once', async () => {
    const body = JSON.stringify({ type: 'app_rate_limited', team_id: company.slackTeamId });
    expect((await send(body, { contentType: 'application/json' })).status).toBe(200);
  });

  test('an interaction of a kind that nobody here listens for', async () => {
    expect((await send(formOf({ type: 'workflow_step_edit', user: { id: 'U1' } }))).status).toBeGreaterThan(
      199,
    );
  });
});

/** A second process's Latchkey, on the same database. */
async function replica(): Promise<Latchkey> {
  const { catalogue, rules } = await loadPolicy('policy');
  return await startLatchkey({
    outside: sandboxOutside(stage.world.url),
    catalogue: { ...catalogue, canary: null },
    rules,
    databaseUrl: stage.databaseUrl,
    redisUrl: null,
    port: 0,
    publicUrl: null,
    readToken: null,
    log: pino({ level: 'silent' }),
  });
}
