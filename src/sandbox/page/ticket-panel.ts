/** The tickets, with what people do to them where tickets are kept: access can end with one. */
import type { Ticket } from '../tickets/emulator.ts';
import { type Html, html } from './html.ts';

export function drawTickets(tickets: readonly Ticket[]): Html {
  if (tickets.length === 0) return html`<p class="nobody">There is no ticket.</p>`;
  return html`<ul class="tickets">${tickets.map(drawTicket)}</ul>`;
}

function drawTicket({ key, title, assignee, isClosed }: Ticket): Html {
  const act = (to: 'open' | 'closed' | 'gone', label: string) =>
    html`<button type="button" class="bk-button ticket-act" data-ticket="${key}" data-to="${to}" data-testid="ticket-${key}-${to}" aria-label="${label} ${key}">${label}</button>`;
  return html`<li class="ticket" data-key="${key}" data-testid="ticket-${key}">
    <div class="ticket-text"><strong>${key}</strong> <span class="tag${isClosed ? '' : ' tag-open'}" data-testid="ticket-status">${isClosed ? 'closed' : 'in progress'}</span>
      <span class="ticket-title">${title === key ? null : title}</span><small>${assignee === null ? 'nobody has it' : assignee}</small></div>
    <div class="ticket-acts">${isClosed ? act('open', 'Reopen') : act('closed', 'Close')}${act('gone', 'Delete')}</div>
  </li>`;
}
