import { isDeepStrictEqual } from 'node:util';
import type { Filter } from './filter.ts';
import { parsePath } from './filter.ts';
import { matches } from './filter-value.ts';
import { Leeway } from './leeway.ts';
import type { Doc } from './resource.ts';
import { checkRequired, checkSchemas, coerceOne, holderOf, isObject, setValue } from './resource.ts';
import { type Attribute, type ResourceType, resolve, sameName, userType } from './schema.ts';
import { invalidPath, invalidSyntax, invalidValue, mutability, noTarget } from './scim-error.ts';
import { member } from './taken-away.ts';

const PATCH_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
/** Operations in one PATCH. */
const MAX_OPERATIONS = 1_000;

/** One thing to do to one attribute: an operation with its path resolved, or a key of one without a path. */
export type Step = {
  op: 'add' | 'remove' | 'replace';
  extension: string | null;
  attribute: Attribute;
  /** Which elements of a multi-valued attribute, or which value a single one is meant to have; null: all of it. */
  filter: Filter | null;
  sub: Attribute | null;
  value: unknown;
};

type Target = { type: ResourceType; id: string; leeway: Leeway };

/**
 * Reads a PATCH body (RFC 7644 section 3.5.2) with the dialects of Okta and Entra:
 * - operations in any case
 * - one operation that is in no list
 * - an object of attributes without a path
 * - keys of that object that are paths themselves
 *
 * As in a POST, unknown attributes are ignored (section 3.3). A read-only attribute that is repeated unchanged is
 * ignored too. Throws 400 `invalidSyntax`, `invalidPath`, `noTarget` or `mutability`, as far as there is no leeway.
 */
export function readPatch(type: ResourceType, id: string, sent: unknown, leeway: Leeway): Step[] {
  const operations = operationsIn(sent, leeway);
  if (operations.length > MAX_OPERATIONS) throw invalidSyntax(`more than ${MAX_OPERATIONS} operations`);
  return operations.flatMap(
    (operation, n) =>
      leeway.attempt(`operation ${n + 1}`, () => readOperation({ type, id, leeway }, operation)) ?? [],
  );
}

function operationsIn(sent: unknown, leeway: Leeway): unknown[] {
  if (!isObject(sent)) {
    if (Array.isArray(sent) && sent.length > 0) return sent;
    throw invalidSyntax('the body is neither a JSON object nor a list of operations');
  }
  leeway.attempt('schemas', () => checkSchemas(sent, PATCH_SCHEMA));
  const operations = member(sent, 'Operations') ?? (member(sent, 'op') === undefined ? undefined : [sent]);
  if (isObject(operations) && member(operations, 'op') !== undefined) return [operations];
  if (!Array.isArray(operations) || operations.length === 0)
    throw invalidSyntax('Operations is not a list with at least one operation');
  return operations;
}

function readOperation(target: Target, operation: unknown): Step[] {
  if (!isObject(operation)) throw invalidSyntax('an operation is not an object');
  const verb = member(operation, 'op');
  const op = (['add', 'remove', 'replace'] as const).find(
    (o) => typeof verb === 'string' && sameName(o, verb.trim()),
  );
  if (op === undefined) throw invalidSyntax('op is not add, remove or replace');
  const path = member(operation, 'path');
  const value = member(operation, 'value');
  if (op !== 'remove' && value === undefined) throw invalidValue(`${op} without a value`);
  if (path === undefined || path === null || path === '') return withoutPath(target, op, value);
  if (typeof path !== 'string') throw invalidPath('path is not a string');
  return readPath(target, op, { text: path, isPath: true }, value);
}

function withoutPath(target: Target, op: Step['op'], value: unknown): Step[] {
  const attributes = Array.isArray(value) && value.length === 1 ? value[0] : value;
  if (op === 'remove' && (!isObject(attributes) || Object.keys(attributes).length === 0))
    throw noTarget('remove without a path');
  if (!isObject(attributes)) throw invalidValue('an operation without a path needs an object of attributes');
  return Object.entries(attributes).flatMap(
    ([name, part]) =>
      target.leeway.attempt(name, () => readPath(target, op, { text: name, isPath: false }, part)) ?? [],
  );
}

/** No step when the path leads to no attribute of ours, or to one that only we can change and that stays as it is. */
function readPath(
  target: Target,
  op: Step['op'],
  { text, isPath }: { text: string; isPath: boolean },
  value: unknown,
): Step[] {
  const { type, leeway } = target;
  // A filter that can't be read is a mistake; any other text that can't is a name like Graph's `@odata.type`.
  const isReadable = parses(text) || (isPath && text.includes('['));
  const { path, filter, sub } = isReadable ? parsePath(text) : { path: text, filter: null, sub: null };
  const found = isReadable ? resolve(type, sub === null ? path : `${path}.${sub}`) : null;
  if (found === null) {
    leeway.ignore(text, 'there is no such attribute');
    return [];
  }
  const { extension, attribute } = found;
  if (attribute === null) return schemaSteps(target, op, extension, value);
  if (filter !== null && !attribute.multiValued && attribute.type !== 'complex')
    throw invalidPath(`${path} is not multi-valued`);
  if (attribute.mutability === 'readOnly' || found.sub?.mutability === 'readOnly') {
    if (!isPath || (op !== 'remove' && isUnchanged(target, attribute, value))) return [];
    throw mutability(`${text} is read-only`);
  }
  return [{ op, extension, attribute, filter, sub: found.sub, value }];
}

