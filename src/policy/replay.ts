import { type Change, isFound } from '../core/change/change.ts';
import { quorumOf } from '../core/policy/catalogue.ts';
import type { Policy } from '../core/policy/policy.ts';
import { conflictsOf } from '../core/policy/separation.ts';
import { evaluateRequest, quorumUnder, recall, ruledOut, type Verdict } from '../core/policy/verdict.ts';
import { decidedGrantsAfter } from '../store/decided-grants.ts';
import type { Db } from '../store/postgres/database.ts';

/** A decision that today's policy would not let stand as it was. */
export type Changed = {
  changeId: string;
  at: Date;
  person: string;
  entitlement: string;
  /** How it ended then: approved, denied, refused… */
  outcome: string;
  before: string;
  today: string;
  /** Rules and clauses that make the difference, in words. */
  why: string[];
};

export type Replayed = {
  since: Date;
  looked: number;
  /** Decided before facts were kept, or not by rules. */
  withoutFacts: number;
  changed: Changed[];
};

const BATCH = 500;

/**
 * Past decisions on their recorded facts under today's policy: exactly those that would be others. The catalogue's
 * entries and conflicts are today's. The person and their access are as they were.
 */
export async function replay(db: Db, policy: Policy, since: Date): Promise<Replayed> {
  const result: Replayed = { since, looked: 0, withoutFacts: 0, changed: [] };
  let after: { at: Date; id: string } = { at: since, id: '00000000-0000-0000-0000-000000000000' };
  for (;;) {
    const rows = await decidedGrantsAfter(db, after, BATCH);
    for (const { doc, at, person } of rows) {
      if (doc.verdict?.facts === undefined) {
        result.withoutFacts += 1;
        continue;
      }
      result.looked += 1;
      const difference = differenceOf(doc, doc.verdict, policy);
      if (difference === null) continue;
      result.changed.push({
        changeId: doc.id,
        at,
        person,
        entitlement: doc.entitlementKey,
        outcome: doc.refusal === null ? (doc.decision?.outcome ?? doc.state) : 'refused',
        ...difference,
      });
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < BATCH) return result;
    after = { at: last.at, id: last.id };
  }
}

type Difference = Pick<Changed, 'before' | 'today' | 'why'>;

function differenceOf(change: Change, made: Verdict, policy: Policy): Difference | null {
  const { catalogue, rules } = policy;
  const kept = made.facts;
  const before = inWords(made, quorumThen(change, made));
  const entitlement = catalogue.entitlements.find((e) => e.key === change.entitlementKey);
  if (kept === undefined) return null;
  if (entitlement === undefined) return { before, today: 'refuse', why: ['it left the catalogue'] };
  const conflicts = kept.duties === undefined ? undefined : conflictsOf(catalogue, entitlement, kept.duties);
  const facts = recall(kept, entitlement, conflicts);
  const byRules = evaluateRequest(facts, rules);
  // A finding is put to a person, whatever the rules say of it.
  const after: Verdict = isFound(change) ? { ...byRules, effect: 'ask' } : byRules;
  // And to its owner.
  const quorum = quorumUnder(after, isFound(change) ? 1 : quorumOf(entitlement.approvers));
  const today = inWords(after, quorum);
  const excludedByPolicy = change.approvals.flatMap((approval) => {
    const out = approval.as === undefined ? null : ruledOut(rules, facts, approval.as);
    return out === null ? [] : [`${approval.name} may not approve it: ${withSource(out)}`];
  });
  if (before === today && (excludedByPolicy.length === 0 || change.decision?.outcome !== 'approved'))
    return null;
  const known = new Set(made.grounds.map((g) => g.text));
  const grounds = after.grounds.filter((g) => !known.has(g.text)).map(withSource);
  return {
    before,
    today: before === today ? `${today}, by others` : today,
    why: [...grounds, ...excludedByPolicy],
  };
}

function quorumThen(change: Change, before: Verdict): number {
  return change.plan === null ? quorumUnder(before, 1) : quorumOf(change.plan);
}

function inWords({ effect, holds = [] }: Verdict, quorum: number): string {
  if (effect !== 'ask') return effect;
  const signIn = holds.some((hold) => hold.needs === 'stepUp') ? ', with a fresh sign-in' : '';
  return `ask ${quorum === 1 ? 'one person' : `${quorum} people`}${signIn}`;
}

function withSource({ text, rule, clause }: { text: string; rule?: string; clause: string | null }): string {
  const source = [rule, clause].filter((part) => part != null).join(', ');
  return source === '' ? text : `${text} (${source})`;
}
