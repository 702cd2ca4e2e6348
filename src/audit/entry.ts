import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { SealableRow } from '../store/audit-seals.ts';
import { hashLeaf } from './merkle.ts';

/** The format of the oldest seals: a hash chain. Newer ones are leaves of the tree. */
export const CHAINED = 1;

/** The same few actors come again and again. */
const known = new Map<string, string>();
const KNOWN_MAX = 5_000;

/**
 * An entry as canonical JSON (RFC 8785): what the tree's leaf is made of, and what an auditor is given with a proof.
 * `at` is in UTC, to the millisecond. Throws where the entry has a text that is no Unicode.
 */
export function canonicalEntry({ actor, at, changeId, data, id, type }: SealableRow): string {
  // The members in their order.
  return `{"actor":${canonicalActor(actor)},"at":"${at.toISOString()}","changeId":${changeId === null ? 'null' : `"${changeId}"`},"data":${canonical(JSON.parse(data))},"id":"${id}","type":${canonical(type)}}`;
}

export function leafOf(entry: SealableRow): Buffer {
  return hashLeaf(canonicalEntry(entry));
}

function canonicalActor(actor: string): string {
  const found = known.get(actor);
  if (found !== undefined) return found;
  if (known.size >= KNOWN_MAX) known.clear();
  const made = canonical(JSON.parse(actor));
  known.set(actor, made);
  return made;
}

/** SHA-256 of a document as canonical JSON, in hexadecimal: by it an entry says which document it was. */
export function documentHash(document: unknown): string {
  return createHash('sha256').update(canonical(document)).digest('hex');
}

function canonical(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('this is no JSON');
  return text;
}

/** The seal of an entry as the oldest seals have it: a hash over the one before and the entry. */
export function chain(previous: Buffer, seq: string, entry: SealableRow): Buffer {
  const content = JSON.stringify([
    seq,
    entry.id,
    entry.at.toISOString(),
    entry.type,
    entry.changeId,
    sorted(JSON.parse(entry.actor)),
    sorted(JSON.parse(entry.data)),
  ]);
  return createHash('sha256').update(previous).update(content).digest();
}

/** Keys in order: jsonb gives them back in an order of its own. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, sorted(v)]),
  );
}
