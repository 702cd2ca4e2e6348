import type { AnchorView } from '../../flow/audit/anchors.ts';
import type { Notice } from '../../ports/messenger.ts';
import { type SlackContent, section } from '../blocks.ts';
import { mrkdwn, slackDate } from '../mrkdwn.ts';

/** Pure: a checkpoint of the audit as it stands, so that it can be copied into a file and held against the audit. */
export function anchorNotices({ channel, size, note, madeAt }: AnchorView): Notice<SlackContent>[] {
  const text = `The audit had ${size} entries ${slackDate(madeAt)}. This checkpoint shows later that none of them was changed or taken away: copy it into a file, checkpoint.txt say, and run \`latchkey audit verify --since checkpoint.txt\`.`;
  const blocks = [section(mrkdwn(text)), section(mrkdwn(`\`\`\`\n${asItStands(note)}\`\`\``))];
  return [{ key: 'anchor', to: { channel }, under: null, content: { text, blocks } }];
}

/** Our own signed text, in which every sign and every end of line counts. Slack's control characters alone are escaped. */
function asItStands(note: string): string {
  return note.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
