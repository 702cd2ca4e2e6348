import type { Button, KnownBlock } from '@slack/types';
import {
  countsAsLeft,
  isOffboardingOpen,
  type Offboarding,
  restsOnAWord,
} from '../../core/offboarding/offboarding.ts';
import {
  causeOfOffboarding,
  lateInWords,
  type OffboardingNames,
  offboardingLines,
  offboardingStatusText,
  spanInWords,
  takenBackLines,
} from '../../core/offboarding/words.ts';
import { inTheirName } from '../../core/policy/routing.ts';
import { stopped } from '../../core/text.ts';
import type { OffboardingView } from '../../flow/offboarding/view.ts';
import type { Named } from '../../flow/people/named.ts';
import type { Notice } from '../../ports/messenger.ts';
import { type SlackContent, section } from '../blocks.ts';
import { statusBlocks } from '../change-card/card.ts';
import { outOfTheOrdinary, whoBlock } from '../change-card/glance.ts';
import { mention } from '../change-card/names.ts';
import { fingerprintOf } from '../fingerprint.ts';
import { escapeMrkdwn, mrkdwn, quote, slackDate } from '../mrkdwn.ts';
import { button, offboardingActions, offboardingButton, sure } from './buttons.ts';
import { ownersMessage } from './owners-message.ts';

/**
 * Pure: every message that should exist about a leaver's case.
 * - its card, edited in place
 * - one message to each owner of something that is left
 * - replies, because editing notifies nobody
 */
export function offboardingNotices(view: OffboardingView): Notice<SlackContent>[] {
  const { offboarding } = view;
  const names = offboardingNames(view);
  const to = { channel: view.channel };
  const all: Notice<SlackContent>[] = [{ key: 'card', to, under: null, content: card(view, names) }];
  const reply = (key: string, text: string) =>
    all.push({ key, to, under: 'card', content: { text, blocks: [section(mrkdwn(text))] } });
  const alarm = alarmText(view, names);
  if (alarm !== null) {
    reply('card:alarm', alarm);
    const content = { text: alarm, blocks: [section(mrkdwn(alarm))] };
    for (const { accountId } of view.admins)
      if (accountId !== null)
        all.push({ key: `alarm:${accountId}`, to: { account: accountId }, under: null, content });
  }
  // An admin's task elsewhere may come up after the card is out. Editing the card would tell nobody.
  const todo = isBack(offboarding) || offboarding.closing !== null ? [] : notes(view);
  if (todo.length > 0) reply('card:todo', `${names.admins}: ${todo.join(' ')}`);
  if (offboarding.closing === 'complete') reply('card:done', doneText(view, names));
  if (offboarding.state === 'returned')
    reply('card:returned', `${offboardingStatusText(offboarding, names).headline}.`);
  const taken = takenBackText(view, names);
  if (taken !== null) {
    reply('card:cancelled', taken.toAll);
    const { accountId } = view.person;
    const content = { text: taken.toThem, blocks: [section(mrkdwn(taken.toThem))] };
    if (accountId !== null) all.push({ key: 'cancelled', to: { account: accountId }, under: null, content });
  }
  for (const { to: owner, items, insteadOf } of view.owners) {
    if (owner.accountId === null) continue;
    const key = `applications:${owner.accountId}`;
    const account = { account: owner.accountId };
    all.push({ key, to: account, under: null, content: ownersMessage(view, items, names, insteadOf) });
    const left = items.filter((item) => item.settled === null);
    // It was decided and could not be done, so it is theirs to decide again.
    for (const item of isBack(offboarding) ? [] : left.filter((one) => one.trouble !== null)) {
      const text = `:warning: ${escapeMrkdwn(item.name)} is as it was: ${escapeMrkdwn(item.trouble ?? '')} Please decide again.`;
      all.push({
        key: `${key}:trouble:${fingerprintOf(item.key, item.trouble ?? '')}`,
        to: account,
        under: key,
        content: { text, blocks: [section(mrkdwn(text))] },
      });
    }
    if (offboarding.reminders === 0 || left.length === 0 || isBack(offboarding)) continue;
    const text = `:hourglass: Still open: ${left.map((item) => escapeMrkdwn(item.name)).join(', ')}. ${names.person} has left, and the credentials go on working. Please hand over or revoke.`;
    all.push({
      key: `${key}:reminded:${offboarding.reminders}`,
      to: account,
      under: key,
      content: { text, blocks: [section(mrkdwn(text))] },
    });
  }
  return all;
}

