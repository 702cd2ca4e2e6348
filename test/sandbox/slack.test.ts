import type { AddressInfo } from 'node:net';
import { App, HTTPReceiver, LogLevel, SocketModeReceiver } from '@slack/bolt';
import { WebAPIPlatformError, WebAPIRateLimitedError, WebClient } from '@slack/web-api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { company, credentials } from '../../src/sandbox/seed.ts';
import { signatureOf } from '../../src/sandbox/slack/delivery.ts';
import { createSlackEmulator } from '../../src/sandbox/slack/emulator.ts';
import { type StartedEmulator, startEmulator } from './start-emulator.ts';

const ACCESS_REQUESTS = 'C00000001';
const GENERAL = 'C00000002';
const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } }) as const;
const plain = (text: string) => ({ type: 'plain_text', text }) as const;

type Json = Record<string, unknown>;
type Seen = {
  channels: { id: string; kind: string; messages: Json[] }[];
  views: Json[];
  home: Json | null;
};

let slack: StartedEmulator;
let web: WebClient;
let latchkey: { url: string; scimToken: string };
let closers: (() => Promise<unknown>)[];

beforeEach(async () => {
  latchkey = { url: 'http://127.0.0.1:1', scimToken: 'unused' };
  slack = await startEmulator(createSlackEmulator, { latchkey });
  web = new WebClient(credentials.slackBotToken, {
    slackApiUrl: `${slack.url}/slack/api/`,
    rejectRateLimitedCalls: true,
    retryConfig: { retries: 0 },
    logLevel: LogLevel.ERROR,
  });
  closers = [];
});

afterEach(async () => {
  for (const close of closers) await close();
  await slack.close();
});

