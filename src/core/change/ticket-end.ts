import type { PersonId } from '../ids.ts';
import { sameEmail } from '../policy/catalogue.ts';
import { type Refusal, refuse } from '../refusal.ts';
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

/**
 * Pure: why this person can't end it for its ticket's being gone; null: they can. Whoever decided on it can, and its
 * owner, and its holder. `owner`: their e-mail as the catalogue has it now; null: it has left the catalogue.
 */
export function refuseEndOfGone(
  change: Change,
  by: { id: PersonId; email: string },
  owner: string | null,
): Refusal | null {
  const { ticket, ticketNews, approvals, decision, personId } = change;
  if (change.ended !== null || change.grant === null)
    return refuse('nothingToEnd', 'This access has ended already.', 'Nothing more to do.');
  const isTheirs =
    by.id === personId || decision?.by === by.id || approvals.some((approval) => approval.by === by.id);
  if (!isTheirs && (owner === null || !sameEmail(owner, by.email)))
    return refuse(
      'notAnApprover',
      'Whoever decided on this access, its owner and its holder can end it here, and you are none of them.',
      owner === null ? 'Ask whoever approved it.' : `Ask its owner, ${owner}.`,
    );
  if (ticketNews?.is !== 'gone')
    return refuse(
      'staleCard',
      `${ticket ?? 'The ticket'} has been found again, and is ${ticketNews?.is ?? 'open'}.`,
      'Nothing was changed: the access ends with the ticket, and at the latest at its time.',
    );
  return null;
}

/** Pure: whether its end is that of its ticket, and not that of its time. */
export function isEndedByTicket({ grant, ticketNews }: Change): boolean {
  return ticketNews?.is === 'closed' && grant !== null && grant.endsAt < ticketNews.latestEndsAt;
}
