import type { Job } from '../core/jobs/reactions.ts';
import { readMessages } from '../store/messages.ts';
import { type Cards, noticesAbout } from './cards.ts';
import { type Context, done, type Ran } from './kernel/context.ts';
import { makeAllRight } from './messages/make-all-right.ts';

/**
 * Makes every message of a change right. One run per change at a time. Safe to run twice: a message is a pure function
 * of the change's state. So the last state wins, and a repeat changes nothing.
 */
export async function updateMessages(
  context: Context,
  { changeId }: Extract<Job, { job: 'updateMessages' }>,
  cards: Cards<unknown>,
): Promise<Ran> {
  return await context.locks.withLock(`updateMessages:${changeId}`, async () => {
    const [notices, messages] = await Promise.all([
      noticesAbout(context, cards, 'change', { id: changeId }),
      readMessages(context.db, changeId),
    ]);
    if (notices !== null) await makeAllRight(context, changeId, notices, messages);
    return done;
  });
}

/**
 * Makes the messages about anything else right: a mass change, an offboarding, the canary, the policy, refused pushes,
 * the queue.
 */
export async function updateCard(
  context: Context,
  { about, id }: Extract<Job, { job: 'updateCard' }>,
  cards: Cards<unknown>,
): Promise<Ran> {
  return await context.locks.withLock(`updateCard:${about}:${id}`, async () => {
    const [notices, messages] = await Promise.all([
      noticesAbout(context, cards, about, { id }),
      readMessages(context.db, id),
    ]);
    if (notices === null) return done;
    const unreachable = await makeAllRight(context, id, notices, messages);
    const instead =
      unreachable.size === 0 ? null : await noticesAbout(context, cards, about, { id, unreachable });
    if (instead !== null) await makeAllRight(context, id, instead, await readMessages(context.db, id));
    return done;
  });
}
