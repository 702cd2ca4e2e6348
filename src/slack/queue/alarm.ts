import type { QueueView } from '../../flow/queue/queue-alarm.ts';
import type { Notice } from '../../ports/messenger.ts';
import { type SlackContent, section } from '../blocks.ts';
import { escapeMrkdwn, mrkdwn, slackDate } from '../mrkdwn.ts';
import { toAdmins } from '../to-admins.ts';

/** Pure. */
export function queueNotices(view: QueueView): Notice<SlackContent>[] {
  return toAdmins('queue', view, contentOf(view));
}

function contentOf({ trouble: { since, why, backAt } }: QueueView): SlackContent {
  const text =
    backAt === null
      ? `:warning: Latchkey’s queue takes no work since ${slackDate(since)}: it ${escapeMrkdwn(why)}. Nothing is lost and nothing waits for it: each Latchkey does what is due itself, more slowly where there are several.\n*What to do:* see to the queue (\`REDIS_URL\`, or PostgreSQL where there is none). It is tried again every few seconds, and this message says when it is back.`
      : `:white_check_mark: Latchkey’s queue is back ${slackDate(backAt)}. It took no work since ${slackDate(since)} (it ${escapeMrkdwn(why)}); what was due meanwhile was done without it.`;
  return { text, blocks: [section(mrkdwn(text))] };
}
