import type { Button, KnownBlock } from '@slack/types';
import { z } from 'zod';
import { countInWords } from '../../core/duration.ts';
import {
  countsAsLeft,
  isOffboardingOpen,
  type Offboarding,
  type OffboardingItem,
  restsOnAWord,
} from '../../core/offboarding/offboarding.ts';
import {
  causeOfOffboarding,
  itemInWords,
  itemStatusText,
  lateInWords,
  type OffboardingNames,
  offboardingLines,
  offboardingStatusText,
  spanInWords,
  takenBackLines,
} from '../../core/offboarding/words.ts';
import { stopped } from '../../core/text.ts';
import type { OffboardingView } from '../../flow/offboarding/view.ts';
import type { Named } from '../../flow/people/named.ts';
import type { Notice } from '../../ports/messenger.ts';
import { type SlackContent, section } from '../blocks.ts';
import { statusBlocks } from '../change-card/card.ts';
import { mention } from '../change-card/names.ts';
import { fingerprintOf } from '../fingerprint.ts';
import { cardButton } from '../forms/card-button.ts';
import { BLOCK_ID_MAX, CONFIRM_TEXT_MAX, escapeMrkdwn, mrkdwn, plain, quote, slackDate } from '../mrkdwn.ts';

/** A button carries the case to look up, and the key of one of its applications where it stands beside one. */
export const offboardingButton = cardButton(
  z.strictObject({ offboarding: z.uuid(), key: z.string().optional() }),
);

export const offboardingActions = {
  left: 'offboarding_left',
  notLeft: 'offboarding_not_left',
  restore: 'offboarding_restore',
  handOver: 'offboarding_hand_over',
  revoke: 'offboarding_revoke',
  cancel: 'offboarding_cancel',
} as const;

/** Each takes two blocks of the 50 that a message holds; those still open come first. */
const ITEMS_SHOWN = 20;

/**
 * Pure: every message that should exist about a leaver's case.
 * - its card, edited in place
 * - one message to each owner of something that is left
 * - replies, because editing notifies nobody
 */
export function offboardingNotices(view: OffboardingView): Notice<SlackContent>[] {
  const { offboarding } = view;
  const names = namesOf(view);
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
  for (const { to: owner, items } of view.owners) {
    if (owner.accountId === null) continue;
    const key = `applications:${owner.accountId}`;
    const account = { account: owner.accountId };
    all.push({ key, to: account, under: null, content: ownersMessage(view, items, names) });
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

function namesOf(view: OffboardingView): OffboardingNames {
  return {
    person: mention(view.person),
    admins: listed(view.admins),
    idp: view.idpName,
    time: slackDate,
    safe: escapeMrkdwn,
  };
}

function listed(people: readonly Named[]): string {
  return people.length === 0 ? 'The catalogue’s admins' : people.map(mention).join(', ');
}

function card(view: OffboardingView, names: OffboardingNames): SlackContent {
  const { offboarding } = view;
  const now = offboardingStatusText(offboarding, names);
  const blocks: KnownBlock[] = [
    section(mrkdwn(`*Offboarding of ${names.person}*\n${causeOfOffboarding(offboarding, names)}`)),
  ];
  if (offboarding.reason !== null) blocks.push(quote(offboarding.reason));
  blocks.push({ type: 'divider' }, ...statusBlocks(now));
  const late = lateInWords(offboarding, names);
  if (late !== null) blocks.push(section(mrkdwn(late)));
  if (offboarding.cancelled !== null) blocks.push(quote(offboarding.cancelled.reason));
  const lines =
    offboarding.state === 'cancelled'
      ? takenBackLines(offboarding, view.removed, names)
      : offboardingLines(offboarding, names);
  blocks.push(section(mrkdwn(lines.join('\n'))));
  for (const note of notes(view)) blocks.push({ type: 'context', elements: [mrkdwn(note)] });
  const buttons = cardButtons(view);
  if (buttons.length > 0) blocks.push({ type: 'actions', block_id: 'offboarding', elements: buttons });
  return { text: `Offboarding of ${escapeMrkdwn(view.person.name)}. ${stopped(now.headline)}`, blocks };
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
    said.push(`:warning: The ${view.idpName} account is still active: deactivate it there.`);
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

function ownersMessage(
  view: OffboardingView,
  items: readonly OffboardingItem[],
  names: OffboardingNames,
): SlackContent {
  const { offboarding } = view;
  const open = items.filter((item) => item.settled === null);
  const isOver = isBack(offboarding);
  const head = isOver
    ? `${names.person} is ${offboarding.state === 'returned' ? 'back' : 'not leaving'}, so nothing has to be decided about these any more`
    : open.length === 0
      ? `All of ${names.person}’s applications here are settled`
      : `${names.person} has left, and owned ${open.length === 1 ? 'an application' : 'applications'} whose credentials go on working`;
  const why =
    isOver || open.length === 0
      ? ''
      : '\nHand each over to somebody, or revoke it. You are asked because your API is called, or as an admin.';
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

function button(action_id: string, text: string, value: string, rest: Partial<Button> = {}): Button {
  return { type: 'button', action_id, text: { type: 'plain_text', text }, value, ...rest };
}

function sure(verb: string, text: string): Pick<Button, 'confirm'> {
  return {
    confirm: {
      title: { type: 'plain_text', text: `${verb}?` },
      text: mrkdwn(text, CONFIRM_TEXT_MAX),
      confirm: { type: 'plain_text', text: verb },
      deny: { type: 'plain_text', text: 'Not now' },
    },
  };
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
  const by = escapeMrkdwn(cancelled.by.name);
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
