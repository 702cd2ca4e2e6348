import pg from 'pg';
import { expect, test } from 'vitest';
import { credentials } from '../../src/sandbox/seed.ts';
import { unopenedDatabase } from '../database.ts';
import { watchForLeaks } from '../leaks.ts';
import { setStage } from '../stage.ts';

test('a secret in the log is found', async () => {
  const leaks = watchForLeaks('postgres://u:p@h/d');
  leaks.log.trace({ settings: { botToken: 'not one of ours' } }, 'harmless');
  leaks.refuseLeaks();
  leaks.log.debug({ headers: { authorization: `SSWS ${credentials.oktaApiToken}` } }, 'a call');
  expect(() => leaks.refuseLeaks()).toThrow(/the log [\s\S]*a call[\s\S]* has sandbox-okta-token/);
});

test('a secret in a row of any table is found, and the password of the database is one', async () => {
  const { url, drop } = await unopenedDatabase();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const leaks = watchForLeaks(url);
  await leaks.lookIntoDatabase(url);
  leaks.refuseLeaks();
  await client.query('create table notes (told jsonb)');
  await client.query('insert into notes values ($1)', [JSON.stringify({ why: `no entry to ${url}` })]);
  await client.end();
  await leaks.lookIntoDatabase(url);
  await drop();
  expect(() => leaks.refuseLeaks()).toThrow('the table public.notes');
});

test('a stage does not end well with a secret in a message', async () => {
  const stage = await setStage();
  await fetch(`${stage.world.url}/slack/api/chat.postMessage`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${credentials.slackBotToken}`,
    },
    body: JSON.stringify({ channel: 'C00000001', text: `Call it with ${credentials.anypointClientSecret}` }),
  });
  await expect(stage.close()).rejects.toThrow(/Slack, as \w+ sees it has sandbox-anypoint-secret/);
});
