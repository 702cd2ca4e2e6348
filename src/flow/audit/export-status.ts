import { roughlyInWords } from '../../core/duration.ts';
import type { AuditDestination } from '../../ports/audit-destination.ts';
import { type ExportLag, exportLags } from '../../store/audit-exports.ts';
import type { Db } from '../../store/postgres/database.ts';

/** A destination that is behind for longer than this is not well, in seconds: a batch is sent every second. */
const LATE_SECONDS = 60;

export type ExportStatus = {
  destination: AuditDestination;
  /** Null: nothing was sent there yet. */
  lag: ExportLag | null;
  isWell: boolean;
  /** How far it has got, and where it does not, why not and what to do. */
  words: string;
};

/** Also of one that begins within seconds. */
export const UP_TO_DATE = 'up to date';

/** Nothing is wrong there, but it has not got all yet. */
export const CATCHING_UP = 'catching up: ';

/** How far each of these destinations has got. */
export async function exportStatus(
  db: Db,
  destinations: readonly AuditDestination[],
): Promise<ExportStatus[]> {
  if (destinations.length === 0) return [];
  const lags = await exportLags(db);
  return destinations.map((destination) => {
    const lag = lags.find((one) => one.destination === destination.name) ?? null;
    return { destination, lag, ...said(lag) };
  });
}

function said(lag: ExportLag | null): { isWell: boolean; words: string } {
  if (lag === null) return { isWell: true, words: UP_TO_DATE };
  const { entries, seconds, trouble, seq } = lag;
  if (trouble === null && seconds < LATE_SECONDS) return { isWell: true, words: UP_TO_DATE };
  const behind =
    entries === 0
      ? 'nothing waits'
      : `${entries} ${entries === 1 ? 'entry waits' : 'entries wait'}, the first (number ${seq + 1}) for ${roughlyInWords(seconds)}`;
  // One that is new, or was away, takes all that there was before.
  if (trouble === null) return { isWell: false, words: `${CATCHING_UP}${behind}` };
  return { isWell: false, words: `${trouble}; ${behind}, and nothing is lost` };
}
