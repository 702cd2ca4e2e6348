import { isObject } from './resource.ts';
import { groupType, sameName, userType } from './schema.ts';

/**
 * What a body says of whether the user is active. `off`: a word that switches off, and no explicit true after it.
 * `unclear`: a word that is neither; whoever sent it may have meant to switch off. Null: nothing, or an explicit true.
 */
export type Said = 'off' | 'unclear' | null;

/**
 * Reads that of any body, however it is written: so that it is found in what can't be read otherwise. Only a boolean
 * true, or Entra's "True", switches on. Null, a removal, 0 and "no" switch off. A value that can't mean "active" leaves
 * nobody with access (RFC 7643 section 2.5: null is unassigned, and an unassigned `active` is no true). Silence says
 * nothing. Within one object, whose members have no order, off counts; of operations the last word does.
 */
export function saidOfActive(body: unknown): Said {
  let said: Said = null;
  for (const operation of looseOperations(body)) {
    const word = wordIn(operation);
    if (word === 'on') said = null;
    else if (word === 'off' || (word === 'unclear' && said !== 'off')) said = word;
  }
  return said;
}

/** The operations of a PATCH body as far as there are any: a list, a single one, or an object of attributes as such. */
function looseOperations(body: unknown): Record<string, unknown>[] {
  if (Array.isArray(body)) return body.filter(isObject);
  if (!isObject(body)) return [];
  const operations = member(body, 'Operations');
  if (operations !== undefined) return looseOperations(Array.isArray(operations) ? operations : [operations]);
  return member(body, 'op') === undefined && member(body, 'path') === undefined ? [{ value: body }] : [body];
}

/** A member of an object by its name in any case. */
export function member(object: Record<string, unknown>, name: string): unknown {
  for (const key of Object.keys(object)) if (sameName(key.trim(), name)) return object[key];
  return undefined;
}

/**
 * Whether a body that can't be taken speaks of `active` in a way that can't be read: it may have meant to switch off.
 */
export function mayMeanOff(body: unknown): boolean {
  if (looseOperations(body).some((operation) => wordIn(operation) !== null))
    return saidOfActive(body) !== null;
  return JSON.stringify(body ?? '')
    .toLowerCase()
    .includes('active');
}

type Word = 'on' | 'off' | 'unclear' | null;

const offWords = new Set(['false', '0', 'no', 'n', 'f', 'off', 'inactive', 'disabled', 'null', '']);

function wordOf(value: unknown): Exclude<Word, null> {
  if (value === true) return 'on';
  if (value === false || value === null || value === 0) return 'off';
  // Older versions of Entra send a simple value as a list of one object.
  if (Array.isArray(value)) return value.length === 1 ? wordOf(value[0]) : 'unclear';
  if (isObject(value)) return Object.keys(value).length === 0 ? 'unclear' : wordOf(member(value, 'value'));
  const text = typeof value === 'string' ? value.trim().toLowerCase() : null;
  if (text === 'true') return 'on';
  return text !== null && offWords.has(text) ? 'off' : 'unclear';
}

function wordIn(operation: Record<string, unknown>): Word {
  const verb = member(operation, 'op');
  const isRemoval = typeof verb === 'string' && sameName(verb.trim(), 'remove');
  const path = member(operation, 'path');
  const value = member(operation, 'value');
  if (typeof path !== 'string' || path.trim() === '') return wordInObject(value, isRemoval);
  if (isActive(path)) return isRemoval ? 'off' : wordOf(value);
  return isCore(path) ? (isRemoval ? 'off' : wordInObject(value, isRemoval)) : null;
}

function wordInObject(value: unknown, isRemoval: boolean): Word {
  const words = new Set<Word>();
  for (const part of Array.isArray(value) ? value : [value])
    for (const [name, said] of isObject(part) ? Object.entries(part) : [])
      if (isActive(name)) words.add(isRemoval ? 'off' : wordOf(said));
      else if (isCore(name)) words.add(wordInObject(said, isRemoval));
  return (['off', 'unclear', 'on'] as const).find((word) => words.has(word)) ?? null;
}