/** Whether they are here after all, and nothing has to be decided any more. */
function isBack({ state }: Offboarding): boolean {
  return state === 'returned' || state === 'cancelled';
}

export function offboardingNames(view: OffboardingView): OffboardingNames {
  return {
    person: mention(view.person),
    admins: listed(view.admins),
    idp: view.idpName,
    owner: (email) => {
      const known = view.named[email];
      return known === undefined ? escapeMrkdwn(email) : mention(known);
    },
    time: slackDate,
    safe: escapeMrkdwn,
  };
}

function listed(people: readonly Named[]): string {
  return people.length === 0 ? 'The catalogue’s admins' : people.map(mention).join(', ');
}

/**
 * The card, in the order of a request's: who has left, and why Latchkey thinks so; where it stands; what is out of the
 * ordinary, and the buttons. What has been done stands below them. The rest is behind *Details*.
 */
function card(view: OffboardingView, names: OffboardingNames): SlackContent {
  const { offboarding } = view;
  const now = offboardingStatusText(offboarding, names);
  const late = lateInWords(offboarding, names);
  const { cancelled } = offboarding;
  return {
    text: `Offboarding of ${escapeMrkdwn(view.person.name)}. ${stopped(now.headline)}`,
    blocks: [
      ...offboardingHead(view, names),
      ...statusBlocks(now),
      ...(cancelled === null ? [] : [quote(cancelled.reason)]),
      ...outOfTheOrdinary([...(late === null ? [] : [late]), ...notes(view)]),
      { type: 'actions', block_id: 'offboarding', elements: [...cardButtons(view), detailsButton(view)] },
      section(mrkdwn(doneLines(view, names).join('\n'))),
    ],
  };
}

/** Who it is about, and why there is a case. */
export function offboardingHead(view: OffboardingView, names: OffboardingNames): KnownBlock[] {
  const { offboarding, who, idpName } = view;
  return [
    section(mrkdwn(`*Offboarding of ${names.person}*`)),
    ...(who === null ? [] : [whoBlock(who, idpName)]),
    section(mrkdwn(causeOfOffboarding(offboarding, names))),
    ...(offboarding.reason === null ? [] : [quote(offboarding.reason)]),
  ];
}

export function doneLines({ offboarding, removed }: OffboardingView, names: OffboardingNames): string[] {
  return offboarding.state === 'cancelled'
    ? takenBackLines(offboarding, removed, names)
    : offboardingLines(offboarding, names);
}

function detailsButton({ offboarding }: OffboardingView): Button {
  return button(
    offboardingActions.details,
    'Details',
    offboardingButton.value({ offboarding: offboarding.id }),
  );
}

/** What somebody has to do outside Latchkey. */
function notes(view: OffboardingView): string[] {
  const { offboarding, duties } = view;
  const said: string[] = [];
  const isOver = isBack(offboarding) || offboarding.closing === 'dismissed';
  if (isOver) {
    const unmanaged = offboarding.teams.filter((team) => team.kept === null && !team.isManaged);
    if (unmanaged.length > 0)
      said.push(
        `Also taken out of ${unmanaged.map((team) => escapeMrkdwn(team.name)).join(', ')}, which the catalogue does not give: put them back in Anypoint if they need it.`,
      );
    return said;
  }
  if (view.isActiveInIdp && offboarding.beganAt !== null)
    said.push(`The ${view.idpName} account is still active: deactivate it there.`);
  for (const { name, idpName } of offboarding.beganAt === null ? [] : (view.perhapsTheirs ?? []))
    said.push(
      `${escapeMrkdwn(idpName)} has ${escapeMrkdwn(name)} active by the same address. Nothing shows that this is the same person, so nothing of that account ends: if it is, deactivate it in ${escapeMrkdwn(idpName)}.`,
    );
  if (offboarding.beganAt !== null && duties.length > 0)
    said.push(
      `The catalogue still names them: ${escapeMrkdwn(duties.join(', '))}. Name somebody else there.`,
    );
  return said;
}

