import { Gauge, type Registry } from 'prom-client';
import { exportStatus } from '../flow/audit/export-status.ts';
import type { AuditDestination } from '../ports/audit-destination.ts';
import type { Db } from '../store/postgres/database.ts';

/** How far behind each place is that the audit is sent to. Every replica tells the same. */
export function exportFigures(
  registry: Registry,
  db: Db,
  destinations: () => readonly AuditDestination[],
): () => Promise<void> {
  const gauge = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ['destination'], registers: [registry] });
  const behind = gauge('latchkey_audit_export_behind', 'Sealed audit entries that have not arrived there');
  const oldest = gauge(
    'latchkey_audit_export_behind_seconds',
    'Age of the oldest audit entry that has not arrived there',
  );
  const trouble = gauge('latchkey_audit_export_trouble', '1 while what is sent there does not arrive');
  return async () => {
    for (const { destination, lag } of await exportStatus(db, destinations())) {
      const label = { destination: destination.name };
      behind.set(label, lag?.entries ?? 0);
      oldest.set(label, lag?.seconds ?? 0);
      trouble.set(label, lag?.trouble == null ? 0 : 1);
    }
  };
}
