import { countInWords, durationInWords } from '../duration.ts';
import type { EntitlementKey } from '../ids.ts';
import {
  type ApproverRule,
  type Entitlement,
  mayRequest,
  quorumOf,
  type StageRule,
  sourceInWords,
  withQuorum,
} from './catalogue.ts';
import { extensionHolds } from './extension-holds.ts';
import type { Conflict, Duties } from './separation.ts';
import { refusedByTicket, type TicketFact, ticketHolds } from './ticket-fact.ts';

/** One reason of a verdict, in words, with the written policy's clause and the rule where they bear on it. */
export type Ground = { text: string; clause: string | null; rule?: string };

/** What a hold asks for. `stepUp`: that whoever approves signs in afresh for it. */
export const needs = ['person', 'secondApprover', 'stepUp'] as const;
export type Need = (typeof needs)[number];

export type Hold = Ground & { needs: Need };

/** What the rules say about a request. It names its grounds; it is the only thing that decides besides people. */
export type Verdict = {
  effect: 'refuse' | 'ask' | 'autoApprove';
  /** Why; the last one is what it came to. */
  grounds: Ground[];
  /** What has to be, beyond the catalogue's approvers. */
  holds?: Hold[];
  conflicts?: Conflict[];
  /** What could not be evaluated, and so is a person's to decide. */
  unsure?: string[];
  /** What it was made of, to be evaluated again. */
  facts?: RecordedFacts;
  /** Fingerprint of the policy that was in force. */
  policy?: string;
};

/** Facts a verdict is made of; one that is left out is not known. Nothing here comes from the model. */
export type RequestFacts = {
  entitlement: Entitlement;
  beneficiary: { email: string; department: string | null; isActive: boolean; title?: string | null };
  requestedSeconds: number;
  isForSomebodyElse: boolean;
  /**
   * Somebody asks for it; false: it was found in the directory, or rules give it. Decisions from before it was kept
   * have none.
   */
  isAskedFor?: boolean;
  hasTicket?: boolean;
  /** Left out: there is none to look up. */
  ticketFound?: TicketFact;
  /** It lengthens what they hold already. */
  isExtension?: boolean;
  /** The grant that it extends was approved by a person, and not by a rule. */
  wasApprovedByPerson?: boolean;
  /** The grant that it extends was taken in an emergency. */
  extendsEmergency?: boolean;
  /** The ticket with which the grant that it extends ends, and this one would not. */
  leavesTicket?: string;
  earlierGrants?: number;
  /** When it was asked for, by the clock of the person it is for. */
  hour?: number;
  weekday?: Weekday;
  isOnCall?: boolean;
  /** Country of the last sign-in of whoever asks, as the IdP names it. */
  location?: string;
  duties?: Duties;
  /** Follows from `duties` and the catalogue. */
  conflicts?: Conflict[];
};

export const weekdays = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
] as const;
export type Weekday = (typeof weekdays)[number];

/** The facts as they are kept: what the catalogue says of the entitlement is looked up again. */
export type RecordedFacts = Omit<RequestFacts, 'entitlement' | 'conflicts'> & {
  entitlementKey: EntitlementKey;
};

export const ruledActions = ['request', 'autoApprove', 'approve', 'hold'] as const;
export type RuledAction = (typeof ruledActions)[number];

/** Somebody who might approve. */
export type ApproverFacts = { email: string; department: string | null; title: string | null };

/** A rule that applied. */
export type RuleHit = { rule: string; clause: string; text: string; needs: Need | null };
export type RuleAnswer = {
  /** Some rule permits it, and none forbids it. */
  isAllowed: boolean;
  /** The rules that made it so: all that forbid, or else all that permit. */
  hits: RuleHit[];
  /** Rules that could not be evaluated, and why. */
  errors: { rule: string; why: string }[];
};

/** The written rules. May throw: then a person decides. */
export type Rules = {
  /** Changes with every change of the policy. */
  fingerprint: string;
  /** Names of the facts that any of them looks at, as rules call them: what nobody looks at need not be found out. */
  looksAt: ReadonlySet<string>;
  /** The needs for which any of them can hold a request; left out: not known. */
  asksFor?: ReadonlySet<Need>;
  /** `approver`: who would do it, for `approve`; else it is the beneficiary. */
  answer(action: RuledAction, facts: RequestFacts, approver?: ApproverFacts): RuleAnswer;
};

