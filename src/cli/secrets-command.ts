import type { Command } from 'commander';
import type { Checked } from '../core/checked.ts';
import { roughlyInWords } from '../core/duration.ts';
import type { SecretState } from '../secrets/kept-secret.ts';
import { minuteOf } from '../store/bearer-token.ts';
import type { Db } from '../store/postgres/database.ts';
import { secretsUsed } from '../store/secret-settings.ts';

export type SecretsTools = {
  /** What this process could read of each, just now, and how old one may be, in seconds. */
  states(): Promise<{ states: SecretState[]; maxAge: number }>;
  withDatabase(work: (db: Db) => Promise<void>): Promise<void>;
  say(line: string): void;
  /** The program ends non-zero. */
  fail(): void;
};

/** `latchkey secrets`: where each secret comes from, how old it is and when it was last used. Never its value. */
export function secretsCommand(program: Command, { states, withDatabase, say, fail }: SecretsTools): void {
  program
    .command('secrets')
    .description(
      'each secret setting: where it is read from, its version, its age and its last use; never its value',
    )
    .action(async () => {
      const { states: all, maxAge } = await states();
      await withDatabase(async (db) => {
        const used = await secretsUsed(db);
        const rows = all.map((one) => [
          one.name,
          one.source,
          one.version ?? '-',
          ageOf(one),
          usedAt(used.get(one.name) ?? null),
        ]);
        for (const line of table([['setting', 'from', 'version', 'age', 'last used'], ...rows])) say(line);
        for (const one of secretLines(all, maxAge))
          if (one.trouble !== null) say(`${one.name} ${one.trouble}`);
        if (all.some(({ trouble }) => trouble !== null)) fail();
      });
    });
}

/** The lines of `check` about secrets. Of those that are values in the environment, nobody knows the age. */
export function secretLines(states: readonly SecretState[], maxAge: number): Checked[] {
  const plain = states.filter(({ version }) => version === null).map(({ name }) => name);
  const elsewhere = states.filter(({ version }) => version !== null);
  return [
    ...elsewhere.map(({ name, source, trouble, ...state }): Checked => {
      if (trouble !== null) return { name, trouble };
      const seconds = secondsOf(state);
      return seconds !== null && seconds > maxAge
        ? {
            name,
            trouble: `is ${roughlyInWords(seconds)} old: make a new one, and put it into ${source}`,
            isOptional: true,
          }
        : { name, trouble: null, detail: `ok: from ${source}, ${ageOf(state)}` };
    }),
    ...(plain.length === 0
      ? []
      : [
          {
            name: 'secrets',
            trouble: null,
            detail: `values in the environment, whose age nobody knows: ${plain.join(', ')}`,
          },
        ]),
  ];
}

function secondsOf({ madeAt }: Pick<SecretState, 'madeAt'>): number | null {
  return madeAt === null ? null : (Date.now() - madeAt.getTime()) / 1_000;
}

function ageOf(state: Pick<SecretState, 'madeAt'>): string {
  const seconds = secondsOf(state);
  return seconds === null ? 'age not known' : `${roughlyInWords(Math.max(1, seconds))} old`;
}

function usedAt(at: Date | null): string {
  return at === null ? 'not known' : `${minuteOf(at)} UTC`;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
