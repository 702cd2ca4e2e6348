import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { pino } from 'pino';
import type { LogKeys } from '../audit/log-keys.ts';
import { ownVersion, versionInWords } from '../config/command-line.ts';
import { type Config, type Outside, readConfig } from '../config/config.ts';
import { openSecrets } from '../config/secrets.ts';
import { Fault } from '../core/fault.ts';
import { createEnding } from '../ending.ts';
import { evalCommand } from '../eval/command.ts';
import { idpsOf } from '../flow/idps/idps.ts';
import { connectedIdps } from '../idp/connected.ts';
import { idpVendors } from '../idp/vendors.ts';
import { mcpCommands } from '../mcp/commands.ts';
import { createAnypoint } from '../mulesoft/anypoint.ts';
import { policyCommands } from '../policy/commands.ts';
import { loadPolicy } from '../policy/policy-folder.ts';
import type { IdpChoice } from '../sandbox/idps.ts';
import { createToken, OTHER_SOURCE, revokeToken } from '../scim/tokens.ts';
import { type GivenSecret, secretOf } from '../secrets/secret.ts';
import type { SecretBook } from '../secrets/secret-book.ts';
import { createDestinations } from '../siem/destinations.ts';
import { createSlackClient } from '../slack/api/client.ts';
import { createSlackDirectory } from '../slack/directory.ts';
import { datesOfToken, minuteOf } from '../store/bearer-token.ts';
import { connectDatabase, type Db, openDatabase } from '../store/postgres/database.ts';
import type { ScimSource } from '../store/schema/scim-tables.ts';
import { environmentTokenUsed, listTokens } from '../store/scim/tokens.ts';
import { auditCommands } from './audit-command.ts';
import { checkCommand } from './check-command.ts';
import { type CommandPlace, databaseOfRunning, withEmbeddedDatabase } from './command-database.ts';
import { evidenceCommand } from './evidence-command.ts';
import { migrateCommand } from './migrate-command.ts';
import { policyAgreedCommand } from './policy-agreed-command.ts';
import { reconcileCommand } from './reconcile-command.ts';
import { reviewCommands } from './review-command.ts';
import { secretsCommand } from './secrets-command.ts';
import { tokenCommands } from './token-command.ts';
import { whoCommand } from './who-command.ts';
import { witnessCommand } from './witness-command.ts';

/** `npm run latchkey -- <command>`: the operator's tools. Each ends 0 only when all is well. */
const DIR = '.latchkey';
/** Where there is no world: the sandbox's secrets are the same everywhere. */
const NOWHERE = 'http://127.0.0.1:9';
const say = (line: string) => process.stdout.write(`${line}\n`);
/** Beside what a program reads. */
const note = (line: string) => process.stderr.write(`${line}\n`);
// Whoever reads on no further (`| head`) has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});
const fail = () => {
  process.exitCode = 1;
};

const ending = createEnding({ say: note });

export const program = new Command('latchkey')
  .description('Operator’s tools of Latchkey')
  .version(versionInWords(), '--version', 'which version this is');

checkCommand(program, {
  async settings() {
    const { config, secrets } = await settingsAndSecrets();
    const sandbox = config.outside === null ? await runningSandbox() : null;
    return {
      outside: config.outside ?? (sandbox as Sandbox).outside,
      policyDir: sandbox?.policyDir ?? config.policyDir,
      address: config.publicUrl ?? sandbox?.latchkey ?? `http://127.0.0.1:${config.port}`,
      publicUrl: config.publicUrl,
      databaseUrl: config.databaseUrl,
      secrets: { states: secrets.states(), maxAge: config.secretsMaxAge },
      onPurpose: sandbox === null ? {} : (await import('../sandbox/on-purpose.ts')).refusedOnPurpose,
      embeddedUrl: config.databaseUrl === null ? await databaseOfRunning(embedded(sandbox !== null)) : null,
      ...(sandbox === null ? { auditKeys: config.auditKeys() } : {}),
      vanta: config.vanta,
      siem: config.siem === null ? [] : createDestinations(config.siem, lineMaker()),
      redis: config.redisUrl === null ? null : { url: config.redisUrl, ca: config.redisCa ?? null },
    };
  },
  async reading(url, work) {
    const database = connectDatabase(url);
    try {
      return await work(database.db);
    } finally {
      await database.close();
    }
  },
  say,
  fail,
});

