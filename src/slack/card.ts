import type { KnownBlock } from '@slack/types';
import { type Change, legTimes } from '../core/change.ts';
import { durationInWords, elapsedInWords } from '../core/duration.ts';
import { askedInWords, legName, type Names, type Standing, standing } from '../core/words.ts';
import type { AdviceResult, Notice } from '../flow/ports.ts';
import type { ChangeView, Named } from '../flow/view.ts';
import type { Summary } from '../store/summaries.ts';
import { inert, mrkdwn, plain, slackDate } from './mrkdwn.ts';

/** What a message consists of in Slack. `text` is the notification and the fallback. */
export type SlackContent = { text: string; blocks: KnownBlock[] };

/** What a button carries: a key to look things up with, and the round of asking; nothing that is believed. */
export type ButtonValue = { change: string; round: number };

export const actions = {
  approve: 'approve',
  approveLess: 'approve_less',
  deny: 'deny',
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

const IDP_NAME = 'Okta';

/** Pure: every message that should exist for a change as it stands. */
export function notices(view: ChangeView): Notice<SlackContent>[] {
  const { change } = view;
  const all: Notice<SlackContent>[] = [];
  const now = standing(change, view.ending, namesOf(view));
  const wasAsked = change.plan !== null || change.decision !== null;
  if (wasAsked)
    all.push({ key: 'card', to: { channel: view.channel }, under: null, content: card(view, now) });
  const people: [string, Named | null][] = [
    ['requester', view.requester],
    ['beneficiary', view.beneficiary],
  ];
  for (const [key, person] of people) {
    if (person?.accountId == null || change.state === 'received') continue;
    const to = { account: person.accountId };
    all.push({ key, to, under: null, content: personal(view, now) });
    for (const note of outcomeNotes(view))
      all.push({ key: `${key}:${note.key}`, to, under: key, content: note.content });
  }
  if (wasAsked)
    for (const note of outcomeNotes(view))
      all.push({
        key: `card:${note.key}`,
        to: { channel: view.channel },
        under: 'card',
        content: note.content,
      });
  all.push(...alarms(view));
  return all;
}

function namesOf(view: ChangeView): Names {
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

function titleOf(view: ChangeView): string {
  return view.entitlement?.title ?? view.change.entitlementKey;
}

function mention(person: Named): string {
  return person.accountId === null ? inert(person.name) : `<@${person.accountId}>`;
}

function standingBlocks(now: Standing): KnownBlock[] {
  const head = `${moodMarks[now.mood]} *${now.headline}*`;
  const blocks: KnownBlock[] = [section(mrkdwn(now.detail === '' ? head : `${head}\n${now.detail}`))];
  if (now.words !== null) blocks.push(section(plain(now.words)));
  return blocks;
}

function card(view: ChangeView, now: Standing): SlackContent {
  const { change } = view;
  const asked = inert(askedInWords(change, titleOf(view)));
  const forWhom =
    view.requester === null
      ? mention(view.beneficiary)
      : `${mention(view.requester)}, for ${mention(view.beneficiary)},`;
  const blocks: KnownBlock[] = [
    section(mrkdwn(`*${forWhom} asks for ${asked}*`)),
    {
      type: 'section',
      fields: [
        mrkdwn(`*Gives*\n${inert(view.entitlement?.gives ?? '')}`),
        mrkdwn(`*Tier*\n${view.entitlement?.tier ?? 'unknown'}`),
        ...(change.ticket === null ? [] : [plain(`Ticket\n${change.ticket}`)]),
      ],
    },
    section(plain(`Why: ${change.reason}`)),
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
    blocks.push(decisionButtons(change));
  }
  return { text: `${plainName(view.beneficiary)}: ${asked}. ${now.headline}.`, blocks };
}

function plainName(person: Named): string {
  return inert(person.name);
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

function legsBlock(view: ChangeView): KnownBlock[] {
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

/** The status message of requester and beneficiary: one each, edited in place. */
function personal(view: ChangeView, now: Standing): SlackContent {
  const { change } = view;
  const asked = askedInWords(change, titleOf(view));
  const whose =
    view.requester === null
      ? 'You asked for'
      : `${mention(view.requester)} asked for ${mention(view.beneficiary)}:`;
  const blocks: KnownBlock[] = [
    section(mrkdwn(`${whose} *${inert(asked)}*`)),
    ...standingBlocks(now),
    ...legsBlock(view),
  ];
  const buttons = personalButtons(view);
  if (buttons !== null) blocks.push(buttons);
  return { text: `${inert(asked)}: ${now.headline}.`, blocks };
}

function personalButtons(view: ChangeView): KnownBlock | null {
  const { change } = view;
  const value = JSON.stringify({ change: change.id, round: change.round } satisfies ButtonValue);
  if (change.state === 'asking')
    return {
      type: 'actions',
      block_id: 'own',
      elements: [
        {
          type: 'button',
          action_id: actions.withdraw,
          text: { type: 'plain_text', text: 'Take it back' },
          value,
        },
      ],
    };
  if (view.ending !== null || change.ended !== null || change.grant === null) return null;
  if (change.state !== 'inEffect' && change.state !== 'late' && change.state !== 'awaitingSignIn')
    return null;
  return {
    type: 'actions',
    block_id: 'own',
    elements: [
      { type: 'button', action_id: actions.extend, text: { type: 'plain_text', text: 'Extend…' }, value },
      { type: 'button', action_id: actions.release, text: { type: 'plain_text', text: 'I’m done' }, value },
    ],
  };
}

/** Replies under the messages: editing a message notifies nobody, an outcome has to. */
function outcomeNotes(view: ChangeView): { key: string; content: SlackContent }[] {
  const { change, ending } = view;
  const names = namesOf(view);
  const notes: { key: string; content: SlackContent }[] = [];
  const add = (key: string, text: string) =>
    notes.push({ key, content: { text, blocks: [section(mrkdwn(text))] } });
  const quoted = (key: string, text: string, words: string) =>
    notes.push({ key, content: { text, blocks: [section(mrkdwn(text)), section(plain(words))] } });
  const whom = mention(view.beneficiary);
  const title = inert(titleOf(view));

  if (change.remindedAt !== null && change.state === 'asking')
    add('reminded', `Still waiting for ${names.deciders}.`);
  if (change.state === 'refused')
    quoted(
      'refused',
      `:no_entry: ${title} for ${whom} is refused.`,
      `${change.refusal?.text ?? ''} ${change.refusal?.next ?? ''}`,
    );
  if (change.decision?.outcome === 'denied')
    quoted(
      'denied',
      `:no_entry: ${title} for ${whom} was denied by ${inert(change.decision.byName)}.`,
      `Reason: ${change.decision.note ?? ''}`,
    );
  if (change.decision?.outcome === 'lapsed')
    add(
      'lapsed',
      `:checkered_flag: ${title} for ${whom} lapsed: nobody decided in time. Ask again if it is still needed.`,
    );
  if (change.decision?.outcome === 'withdrawn')
    add(
      'withdrawn',
      `:checkered_flag: ${title} for ${whom} was taken back by ${inert(change.decision.byName)}.`,
    );
  if (change.legs.seenAt !== null && change.grant !== null)
    add(
      'seen',
      `:white_check_mark: ${title} is in effect in MuleSoft for ${whom} after ${elapsedInWords(legTimes(change.legs).total ?? 0)}, until ${slackDate(change.grant.endsAt)}, approved by ${inert(change.decision?.byName ?? 'rule')}.`,
    );
  if (change.endingWarnedAt !== null && change.grant !== null)
    add(
      'ending',
      `:hourglass: ${title} ends ${slackDate(change.grant.endsAt)}. Press *Extend…* to ask for longer, or let it end.`,
    );
  if (change.ended?.stillHeld === true && change.ended.stillHeldUntil !== null)
    add(
      'kept',
      `:checkered_flag: This grant of ${title} has ended; the same access stays until ${slackDate(change.ended.stillHeldUntil)} through another grant.`,
    );
  if (ending?.legs.seenAt != null)
    add(
      'gone',
      `:checkered_flag: ${title} is gone from MuleSoft for ${whom}, ${elapsedInWords(legTimes(ending.legs).total ?? 0)} after its end.`,
    );
  return notes;
}

/** To the owner (and on the card’s thread): which leg is stuck; the same message says when it is over. */
function alarms(view: ChangeView): Notice<SlackContent>[] {
  const found: Notice<SlackContent>[] = [];
  for (const [suffix, change] of [
    ['', view.change],
    [':end', view.ending],
  ] as const) {
    if (change === null || (change.late === null && change.state !== 'failed')) continue;
    const text = alarmText(view, change);
    const content: SlackContent = { text, blocks: [section(mrkdwn(text))] };
    found.push({ key: `card:alarm${suffix}`, to: { channel: view.channel }, under: 'card', content });
    const watchers = view.owner?.accountId == null ? view.admins : [view.owner];
    for (const watcher of watchers)
      if (watcher.accountId !== null)
        found.push({
          key: `alarm${suffix}:${watcher.accountId}`,
          to: { account: watcher.accountId },
          under: null,
          content,
        });
  }
  return found;
}

function alarmText(view: ChangeView, change: Change): string {
  const what = `${change.kind === 'grant' ? 'the grant' : 'the end'} of ${inert(titleOf(view))} for ${mention(view.beneficiary)}`;
  if (change.state === 'failed')
    return `:rotating_light: ${IDP_NAME} refuses ${what} (${inert(change.failure?.code ?? '')}). Look at the group ${inert(change.target?.groupName ?? '')} in ${IDP_NAME}; nothing is retried until it is asked again.`;
  const leg = legName(change.late?.leg ?? 'delivery', IDP_NAME);
  if (change.late?.clearedAt != null)
    return `:white_check_mark: Alarm cleared: ${what} was seen in MuleSoft after ${elapsedInWords(legTimes(change.legs).total ?? 0)}; it was stuck at ${leg}.`;
  return `:rotating_light: Alarm: ${what} is not seen in MuleSoft within ${durationInWords(Math.round(view.objectiveMs / 1_000))}. It is stuck at ${leg}: ${inert(change.late?.why ?? '')}. What to do: ${hint(change, view)} Latchkey keeps looking and says here when it arrives.`;
}

function hint(change: Change, view: ChangeView): string {
  const group = inert(change.target?.groupName ?? 'the group');
  switch (change.late?.leg) {
    case 'idpWrite':
      return `look at ${IDP_NAME}’s status and at Latchkey’s API credentials.`;
    case 'scimPush':
      return `in ${IDP_NAME}, open the MuleSoft app, tab Push Groups, and push ${group} now; see that the person is assigned to the app.`;
    default:
      return `look at Anypoint’s status and at the team ${inert(change.target?.teamName ?? view.change.entitlementKey)} there.`;
  }
}

function section(text: ReturnType<typeof mrkdwn> | ReturnType<typeof plain>): KnownBlock {
  return { type: 'section', text };
}
