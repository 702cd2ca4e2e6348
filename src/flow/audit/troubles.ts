import type { LogKeys } from '../../audit/log-keys.ts';
import type { Checked } from '../../core/checked.ts';
import { auditTroubles, noteAuditTrouble } from '../../store/audit-troubles.ts';
import type { Db } from '../../store/postgres/database.ts';
import type { Data, Runtime } from '../kernel/context.ts';

const UNSIGNED =
  'checkpoints are not signed, as AUDIT_SIGNING_KEY is not set, so whoever can change the database could make all of the audit anew: make a key with `latchkey audit key`, and keep it where secrets are kept (docs/audit.md)';

/** What does not work of how the audit is kept, each with what to do: signatures, witnesses, what holds it up. */
export async function auditTroublesInWords({
  db,
  auditKeys,
}: Pick<Data & Runtime, 'db' | 'auditKeys'>): Promise<string[]> {
  const stored = await auditTroubles(db);
  return [...unsigned(auditKeys?.()), ...stored.map(({ part, why }) => `${part}: ${why}`)];
}

function unsigned(keys: LogKeys | undefined): string[] {
  return (keys?.signers.length ?? 0) > 0 ? [] : [UNSIGNED];
}

/** The lines of `latchkey check`. `db` null: what a running Latchkey has found can't be asked. */
export async function checkAudit(keys: LogKeys, db: Db | null): Promise<Checked[]> {
  const name = 'audit';
  const signer = keys.signers[0]?.verifier;
  const stored = db === null ? [] : await auditTroubles(db);
  return [
    signer === undefined
      ? { name, trouble: UNSIGNED, isOptional: true }
      : { name, trouble: null, detail: `ok: its checkpoints are signed as ${signer.name}` },
    ...stored.map(({ part, why }) => ({ name, trouble: `${part}: ${why}` })),
  ];
}

/**
 * Keeps in the database what is wrong with a part, for every process to tell. What did not change is not written again,
 * unless it is said again: another process may have found it mended.
 */
export function createTroubleNotes(db: Db): (part: string, why: string | null) => Promise<void> {
  const noted = new Map<string, string | null>();
  return async (part, why) => {
    if (why === null && noted.get(part) === null) return;
    await noteAuditTrouble(db, part, why);
    noted.set(part, why);
  };
}
