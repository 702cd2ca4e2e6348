import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { pino } from 'pino';
import { portOf, readOptions, refuse } from './config/command-line.ts';
import { type Config, type Outside, readConfig } from './config/config.ts';
import { openSecrets } from './config/secrets.ts';
import { Fault } from './core/fault.ts';
import { capital } from './core/text.ts';
import { createEnding, notWaitedFor } from './ending.ts';
import { type Latchkey, startLatchkey } from './latchkey.ts';
import { loadPolicy } from './policy/policy-folder.ts';
import { takeRunLock } from './run-lock.ts';
import type { IdpChoice } from './sandbox/idps.ts';
import type { GivenSecret } from './secrets/secret.ts';
import { forgetEmbeddedPostgres, startEmbeddedPostgres } from './store/postgres/embedded.ts';
import { stateFolder } from './store/postgres/own-folder.ts';
import { listensOn, portTaken } from './web/listens-on.ts';
import type { Readiness } from './web/readiness.ts';

/** `npm start`: for real with settings in the environment, the sandbox with none. */
const DIR = '.latchkey';
/** The sandbox's state has a place of its own: a start that forgot its settings must not meet real grants. */
const SANDBOX_DIR = join(DIR, 'sandbox');
const WORLD_PORT = '4000';

const values = readOptions(
  {
    name: 'npm start',
    does: 'Starts Latchkey: for real with the settings of .env.example in the environment, as the sandbox with none.\nHow it is run in production: docs/operations.md. Whether all it needs is there: npm run latchkey -- check.',
    options: {
      fresh: 'begin anew: forget the sandbox’s state and its embedded database',
      only: 'part of the work: web answers Slack, SCIM and browsers; worker carries out what is owed',
      idp: 'whose groups give access in the sandbox: okta, entra, or both, each for half of the catalogue',
      'world-port': 'port of the sandbox’s world; Latchkey’s own is the variable PORT',
    },
  },
  {
    fresh: { type: 'boolean', default: false },
    only: { type: 'string' },
    idp: { type: 'string', default: 'okta' },
    'world-port': { type: 'string', default: WORLD_PORT },
  },
);
const idp = values.idp as IdpChoice;
if (!['okta', 'entra', 'both'].includes(idp)) refuse('npm start: --idp is okta, entra or both');
const only = values.only === undefined ? null : (values.only as 'web' | 'worker');
if (only !== null && !['web', 'worker'].includes(only)) refuse('npm start: --only is web or worker');
const worldPort = portOf('--world-port', values['world-port']);

/** The sum of its own steps, each with a limit of its own. */
const LATCHKEY_WITHIN_MS = 8_000;

let reload: () => void = () => {};
const ending = createEnding({
  say: (line) => process.stdout.write(`${line}\n`),
  isService: true,
  hangUp: () => reload(),
});

try {
  await start();
} catch (error) {
  await ending.endAll();
  // Last, beneath whatever was logged meanwhile: it is what somebody has to read.
  process.stderr.write(
    error instanceof Fault ? `Latchkey can’t start: ${error.message}\n` : `${(error as Error).stack}\n`,
  );
  process.exit(1);
}

