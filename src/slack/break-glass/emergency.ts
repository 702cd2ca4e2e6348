import type { App, BlockAction, ButtonAction, ViewSubmitAction } from '@slack/bolt';
import type { KnownBlock, ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { durationInWords } from '../../core/duration.ts';
import { Fault } from '../../core/fault.ts';
import { isRefusal } from '../../core/refusal.ts';
import { isStorable, seenWords } from '../../core/storable.ts';
import type { ReviewVerb } from '../../flow/break-glass/review.ts';
import { type Takeable, takeableBy, takeableOf, takeInEmergency } from '../../flow/break-glass/take.ts';
import type { Context } from '../../flow/kernel/context.ts';
import { identify } from '../../flow/people/identify.ts';
import { inNames, saidOf } from '../../flow/people/said.ts';
import { acceptAnswer } from '../../flow/request/accept-click.ts';
import { REASON_MAX } from '../../flow/request/receive.ts';
import type { Person } from '../../store/people.ts';
import { slackCall } from '../api/call.ts';
import { section } from '../blocks.ts';
import type { Typed, Word } from '../commands/word.ts';
import { formModal, openView } from '../forms/forms.ts';
import { mrkdwn, plain } from '../mrkdwn.ts';
import { TAKE_INSTEAD } from '../request/at-once.ts';
import { fields } from '../request/fields.ts';
import { loadingModal, messageModal, refusalModal } from '../request/form.ts';
import { emergencyActions, emergencyButton } from './card.ts';

const TAKE = 'emergency_take';
const REVIEW = {
  [emergencyActions.justified]: 'justified',
  [emergencyActions.notJustified]: 'notJustified',
} as const;
const WHAT = 'what';
const HOW_LONG = 'how_long';
const REASON = 'reason';
const COMMENT = 'comment';

/** Offered as far as they are no longer than the catalogue allows, in seconds. */
const DURATIONS = [900, 1_800, 3_600, 7_200, 14_400, 28_800];

export const emergencyWord: Word = {
  word: 'emergency',
  takes: '',
  says: 'gives you access at once in an emergency, if you are one of those who may; everybody concerned is told, and somebody reviews it',
  alsoSaid: ['break glass', 'breakglass', 'break-glass', 'incident'],
  isFor: async (context, accountId) => {
    const isAnywhere = context.catalogue.current().entitlements.some((e) => e.breakGlass !== undefined);
    const person = isAnywhere ? await identify(context, accountId) : null;
    return person !== null && !isRefusal(person) && (await takeableBy(context, person)).length > 0;
  },
  run: openEmergency,
};

/** Taking access at once, and saying afterwards whether that was right. */
export function registerEmergencyHandlers(app: App, context: Context, client: WebClient): void {
  app.view<ViewSubmitAction>(TAKE, async ({ ack, body, view }) => {
    const values = view.state.values;
    const refusal = await takeInEmergency(context, {
      idempotencyKey: `slack:${view.id}`,
      accountId: body.user.id,
      entitlementKey: values[WHAT]?.[WHAT]?.selected_option?.value ?? '',
      seconds: Number(values[HOW_LONG]?.[HOW_LONG]?.selected_option?.value ?? 0),
      reason: values[REASON]?.[REASON]?.value ?? '',
    }).catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error;
      return error;
    });
    if (refusal === null) return await ack();
    const text =
      refusal instanceof Fault
        ? 'Latchkey can’t check this right now. Nothing was taken; try again in a minute, or call the owner.'
        : inNames(await saidOf(context, refusal));
    const block =
      refusal instanceof Fault || refusal.reason === 'reasonMissing' || refusal.reason === 'textNotStorable'
        ? REASON
        : refusal.reason === 'durationTooLong'
          ? HOW_LONG
          : WHAT;
    await ack({ response_action: 'errors', errors: { [block]: text } });
  });

  app.action<BlockAction<ButtonAction>>(
    { action_id: TAKE_INSTEAD, type: 'block_actions' },
    async ({ ack, body, action }) => {
      await ack();
      const { view } = body;
      if (view === undefined) return;
      const reason = view.state.values[fields.reason]?.reason?.value ?? '';
      const form = await emergencyForm(context, body.user.id, { key: action.value ?? '', reason });
      await slackCall(true, () => client.views.update({ view_id: view.id, view: form }));
    },
  );

  for (const [actionId, verb] of Object.entries(REVIEW))
    emergencyButton.opens({ app, context, client }, actionId, async (key) => reviewModal(verb, key));
  for (const verb of Object.values(REVIEW))
    app.view<ViewSubmitAction>(callbackOf(verb), async ({ ack, body, view }) => {
      const key = emergencyButton.form(view.private_metadata);
      const written = view.state.values[COMMENT]?.[COMMENT]?.value ?? '';
      const comment = seenWords(written).trim();
      if (comment === '' || !isStorable(written))
        return await ack({ response_action: 'errors', errors: { [COMMENT]: 'Say why, in a sentence.' } });
      await acceptAnswer(context, {
        clickId: `${body.user.id}-${key.emergency}-view-${view.id}`,
        about: 'emergency',
        id: key.emergency,
        chatUserId: body.user.id,
        channel: key.channel,
        verb: verb satisfies ReviewVerb,
        item: comment,
      });
      await ack();
    });
}