/** Some clients send back what they were shown. What `meta` and `schemas` say is ours to say, whatever is sent. */
function isUnchanged({ id }: Target, { name }: Attribute, value: unknown): boolean {
  if (name === 'meta' || name === 'schemas') return true;
  return name === 'id' && typeof value === 'string' && sameName(value, id);
}

function parses(text: string): boolean {
  try {
    parsePath(text);
    return true;
  } catch {
    return false;
  }
}

/** The path is a schema's URN: its value is an object of the schema's attributes. */
function schemaSteps(target: Target, op: Step['op'], extension: string | null, value: unknown): Step[] {
  const { type, leeway } = target;
  const schema = type.extensions.find((s) => s.urn === extension) ?? type.core;
  if (op === 'remove' && !isObject(value)) {
    if (extension === null) throw noTarget('the core schema can’t be removed');
    const whole = { op, extension, filter: null, sub: null, value: null };
    return schema.attributes.map((attribute) => ({ ...whole, attribute }));
  }
  if (!isObject(value)) throw invalidValue(`${schema.urn} needs an object of attributes`);
  return Object.entries(value).flatMap(
    ([name, part]) =>
      leeway.attempt(name, () =>
        readPath(target, op, { text: `${schema.urn}:${name}`, isPath: false }, part),
      ) ?? [],
  );
}

/**
 * The document after all steps; the one given is left as it was. Throws 400, and then nothing has changed, as far as
 * there is no leeway.
 */
export function applySteps(
  type: ResourceType,
  before: Doc,
  steps: readonly Step[],
  leeway: Leeway = new Leeway(false),
): Doc {
  let doc = structuredClone(before);
  if (!leeway.isLenient) {
    for (const step of steps) applyStep(doc, step);
    checkRequired(type, doc);
    return doc;
  }
  for (const step of steps)
    leeway.attempt(step.attribute.name, () => {
      const after = structuredClone(doc);
      applyStep(after, step);
      checkRequired(type, after);
      doc = after;
    });
  return doc;
}

function applyStep(doc: Doc, step: Step): void {
  const { op, attribute, extension, sub, filter, value } = step;
  if (op === 'remove' && attribute.required && sub === null)
    throw mutability(`${attribute.name} is required and can’t be removed`);
  if (attribute.multiValued) {
    const elements = holderOf(doc, extension)[attribute.name];
    const list = Array.isArray(elements) ? (elements as Doc[]) : [];
    const after =
      sub === null && filter === null
        ? changeAll(op, attribute, list, value)
        : changeSelected(step, attribute, list);
    setValue(doc, extension, attribute, after);
  } else if (attribute.type === 'complex') {
    const old = holderOf(doc, extension)[attribute.name];
    setValue(doc, extension, attribute, changeComplex(step, isObject(old) ? old : {}));
  } else {
    setValue(doc, extension, attribute, op === 'remove' ? null : simple(value));
  }
}

/** Older versions of Entra send a simple value as a list of one object: `[{"$ref": null, "value": "x"}]`. */
function simple(value: unknown): unknown {
  const [only, ...others] = Array.isArray(value) ? value : [];
  return isObject(only) && others.length === 0 && only.value !== undefined ? only.value : value;
}

/**
 * A single complex value. Entra filters it like an element of many, `manager[value eq "7"]`. The value in the filter is
 * then the one to set, or to remove if it is the present one.
 */
function changeComplex({ op, attribute, filter, sub, value }: Step, old: Doc): unknown {
  const isMeant = filter === null || matches(filter, attribute, old);
  if (op === 'remove') {
    if (!isMeant) return old;
    return sub === null ? null : withSub(old, sub, undefined);
  }
  const base = filter === null || isMeant ? old : describedIfAny(filter, attribute);
  if (sub !== null) return withSub(base, sub, coerceOne(sub, value));
  // Sub-attributes that are not named stay as they are, RFC 7644 section 3.5.2.3.
  if (isObject(value)) return merged(attribute, base, value);
  if (filter === null || value === null) return value;
  return { ...base, ...(coerceOne(attribute, simple(value)) as Doc) };
}

/** What a filter that selects nothing describes, as far as it does. */
function describedIfAny(filter: Filter, attribute: Attribute): Doc {
  return new Leeway(true).attempt(attribute.name, () => described(filter, attribute)) ?? {};
}

