import type { KnownBlock, ModalView, PlainTextOption } from '@slack/types';
import { DENIAL_REASON_MAX } from '../../core/change/settle.ts';
import { durationInWords } from '../../core/duration.ts';
import type { Entitlement } from '../../core/policy/catalogue.ts';
import type { Refusal } from '../../core/refusal.ts';
import type { Named } from '../../flow/people/named.ts';
import type { Choice } from '../../flow/request/bundles.ts';
import { REASON_MAX, TICKET_MAX } from '../../flow/request/receive.ts';
import { mention } from '../change-card/names.ts';
import type { Pressed } from '../forms/card-button.ts';
import { formModal } from '../forms/forms.ts';
import { escapeMrkdwn, mrkdwn, OPTION_TEXT_MAX, plain, slackDate } from '../mrkdwn.ts';
import { fields } from './fields.ts';
import { type ForWhom, forWhomInput } from './for-whom.ts';
import { startInput } from './start-field.ts';

export const callbacks = {
  request: 'request',
  extend: 'extend',
  less: 'approve_less',
  deny: 'deny',
} as const;
export const ENTITLEMENT_SELECT = 'entitlement_select';
/** Begins the id of a menu of durations, and the choice that they are of ends it. */
const DURATION = 'duration:';

/** Which choice a menu of durations is of. */
export function durationOfferedFor(actionId: string): string {
  return actionId.slice(DURATION.length);
}

/** A static select holds 100 options (Block Kit reference); above that Slack asks us while the person types. */
export const STATIC_OPTIONS_MAX = 100;

const title = { type: 'plain_text', text: 'Ask for access' } as const;
const close = { type: 'plain_text', text: 'Cancel' } as const;

/** Opened at once, within the life of the trigger; replaced when we know who is asking. */
export function loadingModal(): ModalView {
  return {
    type: 'modal',
    callback_id: 'loading',
    title,
    close,
    blocks: [section(plain('One moment: looking up what you may ask for…'))],
  };
}

/** Never blank: what happened, why, and what to do next. */
export function messageModal(text: string, next: string): ModalView {
  return {
    type: 'modal',
    callback_id: 'message',
    title,
    close: { type: 'plain_text', text: 'Close' },
    blocks: [section(plain(text)), { type: 'context', elements: [plain(next)] }],
  };
}

export function refusalModal(refusal: Refusal): ModalView {
  return messageModal(refusal.text, refusal.next);
}

export function nothingModal(admins: readonly Named[]): ModalView {
  const form = messageModal('There is nothing in the catalogue that you may ask for at the moment.', '');
  const next = mrkdwn(`If something is missing, ask ${admins.map(mention).join(' or ')}.`);
  return { ...form, blocks: [...form.blocks.slice(0, 1), { type: 'context', elements: [next] }] };
}

/** The request form. With a choice made it says what that gives and offers its durations. */
export function requestModal(
  entitlements: readonly Choice[],
  chosen: Choice | null,
  forWhom: ForWhom = { isAsked: false, accountId: null },
  isLaterOffered = true,
): ModalView {
  return {
    type: 'modal',
    callback_id: callbacks.request,
    title,
    close,
    submit: { type: 'plain_text', text: 'Ask' },
    ...(chosen?.shownAs === undefined ? {} : { private_metadata: `${chosen.key}=${chosen.shownAs}` }),
    blocks: [
      choiceInput(entitlements),
      ...(chosen === null ? [] : aboutChoice(chosen)),
      ...(isLaterOffered ? [startInput()] : []),
      ...why,
      forWhomInput(forWhom),
    ],
  };
}

function choiceInput(entitlements: readonly Choice[]): KnownBlock {
  return {
    type: 'input',
    block_id: fields.entitlement,
    dispatch_action: true,
    label: { type: 'plain_text', text: 'What do you need?' },
    element:
      entitlements.length <= STATIC_OPTIONS_MAX
        ? {
            type: 'static_select',
            action_id: ENTITLEMENT_SELECT,
            placeholder: { type: 'plain_text', text: 'Choose an access' },
            options: entitlements.map(entitlementOption),
          }
        : {
            type: 'external_select',
            action_id: ENTITLEMENT_SELECT,
            min_query_length: 0,
            placeholder: { type: 'plain_text', text: 'Search for an access' },
          },
  };
}

function aboutChoice(chosen: Choice): KnownBlock[] {
  return [
    {
      type: 'context',
      block_id: 'about',
      elements: [
        plain(`Gives ${chosen.gives}. Tier ${chosen.tier}, at most ${durationInWords(chosen.maxSeconds)}.`),
      ],
    },
    {
      type: 'input',
      block_id: fields.duration,
      label: { type: 'plain_text', text: 'For how long?' },
      element: {
        type: 'static_select',
        action_id: `${DURATION}${chosen.key}`,
        options: chosen.durationsSeconds.map(durationOption),
        initial_option: durationOption(chosen.defaultSeconds),
      },
    },
  ];
}

const why: readonly KnownBlock[] = [
  {
    type: 'input',
    block_id: fields.reason,
    label: { type: 'plain_text', text: 'Why?' },
    hint: { type: 'plain_text', text: 'The approver reads this. One sentence is enough.' },
    element: { type: 'plain_text_input', action_id: 'reason', multiline: true, max_length: REASON_MAX },
  },
  {
    type: 'input',
    block_id: fields.ticket,
    optional: true,
    label: { type: 'plain_text', text: 'Ticket' },
    element: {
      type: 'plain_text_input',
      action_id: 'ticket',
      max_length: TICKET_MAX,
      placeholder: { type: 'plain_text', text: 'INC-4711' },
    },
  },
];

