import type { PolicyView } from '../../flow/policy/policy-alarm.ts';
import type { Notice } from '../../ports/messenger.ts';
import { type SlackContent, section } from '../blocks.ts';
import { mrkdwn, plainLines, slackDate } from '../mrkdwn.ts';
import { toAdmins } from '../to-admins.ts';

/** Of a policy with many mistakes the first are enough to begin with. */
const SHOWN = 8;

/** Pure. */
export function policyNotices(view: PolicyView): Notice<SlackContent>[] {
  return toAdmins('policy', view, contentOf(view));
}

function contentOf({ trouble }: PolicyView): SlackContent {
  const { since, mistakes, mendedAt } = trouble;
  const text =
    mendedAt === null
      ? `:rotating_light: The policy was changed ${slackDate(since)} and can’t be put in force: it has ${mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`}. The one before stays in force.\n*What to do:* mend the files, or put the old ones back; \`policy check\` names every mistake. It is read again by itself, and this message says when all is well.`
      : `:white_check_mark: The policy was mended ${slackDate(mendedAt)} and is in force. It could not be read since ${slackDate(since)}; meanwhile the one before was in force.`;
  const rest = mistakes.length - SHOWN;
  const shown = [...mistakes.slice(0, SHOWN), ...(rest > 0 ? [`and ${rest} more`] : [])];
  return {
    text,
    blocks: [
      section(mrkdwn(text)),
      ...(mendedAt === null ? [section(plainLines(shown.flatMap((mistake) => mistake.split('\n'))))] : []),
    ],
  };
}
