import { isByRule, isCanary, isOnMassCard } from '../../core/change/change.ts';
import { type StatusText, statusText } from '../../core/wording/change-status.ts';
import type { ChangeView } from '../../flow/messages/change-view.ts';
import type { Notice } from '../../ports/messenger.ts';
import { type SlackContent, section } from '../blocks.ts';
import { escapeMrkdwn, mrkdwn } from '../mrkdwn.ts';
import { alarms } from './alarm.ts';
import { awayNotes } from './away.ts';
import { card } from './card.ts';
import { jointCard, togetherBlocks } from './joint-card.ts';
import { mention, namedOf, namesOf, titleOf } from './names.ts';
import { outcomeNotes } from './outcome.ts';
import { personal, readersOf } from './personal.ts';
import { questionNotes } from './questions.ts';

/** Pure: every message that should exist for a change as it stands. */
export function notices(view: ChangeView): Notice<SlackContent>[] {
  const { change } = view;
  if (isSilent(view)) return [];
  if (isCanary(change)) return [];
  const all: Notice<SlackContent>[] = [];
  const now = statusText(change, view.ending, namesOf(view));
  // What rules give has one only where somebody was asked.
  const isPut = change.plan !== null || (change.decision !== null && !isByRule(change));
  const hasCard = isPut && change.partOf === null && change.cardOf === undefined;
  const { onCard = [] } = view;
  if (hasCard)
    all.push({ key: 'card', to: { channel: view.channel }, under: null, content: cardOf(view, now) });
  if (change.joint === undefined) all.push(...ownNotices(view, now));
  if (hasCard)
    for (const note of [
      ...awayNotes(view, namedOf(view)),
      ...questionNotes(view, 'channel'),
      ...outcomeNotes(view, 'channel'),
    ])
      all.push({
        key: `card:${note.key}`,
        to: { channel: view.channel },
        under: 'card',
        content: note.content,
      });
  // What was asked for together has its replies under the one card.
  for (const other of hasCard ? onCard : [])
    for (const note of [...questionNotes(other, 'channel'), ...outcomeNotes(other, 'channel')])
      all.push({
        key: `card:${other.change.id}:${note.key}`,
        to: { channel: view.channel },
        under: 'card',
        content: note.content,
      });
  all.push(...reopenedNotices(view));
  if (!isToldAlone(view)) all.push(...alarmNotices(view, hasCard));
  return all;
}

/** To those whom it is about: one message each. What was asked for together has one for all of it. */
function ownNotices(view: ChangeView, now: StatusText): Notice<SlackContent>[] {
  const { change } = view;
  return readersOf(view).flatMap(([key, to]) => {
    if (change.state === 'received' || (isToldAlone(view) && key !== 'beneficiary')) return [];
    const toThem = key === 'beneficiary' ? statusText(change, view.ending, namesOf(view, true)) : now;
    return [
      { key, to, under: null, content: personal(view, toThem, key) },
      ...[...questionNotes(view, key), ...outcomeNotes(view, key)].map((note) => ({
        key: `${key}:${note.key}`,
        to,
        under: key,
        content: note.content,
      })),
    ];
  });
}

/** To whom it answers for by a message of their own, and on the thread of the card that shows it. */
function alarmNotices(view: ChangeView, hasCard: boolean): Notice<SlackContent>[] {
  const { onCard = [] } = view;
  const own = alarms(view).filter(({ under }) => hasCard || under !== 'card');
  if (!hasCard) return own;
  const others = onCard.flatMap((other) =>
    alarms(other)
      .filter(({ under }) => under === 'card')
      .map((alarm) => ({ ...alarm, key: `${alarm.key}:${other.change.id}` })),
  );
  return [...own, ...others];
}

/** With all that was asked for together, where the same people decide on it. */
function cardOf(view: ChangeView, now: StatusText): SlackContent {
  const { onCard = [] } = view;
  if (onCard.length > 0) return jointCard(view, onCard);
  const one = card(view, now);
  return { ...one, blocks: [...one.blocks, ...togetherBlocks(view)] };
}

/** The person who kept it turned out to have done it: the catalogue's admins are told of it themselves. */
function reopenedNotices(view: ChangeView): Notice<SlackContent>[] {
  const { change, admins } = view;
  if (change.reopened === undefined || change.partOf !== null) return [];
  const { detail, headline } = statusText(change, view.ending, namesOf(view));
  const text = `:rotating_light: ${mention(view.beneficiary)}, ${escapeMrkdwn(titleOf(view))}: ${headline}. ${detail}`;
  const content = { text, blocks: [section(mrkdwn(text))] };
  return [
    { key: 'card:reopened', to: { channel: view.channel }, under: 'card', content },
    ...admins
      .filter(({ accountId }) => accountId !== null)
      .map(({ accountId }) => ({
        key: `reopened:${accountId}`,
        to: { account: accountId as string },
        under: null,
        content,
      })),
  ];
}

/** Kept with many others, and told alone of having to sign in first: the card on many tells it nobody by name. */
function isToldAlone({ change }: ChangeView): boolean {
  return change.signInAwaited === true && isOnMassCard(change);
}

/** A change on one card with many others is told there. One that merely goes on is not worth a word until it ends. */
function isSilent({ change }: ChangeView): boolean {
  if (isOnMassCard(change)) return change.signInAwaited !== true;
  if (change.plan !== null) return false;
  // Neither asked for nor put to anybody: nobody was told of it.
  if (isByRule(change) && change.state === 'refused') return true;
  const goesOn = change.ended === null || change.ended.stillHeld;
  return change.cause === 'renewal' && goesOn && change.late === null && change.state !== 'failed';
}
