import { join } from 'node:path';
import { Command } from 'commander';
import { pino } from 'pino';
import { sealAudit, verifyAudit } from './audit/seal.ts';
import { type Outside, readConfig } from './config.ts';
import { Fault } from './core/fault.ts';
import { createCatalogueBook } from './flow/catalogue-book.ts';
import { createOkta } from './idp/okta.ts';
import { createAnypoint } from './mulesoft/anypoint.ts';
import { loadCatalogue } from './policy/catalogue-file.ts';
import { takeRunLock } from './run-lock.ts';
import { sandboxOutside, WORLD_PORT } from './sandbox/launch.ts';
import { openDatabase } from './store/database.ts';
import { startEmbeddedPostgres } from './store/embedded.ts';

/** `npm run latchkey -- <command>`: the operator's tools. Each ends 0 only when all is well. */
const DIR = '.latchkey';
const say = (line: string) => process.stdout.write(`${line}\n`);

const program = new Command('latchkey').description('Operator’s tools of Latchkey').showHelpAfterError();

program
  .command('check')
  .description('ask Okta and Anypoint whether Latchkey may do its work there, and check every entitlement')
  .action(async () => {
    const config = readConfig(process.env);
    const outside = config.outside ?? (await runningSandbox());
    const log = pino({ level: 'silent' });
    const idp = createOkta(outside.okta);
    const mulesoft = createAnypoint(outside.anypoint);
    let isWell = true;
    for (const [name, party] of [
      ['Okta', idp],
      ['Anypoint', mulesoft],
    ] as const) {
      const trouble = await party.check().then(
        () => null,
        (error: Error) => error,
      );
      say(`${name.padEnd(10)} ${trouble === null ? 'ok' : trouble.message}`);
      isWell &&= trouble === null;
    }
    const book = createCatalogueBook(await loadCatalogue(config.policyDir), idp, mulesoft, log);
    await book.check();
    for (const { key } of book.current().entitlements) {
      const status = book.status(key);
      say(`${key.padEnd(24)} ${status.status === 'ready' ? 'ready' : `${status.status}: ${status.why}`}`);
      isWell &&= status.status === 'ready';
    }
    process.exitCode = isWell ? 0 : 1;
  });

const policy = program.command('policy').description('the catalogue and the written policy');
policy
  .command('check')
  .description('read the catalogue and name every mistake by line')
  .action(async () => {
    const { policyDir } = readConfig({ POLICY_DIR: process.env.POLICY_DIR });
    const catalogue = await loadCatalogue(policyDir);
    say(
      `${policyDir}: ${catalogue.entitlements.length} entitlements, ${catalogue.clauses.length} clauses, no mistakes`,
    );
  });

const audit = program.command('audit').description('the audit trail');
audit
  .command('verify')
  .description('recompute the hash chain over every audit entry')
  .action(async () => {
    await withDatabase(async (url) => {
      const database = await openDatabase(url);
      try {
        while ((await sealAudit(database.db)) > 0);
        const check = await verifyAudit(database.db);
        if ('brokenAt' in check) {
          say(`BROKEN at entry ${check.brokenAt}: ${check.why}`);
          process.exitCode = 1;
        } else say(`${check.entries} entries, chain unbroken, head ${check.head}`);
      } finally {
        await database.close();
      }
    });
  });

/** The configured database, or the embedded one while Latchkey itself is not running. */
async function withDatabase(work: (url: string) => Promise<void>): Promise<void> {
  const { databaseUrl } = readConfig({ DATABASE_URL: process.env.DATABASE_URL });
  if (databaseUrl !== null) return await work(databaseUrl);
  const release = await takeRunLock(DIR);
  try {
    const postgres = await startEmbeddedPostgres(join(DIR, 'postgres'));
    try {
      await work(postgres.url);
    } finally {
      await postgres.stop();
    }
  } finally {
    await release();
  }
}

async function runningSandbox(): Promise<Outside> {
  const url = `http://127.0.0.1:${WORLD_PORT}`;
  const isUp = await fetch(`${url}/control/health`).then(
    (r) => r.ok,
    () => false,
  );
  if (!isUp)
    throw new Fault(
      'config.invalid',
      'nothing is configured and no sandbox runs: set the variables of .env.example, or run npm start first',
      { retryable: false },
    );
  return sandboxOutside(url);
}

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(error instanceof Fault ? `${error.message}\n` : `${(error as Error).stack}\n`);
  process.exitCode = 1;
}
