import type { KnownBlock } from '@slack/types';
import { isByRule, isFound } from '../../core/change/change.ts';
import { isLess } from '../../core/change/narrow.ts';
import { mayNudge } from '../../core/change/undecided.ts';
import { stopped } from '../../core/text.ts';
import { askedInWords, fromInWords, type StatusText } from '../../core/wording/change-status.ts';
import type { ChangeView } from '../../flow/messages/change-view.ts';
import type { Named } from '../../flow/people/named.ts';
import { type SlackContent, section } from '../blocks.ts';
import { escapeMrkdwn, mrkdwn, slackDate } from '../mrkdwn.ts';
import { actions, changeButton } from './buttons.ts';
import { foundHead, statusBlocks } from './card.ts';
import { mention, peopleIn, titleOf } from './names.ts';
import { answerButtons, questionBlocks } from './questions.ts';
import { whyThem } from './why-them.ts';

export type Reader = 'requester' | 'beneficiary' | 'channel';
export type OwnReader = Exclude<Reader, 'channel'>;

/** Requester and beneficiary, as far as they can be written to. */
export function readersOf({
  requester,
  beneficiary,
}: Pick<ChangeView, 'requester' | 'beneficiary'>): [OwnReader, { account: string }][] {
  const all: [OwnReader, Named | null][] = [
    ['requester', requester],
    ['beneficiary', beneficiary],
  ];
  return all.flatMap(([reader, person]): [OwnReader, { account: string }][] =>
    person?.accountId == null ? [] : [[reader, { account: person.accountId }]],
  );
}

/** The status message of requester and beneficiary: one each, edited in place. */
export function personal(view: ChangeView, now: StatusText, reader: Reader): SlackContent {
  const { change } = view;
  const asked = `${escapeMrkdwn(askedInWords(change, titleOf(view)))}${fromInWords(change, slackDate)}`;
  const blocks: KnownBlock[] = [
    section(mrkdwn(unaskedHead(view, reader) ?? askedHead(view, reader, asked))),
    ...statusBlocks(now, peopleIn(view)),
    ...whyThem(view),
    ...questionBlocks(view),
    ...(isAsked(view, reader) ? answerButtons(change) : []),
  ];
  const buttons = personalButtons(view);
  if (buttons !== null) blocks.push(buttons);
  return { text: `${asked}: ${stopped(now.headline)}`, blocks };
}

/** What was asked for, by whom and for whom, as its reader is told. */
export function askedHead(
  { requester, beneficiary }: Pick<ChangeView, 'requester' | 'beneficiary'>,
  reader: Reader,
  asked: string,
): string {
  if (requester === null) return `You asked for *${asked}*`;
  return reader === 'beneficiary'
    ? `${mention(requester)} asked, for you, for *${asked}*`
    : `You asked, for ${mention(beneficiary)}, for *${asked}*`;
}

/** The requester answers questions; where nobody asked, the beneficiary does. */
export function isAsked({ requester }: Pick<ChangeView, 'requester'>, reader: Reader): boolean {
  return reader === (requester === null ? 'beneficiary' : 'requester');
}

/** Nobody asked: by rule, or found. */
function unaskedHead(view: ChangeView, reader: Reader): string | null {
  const { change } = view;
  const title = escapeMrkdwn(titleOf(view));
  if (isByRule(change) && change.grant === null)
    return change.cause === 'renewal'
      ? `You have *${title}* by rule, until it ends. Whether it goes on is for a person to decide this time.`
      : `*${title}*: ${escapeMrkdwn(change.reason)}. Whether you get it is for a person to decide first.`;
  if (isByRule(change))
    return change.ended !== null && !change.ended.stillHeld
      ? `You had *${title}* by rule.`
      : `You were given *${title}*: ${escapeMrkdwn(change.reason)}. It is renewed by itself while that is so; if you don’t need it, press *I’m done*.`;
  if (change.cause === 'restore') return `You are back, and have *${title}* again.`;
  if (change.partOf !== null) return `You hold *${title}*.`;
  return isFound(change)
    ? `*${reader === 'beneficiary' ? foundHead(view) : foundHead(view, mention(view.beneficiary))}.* The owner decides.`
    : null;
}

export function personalButtons(view: ChangeView): KnownBlock | null {
  const { change } = view;
  const value = changeButton.value({ change: change.id, round: change.round });
  const button = (action_id: string, text: string) =>
    ({ type: 'button', action_id, text: { type: 'plain_text', text }, value }) as const;
  // Nobody asked: there is nothing to take back.
  if (change.state === 'asking' && (isFound(change) || isByRule(change))) return null;
  if (change.state === 'asking')
    return {
      type: 'actions',
      block_id: 'own',
      elements: [
        ...(mayNudge(change) ? [button(actions.nudge, 'Ask once more')] : []),
        button(actions.withdraw, 'Take it back'),
      ],
    };
  if (change.state === 'scheduled')
    return { type: 'actions', block_id: 'own', elements: [button(actions.withdraw, 'Take it back')] };
  if (change.grant === null) return null;
  const done = button(actions.release, 'I’m done');
  // It goes on under a renewal.
  if (isByRule(change) && change.ended?.stillHeld !== false)
    return { type: 'actions', block_id: 'own', elements: [done] };
  if (view.ending !== null || change.ended !== null) return null;
  if (change.state !== 'inEffect' && change.state !== 'late' && change.state !== 'awaitingSignIn')
    return null;
  const extend = button(actions.extend, 'Extend…');
  // Asked for already.
  const isExtending = view.extending !== undefined;
  const isOver = isExtending || change.renewalDeclined !== undefined;
  const decline = isLess(change) ? [button(actions.decline, 'Decline: it is too little')] : [];
  return {
    type: 'actions',
    block_id: 'own',
    elements: [...(isOver ? [] : [extend]), done, ...decline],
  };
}
