import type { ApproverSource, Catalogue, Entitlement } from '../core/policy/catalogue.ts';
import { sourceName } from '../core/policy/catalogue.ts';
import type { Remark } from './lint.ts';

/** What is known of the people whom the catalogue names. */
export type Lookups = {
  /** Why this address can't be asked to decide; null: it can. */
  troubleWith: (email: string, at: { idp?: string | undefined }) => Promise<string | null>;
  /** E-mail addresses of a group's active members; null: there is no such group. */
  membersOf: (name: string, at: { idp?: string | undefined }) => Promise<string[] | null>;
};

/**
 * Whether each rung of an escalation ladder has people to ask. A rung that asks nobody, or nobody but those who were
 * asked before, only makes a request wait longer. The ladder of the whole catalogue is looked at once.
 */
export async function lintLadders(catalogue: Catalogue, lookups: Lookups): Promise<Remark[]> {
  const remarks: Remark[] = [];
  const ladders = Map.groupBy(
    catalogue.entitlements.filter((e) => e.key !== catalogue.canary?.entitlement),
    (e) => JSON.stringify([e.idp ?? null, e.escalation ?? []]),
  );
  for (const sharing of ladders.values()) {
    const [first, ...others] = sharing;
    if (first === undefined) continue;
    const key = others.length === 0 ? first.key : null;
    for (const [i, { to }] of (first.escalation ?? []).entries()) {
      const say = (kind: Remark['kind'], text: string) =>
        remarks.push({ kind, entitlement: key, text: `rung ${i + 1} of the escalation ladder ${text}` });
      const found = await Promise.all(to.map((source) => lookedUp(source, first, lookups)));
      for (const { trouble } of found) if (trouble !== null) say('problem', trouble);
      if (found.every(({ isEmpty }) => isEmpty))
        say('problem', 'asks nobody now, so a request waits there for nothing');
      else if (to.every((source) => 'manager' in source || 'onCall' in source))
        say(
          'advice',
          `asks only ${to.map(sourceName).join(' and ')}, and there may be nobody: name somebody else there too, e.g. \`admins\``,
        );
    }
    for (const e of sharing)
      for (const n of repeated(e))
        remarks.push({
          kind: 'advice',
          entitlement: e.key,
          text: `rung ${n} of the escalation ladder asks only those who are asked already: name others, or take it out`,
        });
  }
  return differing(remarks);
}

/** One ladder that entitlements of several identity providers share is told of once where the same is wrong with it. */
function differing(remarks: readonly Remark[]): Remark[] {
  return [
    ...new Map(remarks.map((one) => [JSON.stringify([one.kind, one.entitlement, one.text]), one])).values(),
  ];
}

/** `trouble`: what is wrong with a source whoever asks; `isEmpty`: it yields nobody now. */
async function lookedUp(
  source: ApproverSource,
  at: Pick<Entitlement, 'idp'>,
  { troubleWith, membersOf }: Lookups,
): Promise<{ trouble: string | null; isEmpty: boolean }> {
  if ('person' in source) {
    const why = await troubleWith(source.person, at);
    return {
      trouble: why === null ? null : `names somebody who can’t be asked: ${why}`,
      isEmpty: why !== null,
    };
  }
  if (!('group' in source)) return { trouble: null, isEmpty: false };
  const members = await membersOf(source.group, at);
  if (members === null)
    return { trouble: `names the group ${source.group}, which does not exist`, isEmpty: true };
  return members.length > 0
    ? { trouble: null, isEmpty: false }
    : { trouble: `names the group ${source.group}, which has no active members`, isEmpty: true };
}

/** The rungs of which every source is asked by the rule, or by a rung before, already. */
function repeated({ approvers, escalation = [] }: Entitlement): number[] {
  // Only the first stage has nobody before it who would have to answer first.
  const [only, ...later] = approvers.stages;
  const asked = new Set((later.length > 0 ? [] : (only?.sources ?? [])).map(sourceName));
  return escalation.flatMap(({ to }, i) => {
    const isNews = to.some((source) => !asked.has(sourceName(source)));
    for (const source of to) asked.add(sourceName(source));
    return isNews ? [] : [i + 1];
  });
}