/**
 * Pure, given the rules. Beneath every rule lies a floor that no rule can loosen:
 * - nothing for an inactive person
 * - nothing beyond the catalogue's own limits
 * - by rule alone only tier low, for oneself, without a conflict
 *
 * A request that can't be evaluated is `ask`, never `autoApprove`. A rule that forbids stands, whatever other rules
 * fail.
 */
export function evaluateRequest(facts: RequestFacts, rules: Rules): Verdict {
  const { entitlement, requestedSeconds, conflicts = [] } = facts;
  const known = {
    ...(conflicts.length === 0 ? {} : { conflicts }),
    facts: recorded(facts),
    policy: rules.fingerprint,
  };
  const clause = entitlement.clauses[0] ?? null;
  const below = refusedByFloor(facts);
  if (below !== null) return { effect: 'refuse', grounds: [{ text: below, clause }], ...known };

  const request = answerOf(rules, 'request', facts);
  const forbidden = forbiddenBy(request, clause);
  if (forbidden !== null) return { effect: 'refuse', grounds: forbidden, ...known };

  const hold = answerOf(rules, 'hold', facts);
  const holds = [
    ...(hold.isAllowed
      ? hold.hits.map((hit): Hold => ({ ...groundOf(hit), needs: hit.needs ?? 'person' }))
      : []),
    ...ticketHolds(facts.ticketFound),
    ...extensionHolds(facts),
  ];
  const unsure = [...request.errors, ...hold.errors];
  const mayBeByRule =
    entitlement.tier === 'low' && !facts.isForSomebodyElse && holds.length === 0 && conflicts.length === 0;
  const byRule = mayBeByRule && unsure.length === 0 ? answerOf(rules, 'autoApprove', facts) : null;
  unsure.push(...(byRule?.errors ?? []));

  const within: Ground = {
    text: `${durationInWords(requestedSeconds)} is within the ${durationInWords(entitlement.maxSeconds)} allowed`,
    clause,
  };
  const grounds = [within, ...request.hits.map(groundOf)];
  const isClear = holds.length + conflicts.length + unsure.length === 0;
  const given =
    byRule?.isAllowed && byRule.errors.length === 0
      ? [...byRule.hits.map(groundOf), { text: 'low tier: approved by rule', clause }]
      : isClear && goesOnByItself(facts, rules)
        ? [{ text: 'the catalogue lets it be extended without approval', clause }]
        : null;
  if (given !== null) return { effect: 'autoApprove', grounds: [...grounds, ...given], ...known };
  const held = hold.hits.filter((hit) => hit.needs === 'stepUp').length;
  return {
    effect: 'ask',
    grounds: [
      ...grounds,
      ...holds.map(({ needs: _, ...ground }) => ground),
      ...(held === 0 ? [] : [{ text: 'whoever approves signs in afresh', clause: null }]),
      ...(byRule !== null && !byRule.isAllowed ? byRule.hits.map(groundOf) : []),
      ...unsure.map(({ rule, why }) => ({ text: `a rule can’t be evaluated: ${why}`, clause: null, rule })),
      { text: `${entitlement.tier} tier: ${decidersInWords(entitlement.approvers, holds)}`, clause },
    ],
    ...(holds.length === 0 ? {} : { holds }),
    ...(unsure.length === 0 ? {} : { unsure: unsure.map(({ rule, why }) => `${rule}: ${why}`) }),
    ...known,
  };
}

/** Why it may not be asked for; null: it may, or it is not known that it may not. */
function forbiddenBy(request: RuleAnswer, clause: string | null): Ground[] | null {
  if (request.isAllowed) return null;
  if (request.hits.length > 0) return request.hits.map(groundOf);
  return request.errors.length > 0 ? null : [{ text: 'no rule allows it', clause }];
}

