import type { Change, TicketNews } from './change.ts';
import type { ChangeEvent } from './events.ts';
import { nextState } from './life-cycle.ts';

/** Pure: the end as it was granted, whatever became of its ticket; null: nothing is granted. */
export function latestEndOf({ grant, ticketNews }: Pick<Change, 'grant' | 'ticketNews'>): Date | null {
  return ticketNews?.latestEndsAt ?? grant?.endsAt ?? null;
}

/** What a ticket's source says for certain. */
export type TicketAnswer = { is: TicketNews['is']; status: string | null };

/**
 * Pure: what an answer about its ticket means for a grant that ends with it. A closed one brings the end forward, to the
 * end of the grace. One that is opened again before that puts it back. One that is gone changes nothing of the end: a
 * person has to look. No events: nothing is news.
 */
export function onTicket(
  change: Change,
  answer: TicketAnswer,
  { graceSeconds, now }: { graceSeconds: number; now: Date },
): ChangeEvent[] {
  const { ticket, grant, ticketNews } = change;
  const latest = latestEndOf(change);
  if (ticket === null || grant === null || latest === null || change.ended !== null) return [];
  if (change.endsWithTicket !== true || nextState(change.state, 'ticketChanged') === null) return [];
  // Open is what it was when it was granted.
  if ((ticketNews?.is ?? 'open') === answer.is) return [];
  const graceEnds = new Date(now.getTime() + graceSeconds * 1_000);
  const endsAt = answer.is === 'closed' && graceEnds < latest ? graceEnds : latest;
  return [
    {
      type: 'ticketChanged',
      changeId: change.id,
      at: now,
      actor: { part: 'latchkey' },
      ticket,
      is: answer.is,
      status: answer.status,
      endsAt,
    },
  ];
}

/** Pure: whether its end is that of its ticket, and not that of its time. */
export function isEndedByTicket({ grant, ticketNews }: Change): boolean {
  return ticketNews?.is === 'closed' && grant !== null && grant.endsAt < ticketNews.latestEndsAt;
}
