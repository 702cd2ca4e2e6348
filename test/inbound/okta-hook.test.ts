import Fastify from 'fastify';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { oktaEventHook } from '../../src/idp/okta/hook.ts';
import { eventHook } from '../../src/inbound/event-hook.ts';
import { openDatabase } from '../../src/store/postgres/database.ts';
import { freshDatabase } from '../database.ts';

const event = (uuid: string) => ({
  uuid,
  published: '2026-11-25T09:30:00.123Z',
  eventType: 'user.lifecycle.suspend',
  outcome: { result: 'SUCCESS' },
  target: [{ id: '00uerik', type: 'User' }],
});

test('no 2xx without storing: 503 while the database is away, so that Okta sends it again', async () => {
  const fresh = await freshDatabase();
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
  let { db } = fresh.database;
  const app = Fastify();
  const context = {
    get db() {
      return db;
    },
    nudge: () => {},
    log,
  };
  const secrets = ['the-old-hook-secret', 'the-new-hook-secret'];
  await eventHook(app, context, oktaEventHook(secrets));
  const deliver = (secret: string, ...events: unknown[]) =>
    app.inject({
      method: 'POST',
      url: '/okta/events',
      headers: { authorization: secret },
      payload: { eventId: 'e', data: { events } },
    });
  const stored = async () =>
    (await db.selectFrom('observed').select('key').orderBy('key').execute()).map((r) => r.key);
  try {
    // given
    await fresh.database.close();

    // when, then
    expect((await deliver('the-new-hook-secret', event('1'))).statusCode).toBe(503);
    expect(lines.some((line) => line.includes('event hook not stored'))).toBe(true);

    // when it is back and Okta sends it again; both secrets are good
    const again = await openDatabase(fresh.url);
    ({ db } = again);
    expect((await deliver('the-new-hook-secret', event('1'))).statusCode).toBe(204);
    expect((await deliver('the-old-hook-secret', event('2'), { eventType: 'x.y' })).statusCode).toBe(204);
    expect((await deliver('the-hook-secret', event('3'))).statusCode).toBe(401);

    // then
    expect(await stored()).toEqual(['okta:1', 'okta:2']);
    expect(lines.some((line) => line.includes('event not understood') && line.includes('x.y'))).toBe(true);
    await again.close();
  } finally {
    await app.close();
    await fresh.close();
  }
});