const policy = policyCommands(program, {
  dir: () => readConfig({ POLICY_DIR: process.env.POLICY_DIR }).policyDir,
  async outside() {
    const outside = (await settings()).outside ?? (await runningSandbox().catch(() => null))?.outside ?? null;
    return outside === null
      ? null
      : {
          idps: idpsOf(...connectedIdps(outside.idps)),
          mulesoft: createAnypoint(outside.anypoint),
          hasSignIn: outside.oidc !== null,
          chat: createSlackDirectory(createSlackClient(outside.slack, pino({ level: 'silent' }))),
        };
  },
  withDatabase,
  say,
  fail,
});

secretsCommand(program, {
  async states() {
    const { config, secrets } = await settingsAndSecrets();
    return { states: secrets.states(), maxAge: config.secretsMaxAge };
  },
  withDatabase,
  say,
  fail,
});
policyAgreedCommand(policy, { withDatabase, say, fail });
migrateCommand(program, { databaseUrl: async () => (await settings()).databaseUrl, say, fail });
mcpCommands(program, withDatabase);
reconcileCommand(program, { withDatabase, say, fail });
const withCatalogue = {
  withDatabase,
  async catalogue() {
    const { policyDir } = readConfig({ POLICY_DIR: process.env.POLICY_DIR });
    return (await loadPolicy(policyDir)).catalogue;
  },
  say,
  fail,
};
reviewCommands(program, withCatalogue);
whoCommand(program, withCatalogue);
tokenCommands(program, withCatalogue);
evidenceCommand(program, {
  ...withCatalogue,
  keys: auditKeys,
  vanta: async () => (await settings()).vanta,
});
witnessCommand(program, {
  say,
  fail,
  begun: (what, end) => ending.begun(what, async () => void (await end())),
});
evalCommand(
  program,
  async () => (await settings()).model(),
  async (mode) => (await import('../sandbox/model/serve.ts')).serveModel(mode),
);

auditCommands(program, {
  keys: auditKeys,
  withDatabase: (work) =>
    withDatabaseUrl((url) => withOpened(url, (db) => work(db, secretOf(url).current()))),
  say,
  fail,
});

const token = program
  .command('scim')
  .description('the SCIM service provider')
  .command('token')
  .description(
    'bearer tokens of SCIM clients; to rotate one, create the next, hand it over, revoke the old. ' +
      'A source owns what its tokens make: no other reads or changes it, and only what the IdP’s own source pushes ' +
      'is carried into Anypoint',
  );
token
  .command('create')
  .description('make a token and print it, once')
  .addOption(
    new Option('--source <source>', 'what provisions with it, and owns what it makes')
      .choices([...idpVendors.map(({ system }) => system), OTHER_SOURCE])
      .makeOptionMandatory(),
  )
  .requiredOption('--name <name>', 'what you call it')
  .option('--days <days>', 'how long it is valid; without, until it is revoked', wholeDays)
  .action(async (given: { source: ScimSource; name: string; days?: number }) => {
    await withDatabase(async (db) => {
      const made = await createToken(db, { ...given, days: given.days ?? null });
      if (made === null) {
        say(`a token in use is called ${given.name} already: revoke it, or choose another name`);
        process.exitCode = 1;
      } else say(made.token);
    });
  });
token
  .command('list')
  .description('the token of the environment, and every other there was, newest first')
  .action(async () => {
    await withDatabase(async (db) => {
      const { scimToken, idps } = (await settings()).outside ?? (await sandboxAt(NOWHERE));
      const last = await environmentTokenUsed(db, secretOf(scimToken).current());
      say(
        `SCIM_TOKEN  ${(idps[0]?.system ?? '').padEnd(5)}  of the environment: last used ${last === null ? 'never' : minuteOf(last)}, valid while it is set`,
      );
      for (const t of await listTokens(db))
        say(`${t.id}  ${t.source.padEnd(5)}  ${t.name}: ${datesOfToken(t)}`);
    });
  });
