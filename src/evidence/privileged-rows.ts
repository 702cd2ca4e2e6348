import { utc } from '../core/evidence/words.ts';
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

/**
 * A row of holders of which no change of Latchkey's tells.
 * - `before`: it was there when Latchkey first looked, or was accepted so
 * - `found`: it waits for a decision
 * - `byLog`: the log of another system alone has it
 */
export type WithoutChange = { row: Row; is: 'before' | 'found' | 'byLog'; isThereAtEnd: boolean };

/** Of what was there before Latchkey nobody knows since when: its days are those of the period alone. */
export function withoutChangeRow(
  { row, is, isThereAtEnd }: WithoutChange,
  { from, until }: { from: Date; until: Date },
): Row {
  const { person, email, entitlement, tier, group, team, since, until: endsAt } = row;
  const began = (is === 'before' ? from : since) as Date;
  const days = (first: Date) => (isThereAtEnd ? daysBetween(first.getTime(), until.getTime()) : null);
  return {
    person,
    email,
    entitlement,
    tier,
    group,
    team,
    reason: `${reasonOf({ row, is })}${isThereAtEnd ? '' : '; it was not there any more at the end of the period, and its days are not counted'}`,
    inEffectAt: since,
    endsAt,
    daysHeldInPeriod: days(began < from ? from : began),
    daysHeldInAll: is === 'before' ? null : days(began),
  } as Row;
}

export function reasonOf({ row, is }: Pick<WithoutChange, 'row' | 'is'>): string {
  if (is !== 'before') return String(row.why);
  return `${row.why}; found when Latchkey first looked, at ${utc(row.since as Date)}. Since when it was there is not known: its days are counted from the start of the period`;
}

/** To four digits, which is some nine seconds. */
function daysBetween(from: number, to: number): number {
  return Math.round(Math.max(0, to - from) / 8_640) / 10_000;
}
