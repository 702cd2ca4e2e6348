import { parseDuration } from '../core/duration.ts';
import { nearest } from '../core/nearest.ts';
import type { ApproverSource, Tier } from '../core/policy/catalogue.ts';

/**
 * The terms that a clause of policy.md sets for the entitlements that it bears on. The catalogue can be checked against
 * them. Written beneath the clause, one line in backticks, which people read as well:
 *
 *     - **AC-5 Administration.** Administration of the platform is approved by the owner and a security officer.
 *       `approvers: owner and group security-officers; people: 2; max: 8h`
 */
export type ClauseTerms = {
  clause: string;
  /** `policy.md:12`. */
  place: string;
  /** Which entitlements: those that name the clause in the catalogue, unless it says. */
  applies: 'cited' | 'all' | { tiers: Tier[] };
  /** `all`: each of the sources approves; `any`: one of them does. */
  approvers: { of: 'all' | 'any'; sources: ApproverSource[] } | null;
  /** So many different people at least. */
  people: number | null;
  maxSeconds: number | null;
  reviewSeconds: number | null;
  tiers: Tier[] | null;
  /** Whether it may be given without a person. */
  byRule: boolean | null;
};

const TIERS: readonly string[] = ['low', 'medium', 'high', 'critical'] satisfies Tier[];
const KEYS = ['applies', 'approvers', 'people', 'max', 'review', 'tier', 'by rule'];

type Read = { terms: ClauseTerms[]; mistakes: string[] };

/** Pure. Lines that are no terms are prose, and none of this one's business. */
export function readTerms(path: string, markdown: string): Read {
  const terms: ClauseTerms[] = [];
  const mistakes: string[] = [];
  let clause: string | null = null;
  for (const [i, line] of markdown.split('\n').entries()) {
    clause =
      /^- \*\*([A-Z]+-\d+) /.exec(line)?.[1] ??
      (line.trim() === '' ? clause : /^\s/.test(line) ? clause : null);
    const text = /^\s+`([^`]+)`\s*$/.exec(line)?.[1];
    if (text === undefined || clause === null) continue;
    const place = `${path}:${i + 1}`;
    const read = readLine(text, { clause, place });
    if (typeof read === 'string') mistakes.push(`${place}: ${clause}: ${read}`);
    else terms.push(read);
  }
  return { terms, mistakes };
}

/** The terms in one line, or what is wrong with it. */
function readLine(text: string, at: Pick<ClauseTerms, 'clause' | 'place'>): ClauseTerms | string {
  const terms: ClauseTerms = {
    ...at,
    applies: 'cited',
    approvers: null,
    people: null,
    maxSeconds: null,
    reviewSeconds: null,
    tiers: null,
    byRule: null,
  };
  for (const part of text.split(';')) {
    const [, key = '', value = ''] = /^\s*([a-z ]+?)\s*:\s*(.*?)\s*$/.exec(part) ?? [];
    const wrong = readPart(terms, key, value, part.trim());
    if (wrong !== null) return wrong;
  }
  return terms;
}

function readPart(terms: ClauseTerms, key: string, value: string, part: string): string | null {
  switch (key) {
    case 'applies': {
      if (value === 'all') terms.applies = 'all';
      else {
        const tiers = tiersIn(value.replace(/^tier\s+/, ''));
        if (tiers === null)
          return `\`${part}\`: write \`applies: all\`, or e.g. \`applies: tier high, critical\``;
        terms.applies = { tiers };
      }
      return null;
    }
    case 'approvers': {
      terms.approvers = approversIn(value);
      return terms.approvers === null
        ? `\`${part}\`: write e.g. \`approvers: manager or owner\`, \`owner and group security-officers\`; a source is manager, owner, group NAME or an e-mail address, and \`and\` and \`or\` don’t mix`
        : null;
    }
    case 'people':
      if (!/^[1-9]$/.test(value)) return `\`${part}\`: write a number of people from 1 to 9`;
      terms.people = Number(value);
      return null;
    case 'max':
    case 'review': {
      const seconds = parseDuration(value);
      if (seconds === null) return `\`${part}\`: "${value}" is no duration: write e.g. 8h or 7d`;
      terms[key === 'max' ? 'maxSeconds' : 'reviewSeconds'] = seconds;
      return null;
    }
    case 'tier':
      terms.tiers = tiersIn(value);
      return terms.tiers === null ? `\`${part}\`: a tier is one of ${TIERS.join(', ')}` : null;
    case 'by rule':
      if (value !== 'yes' && value !== 'no') return `\`${part}\`: write \`by rule: yes\` or \`by rule: no\``;
      terms.byRule = value === 'yes';
      return null;
    default: {
      const near = nearest(key, KEYS);
      return `\`${part}\` is nothing that the catalogue can be held to${near === null ? `: there are ${KEYS.join(', ')}` : `; did you mean \`${near}\`?`}`;
    }
  }
}

function tiersIn(text: string): Tier[] | null {
  const tiers = text.split(/\s*,\s*/);
  return tiers.every((tier) => TIERS.includes(tier)) ? (tiers as Tier[]) : null;
}

function approversIn(text: string): ClauseTerms['approvers'] {
  const all = text.split(/\s+and\s+/);
  const any = text.split(/\s+or\s+/);
  if (all.length > 1 && any.length > 1) return null;
  const sources = (all.length > 1 ? all : any).map(sourceIn);
  return sources.every((source) => source !== null)
    ? { of: all.length > 1 ? 'all' : 'any', sources: sources as ApproverSource[] }
    : null;
}

function sourceIn(text: string): ApproverSource | null {
  if (text === 'manager') return { manager: true };
  if (text === 'owner') return { owner: true };
  const [, group] = /^group\s+(\S.*)$/.exec(text) ?? [];
  if (group !== undefined) return { group };
  return /^\S+@\S+$/.test(text) ? { person: text } : null;
}
