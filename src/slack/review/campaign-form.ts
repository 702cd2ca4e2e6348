import { randomUUID } from 'node:crypto';
import type { App, ViewSubmitAction } from '@slack/bolt';
import type { KnownBlock, ModalView, PlainTextOption } from '@slack/types';
import { z } from 'zod';
import { defaultReviewSettings, type ReviewSettings, type Tier } from '../../core/policy/catalogue.ts';
import { isRefusal } from '../../core/refusal.ts';
import { everything, type OverduePolicy, overduePolicies } from '../../core/review/campaign.ts';
import { oneLine } from '../../core/storable.ts';
import type { Context, Data } from '../../flow/kernel/context.ts';
import { isAdmin, notAnAdmin } from '../../flow/offboarding/case.ts';
import { identify, metAs } from '../../flow/people/identify.ts';
import { acceptAnswer } from '../../flow/request/accept-click.ts';
import type { CampaignItem, CampaignVerb } from '../../flow/review/campaign-clicks.ts';
import { covered } from '../../flow/review/prepare.ts';
import { section } from '../blocks.ts';
import type { Typed, Word } from '../commands/word.ts';
import { formModal, openView } from '../forms/forms.ts';
import { escapeMrkdwn, OPTION_TEXT_MAX, plain } from '../mrkdwn.ts';
import { campaignActions, campaignButton } from './campaign-card.ts';

const OPEN = 'campaign_open';
const NAME_MAX = 80;
/** A menu holds so many options (Block Kit reference). */
const OPTIONS_MAX = 100;
const DUE_DAYS = [3, 7, 14, 21, 30];
const tiers: readonly Tier[] = ['low', 'medium', 'high', 'critical'];
const overdueLabels: Record<OverduePolicy, string> = {
  escalate: 'it goes to the fallback',
  revoke: 'it is taken away',
  extend: 'there is more time, once; then it goes to the fallback',
};

const formKey = z.strictObject({ campaign: z.uuid(), channel: z.string() });

/** Beginning, starting and cancelling a campaign: each is stored before it is acknowledged, and settled later. */
export function registerCampaignHandlers(app: App, context: Context): void {
  const accept = async (
    id: string,
    accountId: string,
    channel: string,
    rest: { verb: CampaignVerb; item?: CampaignItem; once: string },
  ) =>
    await acceptAnswer(context, {
      clickId: `${accountId}-${id}-${rest.verb}-${rest.once}`,
      about: 'campaign',
      id,
      chatUserId: accountId,
      channel,
      verb: rest.verb,
      item: rest.item === undefined ? null : JSON.stringify(rest.item),
    });
  for (const verb of ['start', 'cancel', 'certificate'] as const)
    campaignButton.decides(app, campaignActions[verb], (key, { by, once }) =>
      accept(key.campaign, by, key.channel, { verb, once }),
    );
  app.view<ViewSubmitAction>(OPEN, async ({ ack, body, view }) => {
    const { campaign, channel } = formKey.parse(JSON.parse(view.private_metadata));
    await accept(campaign, body.user.id, channel, { verb: 'open', item: itemIn(view), once: view.id });
    await ack({ response_action: 'update', view: beingPrepared });
  });
}

const beingPrepared: ModalView = {
  type: 'modal',
  callback_id: 'message',
  title: { type: 'plain_text', text: 'Access review' },
  close: { type: 'plain_text', text: 'Close' },
  blocks: [
    section(
      plain(
        'Latchkey is preparing it. You get a message with what it would ask of whom; nobody else is told before you press Start there.',
      ),
    ),
  ],
};

export const reviewWord: Word = {
  word: 'review',
  takes: '',
  says: 'prepares an access review and shows what it would ask of whom; for the catalogue’s admins',
  run: openCampaignForm,
};

/** `/access review`: the form that says what a campaign covers, for the catalogue’s admins. */
async function openCampaignForm({ context, client, command, answer }: Typed): Promise<void> {
  const say = (text: string) => answer({ text: escapeMrkdwn(text) });
  const asker = (await metAs(context, command.user_id)) ?? (await identify(context, command.user_id));
  if (isRefusal(asker)) return void (await say(`${asker.text} ${asker.next}`));
  if (!isAdmin(context, asker))
    return void (await say(
      `Only the catalogue’s admins can begin an access review. ${notAnAdmin(context).next}`,
    ));
  await openView(client, command.trigger_id, campaignForm(context.catalogue, command.channel_id));
}

/** Pure: what a campaign covers, and on which terms. */
export function campaignForm(catalogue: Pick<Data['catalogue'], 'current'>, channel: string): ModalView {
  const { reviews = defaultReviewSettings } = catalogue.current();
  const all = covered(catalogue, everything).slice(0, OPTIONS_MAX);
  const departments = [
    ...new Set(
      all.flatMap(({ requestableBy }) =>
        requestableBy === 'everyone' ? [] : (requestableBy.departments ?? []),
      ),
    ),
  ];
  return formModal({
    callbackId: OPEN,
    title: 'Access review',
    submit: 'Preview',
    key: { campaign: randomUUID(), channel },
    blocks: [
      ...scopeBlocks(
        all.map(({ key, title }) => option(title, key)),
        departments.slice(0, OPTIONS_MAX).map((name) => option(name, name)),
      ),
      ...termBlocks(reviews),
    ],
  });
}

