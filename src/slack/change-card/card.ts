import type { KnownBlock, MrkdwnElement } from '@slack/types';
import { z } from 'zod';
import { type Change, isByRule, isFound } from '../../core/change/change.ts';
import { legTimes } from '../../core/change/legs.ts';
import { isPending } from '../../core/change/states.ts';
import { elapsedInWords } from '../../core/duration.ts';
import { distinct } from '../../core/policy/routing.ts';
import { askedInWords, type Mood, type Names, type StatusText } from '../../core/wording/change-status.ts';
import { decidersInWords } from '../../core/wording/deciders.ts';
import type { ChangeView } from '../../flow/messages/change-view.ts';
import type { Named } from '../../flow/people/named.ts';
import { type SlackContent, section } from '../blocks.ts';
import { cardButton } from '../forms/card-button.ts';
import { escapeMrkdwn, FIELD_TEXT_MAX, link, mrkdwn, plain, quote, slackDate } from '../mrkdwn.ts';
import { adviceBlocks } from './advice.ts';
import { rulingBlocks } from './rulings.ts';

/** A button carries the change to look up, and the round of asking that was shown. */
export const changeButton = cardButton(z.strictObject({ change: z.uuid(), round: z.int() }));

export const actions = {
  approve: 'approve',
  approveLess: 'approve_less',
  deny: 'deny',
  revert: 'revert',
  withdraw: 'withdraw',
  release: 'release',
  extend: 'extend',
  ask: 'ask',
} as const;

const moodMarks: Record<Mood, string> = {
  waiting: ':hourglass_flowing_sand:',
  moving: ':arrows_counterclockwise:',
  good: ':white_check_mark:',
  no: ':no_entry:',
  bad: ':rotating_light:',
  over: ':checkered_flag:',
};

/** Names for the channel or, `isToThem`, for the beneficiary alone. */
export function namesOf(view: ChangeView, isToThem = false): Names {
  return {
    beneficiary: isToThem ? 'you' : mention(view.beneficiary),
    isToThem,
    title: escapeMrkdwn(titleOf(view)),
    deciders: decidersOf(view),
    owner: view.owner === null ? 'The catalogue’s owner' : mention(view.owner),
    idp: view.idpName,
    ...(view.signInUrl === undefined ? {} : { signInAt: link(view.signInUrl) }),
    time: slackDate,
    safe: escapeMrkdwn,
  };
}

function decidersOf({ change: { plan }, pinged, alsoMay }: ChangeView): string {
  if (plan === null) return '';
  // The view names the plan's people in the plan's order.
  const first = distinct(plan.slots.filter((s) => s.pinged));
  const others = distinct(plan.slots).filter((a) => !first.some((p) => p.id === a.id));
  const named = new Map<string, Named | undefined>([
    ...first.map((p, i) => [p.id, pinged[i]] as const),
    ...others.map((p, i) => [p.id, alsoMay[i]] as const),
  ]);
  return decidersInWords(plan, (p) => mention(named.get(p.id) ?? { name: p.name, accountId: null }));
}

export function titleOf(view: ChangeView): string {
  return view.entitlement?.title ?? view.change.entitlementKey;
}

export function mention(person: Named): string {
  return person.accountId === null ? escapeMrkdwn(person.name) : `<@${person.accountId}>`;
}

export function statusBlocks(now: StatusText): KnownBlock[] {
  const head = `${moodMarks[now.mood]} *${now.headline}*`;
  const blocks: KnownBlock[] = [section(mrkdwn(now.detail === '' ? head : `${head}\n${now.detail}`))];
  if (now.words !== null) blocks.push(quote(now.words));
  return blocks;
}

export function card(view: ChangeView, now: StatusText): SlackContent {
  const { change } = view;
  const asked = escapeMrkdwn(askedInWords(change, titleOf(view)));
  const forWhom =
    view.requester === null
      ? mention(view.beneficiary)
      : `${mention(view.requester)}, for ${mention(view.beneficiary)},`;
  const head = isFound(change)
    ? foundHead(view)
    : change.cause === 'restore'
      ? `${mention(view.beneficiary)} is back and gets ${asked} again`
      : isByRule(change)
        ? byRuleHead(view, asked)
        : `${forWhom} asks for ${asked}`;
  const blocks: KnownBlock[] = [
    section(mrkdwn(`*${head}*`)),
    {
      type: 'section',
      fields: [
        mrkdwn(`*Gives*\n${escapeMrkdwn(view.entitlement?.gives ?? '')}`, FIELD_TEXT_MAX),
        mrkdwn(`*Tier*\n${view.entitlement?.tier ?? 'unknown'}`),
        ...extensionFields(view),
        ...doneByFields(view),
        ...(change.ticket === null ? [] : [mrkdwn('*Ticket*'), plain(change.ticket, FIELD_TEXT_MAX)]),
      ],
    },
    section(mrkdwn(isFound(change) ? '*Found*' : '*Why*')),
    // A person's words stand quoted; what was found, or is given by rule, Latchkey says itself.
    isFound(change) || isByRule(change) ? section(plain(`${change.reason}.`)) : quote(change.reason),
  ];
  blocks.push(...rulingBlocks(view));
  if (change.via === 'mcp')
    blocks.push({
      type: 'context',
      elements: [plain('Filed by a copilot (MCP) in their name: the words under Why may not be their own.')],
    });
  if (view.summary !== null) {
    blocks.push({ type: 'context', elements: [plain(`${byRule(change)}: ${view.summary.plain}`)] });
    blocks.push(...adviceBlocks(view.summary, change.verdict));
  }
  blocks.push({ type: 'divider' }, ...statusBlocks(now), ...legsBlock(view));
  if (change.state === 'asking') {
    // Where none of those who are asked first is in chat, the others are not only named but told.
    const isAnyoneTold = view.pinged.some((p) => p.accountId !== null);
    if (view.alsoMay.length > 0 && view.pinged.length > 0)
      blocks.push({
        type: 'context',
        elements: [
          mrkdwn(
            `May decide too: ${view.alsoMay.map((p) => (isAnyoneTold ? escapeMrkdwn(p.name) : mention(p))).join(', ')}`,
          ),
        ],
      });
    blocks.push(isFound(change) ? findingButtons(change) : decisionButtons(change));
  }
  const subject = isFound(change) ? escapeMrkdwn(titleOf(view)) : asked;
  return { text: `${plainName(view.beneficiary)}: ${subject}. ${now.headline}.`, blocks };
}

