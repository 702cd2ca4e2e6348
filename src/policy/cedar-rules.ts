import { type EntityJson, preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import { Fault } from '../core/fault.ts';
import { approversTaken } from '../core/policy/catalogue.ts';
import type { Conflict } from '../core/policy/separation.ts';
import {
  type ApproverFacts,
  type RequestFacts,
  type RuleAnswer,
  type RuledAction,
  type RuleHit,
  type Rules,
  ruledActions,
} from '../core/policy/verdict.ts';
import type { ParsedRule } from './cedar-file.ts';

type Value = string | number | boolean | string[] | { [name: string]: Value };
type Attributes = Record<string, Value>;

/** Cedar keeps what was parsed by name for the whole process; each policy that is loaded has names of its own. */
let loaded = 0;

/**
 * The rules behind Cedar. They are parsed once, a set of its own for each action. So a question is asked only of the
 * rules that can answer it. Facts that are not known are left out: a rule that asks for one fails and is told of.
 */
export function cedarRules(rules: readonly ParsedRule[], fingerprint: string): Rules {
  loaded += 1;
  const setId = (action: RuledAction, generation = loaded) => `${generation}:${action}`;
  const generation = loaded;
  for (const action of ruledActions) {
    const answer = preparsePolicySet(setId(action, generation), {
      staticPolicies: Object.fromEntries(
        rules.filter((rule) => rule.actions.includes(action)).map((rule) => [rule.id, rule.text]),
      ),
    });
    if (answer.type === 'failure') throw broken(answer.errors);
  }
  const byId = new Map(rules.map((rule) => [rule.id, rule]));
  const placeOf = new Map(rules.map(({ id }, place) => [id, place]));
  /** Cedar names rules in another order each time; a verdict names them as they are written. */
  const inOrder = <T>(named: readonly T[], idOf: (one: T) => string) =>
    named.toSorted((a, b) => (placeOf.get(idOf(a)) ?? 0) - (placeOf.get(idOf(b)) ?? 0));
  return {
    fingerprint,
    looksAt: new Set(rules.flatMap((rule) => rule.looksAt)),
    asksFor: new Set(rules.flatMap(({ needs }) => (needs === null ? [] : [needs]))),
    answer(action, facts, approver) {
      const { principal, entities, context } = question(action, facts, approver);
      const answer = statefulIsAuthorized({
        principal,
        action: { type: 'Action', id: action },
        resource: { type: 'Entitlement', id: facts.entitlement.key },
        context,
        entities,
        preparsedPolicySetId: setId(action, generation),
        // They are ours, and a fact that is not known is left out on purpose.
        validateRequest: false,
      });
      if (answer.type === 'failure') throw broken(answer.errors);
      const { decision, diagnostics } = answer.response;
      return {
        isAllowed: decision === 'allow',
        hits: inOrder(diagnostics.reason, (id) => id).flatMap((id) => hitOf(byId.get(id))),
        errors: inOrder(diagnostics.errors, ({ policyId }) => policyId).map(({ policyId, error }) => ({
          rule: policyId,
          why: whyNot(byId.get(policyId), { ...context, ...entities[0]?.attrs }, error.message),
        })),
      } satisfies RuleAnswer;
    },
  };
}

function hitOf(rule: ParsedRule | undefined): RuleHit[] {
  return rule === undefined
    ? []
    : [{ rule: rule.id, clause: rule.clause, text: rule.says, needs: rule.needs }];
}

/** Facts that may be unknown, and what they are in words. */
const maybeUnknown: Record<string, string> = {
  department: 'the department',
  title: 'the job title',
  hasTicket: 'whether there is a ticket',
  isExtension: 'whether it is an extension',
  earlierGrants: 'how often it was granted before',
  conflictsHeld: 'what else they hold',
  conflictsPending: 'what else they have asked for',
  conflictsInherited: 'what they hold through their teams',
  hour: 'the hour',
  weekday: 'the day of the week',
  onCall: 'whether they are on call',
  location: 'where they signed in',
  beneficiaryDepartment: 'the department of whom it is for',
  beneficiaryTitle: 'the job title of whom it is for',
};

function whyNot(rule: ParsedRule | undefined, known: object, message: string): string {
  const missing = (rule?.looksAt ?? []).filter((name) => name in maybeUnknown && !(name in known));
  return missing.length === 0
    ? `${rule?.id ?? 'a rule'}: ${message}`
    : `${rule?.id} needs ${missing.map((name) => maybeUnknown[name]).join(' and ')}, which is not known`;
}

/** A question to Cedar, without the facts that are not known. */
export function question(action: RuledAction, facts: RequestFacts, approver: ApproverFacts | undefined) {
  const { entitlement: e, beneficiary } = facts;
  const who = action === 'approve' && approver !== undefined ? approver : beneficiary;
  const principal = { type: 'Person', id: who.email };
  const person: Attributes = { email: who.email };
  put(person, 'department', who.department);
  put(person, 'title', who.title);
  const entities: EntityJson[] = [
    { uid: principal, attrs: person, parents: [] },
    {
      uid: { type: 'Entitlement', id: e.key },
      attrs: {
        key: e.key,
        tier: e.tier,
        owner: e.owner,
        team: e.team,
        autoApprove: e.autoApprove,
        maxSeconds: e.maxSeconds,
        approvers: approversTaken(e.approvers),
      },
      parents: [],
    },
  ];
  const asked = askedContext(facts);
  if (action !== 'approve') return { principal, entities, context: asked };
  const context: Attributes = { asked, beneficiaryEmail: beneficiary.email };
  put(context, 'beneficiaryDepartment', beneficiary.department);
  put(context, 'beneficiaryTitle', beneficiary.title);
  return { principal, entities, context };
}

function askedContext(facts: RequestFacts): Attributes {
  const asked: Attributes = { seconds: facts.requestedSeconds, forSomebodyElse: facts.isForSomebodyElse };
  put(asked, 'hasTicket', facts.hasTicket);
  put(asked, 'isExtension', facts.isExtension);
  put(asked, 'earlierGrants', facts.earlierGrants);
  put(asked, 'hour', facts.hour);
  put(asked, 'weekday', facts.weekday);
  put(asked, 'onCall', facts.isOnCall);
  put(asked, 'location', facts.location);
  asked.locationUnknown = facts.isAskedFor === true && facts.location === undefined;
  if (facts.conflicts !== undefined) {
    const { conflicts } = facts;
    const those = (how: Conflict['how']) => conflicts.filter((c) => c.how === how).map((c) => c.with);
    // What is approved for later counts as held: rules that refuse two together mean it too.
    asked.conflictsHeld = [...those('held'), ...those('scheduled')];
    asked.conflictsPending = those('pending');
    asked.conflictsInherited = those('inherited');
  }
  return asked;
}

function put(attributes: Attributes, name: string, value: Value | null | undefined): void {
  if (value !== null && value !== undefined) attributes[name] = value;
}

function broken(errors: readonly { message: string }[]): Fault {
  return new Fault('policy.unanswered', errors.map((e) => e.message).join('; '), { retryable: false });
}
