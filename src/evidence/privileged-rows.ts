import type { PopulationRow } from '../store/evidence/populations.ts';
import { type Book, grantRow, what, whoHoldsWhat } from './change-rows.ts';
import type { Row } from './list.ts';

export const privilegedColumns = [
  ...whoHoldsWhat,
  'cause',
  'reason',
  'approvedAt',
  'approvedBy',
  'approvedByEmail',
  'byWhatRight',
  'signedInAfreshWith',
  'inEffectAt',
  'endsAt',
  'endedAt',
  'goneByLog',
  'seenGoneAt',
  'daysHeldInPeriod',
  'daysHeldInAll',
  'change',
];

/**
 * `until`: the end of the period, or the moment when the pack is made: days are counted up to it. In all, they are
 * counted from when it was in effect, which may be before the period.
 */
export function privilegedRow(
  row: PopulationRow,
  book: Book,
  { from, until }: { from: Date; until: Date },
): Row {
  const {
    approvedAt,
    approvedBy,
    approvedByEmail,
    byWhatRight,
    signedInAfreshWith,
    seenInEffectAt,
    writtenAt,
    endedAt,
    goneByLog,
    seenGoneAt,
  } = grantRow(row, book, null);
  const inEffectAt = (seenInEffectAt ?? writtenAt ?? approvedAt ?? null) as Date | null;
  const gone = row.seenGoneAt ?? (row.revokeId === null ? (endedAt as Date | null) : null) ?? until;
  const last = Math.min(gone.getTime(), until.getTime());
  return {
    ...what(row, book),
    reason: row.reason,
    approvedAt,
    approvedBy,
    approvedByEmail,
    byWhatRight,
    signedInAfreshWith,
    inEffectAt,
    endsAt: row.endsAt,
    endedAt,
    goneByLog,
    seenGoneAt,
    daysHeldInPeriod:
      inEffectAt === null ? null : daysBetween(Math.max(inEffectAt.getTime(), from.getTime()), last),
    daysHeldInAll: inEffectAt === null ? null : daysBetween(inEffectAt.getTime(), last),
  } as Row;
}

/** To four digits, which is some nine seconds. */
function daysBetween(from: number, to: number): number {
  return Math.round(Math.max(0, to - from) / 8_640) / 10_000;
}
