import { type Entitlement, mayRequest } from './catalogue.ts';
import { durationInWords } from './duration.ts';

/** What the rules say about a request. It names its grounds; it is the only thing that decides besides people. */
export type Verdict = {
  effect: 'refuse' | 'ask' | 'autoApprove';
  /** Why, in words, each with the written policy's clause where one bears on it. */
  grounds: { text: string; clause: string | null }[];
};

/** Facts a verdict is made of. Nothing here comes from the model. */
export type RequestFacts = {
  entitlement: Entitlement;
  beneficiary: { email: string; department: string | null; isActive: boolean };
  requestedSeconds: number;
  isForSomebodyElse: boolean;
};

/**
 * Pure. The seam for the rule engine: whatever evaluates rules later takes these facts and gives this verdict;
 * what it can't evaluate is `ask`, never `autoApprove`.
 */
export function evaluateRequest(facts: RequestFacts): Verdict {
  const { entitlement, beneficiary, requestedSeconds } = facts;
  const clause = entitlement.clauses[0] ?? null;
  const refuse = (text: string): Verdict => ({ effect: 'refuse', grounds: [{ text, clause }] });

  if (!beneficiary.isActive) return refuse('the person is not active in the identity provider');
  if (!mayRequest(entitlement.requestableBy, beneficiary))
    return refuse(`${entitlement.title} is not open to ${beneficiary.department ?? 'this department'}`);
  if (requestedSeconds > entitlement.maxSeconds)
    return refuse(
      `${durationInWords(requestedSeconds)} is longer than the ${durationInWords(entitlement.maxSeconds)} allowed`,
    );

  const withinMax = {
    text: `${durationInWords(requestedSeconds)} is within the ${durationInWords(entitlement.maxSeconds)} allowed`,
    clause,
  };
  if (entitlement.autoApprove && entitlement.tier === 'low' && !facts.isForSomebodyElse)
    return { effect: 'autoApprove', grounds: [withinMax, { text: 'low tier: approved by rule', clause }] };
  return {
    effect: 'ask',
    grounds: [withinMax, { text: `${entitlement.tier} tier: a person decides`, clause }],
  };
}
