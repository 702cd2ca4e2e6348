import { portOf, readOptions, refuse } from '../config/command-line.ts';
import { createEnding, isAlive } from '../ending.ts';
import { systemNames } from './consoles.ts';
import { systems } from './emulator.ts';
import { idpChoices, policyOfBoth, toldOf } from './idps.ts';
import { sandboxSettings } from './launch.ts';
import { sandboxPage } from './page/page.ts';
import { leaveWord } from './running.ts';
import { credentials } from './seed.ts';
import { startWorld } from './world.ts';

/** The example’s policy, with whose each group is. */
const POLICY_OF_BOTH = '.latchkey/policy-of-both';

/**
 * The outside world as a process of its own: `npm run world`. Prints the settings with which `npm start` uses it
 * "for real".
 */
const values = readOptions(
  {
    name: 'npm run world',
    does: 'Starts the outside world alone: Slack, Okta, Entra, Anypoint and a scripted model. Prints the settings with which\na Latchkey in another terminal uses it as if for real. With Latchkey on another port, say where it is: --latchkey.',
    options: {
      port: 'port of the world',
      state: 'file that keeps its state between starts; empty: nothing is kept',
      latchkey: 'address of the Latchkey that is to use it',
      idp: 'whose groups give access there: okta, entra, or both, each for half of the catalogue',
      'read-token': 'READ_TOKEN of that Latchkey',
      quiet: 'print no settings',
      parent: 'process without which the world ends by itself, unless another Latchkey takes it over',
    },
  },
  {
    port: { type: 'string', default: '4000' },
    state: { type: 'string', default: '.latchkey/world.json' },
    latchkey: { type: 'string', default: 'http://127.0.0.1:3000' },
    idp: { type: 'string', default: 'okta' },
    'read-token': { type: 'string', default: credentials.readToken },
    quiet: { type: 'boolean', default: false },
    parent: { type: 'string', default: '' },
  },
);
if (!URL.canParse(values.latchkey) || !/^https?:/.test(values.latchkey))
  refuse(`--latchkey: must be an address, e.g. http://127.0.0.1:3400, and not ${values.latchkey}`);
const idp =
  idpChoices.find((one) => one === values.idp) ?? refuse('npm run world: --idp is okta, entra or both');

const ending = createEnding({ say: (line) => process.stdout.write(`${line}\n`), isService: true });
const world = await startWorld({
  port: portOf('--port', values.port),
  stateFile: values.state === '' ? null : values.state,
  latchkey: {
    url: values.latchkey,
    ...toldOf(idp),
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
  const settings = {
    ...sandboxSettings(world.url, idp),
    PORT: new URL(values.latchkey).port || '80',
    ...(idp === 'both' ? { POLICY_DIR: policyOfBoth('policy', POLICY_OF_BOTH) } : {}),
  };
  const names = (idp === 'both' ? systems : [idp]).map((system) => systemNames[system]).join(', ');
  process.stdout.write(`The outside world is at ${world.url} (a sandbox: Slack, ${names}, Anypoint, a scripted model).
To run Latchkey against it as if for real, in another terminal:

${Object.entries(settings)
  .map(([name, value]) => `export ${name}=${value}`)
  .join('\n')}
npm start
${idp === 'both' ? tokenOfEntra(world.url) : ''}`);
}

/** Beside Okta, Entra provisions with a token of its own, which only that Latchkey can make. */
function tokenOfEntra(worldUrl: string): string {
  return `
Once it runs, give Entra a token of its own, with the same settings in a third terminal:

npm run latchkey -- scim token create --source entra --name entra
curl ${worldUrl}/entra/sim/sync -H 'content-type: application/json' -d '{"secretToken":"<the token>"}'
`;
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
