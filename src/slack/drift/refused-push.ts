import type { RefusedPushView } from '../../flow/drift/refused-push.ts';
import type { Notice } from '../../ports/messenger.ts';
import { type SlackContent, section } from '../blocks.ts';
import { mrkdwn, plain, slackDate } from '../mrkdwn.ts';
import { toAdmins } from '../to-admins.ts';

/** Of many the first are enough to begin with. */
const SHOWN = 8;

/** Pure. */
export function refusedPushNotices(view: RefusedPushView): Notice<SlackContent>[] {
  return toAdmins('refusedPush', view, contentOf(view));
}

function contentOf({ pushes, idpName }: RefusedPushView): SlackContent {
  const open = pushes.filter((push) => push.settled_at === null);
  const [first] = pushes;
  const since = first === undefined ? '' : slackDate(first.first_at);
  const text =
    open.length === 0
      ? `:white_check_mark: What the directory pushed and Latchkey had to refuse since ${since} has come through, or is over.`
      : `:rotating_light: Latchkey had to refuse ${open.length === 1 ? 'a push' : `${open.length} pushes`} that may take somebody’s access away (since ${since}). ${idpName} has been asked about ${open.length === 1 ? 'whom it concerns' : 'everybody concerned'}, and what it says is acted on; what is known of them by SCIM alone stayed as it was.\n*What to do:* in ${idpName}, look under the MuleSoft app’s failed tasks why, and push again. Whoever has left for sure: \`/access offboard @user\`.`;
  const lines = open.slice(0, SHOWN).map(({ name, held, client, request, why, times }) => {
    const often = times === 1 ? '' : `, ${times} times`;
    return `${name}: ${held}, ${request} from ${client}${often}: ${why}`;
  });
  const rest = open.length - SHOWN;
  const shown = [...lines, ...(rest > 0 ? [`and ${rest} more`] : [])].join('\n');
  return { text, blocks: [section(mrkdwn(text)), ...(open.length > 0 ? [section(plain(shown))] : [])] };
}
