import type { Button, KnownBlock } from '@slack/types';
import { countInWords } from '../core/duration.ts';
import type { Offboarding, OffboardingItem } from '../core/offboarding.ts';
import {
  causeOfOffboarding,
  itemInWords,
  itemStanding,
  lateInWords,
  type OffboardingNames,
  offboardingLines,
  offboardingStanding,
  spanInWords,
} from '../core/offboarding-words.ts';
import type { OffboardingView } from '../flow/offboarding-view.ts';
import type { Notice } from '../flow/ports.ts';
import type { Named } from '../flow/view.ts';
import { IDP_NAME, mention, type SlackContent, section, standingBlocks } from './card.ts';
import { inert, mrkdwn, plain, slackDate } from './mrkdwn.ts';

/** What a button carries: keys to look things up with, nothing that is believed. */
export type OffboardingButtonValue = { offboarding: string; key?: string };

export const offboardingActions = {
  left: 'offboarding_left',
  notLeft: 'offboarding_not_left',
  restore: 'offboarding_restore',
  handOver: 'offboarding_hand_over',
  revoke: 'offboarding_revoke',
} as const;

/** Each takes two blocks of the 50 that a message holds; those still open come first. */
const ITEMS_SHOWN = 20;

/**
 * Pure: every message that should exist about a leaver's case: its card, edited in place; one message to each owner of
 * what is left; and replies, for editing notifies nobody.
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
  if (offboarding.closing === 'complete') reply('card:done', doneText(view, names));
  if (offboarding.state === 'returned')
    reply('card:returned', `${offboardingStanding(offboarding, names).headline}.`);
  for (const { to: owner, items } of view.owners) {
    if (owner.accountId === null) continue;
    const key = `applications:${owner.accountId}`;
    const account = { account: owner.accountId };
    all.push({ key, to: account, under: null, content: ownersMessage(view, items, names) });
    const left = items.filter((item) => item.settled === null);
    if (offboarding.reminders === 0 || left.length === 0 || offboarding.state === 'returned') continue;
    const text = `:hourglass: Still open: ${left.map((item) => inert(item.name)).join(', ')}. ${names.person} has left, and the credentials go on working. Please hand over or revoke.`;
    all.push({
      key: `${key}:reminded:${offboarding.reminders}`,
      to: account,
      under: key,
      content: { text, blocks: [section(mrkdwn(text))] },
    });
  }
  return all;
}

function namesOf(view: OffboardingView): OffboardingNames {
  return {
    person: mention(view.person),
    admins: listed(view.admins),
    idp: IDP_NAME,
    time: slackDate,
    safe: inert,
  };
}

function listed(people: readonly Named[]): string {
  return people.length === 0 ? 'The catalogue’s admins' : people.map(mention).join(', ');
}

function card(view: OffboardingView, names: OffboardingNames): SlackContent {
  const { offboarding } = view;
  const now = offboardingStanding(offboarding, names);
  const blocks: KnownBlock[] = [
    section(mrkdwn(`*Offboarding of ${names.person}*\n${causeOfOffboarding(offboarding, names)}`)),
  ];
  if (offboarding.reason !== null) blocks.push(section(plain(offboarding.reason)));
  blocks.push({ type: 'divider' }, ...standingBlocks(now));
  const late = lateInWords(offboarding, names);
  if (late !== null) blocks.push(section(mrkdwn(late)));
  blocks.push(section(mrkdwn(offboardingLines(offboarding, names).join('\n'))));
  for (const note of notes(view)) blocks.push({ type: 'context', elements: [mrkdwn(note)] });
  const buttons = cardButtons(view);
  if (buttons.length > 0) blocks.push({ type: 'actions', block_id: 'offboarding', elements: buttons });
  return { text: `Offboarding of ${inert(view.person.name)}. ${now.headline}.`, blocks };
}

/** What somebody has to do outside Latchkey. */
function notes(view: OffboardingView): string[] {
  const { offboarding, duties } = view;
  const said: string[] = [];
  const isOver = offboarding.state === 'returned' || offboarding.closing === 'dismissed';
  if (isOver) {
    const unmanaged = offboarding.teams.filter((team) => team.kept === null && !team.isManaged);
    if (unmanaged.length > 0)
      said.push(
        `Also taken out of ${unmanaged.map((team) => inert(team.name)).join(', ')}, which the catalogue does not give: put them back in Anypoint if they need it.`,
      );
    return said;
  }
  if (view.isActiveInIdp && offboarding.beganAt !== null)
    said.push(`:warning: The ${IDP_NAME} account is still active: deactivate it there.`);
  if (offboarding.beganAt !== null && duties.length > 0)
    said.push(`The catalogue still names them: ${inert(duties.join(', '))}. Name somebody else there.`);
  return said;
}