/** What the summary says was so when it was put to people, and need not be so any more. */
function byRule({ state }: Change): string {
  return isPending(state) ? 'By rule' : 'By rule, when it was asked for';
}

/** Nobody asks: rules would give it, and policy wants it looked at. */
function byRuleHead(view: ChangeView, asked: string): string {
  const whom = mention(view.beneficiary);
  return view.change.cause === 'renewal'
    ? `${whom} has it by rule: may it go on, ${asked}?`
    : `${whom} gets ${asked} by rule, if you agree`;
}

/** What an extension asked for would change: from when to when. */
function extensionFields({ change, summary }: ChangeView): MrkdwnElement[] {
  const held = summary?.sheet.facts.find((f) => f.label === 'held until')?.text;
  if (change.cause !== 'extension' || held === undefined || change.requestedSeconds === null) return [];
  const endsAt = new Date(held);
  // Once it is decided, "at present" is another present.
  const [at, then] =
    change.state === 'asking'
      ? ['Ends at present', 'Would end']
      : change.grant === null
        ? ['Ended then', 'Would have ended']
        : ['Would have ended', 'Ends'];
  const asked = new Date(endsAt.getTime() + change.requestedSeconds * 1_000);
  return [
    mrkdwn(`*${at}*\n${slackDate(endsAt)}`),
    mrkdwn(`*${then}*\n${slackDate(change.grant?.endsAt ?? asked)}`),
  ];
}

/** By name, not by mention: they are not the one to answer. */
function doneByFields({ change, doneBy, idpName }: ChangeView): MrkdwnElement[] {
  if (doneBy === null) return [];
  const what = change.cause === 'loss' ? 'Taken out by' : 'Added by';
  const text = `*${what}*\n${escapeMrkdwn(doneBy.name)} in ${idpName}, ${slackDate(doneBy.at)}`;
  return [mrkdwn(text, FIELD_TEXT_MAX)];
}

function plainName(person: Named): string {
  return escapeMrkdwn(person.name);
}

/** A finding is no request: it says what was found. */
export function foundHead(view: ChangeView, isToThem = false): string {
  const { change } = view;
  const group = escapeMrkdwn(change.target?.groupName ?? '');
  const [was, is] = isToThem
    ? ['You were', 'You are']
    : [`${mention(view.beneficiary)} was`, `${mention(view.beneficiary)} is`];
  return change.cause === 'loss'
    ? `${was} taken out of ${group} (${escapeMrkdwn(titleOf(view))}) by hand, though access was granted`
    : `${is} in ${group} (${escapeMrkdwn(titleOf(view))}), and nobody asked for it here`;
}

function findingButtons(change: Change): KnownBlock {
  const value = changeButton.value({ change: change.id, round: change.round });
  const button = (action_id: string, text: string, style?: 'primary' | 'danger') =>
    ({
      type: 'button',
      action_id,
      ...(style === undefined ? {} : { style }),
      text: { type: 'plain_text', text },
      value,
    }) as const;
  const elements =
    change.cause === 'loss'
      ? [button(actions.approve, 'Put back', 'primary'), button(actions.revert, 'Let it end', 'danger')]
      : [
          button(actions.approve, 'Keep'),
          button(actions.approveLess, 'Keep for less time…'),
          button(actions.revert, 'Revert', 'danger'),
        ];
  return { type: 'actions', block_id: 'decision', elements };
}

function decisionButtons(change: Change): KnownBlock {
  const value = changeButton.value({ change: change.id, round: change.round });
  return {
    type: 'actions',
    block_id: 'decision',
    elements: [
      {
        type: 'button',
        action_id: actions.approve,
        style: 'primary',
        text: { type: 'plain_text', text: 'Approve' },
        value,
      },
      {
        type: 'button',
        action_id: actions.approveLess,
        text: { type: 'plain_text', text: 'Approve for less time…' },
        value,
      },
      {
        type: 'button',
        action_id: actions.deny,
        style: 'danger',
        text: { type: 'plain_text', text: 'Deny…' },
        value,
      },
    ],
  };
}

export function legsBlock(view: ChangeView): KnownBlock[] {
  const shown = view.ending ?? view.change;
  const t = legTimes(shown.legs, shown.signedInAt);
  if (t.total === null) return [];
  const parts: [string, number | null][] = [
    [view.idpName, t.decisionToIdp],
    ['SCIM push', t.idpToScim],
    ['Anypoint', t.scimToDelivery],
    ['seen', t.deliveryToSeen],
  ];
  const text = parts
    .filter(([, ms]) => ms !== null)
    .map(([name, ms]) => `${name} ${elapsedInWords(ms ?? 0)}`);
  return [{ type: 'context', elements: [mrkdwn(text.join(' · '))] }];
}
