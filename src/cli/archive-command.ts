import { type Command, InvalidArgumentError } from 'commander';
import { verifyAtOnce } from '../audit/verify-at-once.ts';
import { archiveBefore, restoreArchive } from '../flow/audit/archive.ts';
import type { AuditTools } from './audit-command.ts';

/** PostgreSQL's: our role may not do that. */
const NOT_ALLOWED = '42501';

/** `latchkey audit archive` and `audit restore`: entries leave the table into files that still verify, and come back. */
export function archiveCommands(audit: Command, { keys, withDatabase, say, fail }: AuditTools): void {
  const end = (why: string) => {
    say(why);
    fail();
  };
  audit
    .command('archive')
    .description(
      'write the entries before a day into files that still verify, and take them out of the table',
    )
    .requiredOption('--before <day>', 'entries of this day and later stay, as 2025-01-31 (UTC)', day)
    .argument('<folder>', 'where the files are written; keep them for as long as the audit is to be kept')
    .action(async (folder: string, { before }: { before: Date }) => {
      const known = await keys();
      await withDatabase(async (db, url) => {
        const done = await archiveBefore(db, { before, folder, keys: known }, (options) =>
          verifyAtOnce(db, url, options),
        ).catch((error: { code?: unknown }) => {
          if (error.code !== NOT_ALLOWED) throw error;
          return {
            archived: [],
            why: 'the role of DATABASE_URL may only add to the audit: call this with DATABASE_URL of the owner of the tables; the file that is there now is whole, and has to be moved away first',
          };
        });
        for (const { first, last, path } of done.archived) say(`Entries ${first} to ${last} are in ${path}.`);
        if (done.why !== undefined) end(`Nothing more has left: ${done.why}.`);
        else if (done.archived.length === 0)
          say('Nothing has left: no 256 entries in a row are older, sealed and covered by a checkpoint.');
      });
    });
  audit
    .command('restore')
    .description('put the entries of archived files back into the table')
    .argument('<file...>', 'files that `audit archive` wrote')
    .action(async (files: string[]) => {
      const known = await keys();
      await withDatabase(async (db) => {
        for (const file of files) {
          const done = await restoreArchive(db, file, known).catch((error: NodeJS.ErrnoException) => {
            if (error.code !== 'ENOENT' && error.code !== 'EACCES' && error.code !== 'EISDIR') throw error;
            return { why: `it can’t be read (${error.code})` };
          });
          if ('why' in done) end(`${file}: ${done.why}.`);
          else
            say(
              `${file}: entries ${done.head.first} to ${done.head.last} are as they were sealed; ${done.restored} of them were put back.`,
            );
        }
      });
    });
}

function day(text: string): Date {
  const at = new Date(`${text}T00:00:00Z`);
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || Number.isNaN(at.getTime()) || !at.toISOString().startsWith(text))
    throw new InvalidArgumentError('a day, as 2025-01-31.');
  return at;
}
