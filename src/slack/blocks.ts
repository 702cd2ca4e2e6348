import type { KnownBlock } from '@slack/types';
import type { mrkdwn, plain } from './mrkdwn.ts';

/** What a message consists of in Slack. `text` is the notification and the fallback. */
export type SlackContent = { text: string; blocks: KnownBlock[] };

export function section(text: ReturnType<typeof mrkdwn> | ReturnType<typeof plain>): KnownBlock {
  return { type: 'section', text };
}

/** The name that Slack tells of for a button that only opens an address. */
export const OPEN_LINK = 'open_link';

/** A button that opens an address of ours in the browser. */
export function linkButton({ label, url }: { label: string; url: string }): KnownBlock {
  return {
    type: 'actions',
    elements: [
      {
        type: 'button',
        action_id: OPEN_LINK,
        style: 'primary',
        text: { type: 'plain_text', text: label },
        url,
      },
    ],
  };
}
