import type { LostAccountView } from '../../flow/offboarding/lost-account.ts';
import type { Notice } from '../../ports/messenger.ts';
import { type SlackContent, section } from '../blocks.ts';
import { mention } from '../change-card/names.ts';
import { escapeMrkdwn, mrkdwn, slackDate } from '../mrkdwn.ts';
import { toAdmins } from '../to-admins.ts';

type Line = LostAccountView['lost'][number];

/** Of many the first are enough to begin with: the audit names all of them. */
const SHOWN = 8;
/** Of one person so many accesses are named. */
const NAMED = 6;

/** Pure. */
export function lostAccountNotices(view: LostAccountView): Notice<SlackContent>[] {
  const head = headOf(view);
  const lines = view.lost.slice(0, SHOWN).map((line) => lineOf(line, view.idpName));
  const rest = view.lost.length - SHOWN;
  const list = [...lines, ...(rest > 0 ? [`…and ${rest} more, whom the audit names`] : [])].join('\n');
  const isOver = view.lost.every(({ backAt }) => backAt !== null);
  const blocks = [head, list, ...(isOver ? [] : [adviceOf(view)])].map((text) => section(mrkdwn(text)));
  return toAdmins('lostAccount', view, { text: head, blocks });
}

function headOf({ idpName, lost }: LostAccountView): string {
  const idp = escapeMrkdwn(idpName);
  const [first] = lost;
  const whom = lost.length === 1 && first !== undefined ? mention(first.person) : `${lost.length} people`;
  if (lost.every(({ backAt }) => backAt !== null))
    return `:white_check_mark: ${idp} has ${whom} again. What had ended did not come back by itself: it is asked for again.`;
  const lostNow =
    lost.length === 1 && first?.why === 'lostApp'
      ? `${idp} has taken the MuleSoft app from ${whom}`
      : `${idp} no longer has ${whom} active`;
  const since = first === undefined ? '' : ` (${slackDate(first.lostAt)})`;
  return `:warning: ${lostNow}${since}, and another identity provider does. So nobody counts as having left: what ${idp} gives ends now, and what the other gives stays.`;
}

function lineOf({ person, why, ended, stays, otherName, backAt }: Line, idpName: string): string {
  const gone = why === 'lostApp' ? ', who has lost the app alone' : '';
  const back = backAt === null ? '' : ` Back in ${escapeMrkdwn(idpName)} since ${slackDate(backAt)}.`;
  const by = otherName === null ? '' : ` by ${escapeMrkdwn(otherName)}`;
  const kept = stays.length === 0 ? 'nothing stays' : `stays${by}: ${namesOf(stays)}`;
  return `• ${mention(person)}${gone}: ${ended.length === 0 ? 'nothing ends' : `${backAt === null ? 'ends' : 'ended'}: ${namesOf(ended)}`}; ${kept}.${back}`;
}

function namesOf(titles: readonly string[]): string {
  const rest = titles.length - NAMED;
  const names = titles.slice(0, NAMED).map(escapeMrkdwn).join(', ');
  return rest > 0 ? `${names} and ${rest} more` : names;
}

function adviceOf({ idpName }: LostAccountView): string {
  const idp = escapeMrkdwn(idpName);
  return `*What to do:* who has left the company is offboarded with \`/access offboard @user\`, which ends the rest too. Where ${idp} is wrong, switch the account on there again; what has ended is then asked for anew. Who only moved from ${idp} to the other needs nothing.`;
}
