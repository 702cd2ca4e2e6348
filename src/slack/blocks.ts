import type { KnownBlock } from '@slack/types';
import type { mrkdwn, plain } from './mrkdwn.ts';

/** What a message consists of in Slack. `text` is the notification and the fallback. */
export type SlackContent = { text: string; blocks: KnownBlock[] };

export function section(text: ReturnType<typeof mrkdwn> | ReturnType<typeof plain>): KnownBlock {
  return { type: 'section', text };
}
