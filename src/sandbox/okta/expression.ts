import { OktaError } from './errors.ts';

/**
 * The part of Okta's `search` and `filter` grammar that lists are asked with. It has `attribute op value`, joined by
 * `and` / `or` (`and` binds tighter), and no brackets. The case of letters makes no difference.
 */
const tokens = /\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))/gy;

type Token = { quoted: boolean; text: string };

/** A test over the resource as the API shows it. Throws E0000001 for what does not parse. */
export function parseExpression(text: string): (resource: unknown) => boolean {
  const list = tokenize(text);
  const anyOf: ((resource: unknown) => boolean)[][] = [[]];
  for (let i = 0; i < list.length; ) {
    const attribute = word(list[i++], text);
    const op = word(list[i++], text).toLowerCase();
    const value = op === 'pr' ? '' : operand(list[i++], text);
    anyOf
      .at(-1)
      ?.push((resource) => valuesAt(resource, attribute).some((actual) => holds(actual, op, value)));
    if (i >= list.length) break;
    const joint = word(list[i++], text).toLowerCase();
    if (joint === 'or') anyOf.push([]);
    else if (joint !== 'and') throw invalid(text);
    if (i >= list.length) throw invalid(text);
  }
  if (anyOf.some((all) => all.length === 0)) throw invalid(text);
  return (resource) => anyOf.some((all) => all.every((test) => test(resource)));
}

const operators = new Set(['eq', 'ne', 'sw', 'co', 'gt', 'ge', 'lt', 'le', 'pr']);

function tokenize(text: string): Token[] {
  const list: Token[] = [];
  tokens.lastIndex = 0;
  while (tokens.lastIndex < text.trimEnd().length) {
    const match = tokens.exec(text);
    if (match === null) throw invalid(text);
    list.push(
      match[1] === undefined
        ? { quoted: false, text: match[2] ?? '' }
        : { quoted: true, text: match[1].replace(/\\(.)/g, '$1') },
    );
  }
  return list;
}

function word(token: Token | undefined, text: string): string {
  if (token === undefined || token.quoted) throw invalid(text);
  return token.text;
}

function operand(token: Token | undefined, text: string): string {
  if (token === undefined) throw invalid(text);
  return token.text;
}

/** One value, or of a list (`target.id`) that of each element; null where there is none. */
function valuesAt(resource: unknown, attribute: string): (string | null)[] {
  let at: unknown[] = [resource];
  for (const step of attribute.split('.'))
    at = at
      .flatMap((one) => (Array.isArray(one) ? one : [one]))
      .map((one) =>
        typeof one === 'object' && one !== null
          ? Object.entries(one).find(([name]) => name === step)?.[1]
          : undefined,
      );
  const found = at.map((one) => (one === undefined || one === null ? null : String(one).toLowerCase()));
  return found.length === 0 ? [null] : found;
}

function holds(actual: string | null, op: string, asked: string): boolean {
  if (!operators.has(op)) throw new OktaError('E0000001', `Api validation failed: ${op}`);
  const value = asked.toLowerCase();
  if (op === 'ne') return actual !== value;
  if (actual === null) return false;
  switch (op) {
    case 'eq':
      return actual === value;
    case 'sw':
      return actual.startsWith(value);
    case 'co':
      return actual.includes(value);
    case 'gt':
      return actual > value;
    case 'ge':
      return actual >= value;
    case 'lt':
      return actual < value;
    case 'le':
      return actual <= value;
    default:
      return true;
  }
}

function invalid(text: string): OktaError {
  return new OktaError('E0000001', 'Api validation failed: search', [`Invalid search criteria: ${text}`]);
}
