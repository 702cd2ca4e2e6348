import type { ExportedEntry } from '../ports/audit-destination.ts';
import { entriesBehind, sealedBefore, sealedUntil } from '../store/audit-exports.ts';
import { sealedCount } from '../store/audit-seals.ts';
import type { Db } from '../store/postgres/database.ts';
import { type LineSettings, lineOf } from './line.ts';

/** Entries that are read at a time. */
const PAGE = 1_000;

/** An end of a range: the number of an entry, or a day in UTC; both ends belong to it. */
export type RangeEnd = number | Date;

/** What of the audit is exported: sealed entries behind one number and up to another, within a time. */
export type ExportRange = { behind: number; upTo: number; from: Date | null; before: Date | null };

const DAY_MS = 86_400_000;

/** What is not sealed yet is in no export. */
export async function rangeOf(db: Db, from: RangeEnd, to: RangeEnd | null): Promise<ExportRange> {
  const before = to instanceof Date ? new Date(to.getTime() + DAY_MS) : null;
  const upTo = before === null ? await sealedCount(db) : await sealedUntil(db, before);
  return {
    behind: from instanceof Date ? await sealedBefore(db, from) : from - 1,
    upTo: typeof to === 'number' ? Math.min(to, upTo) : upTo,
    from: from instanceof Date ? from : null,
    before,
  };
}

/** Lines of some entries, each with its end, and of how many beside them the database has the number alone. */
export type SomeLines = { lines: string; missing: number };

/** A range, some entries at a time. */
export async function* linesOf(
  db: Db,
  range: ExportRange,
  settings: LineSettings,
): AsyncGenerator<SomeLines> {
  for (let behind = range.behind; behind < range.upTo; ) {
    const found = await entriesBehind(db, behind, { limit: PAGE, upTo: range.upTo });
    if (found.length === 0) return;
    behind = found.at(-1)?.seq ?? range.upTo;
    const lines = found.flatMap((entry) => (isIn(range, entry) ? [`${lineOf(entry, settings)}\n`] : []));
    yield { lines: lines.join(''), missing: found.filter(({ id }) => id === null).length };
  }
}

/** Two that were sealed side by side may have been written the other way round. */
function isIn(
  { from, before }: ExportRange,
  entry: ExportedEntry | { seq: number; id: null },
): entry is ExportedEntry {
  return entry.id !== null && (from === null || entry.at >= from) && (before === null || entry.at < before);
}