async function start(): Promise<void> {
  const startedAt = performance.now();
  const secrets = await openSecrets(process.env);
  const config = readConfig(process.env, secrets);
  refuseFresh(config);
  refuseParted(config);
  const home = config.outside === null ? SANDBOX_DIR : DIR;
  stateFolder(DIR);
  stateFolder(home);
  const policyDir = await policyFolder(config, home);
  const { catalogue, rules } = await loadPolicy(policyDir, systemsIn(config, idp));
  // Before the world is touched: another Latchkey on this port may be using it.
  await refuseTakenPort(config);
  // Replicas share a DATABASE_URL; an embedded database has one owner.
  if (config.databaseUrl === null) await takeFolder(join(home, 'postgres'));
  if (values.fresh && config.databaseUrl === null) await forgetEmbeddedPostgres(join(home, 'postgres'));

  const latchkeyUrl = `http://127.0.0.1:${config.port}`;
  const [databaseUrl, sandbox] = await Promise.all([
    database(config, home),
    config.outside === null ? world(latchkeyUrl) : null,
  ]);
  const outside = (config.outside ?? sandbox?.outside) as Outside;
  const log = pino({ level: config.logLevel ?? (sandbox === null ? 'info' : 'error') });
  const latchkey = await startLatchkey({
    outside,
    isSandbox: sandbox !== null,
    catalogue,
    rules,
    policyDir,
    databaseUrl,
    redisUrl: config.redisUrl,
    ...(config.redisCa === undefined ? {} : { redisCa: config.redisCa }),
    port: config.port,
    publicUrl: config.publicUrl,
    secrets,
    ...auditOf(config),
    secretsMaxAge: config.secretsMaxAge,
    readToken: config.readToken ?? sandbox?.readToken ?? null,
    trustProxy: config.trustProxy,
    only,
    modelDailyTokens: config.modelDailyTokens,
    log,
  });
  ending.begun(
    'Latchkey',
    async () => {
      const late = await latchkey.stop();
      if (late.length > 0) process.stdout.write(`${notWaitedFor(late)}\n`);
    },
    LATCHKEY_WITHIN_MS,
  );
  reload = () => void latchkey.reload();
  if (sandbox !== null) await settleIn(sandbox, latchkey);
  await greet(config, latchkey, {
    worldUrl: sandbox?.url ?? null,
    startedAt,
  });
}

function auditOf({ auditKeys, auditWitnesses, auditAnchors, siem }: Config) {
  return { auditKeys, auditWitnesses, siem, ...(auditAnchors === null ? {} : { auditAnchors }) };
}

/** With both identity providers the sandbox has a policy of its own, which says whose each group is. */
async function policyFolder({ outside, policyDir }: Config, home: string): Promise<string> {
  if (outside !== null || idp !== 'both') return policyDir;
  return (await import('./sandbox/idps.ts')).policyOfBoth(policyDir, join(home, 'policy'));
}

/** Tells the sandbox's world of this Latchkey, and gives that a past. */
async function settleIn(sandbox: Awaited<ReturnType<typeof world>>, { context }: Latchkey): Promise<void> {
  const { tokensFor } = await import('./sandbox/idps.ts');
  await sandbox.introduce(await tokensFor(context.db, idp));
  await (await import('./sandbox/history.ts')).seedHistory(context);
}

/** The identity providers that the catalogue may name. */
function systemsIn({ outside }: Config, sandbox: IdpChoice): string[] {
  if (outside !== null) return outside.idps.map(({ system }) => system);
  return sandbox === 'both' ? ['okta', 'entra'] : [sandbox];
}

function refuseFresh(config: Config): void {
  if (values.fresh && config.outside !== null)
    throw new Fault(
      'config.invalid',
      '--fresh begins the sandbox anew; real data is never thrown away by a flag',
      {
        retryable: false,
      },
    );
}

/** Processes that share the work share a database. */
function refuseParted({ databaseUrl }: Config): void {
  if (only !== null && databaseUrl === null)
    throw new Fault(
      'config.invalid',
      `--only=${only} is one of several processes on one database: set DATABASE_URL, or start one process for all without --only`,
      { retryable: false },
    );
}

async function takeFolder(database: string): Promise<void> {
  const release = await takeRunLock(DIR, { by: 'latchkey', database: resolve(database) }, ({ pid }) =>
    process.stdout.write(`A command (process ${pid}) uses the embedded database: waiting for its end.\n`),
  );
  ending.begun('the folder’s lock', release);
}

async function refuseTakenPort({ port, outside, publicUrl }: Config): Promise<void> {
  if (port === 0) return;
  const probe = createServer();
  await new Promise<void>((free, taken) => {
    probe.once('error', taken);
    probe.listen(port, listensOn({ isSandbox: outside === null, publicUrl }), () =>
      probe.close(() => free()),
    );
  }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'EADDRINUSE') throw portTaken(port, cause);
    throw new Fault(
      'config.invalid',
      `port ${port} can’t be listened on (${cause.code}): set PORT to another`,
      {
        retryable: false,
        cause,
      },
    );
  });
}