function cardButtons(view: OffboardingView): Button[] {
  const { offboarding, person } = view;
  const value = offboardingButton.value({ offboarding: offboarding.id });
  const name = escapeMrkdwn(person.name);
  if (offboarding.state === 'asking')
    return [
      button(offboardingActions.left, 'They have left: offboard', value, {
        style: 'danger',
        ...sure(
          'Offboard',
          `${name} loses every group and team, their requests are closed, what waits for them goes to others, and owners are asked about their applications.`,
        ),
      }),
      button(offboardingActions.notLeft, 'They only lost the app', value),
    ];
  if (isBack(offboarding) && view.restorable.length > 0)
    return [
      button(offboardingActions.restore, 'Restore', value, {
        style: 'primary',
        ...sure(
          'Restore',
          `${name} gets again, until the old end: ${escapeMrkdwn(view.restorable.join(', '))}.`,
        ),
      }),
    ];
  if (countsAsLeft(offboarding) && restsOnAWord(offboarding))
    return [button(offboardingActions.cancel, 'Take it back…', value)];
  return [];
}

function alarmText(
  { offboarding, admins, objectiveMs }: OffboardingView,
  names: OffboardingNames,
): string | null {
  const { late } = offboarding;
  if (late === null) return null;
  if (late.clearedAt === null && !isOffboardingOpen(offboarding.state))
    return `The alarm is over: ${offboarding.state === 'cancelled' ? 'the offboarding was taken back' : `${names.person} is back`}.`;
  if (late.clearedAt !== null)
    return `:white_check_mark: Alarm cleared: nothing of ${names.person}’s access is left in MuleSoft, ${spanInWords(offboarding.beganAt ?? offboarding.openedAt, late.clearedAt)} after it began.`;
  return `:rotating_light: ${listed(admins)}: ${names.person} has left, and access is not seen gone within ${Math.round(objectiveMs / 1_000)} s. ${lateInWords(offboarding, names)} Latchkey keeps trying, and says here when it is gone.`;
}

function doneText({ offboarding }: OffboardingView, names: OffboardingNames): string {
  const { beganAt, openedAt, closedAt } = offboarding;
  const took = closedAt === null ? '' : `, ${spanInWords(beganAt ?? openedAt, closedAt)} after it began`;
  const starter =
    offboarding.startedBy === null ? '' : ` Started by ${escapeMrkdwn(offboarding.startedBy.name)}.`;
  return `:checkered_flag: Offboarding of ${names.person} is complete${took}: nothing of theirs is left in MuleSoft.${starter}`;
}

/** Said once, to those who read the channel and to whom it is about; null: it was not taken back. */
function takenBackText(
  { offboarding: { cancelled }, removed }: OffboardingView,
  names: OffboardingNames,
): { toAll: string; toThem: string } | null {
  if (cancelled === null) return null;
  const by = inTheirName(cancelled.by.name, cancelled.by.insteadOf, escapeMrkdwn);
  const gone = removed.gone.map(({ title }) => escapeMrkdwn(title)).join(', ');
  const next =
    gone === ''
      ? 'No access had been removed.'
      : `What was removed does not come back by itself; ask again with /access for what is still needed: ${gone}.`;
  return {
    toAll: `${by} took the offboarding of ${names.person} back. ${next}`,
    toThem: `${by} took your offboarding back: you can ask for access and decide on it again. ${next}`,
  };
}