function scopeBlocks(entitlements: PlainTextOption[], departments: PlainTextOption[]): KnownBlock[] {
  const many = (id: string, label: string, hint: string, options: PlainTextOption[]): KnownBlock[] =>
    options.length === 0
      ? []
      : [
          {
            type: 'input',
            block_id: id,
            optional: true,
            label: { type: 'plain_text', text: label },
            hint: { type: 'plain_text', text: hint },
            element: {
              type: 'multi_static_select',
              action_id: id,
              options,
              placeholder: { type: 'plain_text', text: 'All' },
            },
          },
        ];
  const days = (id: string, label: string, hint: string): KnownBlock => ({
    type: 'input',
    block_id: id,
    optional: true,
    label: { type: 'plain_text', text: label },
    hint: { type: 'plain_text', text: hint },
    element: {
      type: 'number_input',
      action_id: id,
      is_decimal_allowed: false,
      min_value: '1',
      max_value: '3650',
    },
  });
  return [
    {
      type: 'input',
      block_id: 'name',
      label: { type: 'plain_text', text: 'What to call it' },
      element: { type: 'plain_text_input', action_id: 'name', max_length: NAME_MAX },
    },
    ...many('entitlements', 'Accesses', 'Without a choice: all of the catalogue.', entitlements),
    ...many(
      'tiers',
      'Tiers',
      'Without a choice: all.',
      tiers.map((tier) => option(tier, tier)),
    ),
    ...many('departments', 'Departments', 'Without a choice: everybody.', departments),
    days('grantedDays', 'Only what was given in the last … days', 'Empty: however long it is held.'),
    days('unusedDays', 'Only what was not used for … days', 'Empty: used or not.'),
    {
      type: 'input',
      block_id: 'ends',
      optional: true,
      label: { type: 'plain_text', text: 'Only what' },
      element: {
        type: 'static_select',
        action_id: 'ends',
        placeholder: { type: 'plain_text', text: 'Either' },
        options: [option('has an end', 'temporary'), option('has no end', 'permanent')],
      },
    },
  ];
}

function termBlocks(reviews: ReviewSettings): KnownBlock[] {
  const one = (id: string, label: string, options: PlainTextOption[], chosen: string): KnownBlock => ({
    type: 'input',
    block_id: id,
    label: { type: 'plain_text', text: label },
    element: {
      type: 'static_select',
      action_id: id,
      options,
      initial_option: options.find(({ value }) => value === chosen) ?? (options[0] as PlainTextOption),
    },
  });
  const dueDays = Math.round(reviews.dueSeconds / 86_400);
  const due = [...new Set([...DUE_DAYS, Math.min(90, Math.max(1, dueDays))])].sort((a, b) => a - b);
  return [
    one(
      'reviewers',
      'Who reviews',
      [option('The owner of the access', 'owner'), option('The manager of the person', 'manager')],
      reviews.reviewers,
    ),
    one(
      'dueDays',
      'Due after',
      due.map((n) => option(n === 1 ? '1 day' : `${n} days`, String(n))),
      String(dueDays),
    ),
    one(
      'overdue',
      'What nobody decides in time',
      overduePolicies.map((p) => option(overdueLabels[p], p)),
      reviews.overdue,
    ),
  ];
}

function option(text: string, value: string): PlainTextOption {
  return { text: plain(text, OPTION_TEXT_MAX), value };
}

function itemIn({ state }: ViewSubmitAction['view']): CampaignItem {
  const chosen = (id: string): string[] | null => {
    const options = (state.values[id]?.[id]?.selected_options ?? []).map(({ value }) => value);
    return options.length === 0 ? null : options;
  };
  const one = (id: string): string | null => state.values[id]?.[id]?.selected_option?.value ?? null;
  const number = (id: string): number | null => {
    const value = Number(state.values[id]?.[id]?.value ?? '');
    return Number.isInteger(value) && value > 0 ? value : null;
  };
  return {
    name: oneLine(state.values.name?.name?.value ?? '').slice(0, NAME_MAX) || 'Access review',
    entitlements: chosen('entitlements'),
    tiers: chosen('tiers') as CampaignItem['tiers'],
    departments: chosen('departments'),
    grantedDays: number('grantedDays'),
    unusedDays: number('unusedDays'),
    ends: one('ends') as CampaignItem['ends'],
    reviewers: one('reviewers') === 'manager' ? 'manager' : 'owner',
    dueDays: Number(one('dueDays') ?? '14'),
    overdue: overduePolicies.find((policy) => policy === one('overdue')) ?? 'escalate',
  };
}
