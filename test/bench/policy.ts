import { readFileSync } from 'node:fs';
import { preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import type { EntitlementKey } from '../../src/core/ids.ts';
import { evaluateRequest, type RequestFacts, type RuledAction } from '../../src/core/policy/verdict.ts';
import { readRules } from '../../src/policy/cedar-file.ts';
import { cedarRules, question } from '../../src/policy/cedar-rules.ts';
import { type Figure, percentile } from './figure.ts';

const RULES = 200;
const RATIO = 1.5;
const WARM_UP = 500;
/** Alternating, so that both see the same machine. */
const ROUNDS = 20;
const CALLS_A_ROUND = 250;

/** Of ten rules so many are about each action. */
const shares: [RuledAction, number][] = [
  ['request', 5],
  ['hold', 2],
  ['approve', 2],
  ['autoApprove', 1],
];

/** A whole verdict, facts in hand, against one bare call of Cedar with the same rules parsed before. */
export async function policy(say: (line: string) => void): Promise<Figure[]> {
  const schema = readFileSync('policy/latchkey.cedarschema', 'utf8');
  const { rules, mistakes } = readRules('bench.cedar', manyRules(), schema, new Set(['AC-1']));
  if (mistakes.length > 0) throw new Error(mistakes.join('\n'));
  const whole = cedarRules(rules, 'bench');
  preparsePolicySet('bare', { staticPolicies: Object.fromEntries(rules.map((r) => [r.id, r.text])) });

  const figures: Figure[] = [];
  for (const [name, facts] of [
    ['a person decides (tier medium)', factsOf('medium')],
    ['given by rule (tier low)', factsOf('low')],
  ] as const) {
    const { principal, entities, context } = question('request', facts, undefined);
    const call = {
      principal,
      entities,
      context,
      action: { type: 'Action', id: 'request' },
      resource: { type: 'Entitlement', id: facts.entitlement.key },
      preparsedPolicySetId: 'bare',
      validateRequest: false,
    };
    const bare = () => {
      const answer = statefulIsAuthorized(call);
      if (answer.type === 'failure' || answer.response.decision !== 'allow') throw new Error('not allowed');
    };
    const verdict = () => {
      if (evaluateRequest(facts, whole).effect === 'refuse') throw new Error('refused');
    };
    const times = { bare: [] as number[], verdict: [] as number[] };
    timed(bare, WARM_UP);
    timed(verdict, WARM_UP);
    for (let round = 0; round < ROUNDS; round++) {
      times.bare.push(...timed(bare, CALLS_A_ROUND));
      times.verdict.push(...timed(verdict, CALLS_A_ROUND));
    }
    for (const share of [0.5, 0.99]) {
      const value = percentile(times.verdict, share);
      const baselineValue = percentile(times.bare, share);
      const isTarget = share === 0.5;
      say(`${name}: p${share * 100} ${value.toFixed(3)} ms, bare ${baselineValue.toFixed(3)} ms`);
      figures.push({
        bench: 'policy',
        metric: `whole verdict, ${name}, ms p${share * 100}`,
        value,
        baseline: `bare Cedar call, the same ${RULES} rules`,
        baselineValue,
        ratio: value / baselineValue,
        target: isTarget ? `ratio <= ${RATIO}` : 'none',
        holds: !isTarget || value / baselineValue <= RATIO,
      });
    }
  }
  return figures;
}

function timed(work: () => void, times: number): number[] {
  return Array.from({ length: times }, () => {
    const startedAt = performance.now();
    work();
    return performance.now() - startedAt;
  });
}

function factsOf(tier: 'low' | 'medium'): RequestFacts {
  return {
    entitlement: {
      key: 'orders-api-read' as EntitlementKey,
      title: 'Orders API',
      gives: 'reading',
      team: 'Orders API readers',
      idpGroup: 'anypoint-orders-read',
      tier,
      owner: 'olga@acme.example',
      requestableBy: 'everyone',
      approvers: { stages: [{ of: 'any', quorum: 1, sources: [{ owner: true }] }], distinct: true },
      autoApprove: true,
      durationsSeconds: [3_600],
      defaultSeconds: 3_600,
      maxSeconds: 86_400,
      clauses: ['AC-1'],
      finding: 'ask',
      birthright: null,
      conflicts: [],
      reviewEverySeconds: null,
      reviewed: null,
    },
    beneficiary: { email: 'ines@acme.example', department: 'Orders', title: 'Intern', isActive: true },
    requestedSeconds: 3_600,
    isForSomebodyElse: false,
    hasTicket: true,
    isExtension: false,
    earlierGrants: 1,
    hour: 10,
    weekday: 'monday',
    isOnCall: false,
    location: 'DE',
    duties: { holdings: [], brings: [] },
    conflicts: [],
  };
}

/** Like those that people write, none of them about this request but the ones that permit. */
function manyRules(): string {
  const kinds = shares.flatMap(([action, share]) => Array.from({ length: share }, () => action));
  return Array.from({ length: RULES }, (_, n) => {
    const action = kinds[n % kinds.length] as RuledAction;
    const isFirst = n < kinds.length && kinds.indexOf(action) === n % kinds.length;
    const asked = action === 'approve' ? 'context.asked' : 'context';
    const permits = isFirst && action !== 'hold';
    const effect = permits || action === 'hold' ? 'permit' : 'forbid';
    const when = permits
      ? 'true'
      : `resource.key == "api-${n}" && ${asked}.seconds > ${n * 60} && principal.title like "*Contractor ${n}*"`;
    return `@id("rule-${n}") @clause("AC-1") @says("rule ${n}") ${action === 'hold' ? '@needs("person")' : ''}
      ${effect} (principal, action == Action::"${action}", resource) when { ${when} };\n`;
  }).join('');
}
