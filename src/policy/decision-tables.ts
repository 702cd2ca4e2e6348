import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { parseDuration } from '../core/duration.ts';
import type { EntitlementKey } from '../core/ids.ts';
import type { Policy } from '../core/policy/policy.ts';
import { conflictsOf, type Holding } from '../core/policy/separation.ts';
import {
  evaluateRequest,
  needs,
  type RequestFacts,
  ruledOut,
  type Verdict,
  weekdays,
} from '../core/policy/verdict.ts';
import { InvalidPolicy, readText } from './catalogue-file.ts';

const person = z.strictObject({
  email: z.string().default('somebody@company.example'),
  department: z.string().nullable().default(null),
  title: z.string().nullable().default(null),
});

const keys = z.array(z.string()).default([]);

const row = z.strictObject({
  name: z.string().min(1),
  given: z.strictObject({
    person: person.extend({ active: z.boolean().default(true) }).prefault({}),
    entitlement: z.string(),
    for: z.string().optional(),
    forSomebodyElse: z.boolean().default(false),
    /** False: found in the directory, or given by rule. */
    askedFor: z.boolean().default(true),
    ticket: z.boolean().default(false),
    extension: z.boolean().default(false),
    earlierGrants: z.int().min(0).default(0),
    /** The entitlements that they hold, have asked for, and have through teams that stand below others. */
    holds: keys,
    pending: keys,
    inherits: keys,
    hour: z.int().min(0).max(23).optional(),
    weekday: z.enum(weekdays).optional(),
    onCall: z.boolean().optional(),
    location: z.string().optional(),
    approver: person.optional(),
  }),
  expect: z
    .strictObject({
      verdict: z.enum(['refuse', 'ask', 'autoApprove']),
      /** Exactly these. */
      holds: z.array(z.enum(needs)),
      /** Among those that made it. */
      rules: z.array(z.string()),
      clauses: z.array(z.string()),
      /** Stands in its words. */
      says: z.string(),
      /** Something could not be evaluated. */
      unsure: z.boolean(),
      /** Whether the given approver may approve it. */
      mayApprove: z.boolean(),
    })
    .partial(),
});
type Row = z.infer<typeof row>;

/** A row that was put to the policy; `wrong` is empty where it holds. */
export type RowResult = { file: string; line: number; name: string; wrong: string[] };

/**
 * Puts every row of `tests/*.yaml` in the folder to a policy. Throws `catalogue.invalid` for a table that can't be
 * read.
 */
export async function runTables(dir: string, policy: Policy): Promise<RowResult[]> {
  const folder = join(dir, 'tests');
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.yaml')).sort();
  const results: RowResult[] = [];
  for (const name of names) {
    const file = join(folder, name);
    for (const { line, row } of readTable(file, await readText(file)))
      results.push({ file, line, name: row.name, wrong: differences(row, policy) });
  }
  return results;
}

function readTable(file: string, yaml: string): { line: number; row: Row }[] {
  const lines = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: lines });
  const [broken] = document.errors;
  if (broken !== undefined)
    throw new InvalidPolicy([`${file}:${broken.linePos?.[0].line ?? 1}: ${broken.message.split('\n')[0]}`]);
  const lineOf = (path: readonly PropertyKey[]) => {
    const node = document.getIn([path[0]], true) as { range?: [number, number, number] } | undefined;
    return node?.range == null ? 1 : lines.linePos(node.range[0]).line;
  };
  const parsed = z.array(row).safeParse(document.toJS() ?? []);
  if (!parsed.success)
    throw new InvalidPolicy(
      parsed.error.issues.map((i) => `${file}:${lineOf(i.path)}: ${i.path.join('.')}: ${i.message}`),
    );
  return parsed.data.map((row, i) => ({ line: lineOf([i]), row }));
}

