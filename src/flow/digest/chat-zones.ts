import { Fault } from '../../core/fault.ts';
import { noteChatZone, zonelessReaders } from '../../store/chat-time-zones.ts';
import type { Context } from '../kernel/context.ts';

/** Asked in one look: the chat limits how many accounts are read in a minute. */
const AT_ONCE = 50;

type Needs = Pick<Context, 'db' | 'chat' | 'log'>;

/**
 * Asks the chat for the time zones of readers of whom the directory has none. What it says is kept for a month. While
 * it does not answer nobody is taken for somebody without a time zone.
 */
export async function learnChatZones(context: Needs, answering: readonly string[]): Promise<void> {
  for (const person of await zonelessReaders(context.db, answering, context.chat.system, AT_ONCE))
    try {
      const accountId = person.accountId ?? (await context.chat.findByEmail(person.email));
      const account = accountId === null ? null : await context.chat.whoIs(accountId);
      await noteChatZone(context.db, person.id, account?.timeZone ?? null);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      context.log.warn({ err: error.message }, 'the chat can’t say the time zone of a digest’s reader');
      return;
    }
}
