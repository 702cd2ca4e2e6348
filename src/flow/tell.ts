import { Fault } from '../core/fault.ts';
import type { Job } from '../core/reactions.ts';
import {
  fingerprintOf,
  type Message,
  noteEdited,
  notePosted,
  notePosting,
  readMessages,
} from '../store/messages.ts';
import type { Notice, Place } from './ports.ts';
import { done, type Ran, type Road } from './road.ts';
import { readView } from './view.ts';

/**
 * Makes every message of a change right: posts what is missing, edits what differs, in the order in which the
 * messages stand. A message is a pure function of the change's state, so the last state wins and a repeat
 * changes nothing. One run per change at a time.
 */
export async function tell(road: Road, job: Extract<Job, { job: 'tell' }>): Promise<Ran> {
  return await road.locks.withLock(`tell:${job.changeId}`, async () => {
    const view = await readView(road, job.changeId);
    if (view === null) return done;
    const messages = await readMessages(road.db, job.changeId);
    let trouble: Fault | null = null;
    for (const notice of road.notices(view)) {
      try {
        await makeRight(road, job.changeId, notice, messages);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        // One message that can't be delivered (a person who left, say) holds up none of the others.
        if (error.retryable) trouble ??= error;
        else
          road.log.warn(
            { code: error.code, vendorCode: error.vendorCode, change: job.changeId, notice: notice.key },
            'message can’t be delivered',
          );
        if (error.code === 'slack.throttled') break;
      }
    }
    if (trouble !== null) throw trouble;
    return done;
  });
}

async function makeRight(
  road: Road,
  changeId: string,
  notice: Notice<unknown>,
  messages: Map<string, Message>,
): Promise<void> {
  const fingerprint = fingerprintOf(notice.content);
  const message = messages.get(notice.key);
  if (message?.place != null) {
    if (message.fingerprint === fingerprint) return;
    await road.messenger.update(message.place, notice.content);
    await noteEdited(road.db, changeId, notice.key, fingerprint);
    return;
  }
  const marker = `${changeId}:${notice.key}`;
  // A post that was begun and never confirmed may be there: posting is not idempotent, so look first.
  const found: Place | null =
    message?.postingSince == null ? null : await road.messenger.find(notice.to, marker, message.postingSince);
  let place = found;
  if (place === null) {
    const thread = notice.under === null ? null : (messages.get(notice.under)?.place ?? null);
    await notePosting(road.db, changeId, notice.key);
    place = await road.messenger.post(notice.to, notice.content, marker, thread?.ts ?? null);
  }
  await notePosted(road.db, changeId, notice.key, place, found === null ? fingerprint : null);
  messages.set(notice.key, { place, fingerprint, postingSince: null });
  if (found !== null)
    await makeRight(
      road,
      changeId,
      notice,
      new Map([[notice.key, { place, fingerprint: null, postingSince: null }]]),
    );
}
