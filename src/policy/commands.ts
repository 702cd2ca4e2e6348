import { type Command, InvalidArgumentError, Option } from 'commander';
import { durationInWords, parseDuration } from '../core/duration.ts';
import type { Db } from '../store/postgres/database.ts';
import { catalogueJsonSchema } from './catalogue-schema.ts';
import { runTables } from './decision-tables.ts';
import { explain } from './explain.ts';
import { lintCatalogue, lintOutside, lintStepUp, type Parties, type Remark } from './lint.ts';
import { loadPolicy } from './policy-folder.ts';
import { type Replayed, replay } from './replay.ts';

const REPLAYED_SECONDS = 90 * 86_400;

/** What the commands are given by the program. */
export type PolicyTools = {
  /** Folder of the policy. */
  dir(): string;
  /** Null: nothing is configured and no sandbox runs. */
  outside(): Promise<Parties | null>;
  withDatabase(work: (db: Db) => Promise<void>): Promise<void>;
  say(line: string): void;
  /** The program ends non-zero. */
  fail(): void;
};

/** `latchkey policy …`: for whoever changes the rules, before and after. Each ends 0 only when all is well. */
export function policyCommands(program: Command, tools: PolicyTools): Command {
  const policy = program.command('policy').description('the catalogue, the written policy and the rules');
  checkCommand(policy, tools);
  testCommand(policy, tools);
  replayCommand(policy, tools);
  explainCommand(policy, tools);
  policy
    .command('schema')
    .description('print the JSON Schema of catalogue.yaml, for editors')
    .action(() => tools.say(JSON.stringify(catalogueJsonSchema(), null, 2)));
  return policy;
}

function checkCommand(policy: Command, tools: PolicyTools): void {
  const { say, fail } = tools;
  policy
    .command('check')
    .description(
      'read all of it and name every mistake by line; with the identity providers and Anypoint at hand, look there too',
    )
    .option('--files-only', 'look at the files alone')
    .action(async ({ filesOnly }: { filesOnly?: boolean }) => {
      const { catalogue, rules, warnings, ruleCount, terms } = await loadPolicy(tools.dir());
      say(
        `${tools.dir()}: ${catalogue.entitlements.length} entitlements, ${catalogue.bundles.length} bundles, ${catalogue.clauses.length} clauses, ${ruleCount} rules, no mistakes`,
      );
      const outside = filesOnly === true ? null : await tools.outside();
      const remarks = [
        ...warnings.map((text): Remark => ({ kind: 'advice', entitlement: null, text })),
        ...lintCatalogue(catalogue, rules, terms),
        ...(outside === null ? [] : await lintOutside(catalogue, outside)),
        ...lintStepUp(rules, outside?.hasSignIn ?? true),
      ];
      for (const { kind, entitlement, text } of remarks)
        say(
          `${kind === 'problem' ? 'PROBLEM' : 'advice '}  ${entitlement === null ? '' : `${entitlement}: `}${text}`,
        );
      if (outside === null)
        say(
          'The identity providers and Anypoint were not looked at: groups, teams and what the teams give are not checked',
        );
      if (remarks.some((remark) => remark.kind === 'problem')) fail();
    });
}

function testCommand(policy: Command, tools: PolicyTools): void {
  const { say, fail } = tools;
  policy
    .command('test')
    .description('put every row of tests/*.yaml to the rules')
    .action(async () => {
      const results = await runTables(tools.dir(), await loadPolicy(tools.dir()));
      let file = '';
      for (const row of results) {
        if (row.file !== file) say(row.file);
        file = row.file;
        say(`  ${row.wrong.length === 0 ? 'ok' : 'NO'}  ${row.name}`);
        for (const line of row.wrong) say(`        line ${row.line}: ${line}`);
      }
      const held = results.filter((row) => row.wrong.length === 0).length;
      say(`${held} of ${results.length} hold`);
      if (held < results.length || results.length === 0) fail();
    });
}

function replayCommand(policy: Command, tools: PolicyTools): void {
  const { say } = tools;
  policy
    .command('replay')
    .description(
      'past decisions on their recorded facts under the rules as they are now: those that would change',
    )
    .addOption(
      new Option('--since <duration>', 'how far back')
        .argParser(seconds)
        .default(REPLAYED_SECONDS, durationInWords(REPLAYED_SECONDS)),
    )
    .option('--json', 'print one JSON document')
    .action(async ({ since, json }: { since: number; json?: boolean }) => {
      const loaded = await loadPolicy(tools.dir());
      await tools.withDatabase(async (db) => {
        const result = await replay(db, loaded, new Date(Date.now() - since * 1_000));
        if (json === true) say(JSON.stringify(result, null, 2));
        else for (const line of replayTable(result)) say(line);
      });
    });
}

function explainCommand(policy: Command, tools: PolicyTools): void {
  const { say, fail } = tools;
  policy
    .command('explain')
    .description('what the rules would say if this person asked for this now')
    .argument('<person>', 'e-mail address or login')
    .argument('<entitlement>', 'its key in the catalogue')
    .option('--for <duration>', 'for how long; without, the catalogue’s default', seconds)
    .option('--ticket', 'suppose that a ticket is named')
    .action(async (person: string, entitlement: string, given: { for?: number; ticket?: boolean }) => {
      const loaded = await loadPolicy(tools.dir());
      const outside = await tools.outside();
      if (outside === null) {
        say('Nothing is configured and no sandbox runs, so nobody knows this person: run npm start first.');
        return fail();
      }
      for (const line of await explain(loaded, outside, {
        person,
        entitlement,
        seconds: given.for ?? null,
        hasTicket: given.ticket === true,
      }))
        say(line);
    });
}

/** As people read it. */
export function replayTable({ since, looked, withoutFacts, changed }: Replayed): string[] {
  const head = ['asked', 'person', 'entitlement', 'was', 'rules then', 'rules now'];
  const rows = changed.map((c) => [
    c.at.toISOString().slice(0, 16).replace('T', ' '),
    c.person,
    c.entitlement,
    c.outcome,
    c.before,
    c.today,
  ]);
  const widths = head.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  const table =
    changed.length === 0
      ? []
      : [
          line(head),
          ...rows.flatMap((row, i) => [line(row), ...(changed[i]?.why ?? []).map((why) => `    ${why}`)]),
        ];
  const skipped =
    withoutFacts === 0 ? '' : `; ${withoutFacts} more were decided before facts were kept, or not by rules`;
  return [
    ...table,
    `${changed.length} of ${looked} decisions since ${since.toISOString().slice(0, 10)} would be others${skipped}`,
  ];
}

function seconds(text: string): number {
  const parsed = parseDuration(text);
  if (parsed === null) throw new InvalidArgumentError('a duration, e.g. 8h or 90d.');
  return parsed;
}
