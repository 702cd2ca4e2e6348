import { WebClient } from '@slack/web-api';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Messenger } from '../../src/ports/messenger.ts';
import { credentials } from '../../src/sandbox/seed.ts';
import { createSlackEmulator } from '../../src/sandbox/slack/emulator.ts';
import { SLACK_TIMEOUT_MS } from '../../src/slack/api/call.ts';
import type { SlackContent } from '../../src/slack/blocks.ts';
import { createSlackMessenger } from '../../src/slack/messenger.ts';
import { type StartedEmulator, startEmulator } from '../sandbox/start-emulator.ts';

type Channel = {
  id: string;
  name: string;
  isPrivate?: boolean;
  isArchived?: boolean;
  members: string[];
  messages: unknown[];
};

let slack: StartedEmulator;
let client: WebClient;
let messenger: Messenger<SlackContent>;
beforeEach(async () => {
  slack = await startEmulator(createSlackEmulator);
  client = new WebClient(credentials.slackBotToken, {
    slackApiUrl: `${slack.url}/slack/api/`,
    timeout: SLACK_TIMEOUT_MS,
    retryConfig: { retries: 0 },
  });
  messenger = createSlackMessenger(client);
});
afterEach(async () => {
  vi.useRealTimers();
  await slack.close();
});

const cards = { channel: 'access-requests' };
const ines = { account: 'U0000001' };
const content = (text: string): SlackContent => ({
  text,
  blocks: [{ type: 'section', text: { type: 'plain_text', text } }],
});

/** Changes the workspace from outside, as an administrator of it does. */
function changeChannel(name: string, change: (channel: Channel) => void): void {
  const state = slack.emulator.snapshot() as { channels: Channel[] };
  const channel = state.channels.find((c) => c.name === name);
  if (channel === undefined) throw new Error(`no channel ${name}`);
  change(channel);
  slack.emulator.restore(state);
}

function deactivate(slackId: string): void {
  const world = slack.world as { people: unknown };
  world.people = slack.world.people.map((p) =>
    p.slackId === slackId ? { ...p, slackKind: 'deactivated' } : p,
  );
}

describe('a post of unknown outcome is found', () => {
  test('in a thread whose parent is older than the post', async () => {
    // given a card of ten minutes ago
    vi.useFakeTimers({ toFake: ['Date'] });
    const card = await messenger.post(cards, content('card'), 'c:card', null);
    vi.setSystemTime(Date.now() + 600_000);
    const since = new Date();
    const reply = await messenger.post(cards, content('reply'), 'c:card:seen', card?.ts ?? null);

    // then
    expect(await messenger.find(cards, 'c:card:seen', since, card?.ts ?? null)).toEqual(reply);
    expect(await messenger.find(cards, 'c:card:other', since, card?.ts ?? null)).toBeNull();
  });

  test('in a thread whose parent was deleted meanwhile: not there, and no fault', async () => {
    const card = await messenger.post(cards, content('card'), 'c:card', null);
    await client.chat.delete({ channel: card?.channel ?? '', ts: card?.ts ?? '' });
    expect(await messenger.find(cards, 'c:card:seen', new Date(), card?.ts ?? null)).toBeNull();
  });

  test('in a private channel, by a process that has not posted there yet', async () => {
    changeChannel('access-requests', (channel) => {
      channel.isPrivate = true;
    });
    const card = await messenger.post(cards, content('card'), 'c:card', null);
    const restarted = createSlackMessenger(client);
    expect(await restarted.find(cards, 'c:card', new Date(), null)).toEqual(card);
  });

  test('among more messages than one page holds', async () => {
    const since = new Date();
    const card = await messenger.post(cards, content('card'), 'c:card', null);
    changeChannel('access-requests', (channel) => {
      for (let n = 0; n < 450; n++)
        channel.messages.push({
          ts: `${Math.floor(Date.now() / 1_000) + 1}.${String(n).padStart(6, '0')}`,
          channel: channel.id,
          user: 'U0000006',
          text: 'chatter',
        });
    });
    expect(await messenger.find(cards, 'c:card', since, null)).toEqual(card);
  });
});

describe('what concerns one person is a value', () => {
  test('somebody deactivated before the first message', async () => {
    deactivate('U0000001');
    expect(await messenger.post(ines, content('hello'), 'm', null)).toBeNull();
    expect(await messenger.find(ines, 'm', new Date(), null)).toBeNull();
  });

  test('somebody whose conversation went away later', async () => {
    const place = await messenger.post(ines, content('hello'), 'm', null);
    const state = slack.emulator.snapshot() as { channels: Channel[] };
    state.channels = state.channels.filter((c) => c.id !== place?.channel);
    slack.emulator.restore(state);
    deactivate('U0000001');
    expect(await messenger.update(place ?? { channel: '', ts: '' }, content('changed'), ines)).toBe(false);
    expect(await messenger.post(ines, content('again'), 'm2', null)).toBeNull();
  });

  test('a message that somebody deleted', async () => {
    const card = (await messenger.post(cards, content('card'), 'm', null)) ?? { channel: '', ts: '' };
    expect(await messenger.update(card, content('changed'), cards)).toBe(true);
    await client.chat.delete(card);
    expect(await messenger.update(card, content('changed again'), cards)).toBe(false);
  });
});

