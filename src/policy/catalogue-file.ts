import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Document, LineCounter, parseDocument, visit } from 'yaml';
import type { z } from 'zod';
import { Fault } from '../core/fault.ts';
import type { EntitlementKey } from '../core/ids.ts';
import { nearest } from '../core/nearest.ts';
import type { Catalogue, Clause, Entitlement } from '../core/policy/catalogue.ts';
import type { Delivery } from '../core/policy/delivery.ts';
import { isStorable } from '../core/storable.ts';
import { catalogueSchema, settings } from './catalogue-schema.ts';
import { weekdays } from './working-hours-schema.ts';

/** A file's content, or every mistake in it as `path:line: what is wrong and what to do`. */
export type Read<T> = { value: T; mistakes: [] } | { value: null; mistakes: string[] };

/**
 * Reads `catalogue.yaml` and the numbered clauses of `policy.md` in a folder. Throws `catalogue.invalid` with
 * every mistake by file and line.
 */
export async function loadCatalogue(dir: string): Promise<Catalogue> {
  const path = join(dir, 'catalogue.yaml');
  const [yaml, policy] = await Promise.all([readText(path), readText(join(dir, 'policy.md'))]);
  const { value, mistakes } = readCatalogue(path, yaml, readClauses(policy));
  if (value === null) throw new InvalidPolicy(mistakes);
  return value;
}

/** Pure: the catalogue in a text. */
export function readCatalogue(
  path: string,
  yaml: string,
  clauses: Clause[],
  idps?: readonly string[],
): Read<Catalogue> {
  const lines = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: lines });
  const [broken] = document.errors;
  if (broken !== undefined)
    return no([`${path}:${broken.linePos?.[0].line ?? 1}: ${broken.message.split('\n')[0]}`]);

  const unstorable = unstorableLines(document, lines);
  if (unstorable.length > 0)
    return no(
      unstorable.map(
        (line) =>
          `${path}:${line}: this text has characters that can’t be stored (a NUL, or half a character): write it without them`,
      ),
    );

  const lineOf = (keys: readonly PropertyKey[]): number => {
    for (let depth = keys.length; depth >= 0; depth--) {
      const node = document.getIn(keys.slice(0, depth), true) as
        | { range?: [number, number, number] }
        | undefined;
      if (node?.range != null) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  const parsed = catalogueSchema.safeParse(document.toJS());
  if (!parsed.success)
    return no(
      parsed.error.issues.map(
        (i) => `${path}:${lineOf(i.path)}: ${i.path.join('.')}: ${i.message}${hintFor(i)}`,
      ),
    );

  const unknown = parsed.data.entitlements.flatMap((e, i) =>
    e.clauses
      .filter((id) => !clauses.some((c) => c.id === id))
      .map((id) => `${path}:${lineOf(['entitlements', i, 'clauses'])}: clause ${id} is not in policy.md`),
  );
  const misplaced = parsed.data.entitlements.flatMap(({ idp: { provider } }, i) => {
    const why = idps === undefined ? null : whyNotAt(provider, idps);
    return why === null ? [] : [`${path}:${lineOf(['entitlements', i, 'idp'])}: ${why}`];
  });
  unknown.push(...misplaced);
  return unknown.length > 0 ? no(unknown) : { value: catalogueOf(parsed.data, clauses), mistakes: [] };
}

/** `idps`: `system` of each that is connected. */
function whyNotAt(provider: string | undefined, idps: readonly string[]): string | null {
  const all = idps.join(' or ');
  if (provider === undefined)
    return idps.length < 2
      ? null
      : `several identity providers are connected: say which, \`provider: ${all}\``;
  return idps.includes(provider)
    ? null
    : `the identity provider ${provider} is not connected: give its settings, or write ${all}`;
}

function no(mistakes: string[]): { value: null; mistakes: string[] } {
  return { value: null, mistakes };
}

function catalogueOf(written: z.infer<typeof catalogueSchema>, clauses: Clause[]): Catalogue {
  const {
    channel,
    admins,
    pending,
    massGuard,
    delegation,
    digest,
    canary,
    onCall,
    signIn,
    reviews,
    entitlements,
    bundles,
    apis,
  } = written;
  const { workingHours } = written;
  return {
    channel,
    admins,
    ...auditorsOf(written),
    ...(workingHours === undefined ? {} : { workingHours }),
    remindSeconds: pending.remindAfter,
    lapseSeconds: pending.lapseAfter,
    clauses,
    massGuard: {
      memberships: massGuard.memberships,
      windowSeconds: massGuard.within,
      people: massGuard.people,
      share: massGuard.share,
      peopleWindowSeconds: massGuard.peopleWithin,
    },
    digest: digestOf(digest),
    canary:
      canary === undefined
        ? null
        : {
            person: canary.person,
            entitlement: canary.entitlement as EntitlementKey,
            everySeconds: canary.every,
          },
    ...(delegation === undefined ? {} : { delegation }),
    onCall: onCall ?? null,
    signInWithinSeconds: signIn.within,
    ...reviewsOf(reviews),
    entitlements: entitlements.map((e) => ({
      ...entitlementOf(e, entitlements),
      ...deliveryOf(e.delivery ?? written.delivery),
      ...laddered(e.escalation ?? written.escalation),
    })),
    ...(apis.length === 0
      ? {}
      : { apis: apis.map(({ asset, group, owner }) => ({ asset, group: group ?? null, owner })) }),
    ...ticketOf(written.ticket),
    ...(written.start === undefined
      ? {}
      : { startAheadSeconds: written.start.ahead === 'none' ? 0 : written.start.ahead }),
    bundles: bundles.map((b) => ({ ...b, entitlements: b.entitlements as EntitlementKey[] })),
  };
}

function auditorsOf({ auditors }: z.infer<typeof catalogueSchema>): Pick<Catalogue, 'auditors'> {
  return auditors.length === 0 ? {} : { auditors };
}

type WrittenEntitlement = z.infer<typeof catalogueSchema>['entitlements'][number];

function entitlementOf(written: WrittenEntitlement, all: readonly WrittenEntitlement[]): Entitlement {
  const {
    idp,
    durations,
    requestable,
    approvers,
    escalation: _,
    birthright,
    review,
    reviewed,
    extension,
    breakGlass,
    narrower,
    endsWithTicket,
    delivery: _carried,
    ...e
  } = written;
  return {
    ...e,
    key: e.key as EntitlementKey,
    birthright: birthright ?? null,
    ...(endsWithTicket === undefined ? {} : { endsWithTicket }),
    ...(narrower === undefined ? {} : { narrower: narrower as EntitlementKey[] }),
    ...(breakGlass === undefined
      ? {}
      : {
          breakGlass: {
            for: definedOf(breakGlass.for),
            maxSeconds: breakGlass.max,
            perDay: breakGlass.perDay,
          },
        }),
    ...(extension === undefined ? {} : { extensionApproval: extension.approval }),
    conflicts: conflictsOf(e.key, all),
    reviewEverySeconds: review?.every ?? null,
    reviewed: reviewed ?? null,
    idpGroup: idp.group,
    ...(idp.provider === undefined ? {} : { idp: idp.provider }),
    requestableBy:
      requestable === 'everyone'
        ? requestable
        : {
            ...(requestable.departments === undefined ? {} : { departments: requestable.departments }),
            ...(requestable.people === undefined ? {} : { people: requestable.people }),
          },
    approvers,
    durationsSeconds: [...durations.offered].sort((a, b) => a - b),
    defaultSeconds: durations.default,
    maxSeconds: durations.max,
  };
}

function deliveryOf(way: Delivery): Pick<Entitlement, 'delivery'> {
  return way === 'bridge' ? {} : { delivery: way };
}

/** Without what is not written. */
function definedOf<T extends object>(written: T): { [K in keyof T]: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: NonNullable<T[K]>;
  };
}

