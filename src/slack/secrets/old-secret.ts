import type { SecretView } from '../../flow/secrets/secret-ages.ts';
import type { Notice } from '../../ports/messenger.ts';
import { type SlackContent, section } from '../blocks.ts';
import { escapeMrkdwn, mrkdwn, slackDate } from '../mrkdwn.ts';
import { toAdmins } from '../to-admins.ts';

/** Pure. */
export function secretNotices(view: SecretView): Notice<SlackContent>[] {
  return toAdmins('secret', view, contentOf(view));
}

function contentOf({ secret: { name, source, madeAt, replacedAt } }: SecretView): SlackContent {
  const text =
    replacedAt === null
      ? `:warning: One of Latchkey’s secrets is old: \`${escapeMrkdwn(name)}\` was made ${slackDate(madeAt)}. Everything works.\n*What to do:* make a new one where it belongs, and put it into \`${escapeMrkdwn(source)}\`. Latchkey takes it from there by itself; no restart is needed.`
      : `:white_check_mark: \`${escapeMrkdwn(name)}\`, which was made ${slackDate(madeAt)}, was replaced ${slackDate(replacedAt)}.`;
  return { text, blocks: [section(mrkdwn(text))] };
}
