import { App, HTTPReceiver } from '@slack/bolt';
import { SCRIPTED_MODEL } from '../../src/sandbox/model/emulator.ts';
import { credentials } from '../../src/sandbox/seed.ts';

/**
 * The least that `/access` in words can do. It acknowledges, opens a form, and finds the person in Slack and Okta. It
 * asks the model where there is one, and fills the form. `node bare-free-text.ts <port> <world> <model | none>`
 */
const [port, worldUrl, model] = process.argv.slice(2);
const candidates = ['orders-api-read', 'orders-api-deploy', 'payments-api-read'].map((key) => ({
  key,
  title: key.replaceAll('-', ' '),
  gives: 'read logs and messages in production',
}));

const app = new App({
  receiver: new HTTPReceiver({ signingSecret: credentials.slackSigningSecret }),
  clientOptions: { slackApiUrl: `${worldUrl}/slack/api/` },
  authorize: async () => ({ botToken: credentials.slackBotToken }),
});
app.command('/access', async ({ ack, command, client }) => {
  await ack();
  const opened = await client.views.open({ trigger_id: command.trigger_id, view: form('') });
  const { user } = await client.users.info({ user: command.user_id });
  const search = encodeURIComponent(`profile.email eq "${user?.profile?.email}"`);
  const found = await fetch(`${worldUrl}/okta/api/v1/users?search=${search}&limit=200`, {
    headers: { authorization: `SSWS ${credentials.oktaApiToken}` },
  });
  await found.json();
  const said = model === 'model' ? await askModel(command.text) : command.text;
  await client.views.update({ view_id: opened.view?.id as string, view: form(said) });
});

async function askModel(text: string): Promise<string> {
  const answer = await fetch(`${worldUrl}/model/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${credentials.modelApiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: SCRIPTED_MODEL,
      messages: [
        { role: 'system', content: 'Pick one, as JSON.' },
        { role: 'user', content: JSON.stringify({ text, candidates }) },
      ],
      response_format: { type: 'json_object' },
    }),
  });
  const { choices } = (await answer.json()) as { choices: { message: { content: string } }[] };
  return choices[0]?.message.content ?? '';
}

function form(said: string) {
  const options = candidates.map(({ key, title }) => ({
    text: { type: 'plain_text' as const, text: title },
    value: key,
  }));
  return {
    type: 'modal' as const,
    callback_id: 'request',
    title: { type: 'plain_text' as const, text: 'Ask for access' },
    submit: { type: 'plain_text' as const, text: 'Ask' },
    blocks: [
      {
        type: 'input' as const,
        block_id: 'entitlement',
        label: { type: 'plain_text' as const, text: 'What' },
        element: { type: 'static_select' as const, action_id: 'entitlement_select', options },
      },
      {
        type: 'input' as const,
        block_id: 'reason',
        label: { type: 'plain_text' as const, text: 'Why' },
        element: {
          type: 'plain_text_input' as const,
          action_id: 'reason',
          ...(said === '' ? {} : { initial_value: said.slice(0, 500) }),
        },
      },
    ],
  };
}

await app.start(Number(port));
process.on('SIGTERM', () => process.exit(0));