/** The form with a choice made in it already. */
export function withChosen(form: ModalView, chosen: Choice | null): ModalView {
  if (chosen === null) return form;
  const initial_option = entitlementOption(chosen);
  return {
    ...form,
    blocks: (form.blocks as KnownBlock[]).map((block) =>
      block.type === 'input' &&
      block.block_id === fields.entitlement &&
      (block.element.type === 'static_select' || block.element.type === 'external_select')
        ? { ...block, element: { ...block.element, initial_option } }
        : block,
    ),
  };
}

/** The form again, with a word about why. */
export function withNote(form: ModalView, note: string): ModalView {
  const said: KnownBlock = { type: 'context', block_id: 'note', elements: [plain(note)] };
  return { ...form, blocks: [said, ...form.blocks] };
}

/** The words on this choice in the form that was sent; nothing where it had not shown it yet. */
export function shownIn(privateMetadata: string, key: string): { shownAs?: string } {
  const prefix = `${key}=`;
  return privateMetadata.startsWith(prefix) ? { shownAs: privateMetadata.slice(prefix.length) } : {};
}

export function entitlementOption(entitlement: Choice): PlainTextOption {
  return {
    text: plain(entitlement.title, OPTION_TEXT_MAX),
    value: entitlement.key,
    description: plain(`Tier ${entitlement.tier}: ${entitlement.gives}`, OPTION_TEXT_MAX),
  };
}

export function durationOption(seconds: number): PlainTextOption {
  return { text: plain(durationInWords(seconds), OPTION_TEXT_MAX), value: String(seconds) };
}

/** What the extension form carries: the request as it was filled in. */
export type ExtensionDraft = {
  entitlementKey: string;
  forAccountId: string | null;
  reason: string;
  ticket: string | null;
  endsWithTicket?: boolean | undefined;
  seconds: number;
  shownAs?: string | undefined;
};

/** Asked while the access is live: say so, and offer to extend it. */
export function extendModal(
  entitlement: Entitlement,
  heldUntil: Date,
  draft: ExtensionDraft,
  shownReason: boolean,
): ModalView {
  const holder = draft.forAccountId === null ? 'You hold' : `<@${draft.forAccountId}> holds`;
  const blocks: KnownBlock[] = [
    section(mrkdwn(`${holder} *${escapeMrkdwn(entitlement.title)}* until ${slackDate(heldUntil)}.`)),
    {
      type: 'context',
      elements: [plain(`It can go on for ${durationInWords(entitlement.maxSeconds)} from now at the most.`)],
    },
    {
      type: 'input',
      block_id: fields.duration,
      label: { type: 'plain_text', text: 'Extend it by' },
      element: {
        type: 'static_select',
        action_id: `${DURATION}${entitlement.key}`,
        options: entitlement.durationsSeconds.map(durationOption),
        initial_option: durationOption(
          entitlement.durationsSeconds.includes(draft.seconds) ? draft.seconds : entitlement.defaultSeconds,
        ),
      },
    },
  ];
  if (!shownReason)
    blocks.push({
      type: 'input',
      block_id: fields.reason,
      label: { type: 'plain_text', text: 'Why longer?' },
      element: { type: 'plain_text_input', action_id: 'reason', multiline: true, max_length: REASON_MAX },
    });
  return formModal({
    callbackId: callbacks.extend,
    title: 'Extend access',
    submit: 'Ask to extend',
    key: draft,
    blocks,
  });
}

/** The value that an approver's form carries back: the key of the card it came from. */
export type CardKey = Pressed<{ change: string; round: number }>;

export function lessModal(
  key: CardKey,
  whose: string,
  askedSeconds: number,
  offered: readonly number[],
): ModalView {
  const shorter = offered.filter((s) => s < askedSeconds);
  const options = (shorter.length > 0 ? shorter : [Math.max(1, Math.floor(askedSeconds / 2))]).map(
    durationOption,
  );
  return formModal({
    callbackId: callbacks.less,
    title: 'Approve for less time',
    submit: 'Approve',
    key,
    blocks: [
      section(plain(`${whose} asked for ${durationInWords(askedSeconds)}.`)),
      {
        type: 'input',
        block_id: fields.duration,
        label: { type: 'plain_text', text: 'Approve for' },
        element: {
          type: 'static_select',
          action_id: 'seconds',
          options,
          ...(options.at(-1) === undefined ? {} : { initial_option: options.at(-1) as PlainTextOption }),
        },
      },
    ],
  });
}

export function denyModal(key: CardKey, whose: string, channel: string): ModalView {
  return formModal({
    callbackId: callbacks.deny,
    title: 'Deny',
    submit: 'Deny',
    key,
    blocks: [
      section(plain(`${whose} and everybody in #${channel} will read your reason.`)),
      {
        type: 'input',
        block_id: fields.reason,
        label: { type: 'plain_text', text: 'Why not?' },
        element: {
          type: 'plain_text_input',
          action_id: 'reason',
          multiline: true,
          max_length: DENIAL_REASON_MAX,
        },
      },
    ],
  });
}

function section(text: ReturnType<typeof plain> | ReturnType<typeof mrkdwn>): KnownBlock {
  return { type: 'section', text };
}
