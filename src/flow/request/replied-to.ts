import { meantInThread } from '../../core/change/joint.ts';
import type { Place } from '../../ports/messenger.ts';
import { readChange } from '../../store/changes.ts';
import { jointIds } from '../../store/joint-requests.ts';
import { messageAt } from '../../store/messages.ts';
import type { Data } from '../kernel/context.ts';

/** The messages whose threads are read: the card, and those to requester and beneficiary. */
const readThreads = ['card', 'requester', 'beneficiary'];

/** The change that words in the thread of this message are about; null: none, they are not for Latchkey. */
export async function repliedTo({ db }: Pick<Data, 'db'>, parent: Place): Promise<string | null> {
  const message = await messageAt(db, parent);
  if (message === null || !readThreads.includes(message.key)) return null;
  const change = await readChange(db, message.aboutId);
  if (change !== null && change.joint === undefined) return change.id;
  const ids = await jointIds(db, change?.joint?.id ?? message.aboutId);
  const all = (await Promise.all(ids.map((id) => readChange(db, id)))).filter((part) => part !== null);
  // A card shows only those that its people decide.
  const isThere = (part: (typeof all)[number]) => change === null || (part.cardOf ?? part.id) === change.id;
  return meantInThread(all.filter(isThere))?.id ?? null;
}
