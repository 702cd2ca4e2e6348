import { figure } from '../mass-change/words.ts';
import { isPrivileged } from '../policy/privileged.ts';
import type { LineFacts } from './line.ts';

/** The one thing about a line that a reviewer should see first. */
export type InsightKind =
  | 'left'
  | 'conflict'
  | 'notAPerson'
  | 'unused'
  | 'overPrivileged'
  | 'outOfLine'
  | 'rule'
  | 'before'
  | 'approved'
  | 'none';

export type Insight = { kind: InsightKind; text: string };

/** Not used for so long is called unused, in days. */
const UNUSED_DAYS = 60;
/** In a department of so many at least it says something that nobody else holds it. */
const PEERS_MIN = 5;
const DAY_MS = 86_400_000;

/** Pure: one insight, the gravest first. `at`: when the snapshot was taken. */
export function insightOf(facts: LineFacts, at: Date): Insight {
  const { person, peers, tier } = facts;
  if (facts.rule !== null)
    return {
      kind: 'rule',
      text: `Given by rule to ${facts.rule.departments.join(', ')}: ${count(facts.rule.people, 'person', 'people')} hold it so`,
    };
  if (person !== null && person.status !== 'active')
    return { kind: 'left', text: `Their account is ${statusInWords(person.status)}, and they still hold it` };
  if (facts.conflicts.length > 0)
    return {
      kind: 'conflict',
      text: `Held together with ${facts.conflicts.join(', ')}, which must be kept apart`,
    };
  if (facts.isNobodys)
    return { kind: 'notAPerson', text: 'Maybe not a person: no manager, department or title is known' };
  const unused = unusedInWords(facts, at);
  if (unused !== null) return { kind: 'unused', text: unused };
  if (isPrivileged(tier) && facts.approved === null)
    return { kind: 'overPrivileged', text: `Tier ${tier}, and nobody is on record who approved it` };
  if (peers.department >= PEERS_MIN && peers.inDepartment === 0)
    return {
      kind: 'outOfLine',
      text: `Nobody else of ${count(peers.department, 'person', 'people')} in ${person?.department ?? 'the department'} holds it`,
    };
  if (facts.approved !== null)
    return { kind: 'approved', text: `Approved by ${facts.approved.by} on ${day(facts.approved.at)}` };
  if (facts.endsAt === null)
    return { kind: 'before', text: 'Was there before Latchkey: nobody has approved it yet' };
  return { kind: 'none', text: 'Nothing stands out' };
}

/** "Could not check" is not "unused": it takes a record of sign-ins from which a use can't be missing. */
function unusedInWords(facts: LineFacts, at: Date): string | null {
  const { lastUsedAt, silentSinceAt = null, sinceAt } = facts;
  if (lastUsedAt === undefined || silentSinceAt === null) return null;
  const from = lastUsedAt ?? (sinceAt !== null && sinceAt > silentSinceAt ? sinceAt : silentSinceAt);
  const days = Math.floor((at.getTime() - from.getTime()) / DAY_MS);
  if (days < UNUSED_DAYS) return null;
  return lastUsedAt === null
    ? `No use of Anypoint seen in ${days} days`
    : `Last used Anypoint ${days} days ago, on ${day(lastUsedAt)}`;
}

function statusInWords(status: string): string {
  return status === 'deprovisioned' || status === 'deleted' ? 'switched off for good' : status;
}

/** `1 person`, `1,204 people`. */
function count(n: number, one: string, many: string): string {
  return `${figure(n)} ${n === 1 ? one : many}`;
}

/** `2026-11-29`: a day says enough of what was approved or used. */
function day(at: Date): string {
  return at.toISOString().slice(0, 10);
}
