import { parseArgs } from 'node:util';
import { SCRIPTED_MODEL } from './model/emulator.ts';
import { sandboxPage } from './page/page.ts';
import { company, credentials } from './seed.ts';
import { startWorld } from './world.ts';

/**
 * The outside world as a process of its own: `npm run world`. Prints the settings with which `npm start` uses it
 * "for real".
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4000' },
    state: { type: 'string', default: '.latchkey/world.json' },
    latchkey: { type: 'string', default: 'http://127.0.0.1:3000' },
    'read-token': { type: 'string', default: credentials.readToken },
    quiet: { type: 'boolean', default: false },
  },
});

const world = await startWorld({
  port: Number(values.port),
  stateFile: values.state === '' ? null : values.state,
  latchkey: { url: values.latchkey, scimToken: credentials.scimToken, readToken: values['read-token'] },
  page: sandboxPage,
}).catch((error: NodeJS.ErrnoException) => {
  if (error.code !== 'EADDRINUSE') throw error;
  process.stderr.write(`Port ${values.port} is taken: end what uses it, or choose another with --port.\n`);
  process.exit(1);
});

if (!values.quiet) {
  const port = new URL(values.latchkey).port || '80';
  process.stdout.write(`The outside world is at ${world.url} (a sandbox: Slack, Okta, Anypoint, a scripted model).
To run Latchkey against it as if for real, in another terminal:

export SLACK_BOT_TOKEN=${credentials.slackBotToken}
export SLACK_SIGNING_SECRET=${credentials.slackSigningSecret}
export SLACK_API_URL=${world.url}/slack/api/
export OKTA_ORG_URL=${world.url}/okta
export OKTA_API_TOKEN=${credentials.oktaApiToken}
export ANYPOINT_URL=${world.url}/anypoint
export ANYPOINT_ORG_ID=${company.anypointOrgId}
export ANYPOINT_CLIENT_ID=${credentials.anypointClientId}
export ANYPOINT_CLIENT_SECRET=${credentials.anypointClientSecret}
export OPENAI_API_KEY=${credentials.modelApiKey}
export OPENAI_BASE_URL=${world.url}/model/v1
export OPENAI_MODEL=${SCRIPTED_MODEL}
export SCIM_TOKEN=${credentials.scimToken}
export READ_TOKEN=${credentials.readToken}
export PORT=${port}
npm start
`);
}

let isStopping = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    if (isStopping) process.exit(1);
    isStopping = true;
    void world.close().then(() => process.exit(0));
  });
