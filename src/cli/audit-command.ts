import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { readArchive } from '../audit/archive-file.ts';
import type { LogKeys } from '../audit/log-keys.ts';
import { isKeyName, newSigningKey, readSigner, readVerifier } from '../audit/note.ts';
import { proofOfEntry } from '../audit/proof.ts';
import { sealAudit } from '../audit/seal.ts';
import type { AuditCheck, VerifyOptions } from '../audit/verify.ts';
import { verifyAtOnce } from '../audit/verify-at-once.ts';
import { roughlyInWords } from '../core/duration.ts';
import { checkpointsIn } from '../flow/audit/anchors.ts';
import { unsealedAudit } from '../store/audit-seals.ts';
import { lastCheckpoint } from '../store/audit-tree.ts';
import type { Db } from '../store/postgres/database.ts';
import { archiveCommands } from './archive-command.ts';
import { auditExportCommands } from './audit-export-command.ts';
import { keysCommand } from './audit-keys-command.ts';

/** Entries are sealed within seconds; a transaction may hold that up, but not for so long. */
const UNSEALED_MAX_SECONDS = 60;

/** What the commands are given by the program. */
export type AuditTools = {
  keys(): Promise<LogKeys>;
  withDatabase(work: (db: Db, url: string) => Promise<void>): Promise<void>;
  say(line: string): void;
  /** The program ends non-zero. */
  fail(): void;
};

type Given = { from?: number; to?: number; since?: string[]; key?: string[]; archive?: string[] };

/** `latchkey audit`: whether the trail is as it was sealed, and what shows it to others. */
export function auditCommands(program: Command, tools: AuditTools): void {
  const audit = program.command('audit').description('the audit trail');
  verifyCommand(audit, tools);
  keyCommand(audit, tools);
  keysCommand(audit, tools);
  archiveCommands(audit, tools);
  auditExportCommands(audit, tools);
  const { withDatabase, say, fail } = tools;
  audit
    .command('checkpoint')
    .description('print the newest checkpoint: keep it elsewhere, and verify --since it later')
    .action(async () => {
      await withDatabase(async (db) => {
        const last = await lastCheckpoint(db);
        if (last !== null) return say(last.note.trimEnd());
        say('There is no checkpoint yet: a running Latchkey makes one within seconds of the first entry.');
        fail();
      });
    });
  audit
    .command('proof')
    .description('print the proof that an entry is in the trail (.tlog-proof), or the entry that it is for')
    .argument('<id>', 'id of the entry')
    .option('--entry', 'the entry as it is proven: canonical JSON, without an end of line')
    .action(async (id: string, given: { entry?: boolean }) => {
      await withDatabase(async (db) => {
        const found = /^\d{1,18}$/.test(id) ? await proofOfEntry(db, id) : null;
        if (found !== null)
          return void process.stdout.write(given.entry === true ? found.entry : found.proof);
        say(`There is no entry ${id}, it is archived (\`audit restore\`), or no checkpoint covers it yet.`);
        fail();
      });
    });
}

function verifyCommand(audit: Command, { keys, withDatabase, say, fail }: AuditTools): void {
  audit
    .command('verify')
    .description('compute the whole trail anew, and hold it against its seals and every checkpoint')
    .option('--from <n>', 'only the entries from this number', wholeNumber)
    .option('--to <n>', 'only the entries up to this number', wholeNumber)
    .option('--since <file...>', 'also hold it against checkpoints that were kept elsewhere')
    .option('--key <vkey...>', 'verifier keys whose signatures count too')
    .option('--archive <file...>', 'also compute the entries of archived files')
    .action(async (given: Given) => {
      const options = await optionsOf(given, await keys());
      if ('why' in options) {
        say(options.why);
        return fail();
      }
      await withDatabase(async (db, url) => {
        while ((await sealAudit(db)) > 0);
        const archives = await archivesIn(given.archive ?? [], options.keys);
        for (const { said } of archives) say(said);
        const known = [...options.known, ...archives.flatMap(({ checkpoint }) => checkpoint ?? [])];
        const check = await verifyAtOnce(db, url, { ...options, known });
        const isSound =
          tell(check, options.keys.verifiers.length > 0, say) && archives.every((one) => one.checkpoint);
        const rest = await unsealedAudit(db);
        if (rest.entries > 0) say(`${rest.entries} entries are not sealed yet.`);
        const isLate = rest.oldestSeconds > UNSEALED_MAX_SECONDS;
        if (isLate)
          say(
            `NOT SEALED for ${roughlyInWords(rest.oldestSeconds)}: what is not sealed can be changed unnoticed. Is Latchkey running, or a transaction open for long (pg_stat_activity)?`,
          );
        if (!isSound || isLate) fail();
      });
    });
}