async function database(config: Config, home: string): Promise<GivenSecret> {
  if (config.databaseUrl !== null) return config.databaseUrl;
  const postgres = await startEmbeddedPostgres(join(home, 'postgres'));
  ending.begun('PostgreSQL', () => postgres.stop());
  return postgres.url;
}

/** Loads the sandbox's code, which no Latchkey for real has in it. */
async function world(latchkeyUrl: string) {
  const { launchWorld } = await import('./sandbox/launch.ts');
  const launched = await launchWorld({
    dir: SANDBOX_DIR,
    port: worldPort,
    latchkeyUrl,
    fresh: values.fresh,
    idp,
  });
  ending.begun('the sandbox’s world', () => launched.stop());
  return launched;
}

/** Says what there is, then what is not as it should be, and last the one line that counts. */
async function greet(
  config: Config,
  latchkey: Latchkey,
  { worldUrl, startedAt }: { worldUrl: string | null; startedAt: number },
): Promise<void> {
  const readiness = await latchkey.readiness();
  const refused = notOffered(latchkey);
  const lines = [
    '',
    ...config.remarks,
    ...(worldUrl === null ? addressesFor(config, latchkey) : sandboxInWords(worldUrl, latchkey)),
  ];
  for (const [why, keys] of refused) lines.push('', `Not offered: ${keys.join(', ')}. ${capital(why)}`);
  if (worldUrl !== null) {
    const { onPurposeInWords } = await import('./sandbox/on-purpose.ts');
    lines.push('', ...onPurposeInWords([...refused.values()].flat()));
  }
  for (const line of readiness.cannot) lines.push('', `Can’t yet: ${line}`);
  lines.push('', readyInWords(readiness, latchkey, performance.now() - startedAt));
  process.stdout.write(`${lines.join('\n')}\n`);
}

function sandboxInWords(worldUrl: string, { url, context }: Latchkey): string[] {
  const systems = context.idps.all.map(({ name, system }) => ({ name, path: system }));
  return [
    `This is the sandbox: no real Slack, ${systems.map(({ name }) => name).join(', ')}, Anypoint or model is touched.`,
    '',
    `  Open ${worldUrl}  — be the intern, type /access, then be the team lead and decide.`,
    '',
    `  See it all at ${url}/web  — sign in as Sam, who is an admin.`,
    '',
    `  Latchkey    ${url}   (SCIM at /scim/v2, health at /readyz)`,
    `  Slack       ${worldUrl}/slack/api/`,
    ...systems.map(({ name, path }) => `  ${name.padEnd(11)} ${worldUrl}/${path}`),
    `  Anypoint    ${worldUrl}/anypoint`,
    `  Model       ${worldUrl}/model/v1   (scripted, no AI)`,
    '',
    `State is kept in ${SANDBOX_DIR}/ (begin anew: npm start -- --fresh). Ctrl-C stops everything.`,
  ];
}

/** What has to be entered in Slack and in the identity provider. */
function addressesFor({ publicUrl, outside }: Config, { url }: Latchkey): string[] {
  return [
    `SCIM base URL for the identity provider: ${publicUrl ?? url}/scim/v2`,
    `Slack request URL: ${publicUrl ?? url}/slack/events`,
    ...(outside?.idps ?? []).flatMap((idp) => idp.addresses(publicUrl ?? url)),
  ];
}

function readyInWords({ ready, can }: Readiness, { url, jobQueue }: Latchkey, tookMs: number): string {
  const at = `after ${(tookMs / 1_000).toFixed(1)} s at ${url}`;
  const not = Object.keys(can).filter((what) => can[what] === false);
  return ready
    ? `Latchkey is ready ${at} (queue on ${jobQueue === 'redis' ? 'Redis' : 'PostgreSQL'}).`
    : `Latchkey has started ${at}, but can’t yet: ${not.join(', ')}. Why stands above and in /readyz. What is mended elsewhere it notices by itself; a setting takes effect at the next start.`;
}

/** Keys of the entitlements that can't be asked for, by the reason that they share. */
function notOffered({ context: { catalogue } }: Latchkey): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { key } of catalogue.current().entitlements) {
    const status = catalogue.status(key);
    if (status.status !== 'ready') found.set(status.why, [...(found.get(status.why) ?? []), key]);
  }
  return found;
}
