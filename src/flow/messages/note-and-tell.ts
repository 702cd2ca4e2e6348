import type { Job, Subject } from '../../core/jobs/reactions.ts';
import { type Note, noteByLatchkey, type Unit } from '../kernel/commit.ts';

/** Notes what became of something that has a message of its own, and calls for that message to be made right. */
export function noteAndTell(
  unit: Pick<Unit, 'now'>,
  { about, id }: { about: Subject; id: string },
  type: Note['type'],
  data: Record<string, unknown>,
): { notes: Note[]; jobs: Job[] } {
  return { notes: [noteByLatchkey(unit, type, data)], jobs: [{ job: 'updateCard', about, id }] };
}
