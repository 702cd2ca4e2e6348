import type { QueueView } from '../../flow/queue/queue-alarm.ts';
import type { Notice } from '../../ports/messenger.ts';
import { type SlackContent, section } from '../blocks.ts';
import { escapeMrkdwn, mrkdwn, slackDate } from '../mrkdwn.ts';

/** Pure: one message to each of the catalogue's admins, edited in place; where none is in chat, one in the channel. */
export function queueNotices(view: QueueView): Notice<SlackContent>[] {
  const content = contentOf(view);
  const accounts = view.admins.flatMap(({ accountId }) => accountId ?? []);
  if (accounts.length === 0) return [{ key: 'queue', to: { channel: view.channel }, under: null, content }];
  return accounts.map((account) => ({ key: `queue:${account}`, to: { account }, under: null, content }));
}

function contentOf({ trouble: { since, why, backAt } }: QueueView): SlackContent {
  const text =
    backAt === null
      ? `:warning: Latchkey’s queue takes no work since ${slackDate(since)}: it ${escapeMrkdwn(why)}. Nothing is lost and nothing waits for it: each Latchkey does what is due itself, more slowly where there are several.\n*What to do:* see to the queue (\`REDIS_URL\`, or PostgreSQL where there is none). It is tried again every few seconds, and this message says when it is back.`
      : `:white_check_mark: Latchkey’s queue is back ${slackDate(backAt)}. It took no work since ${slackDate(since)} (it ${escapeMrkdwn(why)}); what was due meanwhile was done without it.`;
  return { text, blocks: [section(mrkdwn(text))] };
}
