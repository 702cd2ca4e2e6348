import { Writable } from 'node:stream';
import { WebClient } from '@slack/web-api';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { boltLogger } from '../../../src/slack/api/bolt-logger.ts';
import { httpReceiver } from '../../../src/slack/app/mount.ts';
import { socketReceiver } from '../../../src/slack/app/socket.ts';

const lines: { level: number; msg: string }[] = [];
const log = pino(
  { level: 'warn' },
  new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  }),
);
afterEach(() => {
  lines.length = 0;
  vi.restoreAllMocks();
});

test('what the Slack SDK has to say goes into our log, at our level, and nowhere else', async () => {
  // given
  const printed = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) =>
    vi.spyOn(console, name).mockImplementation(() => {}),
  );
  const nobody = 'http://127.0.0.1:1/slack/api/';

  // when
  const client = new WebClient('xoxb-1', {
    slackApiUrl: nobody,
    logger: boltLogger(log),
    retryConfig: { retries: 0 },
  });
  await client.auth.test().catch(() => {});
  const { client: socket } = socketReceiver('xapp-1', nobody, log);
  await socket.start().catch(() => {});
  httpReceiver('/slack/events', log);
  boltLogger(log).debug('not wanted at this level');

  // then
  expect(lines.map((line) => line.msg).join('\n')).toMatch(/http request failed/);
  expect(lines.every((line) => line.level >= 40)).toBe(true);
  for (const spy of printed) expect(spy).not.toHaveBeenCalled();
});
