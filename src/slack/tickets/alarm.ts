import { capital } from '../../core/text.ts';
import type { TicketsView } from '../../flow/tickets/trouble.ts';
import type { Notice } from '../../ports/messenger.ts';
import { type SlackContent, section } from '../blocks.ts';
import { escapeMrkdwn, mrkdwn, slackDate } from '../mrkdwn.ts';
import { toAdmins } from '../to-admins.ts';

/** Pure. */
export function ticketsNotices(view: TicketsView): Notice<SlackContent>[] {
  return toAdmins('tickets', view, contentOf(view));
}

function contentOf({ trouble: { since, why, backAt }, source }: TicketsView): SlackContent {
  const name = capital(escapeMrkdwn(source));
  const text =
    backAt === null
      ? `:warning: Tickets can’t be read since ${slackDate(since)}. ${name} ${escapeMrkdwn(why)}.\nAccess that ends with its ticket goes on meanwhile, until its time at the latest. Requests that name a ticket go to a person. It is tried again, and this message says when it works.`
      : `:white_check_mark: Tickets can be read again ${slackDate(backAt)}. They could not be since ${slackDate(since)}; what was closed meanwhile ends now.`;
  return { text, blocks: [section(mrkdwn(text))] };
}
