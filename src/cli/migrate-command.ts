import type { Command } from 'commander';
import type { GivenSecret } from '../secrets/secret.ts';
import { openDatabase } from '../store/postgres/database.ts';
import { migrateFor } from '../store/postgres/running-role.ts';

/** What the command is given by the program. */
export type MigrateTools = {
  /** Null: the embedded one. */
  databaseUrl(): Promise<GivenSecret | null>;
  say(line: string): void;
  /** The program ends non-zero. */
  fail(): void;
};

/** `latchkey migrate`: the schema of this version, made by its owner, so that Latchkey can run as somebody with less. */
export function migrateCommand(program: Command, { databaseUrl, say, fail }: MigrateTools): void {
  program
    .command('migrate')
    .description(
      'bring the schema up to date as its owner (DATABASE_URL); Latchkey can then run as a role that owns nothing',
    )
    .option('--role <role>', 'give this role what Latchkey needs to run, and no way to change the audit')
    .action(async ({ role }: { role?: string }) => {
      const url = await databaseUrl();
      if (url === null) {
        say(
          'DATABASE_URL is not set: the embedded database has one role only, and migrates itself at the start',
        );
        return fail();
      }
      if (role === undefined) {
        await (await openDatabase(url)).close();
        return say('The schema is up to date.');
      }
      const done = await migrateFor(url, role);
      if ('why' in done) {
        say(done.why);
        return fail();
      }
      say(
        `The schema is up to date and belongs to ${done.owner}. Set DATABASE_URL of Latchkey to the role ${role}: it can only add to the audit.`,
      );
    });
}