async function openEmergency({ context, client, command }: Typed): Promise<void> {
  const viewId = await openView(client, command.trigger_id, loadingModal());
  const view = await emergencyForm(context, command.user_id);
  await slackCall(true, () => client.views.update({ view_id: viewId, view }));
}

/** `begun`: what is chosen in the request form already, and the reason typed there. */
async function emergencyForm(
  context: Context,
  accountId: string,
  begun?: { key: string; reason: string },
): Promise<ModalView> {
  try {
    const person = await identify(context, accountId);
    if (isRefusal(person)) return refusalModal(person);
    const takeable = await takeableFor(context, person, begun?.key);
    if (takeable.length === 0)
      return messageModal(
        'There is nothing that you may take in an emergency: the catalogue names who may.',
        'Ask with /access; whoever approves it sees how urgent it is.',
      );
    const longest = Math.max(...takeable.map(({ rule }) => rule.maxSeconds));
    const offered = DURATIONS.filter((seconds) => seconds <= longest);
    return takeForm(
      takeable.map(({ entitlement: { key, title }, rule }) => ({ key, title, most: rule.maxSeconds })),
      offered.length === 0 ? [longest] : offered,
      begun?.reason,
    );
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return messageModal(
      'Latchkey can’t look you up right now: the identity provider or Slack does not answer.',
      'Nothing was taken. Try again in a minute, or call the owner.',
    );
  }
}

async function takeableFor(context: Context, person: Person, key: string | undefined): Promise<Takeable[]> {
  if (key === undefined) return await takeableBy(context, person);
  const one = await takeableOf(context, person, key);
  return one === null ? [] : [one];
}

/** Pure: what may be taken, for how long, and why. `most`: the longest, in seconds. `reason`: as typed before. */
export function takeForm(
  takeable: readonly { key: string; title: string; most: number }[],
  durations: readonly number[],
  reason = '',
): ModalView {
  const options = takeable.map(({ key, title }) => ({ text: plain(title, 75), value: key }));
  const [only, ...others] = options;
  return formModal({
    callbackId: TAKE,
    title: 'This is an emergency',
    submit: 'Take it now',
    key: {},
    blocks: [
      section(
        mrkdwn(
          ':rotating_light: You get the access *at once and without approval*. Everybody who could approve it and the admins are told now, in the channel too. Somebody else says afterwards whether it was right.',
        ),
      ),
      {
        type: 'input',
        block_id: WHAT,
        label: { type: 'plain_text', text: 'What do you need?' },
        element: {
          type: 'static_select',
          action_id: WHAT,
          options,
          ...(only === undefined || others.length > 0 ? {} : { initial_option: only }),
        },
      },
      {
        type: 'input',
        block_id: HOW_LONG,
        label: { type: 'plain_text', text: 'For how long?' },
        hint: plain(
          `As short as it will do. At most: ${takeable.map(({ title, most }) => `${title}, ${durationInWords(most)}`).join('; ')}`,
          2_000,
        ),
        element: {
          type: 'static_select',
          action_id: HOW_LONG,
          options: durations.map((seconds) => ({
            text: plain(durationInWords(seconds)),
            value: String(seconds),
          })),
        },
      },
      reasonInput(reason),
    ],
  });
}

function reasonInput(typed: string): KnownBlock {
  return {
    type: 'input',
    block_id: REASON,
    label: { type: 'plain_text', text: 'What is broken, and what will you do?' },
    hint: { type: 'plain_text', text: 'Everybody who is told reads this, now and at the review.' },
    element: {
      type: 'plain_text_input',
      action_id: REASON,
      multiline: true,
      max_length: REASON_MAX,
      ...(typed === '' ? {} : { initial_value: typed }),
    },
  };
}

/** Pure: what somebody says afterwards of what was taken. */
export function reviewModal(verb: ReviewVerb, key: object): ModalView {
  const isGood = verb === 'justified';
  return formModal({
    callbackId: callbackOf(verb),
    title: isGood ? 'It was justified' : 'It was not justified',
    submit: 'Say so',
    key,
    blocks: [
      section(
        plain(
          isGood
            ? 'What you say stands on the card and in the audit.'
            : 'The access ends at once if it is still there. What you say stands on the card and in the audit.',
        ),
      ),
      {
        type: 'input',
        block_id: COMMENT,
        label: { type: 'plain_text', text: 'Why?' },
        element: { type: 'plain_text_input', action_id: COMMENT, multiline: true, max_length: REASON_MAX },
      },
    ],
  });
}

function callbackOf(verb: ReviewVerb): string {
  return `emergency_${verb}`;
}
