import type { Change } from '../core/change/change.ts';
import { rightOf, rightOfDecision, secondsToSeen } from '../core/evidence/checks.ts';
import { BY_RULE, deciderInWords, utc } from '../core/evidence/words.ts';
import { readClauses } from '../policy/catalogue-file.ts';
import type { policyOf, Story, ToldElsewhere } from '../store/evidence/stories.ts';
import { entryInWords } from '../web/entry-words.ts';
import { adviceInWords } from './advice-words.ts';
import type { PackParts } from './plan.ts';

/** The whole story of one change of a sample, as it stands in the page and in `samples.json`. */
export type ToldStory = {
  id: string;
  title: string;
  person: string;
  entitlement: string;
  /** What is asked of every sample, in this order. */
  facts: { label: string; value: string }[];
  /** Why it was decided so, by the rules. */
  grounds: string[];
  /** The clauses that bore on it, as they were written then. */
  clauses: { clause: string; text: string }[];
  /**
   * `seq`: the number of the audit entry in the sealed order. `proof`: the file that shows that it is in the audit; beside
   * it, with `.json`, is the entry itself. Null: no checkpoint covers it yet.
   */
  timeline: { seq: string | null; at: string; who: string; what: string; proof: string | null }[];
};

const NONE = 'none';

/** What a story is told with, beside itself. */
export type StoryParts = Pick<PackParts, 'idpName' | 'tierOf'> & {
  /** The policy that decided, and who agreed to it; null: none is kept under that fingerprint. */
  policy: Awaited<ReturnType<typeof policyOf>>;
  /** What was out of the ordinary, by change. */
  noted: ReadonlyMap<string, readonly string[]>;
  /** What other systems' own logs tell of it. */
  elsewhere: readonly ToldElsewhere[];
  /** The file that proves an entry, by the entry's id. */
  proofs: ReadonlyMap<string, string>;
};

export function toldStory(story: Story, { proofs, ...parts }: StoryParts): ToldStory {
  const { change, person, entries } = story;
  const grounds = change.verdict?.grounds ?? [];
  const cited = new Set(grounds.flatMap(({ clause }) => clause ?? []));
  const idp = parts.idpName(change.target?.idp ?? null);
  return {
    id: change.id,
    title: `${change.kind === 'grant' ? '' : 'Taken away: '}${change.entitlementKey}, ${person.name}`,
    person: `${person.name} <${person.email}>`,
    entitlement: change.entitlementKey,
    facts: factsOf(story, parts),
    grounds: grounds.map(({ text, clause }) => (clause === null ? text : `${text} (${clause})`)),
    clauses: readClauses(parts.policy?.texts['policy.md'] ?? '')
      .filter(({ id }) => cited.has(id))
      .map(({ id, text }) => ({ clause: id, text })),
    timeline: entries.map(({ id, seq, ...entry }) => {
      const { text, actor } = entryInWords(entry, idp);
      const proof = proofs.get(id) ?? null;
      return { seq, at: entry.at.toISOString(), who: actor, what: text, proof };
    }),
  };
}

function factsOf(
  { change, person, requester, summary, revoke, emails, entries }: Story,
  parts: Omit<StoryParts, 'proofs'>,
) {
  const { legs, target, verdict } = change;
  const facts: [label: string, value: string | null][] = [
    ['Request', change.id],
    ['For', `${person.name} <${person.email}>`],
    [
      'Asked by',
      requester === null
        ? 'nobody: it follows from a rule, an end, or the directory'
        : `${requester.name} <${requester.email}>`,
    ],
    [
      'What',
      `${change.entitlementKey}, tier ${parts.tierOf(change.entitlementKey) ?? 'not in the catalogue any more'}`,
    ],
    [
      'Group and team',
      target === null
        ? null
        : `${parts.idpName(target.idp)}: ${target.groupName} (${target.groupId}); Anypoint: ${target.teamName} (${target.teamId})`,
    ],
    ['Cause', change.cause],
    ['Reason', change.reason === '' ? null : change.reason],
    ['Ticket', change.ticket],
    ['Policy', verdict?.policy ?? null],
    ['Who agreed to that policy', verdict === null ? null : agreedInWords(parts.policy)],
    ['Decided', decidedInWords(change)],
    ['By what right', rightsInWords(change, emails)],
    ['Decided by somebody else', independenceInWords(change)],
    ['Model’s advice, which decides nothing', adviceInWords({ change, entries, summary })],
    ['Written in the identity provider', timeOf(legs.idpWrittenAt)],
    ['Pushed by SCIM', timeOf(legs.scimPushedAt)],
    [
      change.kind === 'grant' ? 'Seen in MuleSoft by Latchkey' : 'Seen gone in MuleSoft by Latchkey',
      seenInWords(change),
    ],
    ...(change.kind === 'revoke'
      ? []
      : ([
          ['Until', timeOf(change.grant?.endsAt ?? null)],
          ['Ended', endedInWords(change)],
          ['Its removal written', timeOf(revoke?.idpWrittenAt ?? null)],
          ['Its removal seen in MuleSoft by Latchkey', timeOf(revoke?.seenAt ?? null)],
        ] as [string, string | null][])),
    ['By other systems’ own logs', elsewhereInWords(parts)],
    ['Late', lateInWords(change.late)],
    ...(revoke === null
      ? []
      : ([['Its removal late', lateInWords(revoke.late)]] as [string, string | null][])),
    ['Exceptions', exceptionsInWords(change, parts.noted)],
  ];
  return facts.map(([label, value]) => ({ label, value: value ?? NONE }));
}