function digestOf({ day, at, unusedAfter }: z.infer<typeof catalogueSchema>['digest']): Catalogue['digest'] {
  return {
    weekday: weekdays.indexOf(day) + 1,
    minute: at,
    unusedSeconds: unusedAfter,
  };
}

function ticketOf(written: z.infer<typeof catalogueSchema>['ticket']): Pick<Catalogue, 'ticket'> {
  if (written === undefined) return {};
  const { grace, tellAfter, ...rest } = written;
  return {
    ticket: {
      ...rest,
      tellAfterSeconds: tellAfter,
      ...(grace === undefined ? {} : { graceSeconds: grace }),
    },
  };
}

function reviewsOf(reviews: z.infer<typeof catalogueSchema>['reviews']): Pick<Catalogue, 'reviews'> {
  if (reviews === undefined) return {};
  const { due, extendBy, ...rest } = reviews;
  return { reviews: { ...rest, dueSeconds: due, extendSeconds: extendBy } };
}

function laddered(rungs: z.infer<typeof catalogueSchema>['escalation']): Pick<Entitlement, 'escalation'> {
  return rungs.length === 0
    ? {}
    : { escalation: rungs.map(({ after, to }) => ({ afterSeconds: after, to })) };
}

/** Written on one side or on both, a conflict is both's. */
function conflictsOf(key: string, entitlements: readonly WrittenEntitlement[]): Entitlement['conflicts'] {
  const found = new Map<string, string | null>();
  for (const e of entitlements)
    for (const conflict of e.conflicts) {
      const other = e.key === key ? conflict.with : conflict.with === key ? e.key : null;
      if (other === null) continue;
      const because = 'because' in conflict ? (conflict.because ?? null) : null;
      found.set(other, found.get(other) ?? because);
    }
  return [...found].map(([other, because]) => ({ with: other as EntitlementKey, because }));
}

/** What was probably meant. */
function hintFor(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'unrecognized_keys') return '';
  const near = issue.keys.flatMap((key) => nearest(key, settings) ?? []);
  return near.length === 0 ? '' : `; did you mean ${near.map((key) => `\`${key}\``).join(', ')}?`;
}

/** Clauses are list items that begin with their number in bold: `- **AC-1 Title.** Text`. */
export function readClauses(markdown: string): Clause[] {
  return [...markdown.matchAll(/^- \*\*([A-Z]+-\d+) ([^*]+)\*\*\s*(.+)$/gm)].map(([, id, title, text]) => ({
    id: id as string,
    text: `${title} ${text}`,
  }));
}

export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new Fault(
      'catalogue.invalid',
      `${path} can’t be read: set POLICY_DIR to the folder that holds it`,
      { retryable: false, cause },
    );
  }
}

type Mistakes = readonly string[];

/** A policy that can't be put in force. */
export class InvalidPolicy extends Fault {
  /** Each with file and line. */
  readonly mistakes: Mistakes;

  constructor(mistakes: Mistakes) {
    super('catalogue.invalid', `the policy has mistakes:\n  ${mistakes.join('\n  ')}`, { retryable: false });
    this.mistakes = mistakes;
  }
}

/** What YAML can write in a text and no database can hold. */
function unstorableLines(document: Document.Parsed, lines: LineCounter): number[] {
  const found: number[] = [];
  visit(document, {
    Scalar(_key, { value, range }) {
      if (typeof value === 'string' && !isStorable(value)) found.push(lines.linePos(range?.[0] ?? 0).line);
    },
  });
  return found;
}
