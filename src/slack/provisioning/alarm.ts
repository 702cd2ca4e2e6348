import type { ProvisioningView } from '../../flow/provisioning/watch.ts';
import type { Notice } from '../../ports/messenger.ts';
import { type SlackContent, section } from '../blocks.ts';
import { escapeMrkdwn, mrkdwn, slackDate } from '../mrkdwn.ts';
import { toAdmins } from '../to-admins.ts';

/** Pure. */
export function provisioningNotices(view: ProvisioningView): Notice<SlackContent>[] {
  const text = textOf(view);
  return toAdmins('provisioning', view, { text, blocks: [section(mrkdwn(text))] });
}

function textOf({ idpName, isWatched, trouble }: ProvisioningView): string {
  const idp = escapeMrkdwn(idpName);
  const since = slackDate(trouble.since);
  const what = escapeMrkdwn(trouble.what);
  if (trouble.backAt !== null)
    return isWatched
      ? `:white_check_mark: ${idp} carries group changes to Latchkey again since ${slackDate(trouble.backAt)}. It had not since ${since} (${what}). What was held up comes now.`
      : `:white_check_mark: ${idp}’s provisioning is no longer watched since ${slackDate(trouble.backAt)}: its settings are gone. It stood still since ${since} (${what}).`;
  const said = trouble.said === null ? '' : ` ${idp} says: “${escapeMrkdwn(trouble.said)}”.`;
  return `:rotating_light: ${idp} has carried no group changes to Latchkey since ${since}: ${what}.${said}\nWhat is given and taken away meanwhile is written in ${idp} and kept. It reaches MuleSoft late, and what is late has an alarm of its own.\n*What to do:* ${escapeMrkdwn(trouble.next)}. It is looked at again by itself, and this message says when it is over.`;
}
