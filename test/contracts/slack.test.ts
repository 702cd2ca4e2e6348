/**
 * The Slack emulator's answers, checked against Slack's own published description (OpenAPI 2, 2021). That is kept
 * beside the project and not in it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { WebClient } from '@slack/web-api';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { credentials } from '../../src/sandbox/seed.ts';
import { createSlackEmulator } from '../../src/sandbox/slack/emulator.ts';
import { type StartedEmulator, startEmulator } from '../sandbox/start-emulator.ts';

const contractFile = new URL('../../../shared/contracts/slack.json', import.meta.url);
const hasContract = existsSync(contractFile);

type Json = Record<string, unknown>;

/** Fields that Slack has added since 2021; the description forbids what it does not know. */
const newerFields = new Set(['metadata', 'edited', 'is_email_confirmed', 'is_user_deleted']);
/** Messages of apps: the description of `conversations.replies` knows people only. */
const appFields = new Set(['bot_id', 'bot_profile', 'app_id']);

/**
 * Slack writes "one of these" as `items: [...]` on things that are no arrays, which validators pass over in
 * silence. Read as meant.
 */
function asMeant(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(asMeant);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { items, ...rest } = schema as Json;
  const read = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, asMeant(value)]));
  if (Array.isArray(items) && read.type !== 'array') read.anyOf = items.map(asMeant);
  else if (items !== undefined) read.items = asMeant(items);
  return read;
}

/** What the description can speak about; blocks are younger than it, too. */
function without(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(without);
  if (typeof value !== 'object' || value === null) return value;
  const isMessage = 'ts' in value && 'type' in value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !newerFields.has(key) && key !== 'blocks' && !(isMessage && appFields.has(key)))
      .map(([key, inner]) => [key, without(inner)]),
  );
}

describe.skipIf(!hasContract)(
  `Slack's published API (${hasContract ? 'found' : 'not beside the project: skipped'})`,
  () => {
    let slack: StartedEmulator;
    let ajv: Ajv;
    let ts: string;
    let reply: string;
    const channel = 'C00000001';

    beforeAll(async () => {
      slack = await startEmulator(createSlackEmulator);
      const contract = asMeant(JSON.parse(readFileSync(contractFile, 'utf8'))) as Json;
      ajv = new Ajv({ strict: false, allErrors: true, validateSchema: false });
      addFormats.default(ajv);
      ajv.addSchema({ $id: 'slack', ...contract });
      const web = new WebClient(credentials.slackBotToken, { slackApiUrl: `${slack.url}/slack/api/` });
      const card = await web.chat.postMessage({
        channel,
        text: 'card',
        blocks: [{ type: 'section', text: { type: 'mrkdwn', text: 'card' } }],
        metadata: { event_type: 'card', event_payload: {} },
      });
      ts = card.ts ?? '';
      reply = (await web.chat.postMessage({ channel, text: 'reply', thread_ts: ts })).ts ?? '';
      await web.chat.update({ channel, ts, text: 'card, edited' });
    });
    afterAll(() => slack?.close());

    async function call(method: string, args: Json): Promise<Json> {
      const response = await fetch(`${slack.url}/slack/api/${method}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${credentials.slackBotToken}`,
          'content-type': 'application/json; charset=utf-8',
        },
        body: JSON.stringify(args),
      });
      return (await response.json()) as Json;
    }

    function violations(method: string, kind: '200' | 'default', answer: Json): unknown[] {
      const contract = ajv.getSchema('slack')?.schema as { paths: Record<string, Json> };
      const path = contract.paths[`/${method}`] ?? {};
      const verb = Object.keys(path)[0] ?? '';
      const validate = ajv.compile({
        $ref: `slack#/paths/~1${method}/${verb}/responses/${kind}/schema`,
      });
      validate(without(answer));
      return (validate.errors ?? []).map((e) => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`);
    }

    const view = { type: 'home', blocks: [{ type: 'divider' }] };
    const answers: [string, () => Json][] = [
      ['auth.test', () => ({})],
      ['users.info', () => ({ user: 'U0000001' })],
      ['users.lookupByEmail', () => ({ email: 'ines@acme.example' })],
      ['users.list', () => ({})],
      ['conversations.open', () => ({ users: 'U0000001' })],
      ['conversations.list', () => ({})],
      ['conversations.info', () => ({ channel })],
      ['conversations.history', () => ({ channel })],
      ['conversations.replies', () => ({ channel, ts })],
      ['conversations.members', () => ({ channel })],
      ['chat.postMessage', () => ({ channel, text: 'hello' })],
      ['chat.update', () => ({ channel, ts, text: 'hello' })],
      ['chat.postEphemeral', () => ({ channel, user: 'U0000001', text: 'hello' })],
      ['chat.getPermalink', () => ({ channel, message_ts: ts })],
      ['chat.delete', () => ({ channel, ts: reply })],
      ['views.publish', () => ({ user_id: 'U0000001', view })],
    ];

    test.each(answers)('%s answers as published', async (method, args) => {
      const answer = await call(method, args());
      expect(answer).toMatchObject({ ok: true });
      expect(violations(method, '200', answer)).toEqual([]);
    });

    const refusals: [string, string, Json][] = [
      ['users.info', 'user_not_found', { user: 'U9' }],
      ['users.lookupByEmail', 'users_not_found', { email: 'nobody@acme.example' }],
      ['conversations.history', 'channel_not_found', { channel: 'C9' }],
      ['conversations.replies', 'thread_not_found', { channel, ts: '1.000001' }],
      ['chat.postMessage', 'channel_not_found', { channel: 'C9', text: 'x' }],
      ['chat.postMessage', 'msg_too_long', { channel, text: 'x'.repeat(40_001) }],
      ['chat.postMessage', 'not_in_channel', { channel: 'C00000002', text: 'x' }],
      ['chat.postMessage', 'no_text', { channel }],
      ['chat.update', 'message_not_found', { channel, ts: '1.000001', text: 'x' }],
      ['chat.delete', 'message_not_found', { channel, ts: '1.000001' }],
      ['chat.postEphemeral', 'user_not_in_channel', { channel, user: 'U0000008', text: 'x' }],
    ];

    test.each(refusals)('%s refuses with %s, as published', async (method, error, args) => {
      const answer = await call(method, args);
      expect(answer).toEqual({ ok: false, error });
      expect(violations(method, 'default', answer)).toEqual([]);
    });
  },
);