/** Characters of a path that is looked at. */
const PATH_MAX = 1_000;

const LETTERS = /^[a-z]+$/i;

/** The prefixes that may stand before an attribute's name: a schema's URN, of SCIM 1 as well, or the resource type. */
const BEFORE_NAME =
  /^(?:urn:(?:ietf:params:)?scim:schemas:core:\d+(?:\.\d+)*(?:[:./]user)?|user)(?:[:./]+|$)/;

/**
 * `active` by any of its names: in any case and width, with the schema's URN, as a pointer, a JSONPath or in quotes. A
 * filter, a comparison or `.value` may follow it.
 */
function isActive(path: string): boolean {
  // No name is that long, and to look for one in a megabyte of blanks would hold up everybody.
  if (path.length > PATH_MAX) return false;
  // Letters alone are the name itself, however it may be written otherwise.
  if (LETTERS.test(path)) return path.toLowerCase() === 'active';
  const plain = path
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\p{Cc}\p{Cf}"'`$]/gu, '')
    .trim()
    .replace(/^\[([^\]]*)\]$/, '$1')
    .replace(/\s*\[[^\]]*\]|\s+(?:eq|ne|pr)\b.*$/gu, '')
    .replace(/^[./\s]+|[./\s]+$/g, '')
    .replace(/\.value$/, '');
  return plain.replace(BEFORE_NAME, '') === 'active';
}

function isCore(path: string): boolean {
  return path.includes(':') && sameName(path.trim().replace(/:$/, ''), userType.core.urn);
}

/**
 * The members that a body takes out of a group, however it is written: their ids. `any`: it does not name them one by
 * one. Null: it takes nobody out.
 */
export function removalIn(body: unknown): string[] | 'any' | null {
  const parts = looseOperations(body).flatMap((operation) => {
    const verb = member(operation, 'op');
    const op = typeof verb === 'string' ? verb.trim().toLowerCase() : 'replace';
    if (op === 'add') return [];
    const path = member(operation, 'path');
    const value = member(operation, 'value');
    if (typeof path === 'string' && path.trim() !== '')
      return isMembers(path) ? [op === 'remove' ? namedMembers(path, value) : 'any'] : [];
    const members = (Array.isArray(value) ? value : [value]).filter(isObject).map((part) => membersIn(part));
    return members
      .filter((some) => some !== undefined)
      .map((some) => (op === 'remove' ? namedMembers('', some) : 'any'));
  });
  if (parts.length === 0) return null;
  const ids = parts.flat();
  return ids.includes('any') ? 'any' : ids;
}

function isMembers(path: string): boolean {
  const plain = path.trim().toLowerCase().replace(/^\//, '');
  const urn = groupType.core.urn.toLowerCase();
  const name = plain.startsWith(urn) ? plain.slice(urn.length).replace(/^[:./]/, '') : plain;
  return /^members\b/.test(name);
}

function membersIn(object: Record<string, unknown>): unknown {
  return Object.entries(object).find(([name]) => isMembers(name))?.[1];
}

function namedMembers(path: string, value: unknown): string[] | 'any' {
  const filtered = [...path.matchAll(/value\s+eq\s+"([^"]+)"/gi)].map((found) => found[1] ?? '');
  const listed = (Array.isArray(value) ? value : [value])
    .map((one) => (isObject(one) ? member(one, 'value') : one))
    .filter((one) => typeof one === 'string');
  const ids = [...filtered, ...listed];
  return ids.length === 0 ? 'any' : ids;
}

/** Whether what could not be read may have taken something away; null: nobody has seen it. */
export function wordsOfLoss(unread: string | null, word: 'active' | 'members'): boolean {
  // Compressed, or of another encoding than UTF-8: that is as good as not seen.
  if (unread === null || /[\0\ufffd]/.test(unread)) return true;
  return unread.toLowerCase().includes(word);
}
