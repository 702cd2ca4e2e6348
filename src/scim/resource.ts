import { Leeway } from './leeway.ts';
import {
  type Attribute,
  enterpriseUrn,
  named,
  type ResourceType,
  resolve,
  type Schema,
  sameName,
} from './schema.ts';
import { invalidSyntax, invalidValue } from './scim-error.ts';

/**
 * The attributes that a client has set of a resource, under canonical names; no `id`, `meta` or other read-only
 * attributes.
 */
export type Doc = Record<string, unknown>;

/** Elements of one multi-valued attribute of a user; members of groups are bounded by the body's size instead. */
const MAX_VALUES = 1_000;
/** Bytes of a name or identifier that has an index: PostgreSQL's index rows hold 2,704. */
const MAX_INDEXED_BYTES = 1_024;

const indexed = new Set(['userName', 'externalId', 'displayName']);

/** PostgreSQL's own form of an id; any other text can't name a resource of ours. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}

/** Nothing there, or nothing that anybody could see. */
function isBlank(text: unknown): boolean {
  return text === undefined || (typeof text === 'string' && /^[\s\p{Cc}\p{Cf}\p{Z}]*$/u.test(text));
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The body as an object. Throws 400 `invalidSyntax`. */
export function bodyObject(body: unknown): Record<string, unknown> {
  if (!isObject(body)) throw invalidSyntax('the body is not a JSON object');
  return body;
}

/** Checks that `schemas`, when sent, names the one we need. Throws 400 `invalidValue`. */
export function checkSchemas(body: Record<string, unknown>, urn: string): void {
  const sent = Object.entries(body).find(([name]) => sameName(name, 'schemas'))?.[1];
  // Okta's documented examples leave it out of some requests, so absence is no error; a list of none says no more.
  if (sent === undefined || sent === null || (Array.isArray(sent) && sent.length === 0)) return;
  if (!Array.isArray(sent) || !sent.some((s) => typeof s === 'string' && sameName(s, urn)))
    throw invalidValue(`schemas does not name ${urn}`);
}

/**
 * The writable attributes of a POST or PUT body, checked and under canonical names. Read-only and unknown ones
 * are ignored (RFC 7644 section 3.3). Throws 400 `invalidValue` or `invalidSyntax`; with leeway, `before` holds what
 * stays of an attribute that can't be taken.
 */
export function readResource(
  type: ResourceType,
  sent: unknown,
  leeway: Leeway = new Leeway(false),
  before: Doc = {},
): Doc {
  const body = bodyObject(sent);
  leeway.attempt('schemas', () => checkSchemas(body, type.core.urn));
  const doc: Doc = {};
  for (const [name, value] of Object.entries(body)) {
    const found = resolve(type, name);
    if (found === null || found.sub !== null) continue;
    const { attribute, extension } = found;
    const isTaken = leeway.attempt(name, () => {
      if (attribute !== null) setValue(doc, extension, attribute, value);
      else setSchema(doc, type, extension, value);
      return true;
    });
    if (isTaken !== null) continue;
    const key = attribute === null || extension !== null ? (extension ?? '') : attribute.name;
    if (before[key] !== undefined) doc[key] = structuredClone(before[key]);
  }
  return leeway.attempt('required', () => checkRequired(type, doc)) === null
    ? // Who does not say what there must be can't be believed about what they don't say either.
      { ...structuredClone(before), ...doc, ...requiredOf(type, before) }
    : doc;
}

/** The attributes of a schema under its URN, as clients send those of an extension; some send the core's like that. */
function setSchema(doc: Doc, type: ResourceType, extension: string | null, value: unknown): void {
  if (value === null) return;
  const schema = type.extensions.find((s) => s.urn === extension) ?? type.core;
  if (!isObject(value)) throw invalidValue(`${schema.urn} is not an object`);
  for (const [name, part] of Object.entries(value)) {
    const attribute = named(schema.attributes, name);
    if (attribute !== undefined) setValue(doc, extension, attribute, part);
  }
}

function requiredOf(type: ResourceType, doc: Doc): Doc {
  const required = type.core.attributes.filter((attribute) => attribute.required);
  return Object.fromEntries(required.map(({ name }) => [name, doc[name]]));
}

/** Sets one attribute after checking it; null or an empty list unsets it. Read-only ones are left alone. */
export function setValue(doc: Doc, extension: string | null, attribute: Attribute, value: unknown): void {
  if (attribute.mutability === 'readOnly' || attribute.returned === 'never') return;
  const coerced = coerce(attribute, value);
  const holder = holderOf(doc, extension);
  if (coerced === undefined) delete holder[attribute.name];
  else holder[attribute.name] = coerced;
  if (extension !== null && Object.keys(holder).length === 0) delete doc[extension];
}

/** The object that holds an extension's attributes, or the core's. */
export function holderOf(doc: Doc, extension: string | null): Doc {
  if (extension === null) return doc;
  if (!isObject(doc[extension])) doc[extension] = {};
  return doc[extension] as Doc;
}

export function checkRequired(type: ResourceType, doc: Doc): true {
  for (const attribute of type.core.attributes)
    if (attribute.required && isBlank(doc[attribute.name]))
      throw invalidValue(`${attribute.name} is required, and blank is none`);
  return true;
}

/** A value in the form the schema wants; undefined when it says "unassigned". Throws 400 `invalidValue`. */
function coerce(attribute: Attribute, value: unknown): unknown {
  // Entra's documents send the manager as a list of one.
  const isListOfOne = attribute.type === 'complex' && Array.isArray(value) && value.length === 1;
  if (!attribute.multiValued) return coerceOne(attribute, isListOfOne ? value[0] : value);
  if (value === null || value === undefined) return undefined;
  const list = Array.isArray(value) ? value : [value];
  if (list.length > MAX_VALUES) throw invalidValue(`${attribute.name} has more than ${MAX_VALUES} values`);
  const elements = onceEach(list.map((one) => coerceOne(attribute, one)).filter((one) => one !== undefined));
  if (elements.filter((one) => isObject(one) && one.primary === true).length > 1)
    throw invalidValue(`${attribute.name} has more than one primary value`);
  return elements.length === 0 ? undefined : elements;
}

/** RFC 7643 section 2.4: the same type and value come once; what a second one says besides is the first's. */
function onceEach(elements: unknown[]): unknown[] {
  const once = new Map<unknown, unknown>();
  for (const one of elements) {
    const { type, value } = isObject(one) ? one : {};
    const key = value === undefined ? one : JSON.stringify([type, value]);
    once.set(key, isObject(one) && once.has(key) ? { ...(once.get(key) as Doc), ...one } : one);
  }
  return [...once.values()];
}

/** One value, or one element of a multi-valued attribute. */
export function coerceOne(attribute: Attribute, value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  switch (attribute.type) {
    case 'boolean':
      return coerceBoolean(attribute, value);
    case 'complex':
      return coerceComplex(attribute, value);
    default: {
      const text = coerceText(attribute, value);
      // A client without an id of its own sends it blank: it names nobody, and many may.
      return attribute.name === 'externalId' && isBlank(text) ? undefined : text;
    }
  }
}

function coerceBoolean(attribute: Attribute, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  // Entra without its conformance flag sends "True" and "False".
  const word = typeof value === 'string' ? value.toLowerCase() : '';
  if (word !== 'true' && word !== 'false') throw invalidValue(`${attribute.name} is not a boolean`);
  return word === 'true';
}

function coerceComplex(attribute: Attribute, value: unknown): Doc | undefined {
  // Entra sends a complex attribute's plain value, e.g. the manager's id.
  const object = isObject(value) ? value : { value };
  const doc: Doc = {};
  for (const [name, part] of Object.entries(object)) {
    const sub = named(attribute.subAttributes, name);
    // A directory without somebody's address sends it blank: then there is no such element.
    if (attribute.multiValued && sub?.name === 'value' && typeof part === 'string' && isBlank(part))
      return undefined;
    const coerced = sub === undefined ? undefined : coerceOne(sub, part);
    if (sub !== undefined && coerced !== undefined) doc[sub.name] = coerced;
  }
  if (Object.keys(doc).length > 0) return doc;
  if (!isObject(value)) throw invalidValue(`${attribute.name} is not an object`);
  return undefined;
}

function coerceText(attribute: Attribute, value: unknown): string {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string') throw invalidValue(`${attribute.name} is not a string`);
  if (text.includes('\0') || !text.isWellFormed())
    throw invalidValue(`${attribute.name} has a character that can’t be stored`);
  if (indexed.has(attribute.name) && Buffer.byteLength(text) > MAX_INDEXED_BYTES)
    throw invalidValue(`${attribute.name} is longer than ${MAX_INDEXED_BYTES} bytes`);
  return text;
}

/** URNs of the schemas a document has attributes of, for `schemas`. */
export function schemasOf(type: ResourceType, doc: Doc): string[] {
  return [type.core, ...type.extensions]
    .filter((schema: Schema) => schema === type.core || doc[schema.urn] !== undefined)
    .map((schema) => schema.urn);
}

/** The address people mail to: primary, else work, else the first. */
export function emailOf(doc: Doc): string | null {
  const emails = (Array.isArray(doc.emails) ? doc.emails : [])
    .filter(isObject)
    .filter((e) => typeof e.value === 'string' && !isBlank(e.value));
  const chosen =
    emails.find((e) => e.primary === true) ??
    emails.find((e) => typeof e.type === 'string' && sameName(e.type, 'work')) ??
    emails[0];
  return typeof chosen?.value === 'string' ? chosen.value : null;
}

/** Of the enterprise extension; null when the client sent none. */
export function departmentOf(doc: Doc): string | null {
  const enterprise = doc[enterpriseUrn];
  return isObject(enterprise) && typeof enterprise.department === 'string' ? enterprise.department : null;
}

/** Name for people to read; null when the client sent none. */
export function displayNameOf(doc: Doc): string | null {
  const isName = (part: unknown) => typeof part === 'string' && !isBlank(part);
  if (isName(doc.displayName)) return doc.displayName as string;
  const name = isObject(doc.name) ? doc.name : {};
  if (isName(name.formatted)) return name.formatted as string;
  const parts = [name.givenName, name.familyName].filter(isName);
  return parts.length === 0 ? null : parts.join(' ');
}