/** Whether the catalogue lets who holds it go on without approval, and no rule forbids to give it without a person. */
function goesOnByItself(facts: RequestFacts, rules: Rules): boolean {
  const { extensionApproval = 'always', tier } = facts.entitlement;
  if (facts.isExtension !== true || facts.isForSomebodyElse || tier === 'critical') return false;
  if (extensionApproval === 'always') return false;
  if (extensionApproval === 'afterFirst' && facts.wasApprovedByPerson !== true) return false;
  const byRule = answerOf(rules, 'autoApprove', facts);
  return byRule.errors.length === 0 && (byRule.isAllowed || byRule.hits.length === 0);
}

/** As many as it takes: by the catalogue, and by what the rules hold it for. */
function decidersInWords(rule: ApproverRule, holds: readonly Hold[]): string {
  const { stages } = withQuorum(rule, quorumUnder({ holds }, quorumOf(rule)));
  return stages.map(stageInWords).join(', then ');
}

function stageInWords({ of, quorum, sources }: StageRule): string {
  const isEach = of === 'all' && sources.length > 1;
  const each = isEach ? sources.map((source) => sourceInWords(source)).join(' and ') : null;
  if (quorum > 1)
    return `${each === null ? '' : `${each} among them, `}${countInWords(quorum)} people decide`;
  return each === null ? 'a person decides' : `${each} decide`;
}

/** How many have to approve under a verdict, beside what the catalogue says. */
export function quorumUnder({ holds }: { holds?: readonly Hold[] | undefined }, quorum: number): number {
  return holds?.some((hold) => hold.needs === 'secondApprover') === true ? Math.max(quorum, 2) : quorum;
}

/**
 * Why the rules don't let this person approve; null: they do. Rules only take people away, never add one. `isSure`
 * false: a rule failed, so it is not known that they may.
 */
export function ruledOut(
  rules: Rules,
  facts: RequestFacts,
  approver: ApproverFacts,
): (Ground & { isSure: boolean }) | null {
  const { isAllowed, hits, errors } = answerOf(rules, 'approve', facts, approver);
  const [hit] = hits;
  if (!isAllowed && hit !== undefined) return { ...groundOf(hit), isSure: true };
  const [error] = errors;
  if (error !== undefined)
    return {
      text: `a rule can’t be evaluated: ${error.why}`,
      clause: null,
      rule: error.rule,
      isSure: false,
    };
  return isAllowed ? null : { text: 'no rule allows it', clause: null, isSure: true };
}

/** The facts as kept, put to today's catalogue. */
export function recall(
  kept: RecordedFacts,
  entitlement: Entitlement,
  conflicts: Conflict[] | undefined,
): RequestFacts {
  const { entitlementKey: _, ...facts } = kept;
  return { ...facts, entitlement, ...(conflicts === undefined ? {} : { conflicts }) };
}

function recorded({ entitlement, conflicts: _, ...facts }: RequestFacts): RecordedFacts {
  return { ...facts, entitlementKey: entitlement.key };
}

/** What no rule can allow. */
function refusedByFloor({
  entitlement,
  beneficiary,
  requestedSeconds,
  ticketFound,
}: RequestFacts): string | null {
  if (!beneficiary.isActive) return 'the person is not active in the identity provider';
  if (!mayRequest(entitlement.requestableBy, beneficiary))
    return `${entitlement.title} is not open to ${beneficiary.department ?? 'this department'}`;
  if (requestedSeconds > entitlement.maxSeconds)
    return `${durationInWords(requestedSeconds)} is longer than the ${durationInWords(entitlement.maxSeconds)} allowed`;
  return refusedByTicket(ticketFound);
}

function answerOf(
  rules: Rules,
  action: RuledAction,
  facts: RequestFacts,
  approver?: ApproverFacts,
): RuleAnswer {
  try {
    return rules.answer(action, facts, approver);
  } catch (error) {
    return {
      isAllowed: false,
      hits: [],
      errors: [{ rule: action, why: `the rules did not answer (${(error as Error).message})` }],
    };
  }
}

function groundOf({ rule, clause, text }: RuleHit): Ground {
  return { text, clause, rule };
}