token
  .command('revoke')
  .description('end a token within seconds')
  .argument('<name|id>')
  .action(async (nameOrId: string) => {
    await withDatabase(async (db) => {
      const gone = await revokeToken(db, nameOrId);
      say(gone === null ? `no token in use is called ${nameOrId}` : `${gone.name} is revoked`);
      process.exitCode = gone === null ? 1 : 0;
    });
  });

function wholeDays(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('a number of days, at least 1.');
  return Number(text);
}

/** The lines of the audit name no single identity provider: it may be that of another installation. */
function lineMaker() {
  return { idp: 'the identity provider', version: ownVersion() };
}

/** The settings, with the secrets that are elsewhere. */
async function settings(): Promise<Config> {
  return (await settingsAndSecrets()).config;
}

/** The keys of the audit, as they are set. */
async function auditKeys(): Promise<LogKeys> {
  return (await settings()).auditKeys();
}

async function settingsAndSecrets(): Promise<{ config: Config; secrets: SecretBook }> {
  const secrets = await openSecrets(process.env);
  return { config: readConfig(process.env, secrets), secrets };
}

/** The configured database, or the embedded one: that of the Latchkey that runs here, or started for the command. */
async function withDatabase(work: (db: Db) => Promise<void>): Promise<void> {
  await withDatabaseUrl((url) => withOpened(url, work));
}

async function withOpened(url: GivenSecret, work: (db: Db) => Promise<void>): Promise<void> {
  const database = await openDatabase(url);
  try {
    await work(database.db);
  } finally {
    await database.close();
  }
}

async function withDatabaseUrl(work: (url: GivenSecret) => Promise<void>): Promise<void> {
  const { databaseUrl, outside } = await settings();
  if (databaseUrl !== null) return await work(databaseUrl);
  // A person who forgot to load the settings must not take the sandbox's answer for the installation's.
  if (outside === null)
    note('No settings of an installation are set: this is the sandbox’s, with its made-up history.');
  await withEmbeddedDatabase(embedded(outside === null), { ending, note }, work);
}

function embedded(isSandbox: boolean): CommandPlace {
  return { dir: DIR, database: join(isSandbox ? join(DIR, 'sandbox') : DIR, 'postgres') };
}

type Sandbox = { outside: Outside; latchkey: string | null; policyDir: string | null };

/** The sandbox of this folder, or the world that runs in it alone; never another folder's, on whatever port. */
async function runningSandbox(): Promise<Sandbox> {
  const { runningWorld } = await import('../sandbox/running.ts');
  const world =
    (await runningWorld(join(DIR, 'sandbox', 'world.json'))) ?? (await runningWorld(join(DIR, 'world.json')));
  if (world === null)
    throw new Fault(
      'config.invalid',
      'nothing is configured, and no sandbox runs in this folder: set the variables of .env.example, or run npm start here first',
      { retryable: false },
    );
  // With both identity providers it has a policy of its own, which says whose each group is.
  const policyDir = world.idp === 'both' ? join(DIR, 'sandbox', 'policy') : null;
  return { outside: await sandboxAt(world.url, world.idp), latchkey: world.latchkey, policyDir };
}

/** The sandbox's code is loaded only for who asks for the sandbox. */
async function sandboxAt(worldUrl: string, idp?: IdpChoice): Promise<Outside> {
  return (await import('../sandbox/launch.ts')).sandboxOutside(worldUrl, idp);
}

/** Help where somebody mistyped, and beneath it, last, what the mistake was. */
function helpBeforeError(command: Command): void {
  command.configureOutput({
    outputError: (text, write) => write(`${command.helpInformation()}\n${text}`),
  });
  for (const below of command.commands) helpBeforeError(below);
}

helpBeforeError(program);
if (import.meta.main)
  try {
    await program.parseAsync();
  } catch (error) {
    process.stderr.write(error instanceof Fault ? `${error.message}\n` : `${(error as Error).stack}\n`);
    process.exitCode = 1;
  }
