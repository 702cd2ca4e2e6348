import type { KnownBlock } from '@slack/types';
import { z } from 'zod';
import { endReasons } from '../../core/delegation/entry-words.ts';
import type { DelegationView } from '../../flow/delegation/view.ts';
import type { Named } from '../../flow/people/named.ts';
import type { Notice } from '../../ports/messenger.ts';
import { type SlackContent, section } from '../blocks.ts';
import { mention } from '../change-card/names.ts';
import { cardButton } from '../forms/card-button.ts';
import { mrkdwn, slackDate } from '../mrkdwn.ts';

/** A button carries the absence to look up. */
export const delegationButton = cardButton(z.strictObject({ delegation: z.uuid() }));

export const delegationActions = { back: 'delegation_back', decline: 'delegation_decline' } as const;

type Extras = { button?: KnownBlock | null; under?: string | null };

/** Pure: one message to whoever is away and one to whom they named; both are told when it ends. */
export function delegationNotices(view: DelegationView): Notice<SlackContent>[] {
  const { delegation } = view;
  const all: Notice<SlackContent>[] = [];
  const tell = (key: string, to: Named, text: string, { button = null, under = null }: Extras = {}) => {
    if (to.accountId === null) return;
    const blocks = [section(mrkdwn(text)), ...(button === null ? [] : [button])];
    all.push({ key, to: { account: to.accountId }, under, content: { text, blocks } });
  };
  const isOpen = delegation.state !== 'ended';
  tell('person', view.person, toPerson(view), isOpen ? { button: buttonOf(view, 'back', 'I’m back') } : {});
  tell(
    'delegate',
    view.delegate,
    toDelegate(view),
    isOpen ? { button: buttonOf(view, 'decline', 'I can’t') } : {},
  );
  // An edited message is announced by no phone.
  if (delegation.ended?.why === 'declined')
    tell('person:declined', view.person, `:warning: ${toPerson(view)}`, { under: 'person' });
  if (delegation.ended !== null && delegation.ended.why !== 'declined' && delegation.ended.why !== 'left')
    tell('delegate:ended', view.delegate, toDelegate(view), { under: 'delegate' });
  return all;
}

function buttonOf(
  { delegation }: DelegationView,
  action: keyof typeof delegationActions,
  text: string,
): KnownBlock {
  return {
    type: 'actions',
    block_id: 'delegation',
    elements: [
      {
        type: 'button',
        action_id: delegationActions[action],
        text: { type: 'plain_text', text },
        value: delegationButton.value({ delegation: delegation.id }),
      },
    ],
  };
}

function toPerson({ delegation, delegate, isUsual }: DelegationView): string {
  const { startsAt, endsAt, cause, ended, state } = delegation;
  const whom = mention(delegate);
  if (ended !== null) {
    switch (ended.why) {
      case 'declined':
        return `${whom} can’t decide in your stead. Name somebody else with \`/access away\`; until then what is yours to decide waits for you.`;
      case 'left':
        return `${whom} does not decide in your stead any more: ${endReasons.left}. Name somebody else with \`/access away\` if you are still away.`;
      default:
        return `:checkered_flag: ${whom} no longer decides in your stead: ${ended.why === 'over' ? 'your absence is over' : ended.why === 'back' ? 'you are back' : 'you said anew who decides'}.`;
    }
  }
  const since = cause === 'status' ? 'Your Slack status says that you are away' : 'You are away';
  const when =
    state === 'planned'
      ? `From ${slackDate(startsAt)} until ${slackDate(endsAt)}`
      : `${since} until ${slackDate(endsAt)}`;
  const always = isUsual ? ' You named them for every absence that your Slack status tells of.' : '';
  return `:palm_tree: *${when}: ${whom} decides in your stead.* What waits for you now, they can decide too, as far as policy lets them. You can decide all the while.${always}`;
}

function toDelegate({ delegation, person, waiting }: DelegationView): string {
  const { startsAt, endsAt, ended, state } = delegation;
  const who = mention(person);
  if (ended !== null)
    return ended.why === 'declined'
      ? `:checkered_flag: You said that you can’t decide for ${who}. They are told.`
      : `:checkered_flag: You no longer decide for ${who}: ${endReasons[ended.why]}. What you decided stays as it is.`;
  const when =
    state === 'planned'
      ? `from ${slackDate(startsAt)} until ${slackDate(endsAt)}`
      : `until ${slackDate(endsAt)}`;
  const now =
    state === 'planned'
      ? 'You are told when it begins.'
      : waiting === 0
        ? 'Nothing waits for them now.'
        : `${waiting === 1 ? 'One request waits' : `${waiting} requests wait`} for them now; the cards name you.`;
  return `:palm_tree: *${who} is away ${when} and has named you to decide meanwhile.* ${now} You decide on nothing that you asked for, that is for you, or that policy keeps from you. What you decide is on record with both names.`;
}
