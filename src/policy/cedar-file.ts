import {
  type DetailedError,
  type PolicyJson,
  policySetTextToParts,
  policyToJson,
  validate,
} from '@cedar-policy/cedar-wasm/nodejs';
import { nearest } from '../core/nearest.ts';
import { type Need, needs, type RuledAction, ruledActions } from '../core/policy/verdict.ts';

/** One written rule. */
export type ParsedRule = {
  id: string;
  clause: string;
  /** Its words on the card and in the audit. */
  says: string;
  needs: Need | null;
  effect: 'permit' | 'forbid';
  actions: RuledAction[];
  /** Names of the facts that it looks at. */
  looksAt: string[];
  text: string;
  /** Where it stands, `path:line`. */
  place: string;
};

export type RuleFile = { rules: ParsedRule[]; mistakes: string[]; warnings: string[] };

const SAYS_MAX = 200;

/**
 * Pure: the rules in a text, checked against Cedar's grammar and the schema. Every rule has to carry `@id`, `@clause`
 * and `@says`. A rule that holds has to carry `@needs` too. Mistakes and warnings begin with `path:line`.
 */
export function readRules(
  path: string,
  text: string,
  schema: string,
  clauses: ReadonlySet<string>,
): RuleFile {
  const bytes = Buffer.from(text);
  const placeAt = (offset: number) => `${path}:${bytes.subarray(0, offset).toString().split('\n').length}`;
  const no = (mistakes: string[]): RuleFile => ({ rules: [], mistakes, warnings: [] });
  const parts = policySetTextToParts(text);
  if (parts.type === 'failure') return no(parts.errors.map((e) => syntaxMistake(e, placeAt)));
  if (parts.policy_templates.length > 0)
    return no(
      parts.policy_templates.map((t) => `${placeAt(offsetOf(text, t))}: a template: write the rule out`),
    );

  // Cedar calls them policy0, policy1… in the order of the text.
  const inOrder = parts.policies
    .map((policy) => ({ policy, offset: offsetOf(text, policy) }))
    .sort((a, b) => a.offset - b.offset);
  const named = inOrder.map(({ policy, offset }) => ({ id: jsonOf(policy).annotations?.id ?? '', offset }));

  const checked = validate({ schema, policies: { staticPolicies: text } });
  if (checked.type === 'failure') return no(checked.errors.map((e) => syntaxMistake(e, placeAt)));
  const said = ({ policyId, error }: { policyId: string; error: DetailedError }) => {
    const rule = named[Number(policyId.replace('policy', ''))];
    const at = error.sourceLocations?.[0]?.start ?? rule?.offset ?? 0;
    const words = error.message.replace(`for policy \`${policyId}\`, `, '');
    return `${placeAt(at)}: rule ${rule?.id ?? policyId}: ${words}${error.help === null ? '' : ` (${error.help})`}`;
  };
  const mistakes = checked.validationErrors.map(said);

  const rules: ParsedRule[] = [];
  for (const { policy, offset } of inOrder) {
    const place = placeAt(offset);
    const rule = ruleOf(policy, place, clauses);
    if (Array.isArray(rule)) mistakes.push(...rule.map((mistake) => `${place}: ${mistake}`));
    else rules.push(rule);
  }
  return { rules, mistakes, warnings: checked.validationWarnings.map(said) };
}

function ruleOf(policy: string, place: string, clauses: ReadonlySet<string>): ParsedRule | string[] {
  const json = jsonOf(policy);
  const { id, clause, says, needs: need, ...rest } = json.annotations ?? {};
  const mistakes: string[] = [];
  const name = id ?? 'without @id';
  const wrong = (what: string) => mistakes.push(`rule ${name}: ${what}`);
  if (id === undefined || !/^[a-z0-9][a-z0-9-]{0,62}$/.test(id))
    wrong('give it an @id of lower-case letters, digits and hyphens');
  if (clause === undefined)
    wrong('give it the @clause of policy.md that it carries out, e.g. @clause("AC-1")');
  else if (!clauses.has(clause)) wrong(`clause ${clause} is not in policy.md`);
  if (says === undefined || says.trim() === '' || says.length > SAYS_MAX)
    wrong(`say in @says what it means for whoever is concerned, in at most ${SAYS_MAX} characters`);
  for (const other of Object.keys(rest)) {
    const near = nearest(other, ['id', 'clause', 'says', 'needs']);
    wrong(`unknown annotation @${other}${near === null ? '' : `; did you mean @${near}?`}`);
  }
  const actions = actionsOf(json);
  if (actions === null) wrong(`name its action, e.g. action == Action::"request"`);
  const isHold = json.effect === 'permit' && (actions ?? []).includes('hold');
  const isNeed = (word: string): word is Need => (needs as readonly string[]).includes(word);
  if (isHold && (need === undefined || !isNeed(need)))
    wrong(`say in @needs what it holds it for: ${needs.join(', ')}`);
  if (!isHold && need !== undefined) wrong('@needs belongs to rules that permit hold');
  if (mistakes.length > 0) return mistakes;
  return {
    id: id as string,
    clause: clause as string,
    says: says as string,
    needs: (need as Need | undefined) ?? null,
    effect: json.effect,
    actions: actions ?? [],
    looksAt: [...new Set(attributesIn(json.conditions))],
    text: policy,
    place,
  };
}

/** Null: it does not say which. The schema has told of those that there are not. */
function actionsOf({ action }: PolicyJson): RuledAction[] | null {
  if (action.op === 'All') return null;
  const given = 'entities' in action ? action.entities : 'entity' in action ? [action.entity] : [];
  const ids = given.map((uid) => ('__entity' in uid ? uid.__entity.id : uid.id));
  return ruledActions.filter((known) => ids.includes(known));
}

function attributesIn(expression: unknown): string[] {
  if (Array.isArray(expression)) return expression.flatMap(attributesIn);
  if (typeof expression !== 'object' || expression === null) return [];
  const { '.': access, has } = expression as { '.'?: { attr: string }; has?: { attr: string } };
  return [
    ...[access, has].flatMap((node) => node?.attr ?? []),
    ...Object.values(expression).flatMap(attributesIn),
  ];
}

function jsonOf(policy: string): PolicyJson {
  const answer = policyToJson(policy);
  return answer.type === 'success'
    ? answer.json
    : {
        effect: 'forbid',
        principal: { op: 'All' },
        action: { op: 'All' },
        resource: { op: 'All' },
        conditions: [],
      };
}

/** In bytes, as Cedar counts. */
function offsetOf(text: string, part: string): number {
  const at = text.indexOf(part);
  return at < 0 ? 0 : Buffer.byteLength(text.slice(0, at));
}

function syntaxMistake(error: DetailedError, placeAt: (offset: number) => string): string {
  const [where] = error.sourceLocations ?? [];
  const hint = where?.label ?? error.help;
  return `${placeAt(where?.start ?? 0)}: ${error.message}${hint === null || hint === undefined ? '' : ` (${hint})`}`;
}