function timeOf(at: Date | null): string | null {
  return at === null ? null : `${utc(at)}, by Latchkey’s database`;
}

function seenInWords({ cause, legs, signedInAt, inEffectNote }: Change): string | null {
  if (legs.seenAt === null) return null;
  const seconds = secondsToSeen({ ...legs, signedInAt });
  const after =
    cause === 'finding'
      ? ', where it was before the decision'
      : seconds === null
        ? ''
        : `, ${seconds.toFixed(1)} s after the decision`;
  return `${timeOf(legs.seenAt)}${after}${inEffectNote === null ? '' : ` (${inEffectNote})`}`;
}

function decidedInWords({ kind, decision, refusal }: Change): string | null {
  if (decision === null) return refusal === null ? null : `refused (${BY_RULE}): ${refusal.text}`;
  const note = decision.note === null ? '' : `: ${decision.note}`;
  // That a removal was approved, nobody says.
  const outcome =
    kind === 'revoke' && decision.outcome === 'approved' ? 'to be taken away' : decision.outcome;
  return `${outcome} (${deciderInWords(decision)}) at ${utc(decision.at)}${note}`;
}

function rightsInWords(change: Change, emails: Story['emails']): string | null {
  const { approvals, plan, decision } = change;
  const rights = approvals.map((one) => {
    const { name, by, at, stepUp } = one;
    const email = emails[by];
    const who = email === undefined ? name : `${name} <${email}>`;
    const afresh =
      stepUp === undefined
        ? ''
        : `, signed in afresh at ${utc(stepUp.at)}, by the identity provider’s clock (${[stepUp.acr, ...stepUp.amr].filter((part) => part !== null).join(', ')})`;
    return `${who} as ${rightOf(plan?.stages ?? [], one) ?? 'an approver whose right is not kept'} at ${utc(at)}${afresh}`;
  });
  if (rights.length > 0) return rights.join('; ');
  return decision === null ? null : rightOfDecision({ ...change, stages: plan?.stages ?? null, decision });
}

function endedInWords({ ended, reopened }: Change): string | null {
  if (ended !== null)
    return `${utc(ended.at)}: ${ended.cause}${ended.extendedBy === undefined ? '' : `, went on under ${ended.extendedBy}`}`;
  return reopened === undefined
    ? null
    : `${utc(reopened.at)}: asked anew, for ${reopened.name} who kept it had made it`;
}

function lateInWords(late: Change['late']): string | null {
  return late === null ? null : `${utc(late.at)}: ${late.why}`;
}

function agreedInWords(policy: StoryParts['policy']): string {
  if (policy === null) return 'its text is not kept';
  return policy.agreed.length === 0
    ? 'not recorded'
    : policy.agreed.map(({ name, on, where }) => `${name} on ${on} (${where})`).join('; ');
}

/** Nobody's name is compared: names can be alike. */
function independenceInWords({
  kind,
  cause,
  approvals,
  decision,
  requesterId,
  personId,
}: Change): string | null {
  if (kind === 'revoke') return null;
  // Whoever takes back what they asked for, approves nothing.
  if (decision?.outcome === 'withdrawn') return 'nobody decided: it was withdrawn';
  const deciders = [...approvals.map(({ by }) => by), ...(decision?.by == null ? [] : [decision.by])];
  if (deciders.length === 0) {
    if (cause === 'breakGlass') return 'nobody decided before: an emergency';
    if (decision?.outcome === 'lapsed') return 'nobody decided in time';
    return decision?.outcome === 'closed' ? 'nobody decided: it was closed' : 'no person decided: a rule did';
  }
  if (deciders.includes(personId)) return 'NO: whoever decided is the person whom it is for';
  if (requesterId !== null && deciders.includes(requesterId)) return 'NO: whoever decided had asked for it';
  return 'yes: who decided neither asked for it nor gets it (by their ids)';
}

const elsewhereNames: Record<string, string> = { anypointAudit: 'Anypoint’s audit log' };

function elsewhereInWords({ elsewhere }: Pick<StoryParts, 'elsewhere'>): string | null {
  if (elsewhere.length === 0) return null;
  return elsewhere
    .map(({ source, direction, at, actor }) => {
      const by = actor === null ? '' : ` by ${actor}`;
      return `${elsewhereNames[source] ?? source}: ${direction} at ${utc(at)}${by}`;
    })
    .join('; ');
}

function exceptionsInWords({ id, revokeId }: Change, noted: StoryParts['noted']): string | null {
  const own = noted.get(id) ?? [];
  const ofRemoval = revokeId === null ? [] : (noted.get(revokeId) ?? []);
  const all = [...own, ...ofRemoval.map((one) => `of its removal: ${one}`)];
  return all.length === 0 ? null : all.join('; ');
}
