import { Fault } from '../../core/fault.ts';
import type { Notice } from '../../ports/messenger.ts';
import {
  fingerprintOf,
  type Message,
  noteOutcomes,
  notePosting,
  type Outcome,
} from '../../store/messages.ts';
import type { Context } from '../kernel/context.ts';

/** So many are begun and noted together. After a kill each of them is looked for in the chat. */
const TOGETHER = 10;

/**
 * Posts what is missing and edits what differs, in the order in which the messages stand. Only under the lock of the
 * thing that they are about, and with its `messages` as they were read under it. Answers which accounts can't be written to.
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
  messages: Map<string, Message>,
): Promise<ReadonlySet<string>> {
  const unreachable = new Set<string>();
  const troubles = new Map<string, Fault>();
  const run: Run = { context, aboutId, messages, unreachable, troubles };
  for (let from = 0; from < wanted.length; from += TOGETHER)
    await makeSomeRight(run, wanted.slice(from, from + TOGETHER));
  const faults = [...troubles.values()];
  const [trouble] = [...faults.filter((f) => f.retryable), ...faults];
  if (trouble !== undefined) throw trouble;
  return unreachable;
}

type Run = {
  context: Context;
  aboutId: string;
  messages: Map<string, Message>;
  unreachable: Set<string>;
  /** By the key of the message. */
  troubles: Map<string, Fault>;
};

/**
 * What is begun is noted before, and what was edited after, each in one statement. Killed in between, each post that was
 * begun is looked for first, and what was edited is edited again.
 */
async function makeSomeRight(run: Run, some: readonly Notice<unknown>[]): Promise<void> {
  const { context, aboutId, messages, troubles } = run;
  const toPost = some.filter(({ key }) => messages.get(key)?.place == null).map(({ key }) => key);
  await notePosting(context.db, aboutId, toPost);
  const begun = new Set<string>();
  const outcomes = new Map<string, Outcome>();
  try {
    for (const notice of some) {
      if (isThrottled(troubles)) break;
      // A reply whose parent could not be posted now would end up beside the thread.
      if (notice.under !== null && troubles.has(notice.under)) continue;
      begun.add(notice.key);
      try {
        const isThere = await makeRight(run, notice, outcomes);
        if (!isThere && 'account' in notice.to) run.unreachable.add(notice.to.account);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        // One message that can't be delivered holds up none of the others.
        troubles.set(notice.key, error);
      }
    }
  } finally {
    // Noted as begun, and then not begun: nothing of it can be there. One begun earlier still may be.
    for (const key of toPost)
      if (!begun.has(key) && messages.get(key)?.postingSince == null)
        outcomes.set(key, { key, place: null, fingerprint: null });
    await noteOutcomes(context.db, aboutId, [...outcomes.values()]);
  }
}

function isThrottled(troubles: ReadonlyMap<string, Fault>): boolean {
  return [...troubles.values()].some(({ code }) => code === 'slack.throttled');
}

/** False: this person can't be written to. What came of it goes into `outcomes`. */
async function makeRight(
  run: Run,
  notice: Notice<unknown>,
  outcomes: Map<string, Outcome>,
): Promise<boolean> {
  const { context, aboutId, messages } = run;
  const { key } = notice;
  const fingerprint = fingerprintOf(notice.content);
  const note = (place: Outcome['place'], shown: string | null) => {
    outcomes.set(key, { key, place, fingerprint: shown });
    messages.set(key, { place, fingerprint: shown, postingSince: null });
  };
  const known = messages.get(key);
  if (known?.place != null) {
    if (known.fingerprint === fingerprint) return true;
    if (await context.messenger.update(known.place, notice.content, notice.to)) {
      note(known.place, fingerprint);
      return true;
    }
    // Before it is posted anew: a place that is gone must not be found again after a kill.
    note(null, null);
    await noteOutcomes(context.db, aboutId, [{ key, place: null, fingerprint: null }]);
    await notePosting(context.db, aboutId, [key]);
  }
  const marker = `${aboutId}:${key}`;
  const thread = notice.under === null ? null : (messages.get(notice.under)?.place?.ts ?? null);
  // A post that was begun and never confirmed may be there: posting is not idempotent, so look first.
  const since = messages.get(key)?.postingSince ?? null;
  const found = since === null ? null : await context.messenger.find(notice.to, marker, since, thread);
  if (found !== null) {
    // It may show an older state.
    note(found, null);
    return await makeRight(run, notice, outcomes);
  }
  // Until its own outcome is known, the one before is not what is to be noted.
  outcomes.delete(key);
  const place = await context.messenger.post(notice.to, notice.content, marker, thread);
  const outcome = { key, place, fingerprint: place === null ? null : fingerprint };
  // At once: what links to it, as a Home does, is drawn meanwhile.
  await noteOutcomes(context.db, aboutId, [outcome]);
  messages.set(key, { ...outcome, postingSince: null });
  if (place === null)
    context.log.warn({ about: aboutId, notice: key }, 'message can’t be delivered to this person');
  return place !== null;
}