function differences({ given, expect }: Row, policy: Policy): string[] {
  const facts = factsOf(given, policy);
  if (typeof facts === 'string') return [facts];
  const verdict = evaluateRequest(facts, policy.rules);
  const said = verdict.grounds.map((g) => g.text).join('; ');
  const wrong: string[] = [];
  const differs = (what: string, wanted: string, is: string) =>
    wrong.push(`${what}: expected ${wanted}, is ${is} (${said})`);
  if (expect.verdict !== undefined && expect.verdict !== verdict.effect)
    differs('verdict', expect.verdict, verdict.effect);
  const holds = [...new Set((verdict.holds ?? []).map((hold) => hold.needs))].sort();
  if (expect.holds !== undefined && expect.holds.toSorted().join() !== holds.join())
    differs('holds', expect.holds.join(', ') || 'none', holds.join(', ') || 'none');
  for (const [what, wanted, are] of [
    ['rule', expect.rules, verdict.grounds.map((g) => g.rule)],
    ['clause', expect.clauses, verdict.grounds.map((g) => g.clause)],
  ] as const)
    for (const one of wanted ?? [])
      if (!(are as (string | null | undefined)[]).includes(one))
        differs(what, one, [...new Set(are)].filter(Boolean).join(', ') || 'none');
  if (expect.says !== undefined && !said.includes(expect.says))
    differs('words', `“${expect.says}”`, 'not among them');
  const isUnsure = (verdict.unsure ?? []).length > 0;
  if (expect.unsure !== undefined && expect.unsure !== isUnsure)
    differs('unsure', String(expect.unsure), String(isUnsure));
  return [...wrong, ...approverDiffers(facts, given.approver, expect.mayApprove, policy)];
}

function approverDiffers(
  facts: RequestFacts,
  approver: Row['given']['approver'],
  mayApprove: boolean | undefined,
  policy: Policy,
): string[] {
  if (mayApprove === undefined) return [];
  if (approver === undefined) return ['mayApprove is expected, but no approver is given'];
  const out = ruledOut(policy.rules, facts, approver);
  if ((out === null) === mayApprove) return [];
  return [
    `mayApprove: expected ${mayApprove}, is ${out === null}${out === null ? '' : ` (${out.text}; ${out.rule})`}`,
  ];
}

function factsOf(given: Row['given'], { catalogue }: Policy): RequestFacts | string {
  const entitlement = catalogue.entitlements.find((e) => e.key === given.entitlement);
  if (entitlement === undefined) return `there is no entitlement ${given.entitlement}`;
  const seconds = given.for === undefined ? entitlement.defaultSeconds : parseDuration(given.for);
  if (seconds === null) return `"${given.for}" is no duration: write e.g. 90s, 15m, 8h or 7d`;
  const of = (list: readonly string[], how: Holding['how']) =>
    list.map((key): Holding => ({ entitlementKey: key as EntitlementKey, how, through: null }));
  const duties = {
    holdings: [
      ...of(given.holds, 'held'),
      ...of(given.pending, 'pending'),
      ...of(given.inherits, 'inherited'),
    ],
    brings: [],
  };
  const { active, ...who } = given.person;
  return {
    entitlement,
    beneficiary: { ...who, isActive: active },
    requestedSeconds: seconds,
    isForSomebodyElse: given.forSomebodyElse,
    isAskedFor: given.askedFor,
    hasTicket: given.ticket,
    isExtension: given.extension,
    earlierGrants: given.earlierGrants,
    duties,
    conflicts: conflictsOf(catalogue, entitlement, duties),
    ...(given.hour === undefined ? {} : { hour: given.hour }),
    ...(given.weekday === undefined ? {} : { weekday: given.weekday }),
    ...(given.onCall === undefined ? {} : { isOnCall: given.onCall }),
    ...(given.location === undefined ? {} : { location: given.location }),
  };
}

/** A verdict in one line. */
export function verdictInWords(verdict: Verdict): string {
  const holds = [...new Set((verdict.holds ?? []).map((hold) => hold.needs))];
  return holds.length === 0 ? verdict.effect : `${verdict.effect} (${holds.join(', ')})`;
}
