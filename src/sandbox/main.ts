import { portOf, readOptions, refuse } from '../config/command-line.ts';
import { createEnding, isAlive } from '../ending.ts';
import { sandboxSettings } from './launch.ts';
import { sandboxPage } from './page/page.ts';
import { leaveWord } from './running.ts';
import { credentials } from './seed.ts';
import { startWorld } from './world.ts';

/**
 * The outside world as a process of its own: `npm run world`. Prints the settings with which `npm start` uses it
 * "for real".
 */
const values = readOptions(
  {
    name: 'npm run world',
    does: 'Starts the outside world alone: Slack, Okta, Anypoint and a scripted model. Prints the settings with which\na Latchkey in another terminal uses it as if for real. With Latchkey on another port, say where it is: --latchkey.',
    options: {
      port: 'port of the world',
      state: 'file that keeps its state between starts; empty: nothing is kept',
      latchkey: 'address of the Latchkey that is to use it',
      'read-token': 'READ_TOKEN of that Latchkey',
      quiet: 'print no settings',
      parent: 'process without which the world ends by itself, unless another Latchkey takes it over',
    },
  },
  {
    port: { type: 'string', default: '4000' },
    state: { type: 'string', default: '.latchkey/world.json' },
    latchkey: { type: 'string', default: 'http://127.0.0.1:3000' },
    'read-token': { type: 'string', default: credentials.readToken },
    quiet: { type: 'boolean', default: false },
    parent: { type: 'string', default: '' },
  },
);
if (!URL.canParse(values.latchkey) || !/^https?:/.test(values.latchkey))
  refuse(`--latchkey: must be an address, e.g. http://127.0.0.1:3400, and not ${values.latchkey}`);

const ending = createEnding({ say: (line) => process.stdout.write(`${line}\n`), isService: true });
const world = await startWorld({
  port: portOf('--port', values.port),
  stateFile: values.state === '' ? null : values.state,
  latchkey: {
    url: values.latchkey,
    scimToken: credentials.scimToken,
    hookSecret: credentials.oktaHookSecret,
    readToken: values['read-token'],
  },
  page: sandboxPage,
}).catch((error: NodeJS.ErrnoException) => {
  if (error.code !== 'EADDRINUSE') throw error;
  process.stderr.write(`Port ${values.port} is taken: end what uses it, or choose another with --port.\n`);
  process.exit(1);
});

const takeBack = values.state === '' ? () => {} : leaveWord(values.state, world.url);
ending.begun('the word where it runs', async () => takeBack());
ending.begun('the world', () => world.close());

if (!values.quiet) {
  const settings = { ...sandboxSettings(world.url), PORT: new URL(values.latchkey).port || '80' };
  process.stdout.write(`The outside world is at ${world.url} (a sandbox: Slack, Okta, Anypoint, a scripted model).
To run Latchkey against it as if for real, in another terminal:

${Object.entries(settings)
  .map(([name, value]) => `export ${name}=${value}`)
  .join('\n')}
npm start
`);
}

/** A Latchkey that was killed is often started again at once, and finds its world as it was. */
const LINGERS_MS = 20_000;
const LOOK_EVERY_MS = 1_000;
if (values.parent !== '') {
  let aloneSince: number | null = null;
  setInterval(() => {
    if (isAlive(world.usedBy() ?? Number(values.parent))) aloneSince = null;
    else aloneSince ??= performance.now();
    if (aloneSince !== null && performance.now() - aloneSince > LINGERS_MS) void ending.now(0);
  }, LOOK_EVERY_MS);
}
