import type { KnownBlock } from '@slack/types';
import { refuseLeaver } from '../../core/offboarding/refusals.ts';
import { isRefusal } from '../../core/refusal.ts';
import { type WhoHolds, whoHolds } from '../../flow/home/holders.ts';
import { identify } from '../../flow/people/identify.ts';
import { leaverCase } from '../../store/offboardings.ts';
import { type SlackContent, section } from '../blocks.ts';
import { mention } from '../change-card/names.ts';
import type { Typed, Word } from '../commands/word.ts';
import { escapeMrkdwn, mrkdwn, slackDate } from '../mrkdwn.ts';

/** `/access who orders-api-read`: who holds it, for those who may know. */
export const whoWord: Word = {
  word: 'who',
  takes: 'entitlement',
  says: 'shows who holds it, to its owner, its approvers and the admins; to others how many do, and whom to ask',
  alsoSaid: ['holders', 'who has'],
  run: async (typed) => await answerWho(typed),
};

const USAGE = 'Say which: `/access who` and a few words of its name, e.g. `/access who orders read`.';
/** Names in one section, and sections in the message. */
const IN_A_SECTION = 20;
const SECTIONS_MAX = 5;

async function answerWho({ context, command, rest, answer }: Typed): Promise<void> {
  if (rest === '') return await answer({ text: USAGE });
  // Names of others are shown, so who asks is asked of the IdP now.
  const asker = await identify(context, command.user_id);
  const refusal = isRefusal(asker) ? asker : await refusalOfLeaver(context, asker.id);
  if (refusal !== null || isRefusal(asker))
    return await answer({ text: escapeMrkdwn(`${refusal?.text} ${refusal?.next}`) });
  const words = rest.replace(/^(?:has|holds|can)\s+/i, '').replace(/[?.]+$/, '');
  await answer(inWords(await whoHolds(context, asker, words)));
}

async function refusalOfLeaver(context: Typed['context'], personId: string) {
  const left = await leaverCase(context.db, personId);
  return left === null ? null : refuseLeaver(left, 'notEligible');
}

/** Pure: the answer in Slack's words. */
function inWords(found: WhoHolds): SlackContent {
  switch (found.is) {
    case 'unknown': {
      const hint =
        found.meant === null
          ? 'Press *Ask for access* on Latchkey’s Home tab to see what there is.'
          : `Did you mean \`/access who ${escapeMrkdwn(found.meant.key)}\` (${escapeMrkdwn(found.meant.title)})?`;
      return said(`Nothing in the catalogue is called that. ${hint}`);
    }
    case 'several':
      return said(
        `Which of these? Type its key:\n${found.among
          .map(({ key, title }) => `• \`/access who ${escapeMrkdwn(key)}\`: ${escapeMrkdwn(title)}`)
          .join('\n')}`,
      );
    default:
      return holders(found);
  }
}

function holders({
  title,
  owner,
  count,
  named,
  holders: shown,
}: Extract<WhoHolds, { is: 'one' }>): SlackContent {
  const people =
    count === 1
      ? '1 person holds'
      : `${count === 0 ? 'Nobody' : `${count} people`} ${count === 0 ? 'holds' : 'hold'}`;
  const head = `*${escapeMrkdwn(title)}*\n${people} it. Its owner is ${mention(owner)}.`;
  const text =
    named === 'all' || count === 0
      ? head
      : `${head} Who they are is for the owner, its approvers and the admins to see${shown.length > 0 ? '; of those who report to you, and of you:' : '.'}`;
  const lines = shown.map(({ name, accountId, until }) => {
    const end = until === null ? 'in it since before Latchkey' : `until ${slackDate(until)}`;
    return `• ${mention({ name, accountId })} · ${end}`;
  });
  const blocks: KnownBlock[] = [section(mrkdwn(text))];
  for (let at = 0; at < lines.length && blocks.length <= SECTIONS_MAX; at += IN_A_SECTION)
    blocks.push(section(mrkdwn(lines.slice(at, at + IN_A_SECTION).join('\n'))));
  const left = lines.length - IN_A_SECTION * SECTIONS_MAX;
  if (left > 0) blocks.push(section(mrkdwn(`And ${left} more.`)));
  return { text, blocks };
}

function said(text: string): SlackContent {
  return { text, blocks: [section(mrkdwn(text))] };
}
