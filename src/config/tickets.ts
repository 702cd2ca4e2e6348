import type { GivenSecret } from '../secrets/secret.ts';
import type { TicketSettings } from '../tickets/http-tickets.ts';
import { type kindNames, ticketKinds } from '../tickets/kinds.ts';
import { refuseTemplate } from '../tickets/ticket-address.ts';

/** The settings of the ticket system, each right by itself. */
export type TicketsGiven = {
  TICKETS_URL?: string;
  TICKETS_KIND?: (typeof kindNames)[number];
  TICKETS_TOKEN?: string;
  TICKETS_USER?: string;
  TICKETS_NAME?: string;
  TICKETS_STATUS?: string;
  TICKETS_CLOSED?: string[];
  TICKETS_TITLE?: string;
  TICKETS_ASSIGNEE?: string;
};

/** Puts them together; what is missing, or does not fit, is noted in `missing`. `token`: where it may change. */
export function ticketsIn(
  e: TicketsGiven,
  missing: string[],
  token: GivenSecret | null = null,
): TicketSettings {
  const kind = e.TICKETS_KIND === undefined ? null : ticketKinds[e.TICKETS_KIND];
  const need = (name: keyof TicketsGiven, what: string) => {
    if (e[name] === undefined) missing.push(`${name} is not set (${what})`);
  };
  need('TICKETS_URL', 'where tickets are kept');
  need('TICKETS_TOKEN', 'the token that reads tickets');
  if (kind === null) {
    need('TICKETS_STATUS', 'where the status is in an answer, or TICKETS_KIND');
    need('TICKETS_CLOSED', 'the values of the status that mean closed, or TICKETS_KIND');
  }
  const base = e.TICKETS_URL ?? '';
  const isBase = kind !== null && !/\{(ticket|number)\}/.test(base);
  const template = isBase ? `${base}${kind.path}` : base;
  const wrong = e.TICKETS_URL === undefined ? null : refuseTemplate(template);
  if (wrong !== null) missing.push(`TICKETS_URL ${wrong}`);
  const { shown, ...known } = kind?.paths ?? { status: '' };
  return {
    name: e.TICKETS_NAME ?? kind?.name ?? 'the ticket system',
    template,
    checkUrl: isBase && kind.checkPath !== undefined ? `${base}${kind.checkPath}` : null,
    token: token ?? e.TICKETS_TOKEN ?? '',
    user: e.TICKETS_USER ?? null,
    paths: {
      ...known,
      // A status of their own choice is shown as it is.
      ...(shown === undefined || e.TICKETS_STATUS !== undefined ? {} : { shown }),
      ...(e.TICKETS_STATUS === undefined ? {} : { status: e.TICKETS_STATUS }),
      ...(e.TICKETS_TITLE === undefined ? {} : { title: e.TICKETS_TITLE }),
      ...(e.TICKETS_ASSIGNEE === undefined ? {} : { assignee: e.TICKETS_ASSIGNEE }),
    },
    closed: e.TICKETS_CLOSED ?? kind?.closed ?? [],
  };
}
