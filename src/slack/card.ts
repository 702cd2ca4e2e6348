import type { KnownBlock } from '@slack/types';
import { type Change, isFound, legTimes } from '../core/change.ts';
import { elapsedInWords } from '../core/duration.ts';
import { askedInWords, type Names, type Standing } from '../core/words.ts';
import type { AdviceResult } from '../flow/ports.ts';
import type { ChangeView, Named } from '../flow/view.ts';
import type { Summary } from '../store/summaries.ts';
import { FIELD_TEXT_MAX, inert, mrkdwn, plain, slackDate } from './mrkdwn.ts';

/** What a message consists of in Slack. `text` is the notification and the fallback. */
export type SlackContent = { text: string; blocks: KnownBlock[] };

/** What a button carries: a key to look things up with, and the round of asking; nothing that is believed. */
export type ButtonValue = { change: string; round: number };

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

const moodMarks: Record<Standing['mood'], string> = {
  waiting: ':hourglass_flowing_sand:',
  moving: ':arrows_counterclockwise:',
  good: ':white_check_mark:',
  bad: ':rotating_light:',
  over: ':checkered_flag:',
};

export const IDP_NAME = 'Okta';

export function namesOf(view: ChangeView): Names {
  return {
    beneficiary: mention(view.beneficiary),
    title: inert(titleOf(view)),
    deciders: [...view.pinged, ...(view.pinged.length === 0 ? view.alsoMay : [])].map(mention).join(' or '),
    owner: view.owner === null ? 'The catalogue’s owner' : mention(view.owner),
    idp: IDP_NAME,
    time: slackDate,
    safe: inert,
  };
}

export function titleOf(view: ChangeView): string {
  return view.entitlement?.title ?? view.change.entitlementKey;
}

export function mention(person: Named): string {
  return person.accountId === null ? inert(person.name) : `<@${person.accountId}>`;
}

export function standingBlocks(now: Standing): KnownBlock[] {
  const head = `${moodMarks[now.mood]} *${now.headline}*`;
  const blocks: KnownBlock[] = [section(mrkdwn(now.detail === '' ? head : `${head}\n${now.detail}`))];
  if (now.words !== null) blocks.push(section(plain(now.words)));
  return blocks;
}

export function card(view: ChangeView, now: Standing): SlackContent {
  const { change } = view;
  const asked = inert(askedInWords(change, titleOf(view)));
  const forWhom =
    view.requester === null
      ? mention(view.beneficiary)
      : `${mention(view.requester)}, for ${mention(view.beneficiary)},`;
  const head = isFound(change) ? foundHead(view) : `${forWhom} asks for ${asked}`;
  const blocks: KnownBlock[] = [
    section(mrkdwn(`*${head}*`)),
    {
      type: 'section',
      fields: [
        mrkdwn(`*Gives*\n${inert(view.entitlement?.gives ?? '')}`, FIELD_TEXT_MAX),
        mrkdwn(`*Tier*\n${view.entitlement?.tier ?? 'unknown'}`),
        ...(change.ticket === null ? [] : [plain(`Ticket\n${change.ticket}`)]),
      ],
    },
    section(plain(isFound(change) ? `Found: ${change.reason}.` : `Why: ${change.reason}`)),
  ];
  if (view.summary !== null) {
    blocks.push({ type: 'context', elements: [plain(`By rule: ${view.summary.plain}`)] });
    blocks.push(...adviceBlocks(view.summary));
  }
  blocks.push({ type: 'divider' }, ...standingBlocks(now), ...legsBlock(view));
  if (change.state === 'asking') {
    if (view.alsoMay.length > 0 && view.pinged.length > 0)
      blocks.push({
        type: 'context',
        elements: [mrkdwn(`May decide too: ${view.alsoMay.map((p) => inert(p.name)).join(', ')}`)],
      });
    blocks.push(isFound(change) ? findingButtons(change) : decisionButtons(change));
  }
  const subject = isFound(change) ? inert(titleOf(view)) : asked;
  return { text: `${plainName(view.beneficiary)}: ${subject}. ${now.headline}.`, blocks };
}

function plainName(person: Named): string {
  return inert(person.name);
}

/** A finding is no request: it says what was found. */
export function foundHead(view: ChangeView): string {
  const { change } = view;
  const group = inert(change.target?.groupName ?? '');
  const whom = mention(view.beneficiary);
  return change.cause === 'loss'
    ? `${whom} was taken out of ${group} (${inert(titleOf(view))}) by hand, though access was granted`
    : `${whom} is in ${group} (${inert(titleOf(view))}), and nobody asked for it here`;
}

function findingButtons(change: Change): KnownBlock {
  const value = JSON.stringify({ change: change.id, round: change.round } satisfies ButtonValue);
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
  const value = JSON.stringify({ change: change.id, round: change.round } satisfies ButtonValue);
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

const severities = { low: 'Low risk', medium: 'Medium risk', high: 'High risk' } as const;
const whyNoAdvice: Record<Extract<AdviceResult, { answered: false }>['why'], string> = {
  slow: 'it took too long',
  down: 'it can’t be reached',
  refused: 'it declined to answer',
  'off-schema': 'its answer could not be read',
  'nothing left after checking': 'nothing in its answer stood up to checking',
  'not configured': 'none is configured',
};

/** The model's words, plainly as advice, in blocks that interpret nothing. */
function adviceBlocks({ advice, sheet }: Summary): KnownBlock[] {
  if (advice === null)
    return [
      { type: 'context', elements: [plain('Advice: the model is being asked; you need not wait for it.')] },
    ];
  if (!advice.answered)
    return [
      {
        type: 'context',
        elements: [
          plain(`No advice from the model: ${whyNoAdvice[advice.why]}. The summary by rule stands.`),
        ],
      },
    ];
  const { headline, risks, questions, lean } = advice.advice;
  const source = (id: string) => sheet.facts.find((f) => f.id === id)?.label ?? id;
  const lines = [
    `Advice only (${advice.provenance.model}), leans to ${lean === 'ask more' ? 'asking more' : lean === 'deny' ? 'denying' : 'approving'}: ${headline}`,
    ...risks.map(
      (r) => `• ${severities[r.severity]}: ${r.text} (${[...r.facts.map(source), ...r.clauses].join(', ')})`,
    ),
    ...questions.map((q) => `• To ask: ${q}`),
  ];
  return [section(plain(lines.join('\n')))];
}

export function legsBlock(view: ChangeView): KnownBlock[] {
  const shown = view.ending ?? view.change;
  const t = legTimes(shown.legs);
  if (t.total === null) return [];
  const parts: [string, number | null][] = [
    [`decision to ${IDP_NAME}`, t.decisionToIdp],
    ['to SCIM push', t.idpToScim],
    ['to delivery', t.scimToDelivery],
    ['to seen', t.deliveryToSeen],
  ];
  const text = parts
    .filter(([, ms]) => ms !== null)
    .map(([name, ms]) => `${name} ${elapsedInWords(ms ?? 0)}`);
  return [{ type: 'context', elements: [mrkdwn(text.join(' · '))] }];
}

export function section(text: ReturnType<typeof mrkdwn> | ReturnType<typeof plain>): KnownBlock {
  return { type: 'section', text };
}