function cardButtons(view: OffboardingView): Button[] {
  const { offboarding, person } = view;
  const value = JSON.stringify({ offboarding: offboarding.id } satisfies OffboardingButtonValue);
  const name = inert(person.name);
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
  if (offboarding.state === 'returned' && view.restorable.length > 0)
    return [
      button(offboardingActions.restore, 'Restore', value, {
        style: 'primary',
        ...sure('Restore', `${name} gets again, until the old end: ${inert(view.restorable.join(', '))}.`),
      }),
    ];
  return [];
}

function ownersMessage(
  view: OffboardingView,
  items: readonly OffboardingItem[],
  names: OffboardingNames,
): SlackContent {
  const { offboarding } = view;
  const open = items.filter((item) => item.settled === null);
  const isOver = offboarding.state === 'returned';
  const head = isOver
    ? `${names.person} is back, so nothing has to be decided about these any more`
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
      section(mrkdwn(`*${inert(item.name)}*, ${inert(itemInWords(item))}\n${itemStanding(item, names)}`)),
    );
    const buttons = isOver ? [] : itemButtons(offboarding, item);
    if (buttons.length > 0)
      blocks.push({ type: 'actions', block_id: `item:${item.key}`.slice(0, 255), elements: buttons });
  }
  if (items.length > shown.length)
    blocks.push({
      type: 'context',
      elements: [plain(`And ${items.length - shown.length} more; they are shown as these are settled.`)],
    });
  const what = `${countInWords(open.length)} ${open.length === 1 ? 'application' : 'applications'}`;
  return {
    text: isOver
      ? `${inert(view.person.name)} is back.`
      : `${inert(view.person.name)} has left: ${what} to decide on.`,
    blocks,
  };
}

function itemButtons(offboarding: Offboarding, item: OffboardingItem): Button[] {
  if (item.settled !== null || item.decision !== null) return [];
  const value = JSON.stringify({
    offboarding: offboarding.id,
    key: item.key,
  } satisfies OffboardingButtonValue);
  const handOver = button(offboardingActions.handOver, 'Hand over…', value, { style: 'primary' });
  if (item.isOurOwn) return [handOver];
  return [
    handOver,
    button(offboardingActions.revoke, 'Revoke', value, {
      style: 'danger',
      ...sure(
        'Revoke',
        `${inert(item.name)} stops working at once, for everybody who uses its credentials. That can’t be undone.`,
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
      text: mrkdwn(text, 300),
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
  if (late.clearedAt !== null)
    return `:white_check_mark: Alarm cleared: nothing of ${names.person}’s access is left in MuleSoft, ${spanInWords(offboarding.beganAt ?? offboarding.openedAt, late.clearedAt)} after it began.`;
  return `:rotating_light: ${listed(admins)}: ${names.person} has left, and access is not seen gone within ${Math.round(objectiveMs / 1_000)} s. ${lateInWords(offboarding, names)} Latchkey keeps trying, and says here when it is gone.`;
}

function doneText({ offboarding }: OffboardingView, names: OffboardingNames): string {
  const { beganAt, openedAt, closedAt } = offboarding;
  const took = closedAt === null ? '' : `, ${spanInWords(beganAt ?? openedAt, closedAt)} after it began`;
  const starter = offboarding.startedBy === null ? '' : ` Started by ${inert(offboarding.startedBy.name)}.`;
  return `:checkered_flag: Offboarding of ${names.person} is complete${took}: nothing of theirs is left in MuleSoft.${starter}`;
}
