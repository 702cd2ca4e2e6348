import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Fault } from '../core/fault.ts';
import type { Policy } from '../core/policy/policy.ts';
import { InvalidPolicy, readCatalogue, readClauses, readText } from './catalogue-file.ts';
import { type ParsedRule, readRules } from './cedar-file.ts';
import { cedarRules } from './cedar-rules.ts';
import { type ClauseTerms, readTerms } from './clause-terms.ts';

const SCHEMA_FILE = 'latchkey.cedarschema';
/** What the organisation tells whoever advises on access reviews. */
const NOTES_FILE = 'review-notes.md';
/** The model reads so many at the most. */
const NOTES_MAX = 20;
/** Latchkey says what the rules can ask about. The copy in a folder is for people and their editors. */
const OUR_SCHEMA = new URL(`../../policy/${SCHEMA_FILE}`, import.meta.url);

/** The files of a policy as they stand at one moment. */
export type PolicyTexts = {
  dir: string;
  /** Text by file name: `catalogue.yaml`, `policy.md`, `*.cedar`, and the schema where the folder has it. */
  files: Map<string, string>;
  /** Changes with any of them. */
  fingerprint: string;
};

/** A policy with what is worth saying of it besides. */
export type LoadedPolicy = Policy & {
  warnings: string[];
  ruleCount: number;
  /** What the clauses ask of the catalogue. */
  terms: ClauseTerms[];
};

/** Reads and checks a whole policy. `idps`: those connected, where that is known. Throws `catalogue.invalid` with every mistake in it by file and line. */
export async function loadPolicy(dir: string, idps?: readonly string[]): Promise<LoadedPolicy> {
  return await policyOf(await readTexts(dir), idps);
}

/** Reads the files alone. Throws `catalogue.invalid` when one that has to be there can't be read. */
export async function readTexts(dir: string): Promise<PolicyTexts> {
  const names = await readdir(dir).catch((cause: unknown) => {
    throw new Fault('catalogue.invalid', `${dir} can’t be read: set POLICY_DIR to the folder of the policy`, {
      retryable: false,
      cause,
    });
  });
  const wanted = [
    'catalogue.yaml',
    'policy.md',
    ...names.filter((name) => name.endsWith('.cedar') || name === SCHEMA_FILE || name === NOTES_FILE).sort(),
  ];
  const files = new Map<string, string>();
  for (const name of wanted) files.set(name, await readText(join(dir, name)));
  const hash = createHash('sha256');
  for (const [name, text] of files) hash.update(`${name}\0${text}\0`);
  return { dir, files, fingerprint: hash.digest('hex').slice(0, 12) };
}

/** Checks texts and makes a policy of them. `idps`: those connected, where that is known. Throws `catalogue.invalid` with every mistake. */
export async function policyOf(
  { dir, files, fingerprint }: PolicyTexts,
  idps?: readonly string[],
): Promise<LoadedPolicy> {
  const schema = await readFile(OUR_SCHEMA, 'utf8');
  const clauses = readClauses(files.get('policy.md') ?? '');
  const path = join(dir, 'catalogue.yaml');
  const { value: catalogue, mistakes } = readCatalogue(
    path,
    files.get('catalogue.yaml') ?? '',
    clauses,
    idps,
  );
  const written = join(dir, 'policy.md');
  const { terms, mistakes: misread } = readTerms(written, files.get('policy.md') ?? '');
  const found = [...mistakes, ...doubleClauses(written, files.get('policy.md') ?? ''), ...misread];
  const warnings: string[] = [];
  const rules: ParsedRule[] = [];
  const known = new Set(clauses.map((c) => c.id));
  for (const [name, text] of files) {
    if (!name.endsWith('.cedar')) continue;
    const file = readRules(join(dir, name), text, schema, known);
    found.push(...file.mistakes);
    warnings.push(...file.warnings);
    for (const rule of file.rules) {
      const first = rules.find((other) => other.id === rule.id);
      if (first !== undefined)
        found.push(`${rule.place}: rule ${rule.id}: the @id is used at ${first.place} already`);
      rules.push(rule);
    }
  }
  if (![...files.keys()].some((name) => name.endsWith('.cedar')))
    found.push(
      `${dir}: there are no rules (*.cedar), so nothing could be asked for: copy those of the example`,
    );
  const copy = files.get(SCHEMA_FILE);
  if (copy !== undefined && copy !== schema)
    found.push(
      `${join(dir, SCHEMA_FILE)}:${firstDifference(copy, schema)}: not the schema of this version of Latchkey: copy ${basename(SCHEMA_FILE)} from it`,
    );
  if (found.length > 0 || catalogue === null) throw new InvalidPolicy(found);
  const reviewNotes = readNotes(files.get(NOTES_FILE) ?? '');
  const whole = reviewNotes.length === 0 ? catalogue : { ...catalogue, reviewNotes };
  return {
    catalogue: whole,
    rules: cedarRules(rules, fingerprint),
    warnings,
    ruleCount: rules.length,
    terms,
  };
}

/** Each list item is a note: `- Contractors’ e-mails begin with ext.`. */
function readNotes(markdown: string): string[] {
  return [...markdown.matchAll(/^- (.+)$/gm)].map(([, note]) => note as string).slice(0, NOTES_MAX);
}

function doubleClauses(path: string, markdown: string): string[] {
  const seen = new Map<string, number>();
  return markdown.split('\n').flatMap((line, i) => {
    const id = /^- \*\*([A-Z]+-\d+) /.exec(line)?.[1];
    if (id === undefined) return [];
    const first = seen.get(id);
    if (first !== undefined) return [`${path}:${i + 1}: clause ${id} stands in line ${first} already`];
    seen.set(id, i + 1);
    return [];
  });
}

/** Line of the first difference, from 1. */
function firstDifference(a: string, b: string): number {
  const other = b.split('\n');
  const at = a.split('\n').findIndex((line, i) => line !== other[i]);
  return at < 0 ? other.length : at + 1;
}