async function optionsOf(
  given: Given,
  own: LogKeys,
): Promise<(VerifyOptions & { keys: LogKeys; known: string[] }) | { why: string }> {
  const verifiers = [...own.verifiers];
  for (const text of given.key ?? []) {
    const verifier = readVerifier(text);
    if (verifier === null) return { why: `${text} is no verifier key: it has the form name+id+key` };
    verifiers.push(verifier);
  }
  const known: string[] = [];
  for (const file of given.since ?? [])
    try {
      known.push(...checkpointsOf(await readFile(file, 'utf8')));
    } catch (error) {
      return { why: `${file} can’t be read: ${(error as Error).message}` };
    }
  const { from, to } = given;
  return {
    keys: { ...own, verifiers },
    known,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

type CheckedArchive = { said: string; checkpoint: string | null };

/** Each file by itself. Its checkpoint ties it to the rest. */
async function archivesIn(files: readonly string[], keys: LogKeys): Promise<CheckedArchive[]> {
  const all: CheckedArchive[] = [];
  for (const file of files) {
    const read = await readArchive(file, keys).catch((error: NodeJS.ErrnoException) => ({
      why: `it can’t be read: ${error.message}`,
    }));
    all.push(
      'why' in read
        ? { said: `BROKEN ${file}: ${read.why}`, checkpoint: null }
        : {
            said: `${file}: entries ${read.head.first} to ${read.head.last}, as they were sealed`,
            checkpoint: read.head.checkpoint,
          },
    );
  }
  return all;
}

/** A file may have many, as one that Latchkey puts them into; what is none is told as such. */
function checkpointsOf(text: string): string[] {
  const found = checkpointsIn(text);
  return found.length === 0 ? [text] : found;
}

/** Answers whether the trail is sound. */
function tell(check: AuditCheck, hasKey: boolean, say: (line: string) => void): boolean {
  if ('damage' in check) {
    const { brokenAt, upTo, damage, why } = check;
    const where = upTo > brokenAt ? `between entries ${brokenAt} and ${upTo}` : `at entry ${brokenAt}`;
    say(`${damage === 'unsigned' ? 'NOT PROVEN' : 'BROKEN'} ${where} (${damage}): ${why}`);
    return false;
  }
  const { entries, head, signed, computed, archived } = check;
  const part =
    computed.from <= 1 && computed.to >= entries
      ? ''
      : `, of which ${computed.from} to ${computed.to} were computed`;
  say(`${entries} entries${part}, as they were sealed, root ${head}`);
  if (archived > 0)
    say(
      `${archived} of them are archived; what the tree keeps of them is right, and --archive computes the files.`,
    );
  if (signed > 0) say(`A checkpoint signed with the key of this log covers ${signed} of them.`);
  else if (!hasKey)
    say(
      'No key is known (AUDIT_SIGNING_KEY, --key): whoever can change the database could have made all hashes anew.',
    );
  return true;
}

function keyCommand(audit: Command, { say }: AuditTools): void {
  audit
    .command('key')
    .description('make a key for AUDIT_SIGNING_KEY, and print it once, with the key for checking')
    .option('--witness', 'for a witness, which signs the checkpoints of others')
    .argument(
      '<name>',
      'name of this log: an address without https://, as latchkey.example.com/audit',
      keyName,
    )
    .action((name: string, given: { witness?: boolean }) => {
      const made = newSigningKey(name, given.witness === true);
      say(
        `${given.witness === true ? 'Key of the witness' : 'AUDIT_SIGNING_KEY'}, to keep secret:\n${made}\n`,
      );
      say(`Verifier key, for whoever checks:\n${readSigner(made)?.verifier.vkey}`);
    });
}

function keyName(text: string): string {
  if (!isKeyName(text)) throw new InvalidArgumentError('a name without blanks and +.');
  return text;
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('a number of an entry, from 1.');
  return Number(text);
}