/** A person at the console. */
async function sim(path: string, body: Json): Promise<Json> {
  const response = await fetch(`${slack.url}/slack/sim/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return (await response.json()) as Json;
}

async function look(as: string): Promise<Seen> {
  return (await (await fetch(`${slack.url}/slack/sim/workspace?as=${as}`)).json()) as Seen;
}

async function messagesOf(as: string, channel: string): Promise<Json[]> {
  return (await look(as)).channels.find((c) => c.id === channel)?.messages ?? [];
}

async function slackError(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(WebAPIPlatformError);
  return (error as WebAPIPlatformError).data.error as string;
}

/** A real Bolt app, listening for HTTP as Latchkey does. */
async function boltOverHttp(): Promise<App> {
  const receiver = new HTTPReceiver({
    signingSecret: credentials.slackSigningSecret,
    logLevel: LogLevel.ERROR,
  });
  const app = boltApp(receiver);
  const server = await app.start({ port: 0, host: '127.0.0.1' });
  latchkey.url = `http://127.0.0.1:${(server as { address(): AddressInfo }).address().port}`;
  closers.push(() => app.stop());
  return app;
}

async function boltOverSocket(): Promise<App> {
  const receiver = new SocketModeReceiver({
    appToken: credentials.slackAppToken,
    installerOptions: { clientOptions: { slackApiUrl: `${slack.url}/slack/api/` } },
    logLevel: LogLevel.ERROR,
  });
  const app = boltApp(receiver);
  await app.start();
  closers.push(() => app.stop());
  return app;
}

function boltApp(receiver: HTTPReceiver | SocketModeReceiver): App {
  return new App({
    token: credentials.slackBotToken,
    receiver,
    clientOptions: { slackApiUrl: `${slack.url}/slack/api/` },
    logLevel: LogLevel.ERROR,
  });
}

describe('the Web API', () => {
  test('tells the bot who it is, and refuses strangers by Slack’s own names', async () => {
    const me = await web.auth.test();
    expect(me).toMatchObject({ ok: true, team_id: company.slackTeamId, bot_id: expect.any(String) });
    const wrong = new WebClient('xoxb-wrong', { slackApiUrl: `${slack.url}/slack/api/` });
    expect(await slackError(wrong.auth.test())).toBe('invalid_auth');
    const none = await fetch(`${slack.url}/slack/api/auth.test`, { method: 'POST' });
    expect([none.status, await none.json()]).toEqual([200, { ok: false, error: 'not_authed' }]);
  });

  test('shows what kind of account somebody has', async () => {
    const kinds: [string, Json][] = [
      ['U0000001', { is_restricted: false, deleted: false, is_bot: false, team_id: company.slackTeamId }],
      ['U0000008', { is_restricted: true }],
      ['U0000010', { is_bot: true }],
      ['U0000011', { is_stranger: true }],
      ['U0000012', { deleted: true }],
    ];
    for (const [user, expected] of kinds)
      expect((await web.users.info({ user })).user).toMatchObject(expected);
    expect((await web.users.lookupByEmail({ email: 'Ines@acme.example' })).user?.id).toBe('U0000001');
    expect(await slackError(web.users.lookupByEmail({ email: 'udo@acme.example' }))).toBe('users_not_found');
    expect(await slackError(web.users.info({ user: 'U9' }))).toBe('user_not_found');
  });

  test('posts to a channel by id and by name, and to a person by opening the conversation', async () => {
    for (const channel of [ACCESS_REQUESTS, '#access-requests', 'access-requests']) {
      expect((await web.chat.postMessage({ channel, text: 'hello' })).channel).toBe(ACCESS_REQUESTS);
    }
    const direct = await web.chat.postMessage({ channel: 'U0000001', text: 'for you' });
    const opened = await web.conversations.open({ users: 'U0000001' });
    expect(direct.channel).toBe(opened.channel?.id);
    expect((await messagesOf('ines', direct.channel ?? '')).map((m) => m.text)).toEqual(['for you']);
    expect(await slackError(web.chat.postMessage({ channel: GENERAL, text: 'x' }))).toBe('not_in_channel');
    expect(await slackError(web.chat.postMessage({ channel: 'C9', text: 'x' }))).toBe('channel_not_found');
    expect(await slackError(web.chat.postMessage({ channel: ACCESS_REQUESTS, text: '' }))).toBe('no_text');
  });

  test('finds a message again by its metadata, and gives every message a later ts', async () => {
    const posted = [];
    for (let i = 0; i < 5; i += 1) {
      const { ts } = await web.chat.postMessage({
        channel: ACCESS_REQUESTS,
        text: `card ${i}`,
        metadata: { event_type: 'card', event_payload: { id: i } },
      });
      posted.push(ts);
    }
    expect([...new Set(posted)].sort()).toEqual(posted);
    const plainHistory = await web.conversations.history({ channel: ACCESS_REQUESTS, limit: 2 });
    expect(plainHistory.messages?.map((m) => m.text)).toEqual(['card 4', 'card 3']);
    expect(plainHistory.messages?.[0]).not.toHaveProperty('metadata');
    const next = await web.conversations.history({
      channel: ACCESS_REQUESTS,
      limit: 2,
      include_all_metadata: true,
      cursor: plainHistory.response_metadata?.next_cursor ?? '',
    });
    expect(next.messages?.map((m) => m.metadata?.event_payload)).toEqual([{ id: 2 }, { id: 1 }]);
    const since = await web.conversations.history({ channel: ACCESS_REQUESTS, oldest: posted[3] ?? '' });
    expect(since.messages?.map((m) => m.text)).toEqual(['card 4']);
  });

  test('takes the blocks away when an update brings text only', async () => {
    const { ts = '' } = await web.chat.postMessage({
      channel: ACCESS_REQUESTS,
      text: 'card',
      blocks: [section('card')],
    });
    await web.chat.update({ channel: ACCESS_REQUESTS, ts, text: 'card 2', blocks: [section('card 2')] });
    let [message] = await messagesOf('tom', ACCESS_REQUESTS);
    expect(message).toMatchObject({ edited: false, blocks: [{ text: { text: 'card 2' } }] });
    await web.chat.update({ channel: ACCESS_REQUESTS, ts, text: 'only text' });
    [message] = await messagesOf('tom', ACCESS_REQUESTS);
    expect(message).toMatchObject({ edited: true, blocks: null, text: 'only text' });
    expect(await slackError(web.chat.update({ channel: ACCESS_REQUESTS, ts: '1.000000', text: 'x' }))).toBe(
      'message_not_found',
    );
    const { ts: theirs = '' } = (await sim('message', {
      as: 'tom',
      channel: ACCESS_REQUESTS,
      text: 'hi',
    })) as { ts?: string };
    expect(await slackError(web.chat.update({ channel: ACCESS_REQUESTS, ts: theirs, text: 'x' }))).toBe(
      'cant_update_message',
    );
  });

  test('shows an ephemeral message to one person, and never to the API again', async () => {
    const { message_ts: ts = '' } = await web.chat.postEphemeral({
      channel: ACCESS_REQUESTS,
      user: 'U0000001',
      text: 'only you',
    });
    expect(await messagesOf('ines', ACCESS_REQUESTS)).toMatchObject([{ ephemeral: true, text: 'only you' }]);
    expect(await messagesOf('tom', ACCESS_REQUESTS)).toEqual([]);
    expect((await web.conversations.history({ channel: ACCESS_REQUESTS })).messages).toEqual([]);
    expect(await slackError(web.chat.update({ channel: ACCESS_REQUESTS, ts, text: 'x' }))).toBe(
      'message_not_found',
    );
    expect(
      await slackError(web.chat.postEphemeral({ channel: ACCESS_REQUESTS, user: 'U0000008', text: 'x' })),
    ).toBe('user_not_in_channel');
  });

  test('keeps threads together', async () => {
    const { ts = '' } = await web.chat.postMessage({ channel: ACCESS_REQUESTS, text: 'card' });
    await web.chat.postMessage({ channel: ACCESS_REQUESTS, text: 'question', thread_ts: ts });
    const replies = await web.conversations.replies({ channel: ACCESS_REQUESTS, ts });
    expect(replies.messages?.map((m) => m.text)).toEqual(['card', 'question']);
    const history = await web.conversations.history({ channel: ACCESS_REQUESTS });
    expect(history.messages?.map((m) => [m.text, m.reply_count])).toEqual([['card', 1]]);
  });

  test.each([
    ['51 blocks', Array.from({ length: 51 }, () => ({ type: 'divider' })), 'no more than 50 items allowed'],
    ['a long section', [section('x'.repeat(3_001))], 'must be less than 3001 characters'],
    ['a long header', [{ type: 'header', text: plain('x'.repeat(151)) }], 'must be less than 151 characters'],
    ['an unknown block', [{ type: 'marquee' }], 'unsupported type: marquee'],
    ['an alert in a message', [{ type: 'alert', text: plain('x') }], 'unsupported type: alert'],
    [
      'a long button',
      [{ type: 'actions', elements: [{ type: 'button', action_id: 'a', text: plain('x'.repeat(76)) }] }],
      'must be less than 76 characters',
    ],
    [
      'a long value',
      [
        {
          type: 'actions',
          elements: [{ type: 'button', action_id: 'a', text: plain('x'), value: 'x'.repeat(2_001) }],
        },
      ],
      'must be less than 2001 characters',
    ],
    [
      'the same block twice',
      [
        { type: 'divider', block_id: 'a' },
        { type: 'divider', block_id: 'a' },
      ],
      'already exists',
    ],
  ])('refuses %s', async (_name, blocks, complaint) => {
    const response = await fetch(`${slack.url}/slack/api/chat.postMessage`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${credentials.slackBotToken}`,
        'content-type': 'application/json; charset=utf-8',
      },
      body: JSON.stringify({ channel: ACCESS_REQUESTS, text: 'x', blocks }),
    });
    const body = (await response.json()) as { error: string; response_metadata: { messages: string[] } };
    expect(body.error).toBe('invalid_blocks');
    expect(body.response_metadata.messages.join()).toContain(complaint);
  });

  test('throttles a channel that is written to too fast, by 429 and Retry-After', async () => {
    const outcomes = [];
    for (let i = 0; i < 25; i += 1) {
      outcomes.push(
        await web.chat.postMessage({ channel: ACCESS_REQUESTS, text: 'x' }).catch((e: unknown) => e),
      );
    }
    const limited = outcomes.filter((o) => o instanceof WebAPIRateLimitedError);
    expect(limited.length).toBeGreaterThan(0);
    expect(limited[0]?.retryAfter).toBe(1);
    await sim('limits', { enabled: false });
    expect((await web.chat.postMessage({ channel: ACCESS_REQUESTS, text: 'x' })).ok).toBe(true);
  });

  test('misbehaves as told: lost writes, errors, answers that never come', async () => {
    slack.world.faults.add({ vendor: 'slack', path: '^/api/chat.postMessage', kind: 'dropWrite', times: 1 });
    expect((await web.chat.postMessage({ channel: ACCESS_REQUESTS, text: 'lost' })).ok).toBe(true);
    expect(await messagesOf('tom', ACCESS_REQUESTS)).toEqual([]);
    slack.world.faults.add({ vendor: 'slack', kind: 'status', status: 429, times: 1 });
    await expect(web.auth.test()).rejects.toBeInstanceOf(WebAPIRateLimitedError);
    slack.world.faults.add({ vendor: 'slack', kind: 'timeoutAfterWrite', times: 1 });
    const hasty = new WebClient(credentials.slackBotToken, {
      slackApiUrl: `${slack.url}/slack/api/`,
      timeout: 200,
      retryConfig: { retries: 0 },
      logLevel: LogLevel.ERROR,
    });
    await expect(hasty.chat.postMessage({ channel: ACCESS_REQUESTS, text: 'there' })).rejects.toThrow();
    expect((await messagesOf('tom', ACCESS_REQUESTS)).map((m) => m.text)).toEqual(['there']);
  });
});

const modal = (extra: Json = {}) =>
  ({
    type: 'modal',
    callback_id: 'request',
    private_metadata: 'kept',
    title: plain('Ask for access'),
    submit: plain('Ask'),
    blocks: [
      {
        type: 'input',
        block_id: 'what',
        label: plain('What'),
        element: { type: 'external_select', action_id: 'entitlement', min_query_length: 0 },
      },
      {
        type: 'input',
        block_id: 'why',
        label: plain('Why'),
        element: { type: 'plain_text_input', action_id: 'reason' },
      },
      {
        type: 'input',
        block_id: 'whom',
        optional: true,
        label: plain('For whom'),
        element: { type: 'users_select', action_id: 'person' },
      },
    ],
    ...extra,
  }) as never;

describe.each([
  ['HTTP', boltOverHttp],
  ['Socket Mode', boltOverSocket],
])('a Bolt app over %s', (_name, start) => {
  test('goes the whole way: command, modal, search, submission, card, click', async () => {
    const app = await start();
    const submissions: Json[] = [];
    const clicks: Json[] = [];
    app.command('/access', async ({ ack, command, client }) => {
      await ack();
      expect(command).toMatchObject({ user_id: 'U0000001', text: 'please' });
      await client.views.open({ trigger_id: command.trigger_id, view: modal() });
    });
    app.options('entitlement', async ({ ack, options }) => {
      await ack({ options: [{ text: plain(`Orders ${options.value}`), value: 'orders-read' }] });
    });
    app.view('request', async ({ ack, view, body, client }) => {
      if (view.state.values.why?.reason?.value === 'because') {
        await ack({ response_action: 'errors', errors: { why: 'Say more.' } });
        return;
      }
      await ack();
      submissions.push({ state: view.state.values, metadata: view.private_metadata, user: body.user.id });
      await client.chat.postMessage({
        channel: ACCESS_REQUESTS,
        text: 'card',
        blocks: [
          {
            type: 'actions',
            block_id: 'decide',
            elements: [{ type: 'button', action_id: 'approve', text: plain('Approve'), value: 'chg_1' }],
          },
        ],
      });
    });
    app.action('approve', async ({ ack, body, action, respond }) => {
      await ack();
      clicks.push({ body, action } as unknown as Json);
      await respond({ replace_original: false, text: 'Thank you' });
    });

    const typed = await sim('command', { as: 'ines', command: '/access', text: 'please' });
    expect(typed).toMatchObject({ ok: true, acked: true, timedOut: false });
    await expect.poll(async () => (await look('ines')).views.length).toBe(1);
    const [view] = (await look('ines')).views;
    const viewId = view?.id as string;
    expect((await sim('view/submit', { as: 'ines', viewId, values: {} })).errors).toEqual({
      what: 'Please complete this required field.',
      why: 'Please complete this required field.',
    });
    const found = await sim('view/options', { as: 'ines', viewId, actionId: 'entitlement', query: 'rea' });
    expect(found.options).toEqual([
      { text: { type: 'plain_text', text: 'Orders rea' }, value: 'orders-read' },
    ]);
    const values = {
      what: { entitlement: 'orders-read' },
      why: { reason: 'because' },
      whom: { person: 'erik' },
    };
    const refused = await sim('view/submit', { as: 'ines', viewId, values });
    expect(refused).toMatchObject({ acked: true, errors: { why: 'Say more.' } });
    expect((await look('ines')).views).toMatchObject([{ errors: { why: 'Say more.' } }]);
    const sent = await sim('view/submit', {
      as: 'ines',
      viewId,
      values: { why: { reason: 'INC-4711' } },
    });
    expect(sent).toMatchObject({ ok: true, acked: true });
    expect((await look('ines')).views).toEqual([]);
    await expect
      .poll(() => submissions)
      .toMatchObject([
        {
          user: 'U0000001',
          metadata: 'kept',
          state: {
            what: { entitlement: { type: 'external_select', selected_option: { value: 'orders-read' } } },
            why: { reason: { type: 'plain_text_input', value: 'INC-4711' } },
            whom: { person: { type: 'users_select', selected_user: 'U0000002' } },
          },
        },
      ]);

    await expect.poll(async () => (await messagesOf('tom', ACCESS_REQUESTS)).length).toBe(1);
    const [card] = await messagesOf('tom', ACCESS_REQUESTS);
    const click = { as: 'tom', channel: ACCESS_REQUESTS, ts: card?.ts, actionId: 'approve' };
    expect(await sim('action', click)).toMatchObject({ ok: true, acked: true });
    await expect.poll(async () => (await messagesOf('tom', ACCESS_REQUESTS)).length).toBe(2);
    expect(clicks).toMatchObject([
      {
        action: { value: 'chg_1', block_id: 'decide', type: 'button' },
        body: {
          type: 'block_actions',
          user: { id: 'U0000003', username: 'tom', team_id: company.slackTeamId },
          container: {
            type: 'message',
            message_ts: card?.ts,
            channel_id: ACCESS_REQUESTS,
            is_ephemeral: false,
          },
          channel: { id: ACCESS_REQUESTS, name: 'access-requests' },
          message: { ts: card?.ts },
        },
      },
    ]);
    expect((await messagesOf('tom', ACCESS_REQUESTS))[1]).toMatchObject({
      text: 'Thank you',
      ephemeral: true,
    });
    expect(await messagesOf('erik', ACCESS_REQUESTS)).toHaveLength(1);
    expect(await sim('action', { ...click, as: 'gus' })).toMatchObject({ ok: false });
  });

  test('publishes a home when it is opened, and gets what is written', async () => {
    const app = await start();
    const received: unknown[] = [];
    app.event('app_home_opened', async ({ event, client }) => {
      await client.views.publish({ user_id: event.user, view: { type: 'home', blocks: [section('Mine')] } });
    });
    app.message(async ({ message }) => {
      received.push(message);
    });
    expect(await sim('home', { as: 'ines' })).toMatchObject({ ok: true, acked: true });
    await expect
      .poll(async () => (await look('ines')).home)
      .toMatchObject({
        type: 'home',
        blocks: [{ text: { text: 'Mine' } }],
      });
    await sim('message', { as: 'ines', text: 'hello?' });
    await expect
      .poll(() => received)
      .toMatchObject([{ text: 'hello?', channel_type: 'im', user: 'U0000001' }]);
  });

  test('names people in a command as Slack does where the manifest escapes it, and nobody whom it does not know', async () => {
    // given
    const texts: string[] = [];
    const app = await start();
    app.command('/access', async ({ ack, command }) => {
      texts.push(command.text);
      await ack();
    });

    // when
    for (const text of ['offboard @erik', 'offboard @Erik now', 'offboard @nobody', 'mail erik@acme.example'])
      await sim('command', { as: 'sofia', command: '/access', text });

    // then
    expect(texts).toEqual([
      'offboard <@U0000002|erik>',
      'offboard <@U0000002|erik> now',
      'offboard @nobody',
      'mail erik@acme.example',
    ]);
  });

  test('is told when it answers too late', async () => {
    const app = await start();
    app.command('/access', async () => undefined);
    const typed = await sim('command', { as: 'ines', command: '/access', text: '' });
    expect(typed).toMatchObject({ ok: false, acked: false });
    expect(typed.ackMs).toBeGreaterThan(2_900);
    const direct = (await look('ines')).channels.find((c) => c.kind === 'im');
    expect(direct?.messages.at(-1)?.text).toContain('/access failed');
  });
});

describe('modals', () => {
  test('need a fresh trigger, once, and the right hash', async () => {
    const triggers: string[] = [];
    const app = await boltOverHttp();
    app.command('/access', async ({ ack, command }) => {
      triggers.push(command.trigger_id);
      await ack();
    });
    await sim('command', { as: 'ines', command: '/access', text: '' });
    await expect.poll(() => triggers.length).toBe(1);
    const trigger_id = triggers[0] ?? '';
    expect(await slackError(web.views.open({ trigger_id: 'made.up', view: modal() }))).toBe(
      'invalid_trigger_id',
    );
    const opened = await web.views.open({ trigger_id, view: modal() });
    expect(await slackError(web.views.open({ trigger_id, view: modal() }))).toBe('exchanged_trigger_id');
    const view_id = opened.view?.id ?? '';
    const hash = opened.view?.hash ?? '';
    await web.views.update({ view_id, hash, view: modal({ callback_id: 'second' }) });
    expect(await slackError(web.views.update({ view_id, hash, view: modal() }))).toBe('hash_conflict');
    expect(
      await slackError(web.views.update({ view_id, view: modal({ title: plain('x'.repeat(25)) }) })),
    ).toBe('invalid_arguments');
    await sim('command', { as: 'ines', command: '/access', text: '' });
    await expect.poll(() => triggers.length).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 3_100));
    expect(await slackError(web.views.open({ trigger_id: triggers[1] ?? '', view: modal() }))).toBe(
      'expired_trigger_id',
    );
  });

  test('stack three high, keep what was typed, and tell when they are closed', async () => {
    const closed: string[] = [];
    const refused: unknown[] = [];
    const app = await boltOverHttp();
    const layer = (n: number) => ({
      type: 'modal' as const,
      callback_id: `layer${n}`,
      notify_on_close: true,
      title: plain(`Layer ${n}`),
      blocks: [
        {
          type: 'actions' as const,
          block_id: 'more',
          elements: [{ type: 'button' as const, action_id: 'more', text: plain('More') }],
        },
      ],
    });
    app.command('/access', async ({ ack, command, client }) => {
      await ack();
      await client.views.open({ trigger_id: command.trigger_id, view: layer(1) });
    });
    app.action('more', async ({ ack, body, client }) => {
      await ack();
      const { trigger_id, view } = body as { trigger_id: string; view: { callback_id: string } };
      const next = Number(view.callback_id.slice(-1)) + 1;
      await client.views
        .push({ trigger_id, view: layer(next) })
        .catch((error: unknown) => refused.push(error));
    });
    app.view({ callback_id: 'layer3', type: 'view_closed' }, async ({ ack, body }) => {
      await ack();
      closed.push(body.view.callback_id);
    });
    await sim('command', { as: 'ines', command: '/access', text: '' });
    for (const height of [1, 2, 3]) {
      await expect.poll(async () => (await look('ines')).views.length).toBe(height);
      const top = (await look('ines')).views.at(-1);
      await sim('view/action', { as: 'ines', viewId: top?.id, actionId: 'more' });
    }
    await expect.poll(() => refused.length).toBe(1);
    expect((refused[0] as WebAPIPlatformError).data.error).toBe('push_limit_reached');
    const top = (await look('ines')).views.at(-1);
    await sim('view/close', { as: 'ines', viewId: top?.id });
    expect(closed).toEqual(['layer3']);
    expect((await look('ines')).views.map((v) => v.title)).toEqual(['Layer 1', 'Layer 2']);
  });
});

describe('requests to Latchkey', () => {
  test('are signed; forged, stale and unsigned ones are turned away', async () => {
    const app = await boltOverHttp();
    app.command('/access', async ({ ack }) => ack('hello'));
    const body = new URLSearchParams({ command: '/access', user_id: 'U0000001', text: '' }).toString();
    expect(await sim('raw', { body })).toMatchObject({ status: 200 });
    expect(await sim('raw', { body, signature: 'v0=00' })).toMatchObject({ status: 401 });
    const old = String(Math.floor(Date.now() / 1_000) - 600);
    expect(await sim('raw', { body, timestamp: old, signature: signatureOf(old, body) })).toMatchObject({
      status: 401,
    });
    expect(await sim('raw', { body, signature: '' })).toMatchObject({ ok: true });
  });

  test('for events are repeated with the same event id and the reason', async () => {
    await sim('limits', { eventRetryDelaysMs: [0, 10, 20] });
    const seen: { id: unknown; retry: unknown; reason: unknown }[] = [];
    const { createServer } = await import('node:http');
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += String(chunk);
      });
      request.on('end', () => {
        const { event_id } = JSON.parse(body) as { event_id: string };
        seen.push({
          id: event_id,
          retry: request.headers['x-slack-retry-num'],
          reason: request.headers['x-slack-retry-reason'],
        });
        response.writeHead(500).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(async () => server.close());
    latchkey.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await sim('home', { as: 'ines' })).toMatchObject({ ok: false, error: 'http_500' });
    await expect.poll(() => seen.length).toBe(4);
    expect(new Set(seen.map((s) => s.id)).size).toBe(1);
    expect(seen.map((s) => s.retry)).toEqual([undefined, '1', '2', '3']);
    expect(seen[1]?.reason).toBe('http_error');
  });

  test('over sockets go on after Slack told the app to dial in again', async () => {
    const app = await boltOverSocket();
    app.command('/access', async ({ ack }) => ack('hello'));
    expect(await sim('disconnect-sockets', {})).toMatchObject({ disconnected: 1 });
    await expect
      .poll(async () => (await sim('command', { as: 'ines', command: '/access', text: '' })).acked, {
        timeout: 8_000,
      })
      .toBe(true);
  });
});

test('a response URL takes five posts', async () => {
  const urls: string[] = [];
  const app = await boltOverHttp();
  app.command('/access', async ({ ack, command }) => {
    urls.push(command.response_url);
    await ack({ response_type: 'ephemeral', text: 'first' });
  });
  await sim('command', { as: 'ines', channel: '#access-requests', command: '/access', text: '' });
  const post = (body: Json) =>
    fetch(urls[0] ?? '', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const statuses = [];
  for (let i = 0; i < 6; i += 1)
    statuses.push((await post({ text: `${i}`, response_type: 'in_channel' })).status);
  expect(statuses).toEqual([200, 200, 200, 200, 200, 404]);
  expect((await messagesOf('tom', ACCESS_REQUESTS)).map((m) => m.text)).toEqual(['0', '1', '2', '3', '4']);
  expect(await messagesOf('ines', ACCESS_REQUESTS)).toMatchObject([
    { text: 'first', ephemeral: true },
    {},
    {},
    {},
    {},
    {},
  ]);
});

test('the workspace can be saved and brought back', async () => {
  const { ts = '' } = await web.chat.postMessage({ channel: ACCESS_REQUESTS, text: 'kept' });
  const saved = JSON.parse(JSON.stringify(slack.emulator.snapshot())) as unknown;
  await web.chat.postMessage({ channel: ACCESS_REQUESTS, text: 'gone' });
  slack.emulator.restore(saved);
  expect((await messagesOf('tom', ACCESS_REQUESTS)).map((m) => m.text)).toEqual(['kept']);
  await web.chat.update({ channel: ACCESS_REQUESTS, ts, text: 'changed' });
  expect((await messagesOf('tom', ACCESS_REQUESTS)).map((m) => m.text)).toEqual(['changed']);
});
