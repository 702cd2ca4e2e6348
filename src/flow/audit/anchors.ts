import { randomUUID } from 'node:crypto';
import { appendFile, readFile } from 'node:fs/promises';
import { parseCheckpoint } from '../../audit/checkpoint.ts';
import type { Tree } from '../../audit/merkle.ts';
import { keepAnchor, lastAnchor, readAnchor } from '../../store/audit-anchors.ts';
import { lastCheckpoint } from '../../store/audit-tree.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { commit, noteByLatchkey } from '../kernel/commit.ts';
import type { Context, Data, Runtime } from '../kernel/context.ts';

/** Everything that the message with a checkpoint is made of. */
export type AnchorView = { channel: string; size: number; note: string; madeAt: Date };

/** Puts the newest checkpoint where it is kept, when that is due and there is a new one. */
export async function anchorWhenDue(context: Pick<Context, 'db' | 'nudge' | 'auditAnchors'>): Promise<void> {
  const { db, nudge, auditAnchors: settings } = context;
  if (settings === undefined) return;
  const last = await lastAnchor(db);
  const now = await databaseNow(db);
  if (last !== null && now.getTime() - last.madeAt.getTime() < settings.everyMs) return;
  const newest = await lastCheckpoint(db);
  if (newest === null || newest.size <= (last?.size ?? 0)) return;
  // First: what is told twice does no harm, and what is not written would be missing.
  if (settings.file !== null) await appendFile(settings.file, `${newest.note}\n`);
  const { size, note } = newest;
  const id = randomUUID();
  await commit(
    db,
    async (unit) => {
      await keepAnchor(unit.tx, { id, size, note, madeAt: unit.now });
      return {
        result: null,
        notes: [noteByLatchkey(unit, 'auditAnchored', { size })],
        jobs: settings.channel === null ? [] : [{ job: 'updateCard', about: 'anchor', id }],
      };
    },
    nudge,
  );
}

export async function readAnchorView(
  { db, auditAnchors }: Pick<Data & Runtime, 'db' | 'auditAnchors'>,
  id: string,
): Promise<AnchorView | null> {
  const anchor = await readAnchor(db, id);
  const channel = auditAnchors?.channel ?? null;
  return anchor === null || channel === null ? null : { channel, ...anchor };
}

/** What the file says of the log that was last put there; null: there is none, or it can't be read. */
export async function lastInFile(file: string): Promise<Tree | null> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return checkpointsIn(text)
    .map(parseCheckpoint)
    .reduce<Tree | null>(
      (largest, one) => (one !== null && one.size > (largest?.size ?? 0) ? one : largest),
      null,
    );
}

/** The checkpoints in a file that grew: an empty line stands between. */
export function checkpointsIn(text: string): string[] {
  return text.match(/[^\n]+\n\d+\n[\w+/=]+\n\n(?:— [^\n]+\n)*/g) ?? [];
}
