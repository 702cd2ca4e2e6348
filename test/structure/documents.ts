import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { root } from './source.ts';

/** A page for people. `path` from the top of the repository. */
export type Page = { path: string; text: string };

export function readPage(path: string): Page {
  return { path, text: readFileSync(join(root, path), 'utf8') };
}

/** The README and every page of docs/. */
export const pages: readonly Page[] = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => posix.join('docs', name))
    .sort(),
].map(readPage);

/** The text without fenced blocks of code and diagrams; lines keep their numbers. */
export function prose({ text }: Page): string {
  return text.replace(/^[ \t]*```[\s\S]*?^[ \t]*```[ \t]*$/gm, (block) => block.replace(/[^\n]/g, ''));
}

/** Anchors of a page's headings, as GitHub makes them: a heading that comes again has `-1`, `-2` behind it. */
export function anchorsOf(page: Page): Set<string> {
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, heading] of prose(page).matchAll(/^#{1,6} (.+)$/gm)) {
    const anchor = (heading as string)
      .trim()
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-');
    const times = seen.get(anchor) ?? 0;
    seen.set(anchor, times + 1);
    anchors.add(times === 0 ? anchor : `${anchor}-${times}`);
  }
  return anchors;
}

/** Links to files and anchors of ours; what leads elsewhere is left out. */
export function linksOf(page: Page): { target: string; line: number }[] {
  return prose(page)
    .split('\n')
    .flatMap((text, i) =>
      [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => ({ target: target as string, line: i + 1 })),
    )
    .filter(({ target }) => !/^[a-z]+:/.test(target));
}
