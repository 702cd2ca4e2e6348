import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SecretsManager, startSecretsManager } from '../../src/sandbox/secrets/emulator.ts';
import type { Secret } from '../../src/secrets/secret.ts';
import { type Journey, setOut } from '../journeys/journey.ts';
import { open } from '../secrets/open.ts';
import type { Stage } from '../stage.ts';

let manager: SecretsManager;
let stage: Stage;
let walk: Journey;
let appToken: Secret;
beforeAll(async () => {
  manager = await startSecretsManager();
  manager.vault.create('slack', { SecretString: 'xapp-sandbox-latchkey' });
  const { book } = await open(manager, { SLACK_APP_TOKEN: 'secret://aws/slack' });
  appToken = book.secret('SLACK_APP_TOKEN') as Secret;
  ({ stage, walk } = await setOut({
    way: 'socket',
    outside: ({ slack: { botToken, apiUrl } }) => ({ slack: { botToken, apiUrl, appToken } }),
  }));
});
afterAll(async () => {
  await stage?.close();
  await manager?.close();
});

test('Slack’s app token is replaced: the next connection is opened with the new one', async () => {
  const asked = await walk.asks('ines', { entitlement: 'orders-api-read', reason: 'Before the change' });
  await walk.request('POST', '/control/keys', { slackAppToken: 'xapp-second' });
  manager.vault.put('slack', { SecretString: 'xapp-second' });
  await walk.request('POST', '/slack/sim/disconnect-sockets', { reason: 'refresh_requested' });
  await walk.until(
    'a click is acknowledged',
    async () => (await walk.click('tom', asked.card, 'approve')).acked,
  );
  await walk.becomes(asked.id, 'inEffect');
  expect(appToken.current()).toBe('xapp-second');
});
