import { Fault } from '../../core/fault.ts';
import type { Notice } from '../../ports/messenger.ts';
import {
  fingerprintOf,
  forgetPlace,
  type Message,
  noteEdited,
  notePosted,
  notePosting,
  readMessages,
} from '../../store/messages.ts';
import type { Context } from '../kernel/context.ts';

/**
 * Posts what is missing and edits what differs, in the order in which the messages stand. Only under the lock of the
 * thing that they are about. Answers which accounts can't be written to.
 *
 * Only a fault that concerns one recipient is let go. These faults are thrown, so that the row stays open until
 * somebody mends it:
 * - a channel that is gone, or that Latchkey is not in
 * - a token or a scope that the chat refuses
 */
export async function makeAllRight(
  context: Context,
  aboutId: string,
  wanted: readonly Notice<unknown>[],
): Promise<ReadonlySet<string>> {
  const messages = await readMessages(context.db, aboutId);
  const troubles = new Map<string, Fault>();
  const unreachable = new Set<string>();
  for (const notice of wanted) {
    // A reply whose parent could not be posted now would end up beside the thread.
    if (notice.under !== null && troubles.has(notice.under)) continue;
    try {
      const isThere = await makeRight(context, aboutId, notice, messages);
      if (!isThere && 'account' in notice.to) unreachable.add(notice.to.account);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      // One message that can't be delivered holds up none of the others.
      troubles.set(notice.key, error);
      if (error.code === 'slack.throttled') break;
    }
  }
  const faults = [...troubles.values()];
  const [trouble] = [...faults.filter((f) => f.retryable), ...faults];
  if (trouble !== undefined) throw trouble;
  return unreachable;
}

/** False: this person can't be written to. */
async function makeRight(
  context: Context,
  aboutId: string,
  notice: Notice<unknown>,
  messages: Map<string, Message>,
): Promise<boolean> {
  const { key } = notice;
  const fingerprint = fingerprintOf(notice.content);
  const known = messages.get(key);
  if (known?.place != null) {
    if (known.fingerprint === fingerprint) return true;
    if (await context.messenger.update(known.place, notice.content, notice.to)) {
      await noteEdited(context.db, aboutId, key, fingerprint);
      return true;
    }
    await forgetPlace(context.db, aboutId, key);
    messages.delete(key);
  }
  const marker = `${aboutId}:${key}`;
  const thread = notice.under === null ? null : (messages.get(notice.under)?.place?.ts ?? null);
  // A post that was begun and never confirmed may be there: posting is not idempotent, so look first.
  const since = messages.get(key)?.postingSince ?? null;
  const found = since === null ? null : await context.messenger.find(notice.to, marker, since, thread);
  if (found !== null) {
    await notePosted(context.db, { aboutId, key }, found, null);
    // It may show an older state.
    messages.set(key, { place: found, fingerprint: null, postingSince: null });
    return await makeRight(context, aboutId, notice, messages);
  }
  await notePosting(context.db, aboutId, key);
  const place = await context.messenger.post(notice.to, notice.content, marker, thread);
  if (place === null) {
    context.log.warn({ about: aboutId, notice: key }, 'message can’t be delivered to this person');
    await forgetPlace(context.db, aboutId, key);
    return false;
  }
  await notePosted(context.db, { aboutId, key }, place, fingerprint);
  messages.set(key, { place, fingerprint, postingSince: null });
  return true;
}
