import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

export const root = fileURLToPath(new URL('../../', import.meta.url));

export type SourceImport = {
  path: string | null;
  package: string | null;
  /** Gone when the program runs. */
  isTypeOnly: boolean;
  /** Loaded when the program gets there, and not when it starts. */
  isDynamic: boolean;
};

export type SourceFile = {
  /** From the top of the repository, e.g. `src/core/change/change.ts`. */
  path: string;
  text: string;
  /** The text without comments: a rule is about what runs. */
  code: string;
  /** What it imports: files by path from the top, packages by name. */
  imports: SourceImport[];
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
    ...[...text.matchAll(/^(?:import|export)\s+(type\s)?(?:[\w\s{},*$]*?\sfrom\s+)?'([^']+)'/gms)].map(
      (match) => ({
        match,
        isDynamic: false,
      }),
    ),
    ...[...text.matchAll(/(\btypeof )?\b(?:import|require\.resolve)\('([^']+)'\)/g)].map((match) => ({
      match,
      isDynamic: true,
    })),
  ];
  return found.map(({ match: [, type, from], isDynamic }) => {
    const name = from as string;
    const isFile = name.startsWith('.');
    return {
      path: isFile ? posix.join(dirname(path), name) : null,
      package: isFile ? null : name,
      isTypeOnly: type !== undefined,
      isDynamic,
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
