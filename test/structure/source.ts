import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

export const root = fileURLToPath(new URL('../../', import.meta.url));

export type SourceFile = {
  /** From the top of the repository, e.g. `src/core/change.ts`. */
  path: string;
  text: string;
  /** The text without comments: a rule is about what runs. */
  code: string;
  /** What it imports: files by path from the top, packages by name. */
  imports: { path: string | null; package: string | null; isTypeOnly: boolean }[];
};

/** Every TypeScript file below a folder. */
export function filesIn(folder: string): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => read(posix.join(folder, name.replaceAll('\\', '/'))))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function read(path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  return { path, text, code: withoutComments(text), imports: importsOf(path, text) };
}

/** The room of a file in `src`: `core`, `flow`..., or its own name at the top. */
export function roomOf(path: string): string {
  return path.split('/')[1] as string;
}

/** Fails with every place that breaks a rule, why there is the rule, and what to do. */
export function expectNone(offenders: readonly string[], why: string): void {
  expect(offenders, why).toEqual([]);
}

/** Places (`file:line`) where the code, comments apart, fits a pattern. */
export function placesOf(files: readonly SourceFile[], pattern: RegExp): string[] {
  return files.flatMap(({ path, code }) =>
    code.split('\n').flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [])),
  );
}

function importsOf(path: string, text: string): SourceFile['imports'] {
  const found = [
    ...text.matchAll(/^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gms),
    ...text.matchAll(/()\bimport\('([^']+)'\)/g),
  ];
  return found.map(([, type, from]) => {
    const name = from as string;
    const isFile = name.startsWith('.');
    return {
      path: isFile ? posix.join(dirname(path), name) : null,
      package: isFile ? null : name,
      isTypeOnly: type !== undefined && type !== '',
    };
  });
}

/** Comments become blank; lines keep their numbers. Strings that hold `//` are left alone. */
function withoutComments(text: string): string {
  return text.replace(
    /(`(?:\\.|[^`\\])*`|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (whole, string) => string ?? whole.replace(/[^\n]/g, ' '),
  );
}
