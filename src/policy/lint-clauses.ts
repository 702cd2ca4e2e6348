import { countInWords, durationInWords } from '../core/duration.ts';
import {
  type ApproverRule,
  type ApproverSource,
  type Catalogue,
  type Entitlement,
  isSameGroupName,
  quorumOf,
  type StageRule,
  sameEmail,
  sourceInWords,
  sourceName,
} from '../core/policy/catalogue.ts';
import type { ClauseTerms } from './clause-terms.ts';
import type { Remark } from './lint.ts';

/** Prose that says something which the catalogue says too. */
const COMPARABLE = /\bapproved by (?!default|rule)|\bat most\b|\b(two|three) (people|persons|approvers)\b/i;

/** Pure: clauses that say in prose alone what the catalogue could be held to. */
export function lintProse({ clauses, entitlements }: Catalogue, terms: readonly ClauseTerms[]): Remark[] {
  return clauses
    .filter(({ id, text }) => COMPARABLE.test(text) && entitlements.some((e) => e.clauses.includes(id)))
    .filter(({ id }) => terms.every(({ clause }) => clause !== id))
    .map(({ id }) => ({
      kind: 'advice',
      entitlement: null,
      text: `clause ${id} says in prose alone who approves, or for how long: write beneath it what the catalogue has to keep to, e.g. \`approvers: manager or owner; max: 7d\`, indented and in backticks`,
    }));
}

/** Pure: where the catalogue does otherwise than a clause says of the same entitlement. */
export function lintClauses(catalogue: Catalogue, terms: readonly ClauseTerms[]): Remark[] {
  return catalogue.entitlements
    .filter((e) => e.key !== catalogue.canary?.entitlement)
    .flatMap((e) =>
      terms
        .filter((one) => bearsOn(one, e))
        .flatMap((one) =>
          contradictions(one, e).map(
            (text): Remark => ({
              kind: 'problem',
              entitlement: e.key,
              text: `${one.clause} (${one.place}) ${text}`,
            }),
          ),
        ),
    );
}

function bearsOn({ applies, clause }: ClauseTerms, e: Entitlement): boolean {
  if (applies === 'all') return true;
  return applies === 'cited' ? e.clauses.includes(clause) : applies.tiers.includes(e.tier);
}

function contradictions(terms: ClauseTerms, e: Entitlement): string[] {
  const found: string[] = [];
  const quorum = quorumOf(e.approvers);
  const { approvers, people, maxSeconds, reviewSeconds, tiers, byRule } = terms;
  if (approvers !== null && !keepsTo(e.approvers, approvers))
    found.push(
      `says that ${sourcesInWords(approvers)} approve${approvers.of === 'all' ? ' it' : 's it'}, but in the catalogue ${ruleInWords(e.approvers)}: write \`approvers: ${asWritten(approvers, people ?? quorum)}\`, or change the clause`,
    );
  if (people !== null && quorum < people)
    found.push(
      `wants ${countInWords(people)} people, but in the catalogue ${quorum === 1 ? 'one person can be enough' : `${countInWords(quorum)} are enough`}: write \`quorum: ${people}\`, or change the clause`,
    );
  if (maxSeconds !== null && e.maxSeconds > maxSeconds)
    found.push(
      `lets it be given for ${durationInWords(maxSeconds)} at most, but the catalogue’s \`max\` is ${durationInWords(e.maxSeconds)}`,
    );
  if (reviewSeconds !== null && (e.reviewEverySeconds ?? Number.POSITIVE_INFINITY) > reviewSeconds)
    found.push(
      `wants a review every ${durationInWords(reviewSeconds)}, but the catalogue has ${e.reviewEverySeconds === null ? 'none' : `one every ${durationInWords(e.reviewEverySeconds)}`}`,
    );
  if (tiers !== null && !tiers.includes(e.tier))
    found.push(`is about tier ${tiers.join(', ')}, but in the catalogue it is ${e.tier}`);
  const ruled = e.autoApprove ? '`autoApprove`' : e.birthright !== null ? '`birthright`' : null;
  if (ruled !== null && (byRule === false || (byRule === null && (approvers !== null || people !== null))))
    found.push(`wants a person to decide, but the catalogue’s ${ruled} gives it by rule`);
  return found;
}

/** Whether nobody is let in by the rule whom the clause would not let in. */
function keepsTo({ stages }: ApproverRule, clause: NonNullable<ClauseTerms['approvers']>): boolean {
  const isNamed = (source: ApproverSource, among: readonly ApproverSource[]) =>
    among.some((other) => isSameSource(source, other));
  if (clause.of === 'all')
    return clause.sources.every((source) =>
      stages.some(
        ({ of, sources }) =>
          isNamed(source, sources) && (of === 'all' || (stages.length > 1 && sources.length === 1)),
      ),
    );
  return stages.some(({ of, sources }) =>
    of === 'all'
      ? sources.some((source) => isNamed(source, clause.sources))
      : sources.every((source) => isNamed(source, clause.sources)),
  );
}

function isSameSource(a: ApproverSource, b: ApproverSource): boolean {
  if ('group' in a && 'group' in b) return isSameGroupName(a.group, b.group);
  if ('person' in a && 'person' in b) return sameEmail(a.person, b.person);
  return sourceName(a) === sourceName(b);
}

function sourcesInWords({ of, sources }: { of: 'all' | 'any'; sources: readonly ApproverSource[] }): string {
  return sources.map((source) => sourceInWords(source)).join(of === 'all' ? ' and ' : ' or ');
}

function ruleInWords({ stages }: ApproverRule): string {
  return stages.map(stageInWords).join(', then ');
}

/** `any two of the owner and somebody of security-officers are enough`. */
function stageInWords({ of, quorum, sources }: StageRule): string {
  const names = sources.map((source) => sourceInWords(source));
  if (of === 'all') return `${names.join(' and ')} do`;
  const many = quorum === 1 ? 'any one' : `any ${countInWords(quorum)}`;
  return names.length === 1 && quorum === 1
    ? `${names[0]} alone does`
    : `${many} of ${names.join(', ')} ${quorum === 1 ? 'is' : 'are'} enough`;
}

function asWritten(
  { of, sources }: { of: 'all' | 'any'; sources: readonly ApproverSource[] },
  quorum: number,
): string {
  const written = sources.map((source) => {
    if ('person' in source) return `{ person: ${source.person} }`;
    if ('group' in source) return `{ group: ${source.group} }`;
    return 'onCall' in source ? 'onCall' : sourceName(source);
  });
  return `{ of: ${of}${quorum === 1 ? '' : `, quorum: ${quorum}`}, sources: [${written.join(', ')}] }`;
}