// slackapi/bolt-js #2307, NousResearch/hermes-agent #98285
test('a reply to a message that somebody deleted is posted beside the thread, and found again', async () => {
  // given
  const card = (await messenger.post(cards, content('card'), 'm', null)) ?? { channel: '', ts: '' };
  const since = new Date();
  await client.chat.delete(card);

  // when
  const reply = await messenger.post(cards, content('reply'), 'm:reply', card.ts);

  // then
  expect(reply).not.toBeNull();
  expect(await messenger.find(cards, 'm:reply', since, card.ts)).toEqual(reply);
});

describe('an archived channel', () => {
  test('is a fault, so that the message stays owed', async () => {
    const card = (await messenger.post(cards, content('card'), 'm', null)) ?? { channel: '', ts: '' };
    changeChannel('access-requests', (channel) => {
      channel.isArchived = true;
    });
    await expect(messenger.update(card, content('x'), cards)).rejects.toMatchObject({
      vendorCode: 'is_archived',
    });
    await expect(messenger.post(cards, content('x'), 'm2', null)).rejects.toMatchObject({
      vendorCode: 'is_archived',
    });
  });

  test('in whose place the catalogue names another: the card is to be posted there', async () => {
    const card = (await messenger.post(cards, content('card'), 'm', null)) ?? { channel: '', ts: '' };
    changeChannel('access-requests', (channel) => {
      channel.isArchived = true;
    });
    changeChannel('general', (channel) => {
      channel.members.push('U0LATCHKEY');
    });
    expect(await messenger.update(card, content('x'), { channel: 'general' })).toBe(false);
    expect(await messenger.post({ channel: 'general' }, content('x'), 'm', null)).not.toBeNull();
  });
});

test('a message that Slack finds too long in all is sent short, with its buttons', async () => {
  // given blocks that keep to every limit of their own, of a kind whose text is not cut
  const long = 'x'.repeat(2_900);
  const of = (text: string): SlackContent => ({
    text,
    blocks: [
      ...Array.from({ length: 5 }, () => ({ type: 'markdown' as const, text: long })),
      {
        type: 'actions',
        elements: [
          { type: 'button', action_id: 'approve', text: { type: 'plain_text', text: 'Approve' }, value: 'v' },
        ],
      },
    ],
  });
  // when
  const place = await messenger.post(cards, of('Ines asks for the Orders API'), 'm', null);
  // then
  const state = slack.emulator.snapshot() as { channels: Channel[] };
  const message = state.channels
    .find((c) => c.id === place?.channel)
    ?.messages.find((m) => (m as { ts: string }).ts === place?.ts);
  expect(JSON.stringify(message)).toContain('"action_id":"approve"');
  expect(JSON.stringify(message)).toContain('Ines asks for the Orders API');
  expect(JSON.stringify(message)).not.toContain(long);
  expect(await messenger.update(place ?? { channel: '', ts: '' }, of('Decided'), cards)).toBe(true);
});

describe('what concerns a channel or our credentials is a fault', () => {
  test('a channel that Latchkey is not in', async () => {
    await expect(messenger.post({ channel: 'general' }, content('x'), 'm', null)).rejects.toMatchObject({
      code: 'slack.forbidden',
      vendorCode: 'not_in_channel',
    });
  });

  test('a channel that is not there', async () => {
    await expect(messenger.post({ channel: 'nowhere' }, content('x'), 'm', null)).rejects.toMatchObject({
      code: 'slack.not_found',
    });
    const gone = { channel: 'C99999999', ts: '1.000001' };
    await expect(messenger.update(gone, content('x'), { channel: 'nowhere' })).rejects.toMatchObject({
      code: 'slack.not_found',
    });
  });

  test('a token that was revoked', async () => {
    const revoked = createSlackMessenger(
      new WebClient('xoxb-revoked', { slackApiUrl: `${slack.url}/slack/api/`, retryConfig: { retries: 0 } }),
    );
    for (const to of [cards, ines])
      await expect(revoked.post(to, content('x'), 'm', null)).rejects.toMatchObject({
        code: 'slack.unauthorized',
      });
  });
});

test('a whisper is plain words: no link, mention or markup of anybody’s name', async () => {
  const odd = 'Those who may: <!channel> & <https://evil.example|Approve>, *Olga*.';
  await messenger.whisper('C00000001', 'U0000001', odd);
  const state = slack.emulator.snapshot() as { channels: { messages: Record<string, unknown>[] }[] };
  const [whisper] = state.channels.flatMap((c) => c.messages).filter((m) => m.ephemeralTo !== undefined);
  expect(whisper?.text).toBe(
    'Those who may: &lt;!channel&gt; &amp; &lt;https://evil.example|Approve&gt;, ∗Olga∗.',
  );
  expect(whisper?.blocks).toMatchObject([{ text: { type: 'plain_text', text: odd, emoji: false } }]);
});
