import { once } from 'node:events';
import { userInfo } from 'node:os';
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { ownVersion } from '../config/command-line.ts';
import { commit, type Note, type Outcome, type Unit } from '../flow/kernel/commit.ts';
import type { DestinationName } from '../ports/audit-destination.ts';
import { lineSettings } from '../siem/destinations.ts';
import { type ExportRange, linesOf, type RangeEnd, rangeOf } from '../siem/export-range.ts';
import { type LineFormat, lineFormats } from '../siem/line.ts';
import { restartExport } from '../store/audit-exports.ts';
import type { AuditTools } from './audit-command.ts';

const names: readonly DestinationName[] = ['stdout', 'file', 'https', 'syslog'];
const END = 'number of an entry, or a day as 2026-03-01 (UTC)';

type Given = { format: LineFormat; from: RangeEnd; to?: RangeEnd };

/** `latchkey audit export` and `audit resend`. Whoever takes something out of the audit is in it. */
export function auditExportCommands(
  audit: Command,
  { withDatabase, say, fail }: Omit<AuditTools, 'keys'>,
): void {
  audit
    .command('export')
    .description('print the sealed entries, a line of JSON each; that it was done is in the audit')
    .addOption(new Option('--format <format>', 'how a line is written').choices(lineFormats).default('jsonl'))
    .option('--from <n|day>', `the first: ${END}`, rangeEnd, 1)
    .option('--to <n|day>', `the last: ${END}; without, the newest`, rangeEnd)
    .action(async ({ format, from, to }: Given) => {
      await withDatabase(async (db) => {
        const range = await rangeOf(db, from, to ?? null);
        await commit(db, async (unit) =>
          onRecord(unit, 'auditExported', { format, from: range.behind + 1, to: range.upTo }),
        );
        const settings = lineSettings(format, { idp: 'the identity provider', version: ownVersion() });
        let missing = 0;
        for await (const some of linesOf(db, range, settings)) {
          missing += some.missing;
          if (!process.stdout.write(some.lines)) await once(process.stdout, 'drain');
        }
        for (const line of notPrinted(range, missing)) process.stderr.write(`${line}\n`);
      });
    });
  audit
    .command('resend')
    .description(
      'have a running Latchkey send a destination everything from an entry on, also what it has got',
    )
    .addArgument(new Argument('<destination>', 'which').choices(names))
    .requiredOption('--from <n|day>', `the first: ${END}`, rangeEnd)
    .action(async (destination: DestinationName, { from }: { from: RangeEnd }) => {
      await withDatabase(async (db) => {
        const { behind } = await rangeOf(db, from, null);
        const isThere = await commit(db, async (unit) => {
          if (!(await restartExport(unit.tx, destination, behind))) return { result: false };
          return { ...onRecord(unit, 'auditResent', { destination, from: behind + 1 }), result: true };
        });
        if (isThere)
          return say(`${destination} is sent everything from entry ${behind + 1} on, within seconds.`);
        say(`Nothing was ever sent to ${destination}: set it in the environment of Latchkey (docs/siem.md).`);
        fail();
      });
    });
}

/** What the lines do not show. Beside them, so that a pipe gets lines of JSON alone. */
function notPrinted({ behind, upTo }: ExportRange, missing: number): string[] {
  if (upTo <= behind) return ['Nothing that is sealed is in this range, so nothing was printed.'];
  if (missing === 0) return [];
  return [
    `Not printed: ${missing} ${missing === 1 ? 'entry' : 'entries'} that the database no longer has. Archived ones come back with \`audit restore\`; \`audit verify\` says whether any is gone otherwise.`,
  ];
}

function onRecord({ now }: Unit, type: Note['type'], data: Record<string, unknown>): Outcome<null> {
  const actor = { part: `operator ${userInfo().username}` };
  return { result: null, notes: [{ type, at: now, actor, changeId: null, data }] };
}

function rangeEnd(text: string): RangeEnd {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  if (/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))) return new Date(text);
  throw new InvalidArgumentError(`${END}.`);
}
