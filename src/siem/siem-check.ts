import type { Checked } from '../core/checked.ts';
import { Fault } from '../core/fault.ts';
import { type ExportStatus, exportStatus } from '../flow/audit/export-status.ts';
import type { AuditDestination } from '../ports/audit-destination.ts';
import type { Db } from '../store/postgres/database.ts';

/**
 * Whether each place that the audit is sent to can be reached, and how far it has got. `reading`: opens the database;
 * null: that can't be read from here.
 */
export async function checkSiem(
  destinations: readonly AuditDestination[],
  reading: ((work: (db: Db) => Promise<Checked[]>) => Promise<Checked[]>) | null,
): Promise<Checked[]> {
  if (destinations.length === 0)
    return [{ name: 'SIEM', trouble: null, detail: 'off: none of SIEM_… is set' }];
  const alone = async () => await tried(destinations, []);
  if (reading === null) return await alone();
  // What is wrong with the database has lines of its own.
  return await reading(async (db) => await tried(destinations, await exportStatus(db, destinations))).catch(
    alone,
  );
}

async function tried(
  destinations: readonly AuditDestination[],
  statuses: readonly ExportStatus[],
): Promise<Checked[]> {
  return await Promise.all(
    destinations.map(async (destination) =>
      checked(
        destination,
        statuses.find((one) => one.destination === destination),
      ),
    ),
  );
}

async function checked(destination: AuditDestination, status: ExportStatus | undefined): Promise<Checked> {
  const { name: kind, called } = destination;
  const name = `SIEM ${kind}`;
  const far = status?.words ?? 'how far it has got is not looked at, as the database can’t be read from here';
  try {
    await destination.check();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { name, trouble: `${called}: ${error.message}: ${destination.next(error)} (${far})` };
  }
  if (status !== undefined && status.lag?.trouble != null) return { name, trouble: `${called}: ${far}` };
  return { name, trouble: null, detail: `${called} can be reached; ${far}` };
}
