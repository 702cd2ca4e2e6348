import type { Button, KnownBlock } from '@slack/types';
import { countInWords } from '../../core/duration.ts';
import type { Offboarding, OffboardingItem } from '../../core/offboarding/offboarding.ts';
import { itemInWords, itemStatusText, type OffboardingNames } from '../../core/offboarding/words.ts';
import type { OffboardingView } from '../../flow/offboarding/view.ts';
import type { Named } from '../../flow/people/named.ts';
import { type SlackContent, section } from '../blocks.ts';
import { BLOCK_ID_MAX, escapeMrkdwn, mrkdwn, plain } from '../mrkdwn.ts';
import { button, offboardingActions, offboardingButton, sure } from './buttons.ts';

/** Each takes two blocks of the 50 that a message holds; those still open come first. */
const ITEMS_SHOWN = 20;

/** What the owner of something that is left is asked: one message, in which each application has its buttons. */
export function ownersMessage(
  view: OffboardingView,
  items: readonly OffboardingItem[],
  names: OffboardingNames,
  insteadOf?: Named,
): SlackContent {
  const { offboarding } = view;
  const open = items.filter((item) => item.settled === null);
  const isOver = offboarding.state === 'returned' || offboarding.state === 'cancelled';
  const head = isOver
    ? `${names.person} is ${offboarding.state === 'returned' ? 'back' : 'not leaving'}, so nothing has to be decided about these any more`
    : open.length === 0
      ? `All of ${names.person}’s applications here are settled`
      : `${names.person} has left, and owned ${open.length === 1 ? 'an application' : 'applications'} whose credentials go on working`;
  const why =
    isOver || open.length === 0
      ? ''
      : `\nHand each over to somebody, or revoke it. ${insteadOf === undefined ? 'You are asked because your API is called, or as an admin.' : `You decide on this while ${escapeMrkdwn(insteadOf.name)} is away.`}`;
  const blocks: KnownBlock[] = [section(mrkdwn(`*${head}.*${why}`))];
  const shown = [...open, ...items.filter((item) => item.settled !== null)].slice(0, ITEMS_SHOWN);
  for (const item of shown) {
    blocks.push(
      section(
        mrkdwn(
          `*${escapeMrkdwn(item.name)}*, ${escapeMrkdwn(itemInWords(item))}\n${itemStatusText(item, names, isOver)}`,
        ),
      ),
    );
    const buttons = isOver ? [] : itemButtons(offboarding, item);
    if (buttons.length > 0)
      blocks.push({
        type: 'actions',
        block_id: `item:${item.key}`.slice(0, BLOCK_ID_MAX),
        elements: buttons,
      });
  }
  if (items.length > shown.length)
    blocks.push({
      type: 'context',
      elements: [plain(`And ${items.length - shown.length} more; they are shown as these are settled.`)],
    });
  const what = `${countInWords(open.length)} ${open.length === 1 ? 'application' : 'applications'}`;
  return {
    text: isOver
      ? `${escapeMrkdwn(view.person.name)} is ${offboarding.state === 'returned' ? 'back' : 'not leaving'}.`
      : `${escapeMrkdwn(view.person.name)} has left: ${what} to decide on.`,
    blocks,
  };
}

function itemButtons(offboarding: Offboarding, item: OffboardingItem): Button[] {
  if (item.settled !== null || item.decision !== null) return [];
  const value = offboardingButton.value({ offboarding: offboarding.id, key: item.key });
  const handOver = button(offboardingActions.handOver, 'Hand over…', value, { style: 'primary' });
  if (item.isOurOwn) return [handOver];
  return [
    handOver,
    button(offboardingActions.revoke, 'Revoke', value, {
      style: 'danger',
      ...sure(
        'Revoke',
        `${escapeMrkdwn(item.name)} stops working at once, for everybody who uses its credentials. That can’t be undone.`,
      ),
    }),
  ];
}
