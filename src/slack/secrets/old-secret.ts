import type { SecretView } from '../../flow/secrets/secret-ages.ts';
import type { Notice } from '../../ports/messenger.ts';
import { type SlackContent, section } from '../blocks.ts';
import { escapeMrkdwn, mrkdwn, slackDate } from '../mrkdwn.ts';

/** Pure: one message to each of the catalogue's admins, edited in place; where none is in chat, one in the channel. */
export function secretNotices(view: SecretView): Notice<SlackContent>[] {
  const content = contentOf(view);
  const accounts = view.admins.flatMap(({ accountId }) => accountId ?? []);
  if (accounts.length === 0) return [{ key: 'secret', to: { channel: view.channel }, under: null, content }];
  return accounts.map((account) => ({ key: `secret:${account}`, to: { account }, under: null, content }));
}

function contentOf({ secret: { name, source, madeAt, replacedAt } }: SecretView): SlackContent {
  const text =
    replacedAt === null
      ? `:warning: One of Latchkey’s secrets is old: \`${escapeMrkdwn(name)}\` was made ${slackDate(madeAt)}. Everything works.\n*What to do:* make a new one where it belongs, and put it into \`${escapeMrkdwn(source)}\`. Latchkey takes it from there by itself; no restart is needed.`
      : `:white_check_mark: \`${escapeMrkdwn(name)}\`, which was made ${slackDate(madeAt)}, was replaced ${slackDate(replacedAt)}.`;
  return { text, blocks: [section(mrkdwn(text))] };
}
