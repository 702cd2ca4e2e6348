import { isDeepStrictEqual } from 'node:util';
import type { Filter } from './filter.ts';
import { parsePath } from './filter.ts';
import { matches } from './filter-value.ts';
import type { Doc } from './resource.ts';
import {
  bodyObject,
  checkRequired,
  checkSchemas,
  coerceOne,
  holderOf,
  isObject,
  setValue,
} from './resource.ts';
import { type Attribute, type ResourceType, resolve, sameName } from './schema.ts';
import { invalidPath, invalidSyntax, invalidValue, mutability, noTarget } from './scim-error.ts';

const PATCH_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
/** Operations in one PATCH. */
const MAX_OPERATIONS = 1_000;

/** One thing to do to one attribute: an operation with its path resolved, or a key of one without a path. */
export type Step = {
  op: 'add' | 'remove' | 'replace';
  extension: string | null;
  attribute: Attribute;
  /** Which elements of a multi-valued attribute; null: all of it. */
  filter: Filter | null;
  sub: Attribute | null;
  value: unknown;
};

/**
 * Reads a PATCH body (RFC 7644 section 3.5.2) with the dialects of Okta and Entra: operations in any case,
 * no path with an object of attributes, keys of that object that are paths themselves.
 * Throws 400 `invalidSyntax`, `invalidPath`, `noTarget` or `mutability`.
 */
export function readPatch(type: ResourceType, sent: unknown): Step[] {
  const body = bodyObject(sent);
  checkSchemas(body, PATCH_SCHEMA);
  const operations = field(body, 'Operations');
  if (!Array.isArray(operations) || operations.length === 0)
    throw invalidSyntax('Operations is not a list with at least one operation');
  if (operations.length > MAX_OPERATIONS) throw invalidSyntax(`more than ${MAX_OPERATIONS} operations`);
  return operations.flatMap((operation) => readOperation(type, operation));
}

function field(object: Record<string, unknown>, name: string): unknown {
  return Object.entries(object).find(([key]) => sameName(key, name))?.[1];
}

function readOperation(type: ResourceType, operation: unknown): Step[] {
  if (!isObject(operation)) throw invalidSyntax('an operation is not an object');
  const verb = field(operation, 'op');
  const op = (['add', 'remove', 'replace'] as const).find(
    (o) => typeof verb === 'string' && sameName(o, verb),
  );
  if (op === undefined) throw invalidSyntax('op is not add, remove or replace');
  const path = field(operation, 'path');
  const value = field(operation, 'value');
  if (op !== 'remove' && value === undefined) throw invalidValue(`${op} without a value`);
  if (path === undefined || path === null || path === '') return withoutPath(type, op, value);
  if (typeof path !== 'string') throw invalidPath('path is not a string');
  const steps = readPath(type, op, path, value);
  if (steps === null) throw invalidPath(`there is no attribute ${path}`);
  for (const step of steps)
    if (step.attribute.mutability === 'readOnly' || step.sub?.mutability === 'readOnly')
      throw mutability(`${path} is read-only`);
  return steps;
}

function withoutPath(type: ResourceType, op: Step['op'], value: unknown): Step[] {
  if (op === 'remove') throw noTarget('remove without a path');
  if (!isObject(value)) throw invalidValue('an operation without a path needs an object of attributes');
  // As in a POST, what is unknown or read-only (Okta sends the group's id) is ignored, RFC 7644 section 3.3.
  return Object.entries(value)
    .flatMap(([name, part]) => readPath(type, op, name, part) ?? [])
    .filter((step) => step.attribute.mutability !== 'readOnly');
}

/** Null when the path leads to no attribute of ours. */
function readPath(type: ResourceType, op: Step['op'], text: string, value: unknown): Step[] | null {
  const { path, filter, sub } = parsePath(text);
  const found = resolve(type, sub === null ? path : `${path}.${sub}`);
  if (found === null) return null;
  if (found.attribute === null) {
    if (found.extension === null) return null;
    return schemaSteps(type, op, found.extension, value);
  }
  if (filter !== null && !found.attribute.multiValued) throw invalidPath(`${path} is not multi-valued`);
  return [{ op, extension: found.extension, attribute: found.attribute, filter, sub: found.sub, value }];
}

/** The path is an extension's URN: its value is an object of the extension's attributes. */
function schemaSteps(type: ResourceType, op: Step['op'], urn: string, value: unknown): Step[] {
  const attributes = type.extensions.find((s) => s.urn === urn)?.attributes ?? [];
  if (op === 'remove')
    return attributes.map((attribute) => ({
      op,
      extension: urn,
      attribute,
      filter: null,
      sub: null,
      value: null,
    }));
  if (!isObject(value)) throw invalidValue(`${urn} needs an object of attributes`);
  return Object.entries(value).flatMap(([name, part]) => readPath(type, op, `${urn}:${name}`, part) ?? []);
}

/** The document after all steps; the one given is left as it was. Throws 400, and then nothing has changed. */
export function applySteps(type: ResourceType, before: Doc, steps: readonly Step[]): Doc {
  const doc = structuredClone(before);
  for (const step of steps) applyStep(doc, step);
  checkRequired(type, doc);
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
  } else if (sub !== null) {
    const old = holderOf(doc, extension)[attribute.name];
    const part = op === 'remove' ? undefined : coerceOne(sub, value);
    setValue(doc, extension, attribute, withSub(isObject(old) ? old : {}, sub, part));
  } else if (op === 'remove') {
    setValue(doc, extension, attribute, null);
  } else if (attribute.type === 'complex' && isObject(value)) {
    // Sub-attributes that are not named stay as they are, RFC 7644 section 3.5.2.3.
    const old = holderOf(doc, extension)[attribute.name];
    setValue(doc, extension, attribute, merged(attribute, isObject(old) ? old : {}, value));
  } else {
    setValue(doc, extension, attribute, value);
  }
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
  if (op === 'remove') {
    if (sub === null) return list.filter((one) => !selected.includes(one));
    return list.map((one) => (selected.includes(one) ? withSub(one, sub, undefined) : one));
  }
  if (selected.length === 0) {
    if (op === 'replace' || filter === null) throw noTarget(`no value of ${attribute.name} is selected`);
    // Entra adds the first work e-mail by `emails[type eq "work"].value`: what the filter says becomes the element.
    const fresh = changeElement({ ...step, op: 'add' }, attribute, described(filter, attribute));
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
  if (!isObject(sent)) throw invalidValue(`a value of ${attribute.name} is not an object`);
  return step.op === 'replace' ? sent : { ...old, ...sent };
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