/** The whole of a multi-valued attribute is the target. */
function changeAll(op: Step['op'], attribute: Attribute, list: Doc[], value: unknown): Doc[] {
  if (op === 'remove' && (value === undefined || value === null)) return [];
  const sent = (Array.isArray(value) ? value : [value])
    .map((one) => coerceOne(attribute, one))
    .filter((one) => one !== undefined) as Doc[];
  if (op === 'replace') return sent;
  // Entra names the values to remove instead of filtering for them.
  if (op === 'remove')
    return list.filter(
      (old) => !sent.some((one) => Object.entries(one).every(([k, v]) => isDeepStrictEqual(old[k], v))),
    );
  const added = sent.filter((one) => !list.some((old) => isDeepStrictEqual(old, one)));
  return onePrimary([...list, ...added], added);
}

/** Elements picked by a filter, or a sub-attribute of all elements, are the target. */
function changeSelected(step: Step, attribute: Attribute, list: Doc[]): Doc[] {
  const { op, filter, sub } = step;
  const selected = list.filter((one) => filter === null || matches(filter, attribute, one));
  if (op === 'remove' || (sub === null && step.value === null)) {
    if (sub === null) return list.filter((one) => !selected.includes(one));
    return list.map((one) => (selected.includes(one) ? withSub(one, sub, undefined) : one));
  }
  if (selected.length === 0) {
    if (step.value === null) return list;
    // Entra sets the first work e-mail by `emails[type eq "work"].value`, with Add or with Replace. The filter's values
    // become the element.
    const base = filter === null ? {} : described(filter, attribute);
    if (op === 'replace') mustBeUsual(attribute, base);
    const fresh = changeElement({ ...step, op: 'add' }, attribute, base);
    return onePrimary([...list, fresh], [fresh]);
  }
  const changed = new Map(selected.map((one) => [one, changeElement(step, attribute, one)]));
  return onePrimary(
    list.map((one) => changed.get(one) ?? one),
    [...changed.values()],
  );
}

function changeElement(step: Step, attribute: Attribute, old: Doc): Doc {
  if (step.sub !== null) return withSub(old, step.sub, coerceOne(step.sub, step.value));
  const sent = coerceOne(attribute, step.value);
  // A blank value is kept for a moment: `setValue` leaves out the element that it is the value of.
  if (sent === undefined && isObject(step.value) && Object.keys(step.value).length > 0)
    return { ...old, value: '' };
  if (!isObject(sent)) throw invalidValue(`a value of ${attribute.name} is not an object`);
  // A client that replaces part of an element names that part: its type, and which is primary, stay.
  return { ...old, ...sent };
}

/** An element that meets a filter made of `eq` and `and`. Throws `noTarget` for any other filter. */
function described(filter: Filter, attribute: Attribute): Doc {
  if (filter.op === 'and')
    return Object.assign({}, ...filter.filters.map((part) => described(part, attribute))) as Doc;
  const sub =
    filter.op === 'eq' ? attribute.subAttributes.find((a) => sameName(a.name, filter.path)) : undefined;
  if (filter.op !== 'eq' || sub === undefined) throw noTarget(`no value of ${attribute.name} is selected`);
  return { [sub.name]: coerceOne(sub, filter.value) };
}

/**
 * To replace an element that is not there is an error (RFC 7644 section 3.5.2.3). Elements that directories have a
 * place for are an exception: Entra replaces the first of those too. Throws `noTarget` for a type that nobody knows.
 */
function mustBeUsual(attribute: Attribute, { type }: Doc): void {
  const own = usualTypes([attribute]);
  if (typeof type !== 'string' || own.length === 0) return;
  // People map a fax number to an e-mail too.
  if (usualTypes(userType.core.attributes).some((one) => sameName(one, type))) return;
  throw noTarget(`there is no value of ${attribute.name} of the type ${type} to replace; add it`);
}

function usualTypes(attributes: readonly Attribute[]): string[] {
  return attributes.flatMap(
    (a) => a.subAttributes.find(({ name }) => name === 'type')?.canonicalValues ?? [],
  );
}

/** A value that becomes primary takes that from the others, RFC 7644 section 3.5.2. */
function onePrimary(list: Doc[], fresh: readonly Doc[]): Doc[] {
  if (!fresh.some((one) => one.primary === true)) return list;
  return list.map((one) => (one.primary === true && !fresh.includes(one) ? { ...one, primary: false } : one));
}

function withSub(old: Doc, sub: Attribute, value: unknown): Doc {
  const { [sub.name]: _, ...others } = old;
  return value === undefined ? others : { ...others, [sub.name]: value };
}

function merged(attribute: Attribute, old: Doc, sent: Record<string, unknown>): Doc {
  let doc = old;
  for (const [name, value] of Object.entries(sent)) {
    const sub = attribute.subAttributes.find((a) => sameName(a.name, name));
    if (sub !== undefined) doc = withSub(doc, sub, coerceOne(sub, value));
  }
  return doc;
}
