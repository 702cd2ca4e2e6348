import type { KnownBlock } from '@slack/types';
import { z } from 'zod';
import { durationInWords } from '../../core/duration.ts';
import { figure } from '../../core/mass-change/words.ts';
import {
  campaignLabel,
  counted,
  overdueInWords,
  preparedInWords,
  revokesInWords,
  scopeInWords,
} from '../../core/review/words.ts';
import { capital } from '../../core/text.ts';
import type { CampaignView } from '../../flow/review/view.ts';
import type { Notice } from '../../ports/messenger.ts';
import { type SlackContent, section } from '../blocks.ts';
import { fingerprintOf } from '../fingerprint.ts';
import { cardButton } from '../forms/card-button.ts';
import { CONFIRM_TEXT_MAX, escapeMrkdwn, mrkdwn, slackDate } from '../mrkdwn.ts';
import { objectionBlocks } from './objection-form.ts';

export const campaignButton = cardButton(z.strictObject({ campaign: z.uuid() }));

export const campaignActions = {
  start: 'campaign_start',
  cancel: 'campaign_cancel',
  certificate: 'campaign_certificate',
} as const;

/** Named on the card; of more it says how many. */
const SHOWN_MAX = 12;

/**
 * Pure: the messages of whoever began a campaign: its preview, which becomes its progress and at last its certificate.
 */
export function campaignNotices(view: CampaignView): Notice<SlackContent>[] {
  const { campaign } = view;
  const all: Notice<SlackContent>[] = [];
  const isMany = view.to.length > 1 || view.isInstead;
  for (const { accountId } of view.to) {
    if (accountId === null) continue;
    const to = { account: accountId };
    const key = (name: string) => (isMany ? `${name}:${accountId}` : name);
    const reply = (name: string, text: string) =>
      all.push({
        key: key(name),
        to,
        under: key('card'),
        content: { text, blocks: [section(mrkdwn(text))] },
      });
    all.push({ key: key('card'), to, under: null, content: campaignCard(view) });
    const late = view.revokes.late.length > 0 || view.revokes.failed > 0 || view.revokes.unknown > 0;
    if (late && campaign.state === 'closing')
      reply(
        'late',
        `:rotating_light: ${revokesInWords(view.revokes, view.idpName)} The review stays open until MuleSoft shows all of it.`,
      );
    if (campaign.overdueAt !== null)
      reply(
        'overdue',
        `:alarm_clock: The access review ${escapeMrkdwn(campaign.name)} is overdue. ${overdueInWords(campaign.overdue, campaign.extendSeconds)}`,
      );
    if (campaign.state === 'closed')
      reply(
        'closed',
        `:checkered_flag: The access review ${escapeMrkdwn(campaign.name)} is closed. ${resultInWords(view)}`,
      );
    if (campaign.cause === 'cadence' && view.refusal !== null)
      reply(
        `refused:${fingerprintOf(view.refusal.reason)}`,
        `:warning: ${escapeMrkdwn(`${view.refusal.text} ${view.refusal.next}`)}`,
      );
  }
  return all;
}

function campaignCard(view: CampaignView): SlackContent {
  const { campaign, counts } = view;
  const name = escapeMrkdwn(campaign.name);
  const unanswered = view.objections.length;
  const label = campaignLabel(campaign, { ...counts, unanswered });
  const due =
    campaign.state === 'ready' ? `Due ${durationInWords(campaign.dueSeconds)} after the start. ` : '';
  const title = (key: string) => view.byEntitlement.find((e) => e.key === key)?.title ?? key;
  const blocks: KnownBlock[] = [
    section(mrkdwn(`*Access review: ${name}*\n${capital(label)}`)),
    {
      type: 'context',
      elements: [
        mrkdwn(
          `Covers ${escapeMrkdwn(scopeInWords(campaign.scope, title))}. Reviewed by the ${campaign.reviewers}. ${due}${overdueInWords(campaign.overdue, campaign.extendSeconds)}`,
        ),
      ],
    },
  ];
  if (campaign.state === 'ready') blocks.push(...previewBlocks(view));
  if (campaign.state === 'open') blocks.push(...progressBlocks(view));
  if (campaign.state === 'closing' || campaign.state === 'closed') {
    blocks.push(section(mrkdwn(resultInWords(view))));
    const revokes = revokesInWords(view.revokes, view.idpName);
    if (revokes !== '') blocks.push(section(mrkdwn(revokes)));
  }
  if (campaign.state === 'open' || campaign.state === 'closing')
    blocks.push(...objectionBlocks(campaign.id, view.objections));
  if (campaign.state === 'closing')
    blocks.push(
      cancelBlock(campaign.id, 'No certificate is made. What was submitted stands, and each revoke goes on.'),
    );
  if (campaign.certificate !== null) blocks.push(certificateBlock(campaign.id));
  if (campaign.cancelled !== null)
    blocks.push(
      section(
        mrkdwn(
          `Cancelled by ${escapeMrkdwn(campaign.cancelled.by)}: ${escapeMrkdwn(campaign.cancelled.why)}.`,
        ),
      ),
    );
  return { text: `Access review: ${name} (${label}).`, blocks };
}

function previewBlocks(view: CampaignView): KnownBlock[] {
  const { campaign, refusal } = view;
  const told = campaign.prepared === null ? [] : preparedInWords(campaign.prepared);
  const blocks: KnownBlock[] = [section(mrkdwn(told.join('\n')))];
  blocks.push(
    listSection(
      'By access',
      view.byEntitlement.map(
        ({ title, lines, withoutReviewer }) =>
          `${escapeMrkdwn(title)}: ${figure(lines)}${withoutReviewer === 0 ? '' : ` (:warning: ${figure(withoutReviewer)} without a reviewer)`}`,
      ),
    ),
  );
  blocks.push(
    listSection(
      'By reviewer',
      view.reviewers.map(
        ({ name, lines, accountId }) =>
          `${escapeMrkdwn(name)}: ${figure(lines)}${accountId === null ? ' (not met in Slack yet)' : ''}`,
      ),
    ),
  );
  if (refusal !== null)
    blocks.push(
      section(mrkdwn(`:warning: *It can’t be started.* ${escapeMrkdwn(`${refusal.text} ${refusal.next}`)}`)),
    );
  const value = campaignButton.value({ campaign: campaign.id });
  const cancel = {
    type: 'button' as const,
    action_id: campaignActions.cancel,
    text: { type: 'plain_text' as const, text: 'Cancel' },
    value,
  };
  const start = {
    type: 'button' as const,
    action_id: campaignActions.start,
    text: { type: 'plain_text' as const, text: 'Start' },
    style: 'primary' as const,
    value,
    confirm: {
      title: { type: 'plain_text' as const, text: 'Start the review?' },
      text: mrkdwn(`${counted(view.reviewers.length, 'reviewer')} will be told now.`, CONFIRM_TEXT_MAX),
      confirm: { type: 'plain_text' as const, text: 'Start' },
      deny: { type: 'plain_text' as const, text: 'Not now' },
    },
  };
  blocks.push({
    type: 'actions',
    block_id: 'campaign',
    elements: refusal === null ? [start, cancel] : [cancel],
  });
  return blocks;
}

function progressBlocks(view: CampaignView): KnownBlock[] {
  const { campaign, counts } = view;
  const due = campaign.dueAt === null ? '' : `Due ${slackDate(campaign.dueAt)}. `;
  const revokes = revokesInWords(view.revokes, view.idpName);
  return [
    section(
      mrkdwn(
        `${due}${figure(counts.all - counts.undecided)} of ${counted(counts.all, 'line')} decided. ${revokes}`,
      ),
    ),
    listSection(
      'By reviewer',
      view.reviewers.map(
        ({ name, lines, decided, accountId, status }) =>
          `${escapeMrkdwn(name)}: ${figure(decided)} of ${figure(lines)}${status === 'active' ? '' : ` (:warning: their account is ${escapeMrkdwn(status)})`}${accountId === null ? ' (:warning: is not known in Slack, so they may not have been told)' : ''}`,
      ),
    ),
    cancelBlock(
      campaign.id,
      'What was submitted stands. What is undecided stays as it is, and nobody has reviewed it.',
    ),
  ];
}

function cancelBlock(campaign: string, meaning: string): KnownBlock {
  return {
    type: 'actions',
    block_id: 'campaign',
    elements: [
      {
        type: 'button',
        action_id: campaignActions.cancel,
        text: { type: 'plain_text', text: 'Cancel the review' },
        style: 'danger',
        value: campaignButton.value({ campaign }),
        confirm: {
          title: { type: 'plain_text', text: 'Cancel the review?' },
          text: mrkdwn(meaning, CONFIRM_TEXT_MAX),
          confirm: { type: 'plain_text', text: 'Cancel it' },
          deny: { type: 'plain_text', text: 'Not now' },
        },
      },
    ],
  };
}

function certificateBlock(campaign: string): KnownBlock {
  return {
    type: 'actions',
    block_id: 'certificate',
    elements: [
      {
        type: 'button',
        action_id: campaignActions.certificate,
        text: { type: 'plain_text', text: 'Send me the certificate' },
        value: campaignButton.value({ campaign }),
      },
    ],
  };
}

function listSection(head: string, lines: readonly string[]): KnownBlock {
  const shown = lines.slice(0, SHOWN_MAX);
  const more = lines.length - shown.length;
  return section(
    mrkdwn(
      [
        `*${head}*`,
        ...shown.map((line) => `• ${line}`),
        ...(more === 0 ? [] : [`and ${figure(more)} more`]),
      ].join('\n'),
    ),
  );
}

/** What came of it: `kept 10, revoked 3`, and the certificate. */
function resultInWords({ campaign, counts, objections }: CampaignView): string {
  const {
    keep = 0,
    revoke = 0,
    doNotRenew = 0,
    object = 0,
    gone = 0,
    counted: answered = 0,
  } = counts.byDecision;
  const parts = [
    `${figure(keep)} kept`,
    `${figure(revoke)} revoked`,
    ...(doNotRenew === 0 ? [] : [`${figure(doNotRenew)} not to be renewed`]),
    ...(object === 0
      ? []
      : [
          `${counted(object, 'rule')} objected to${objections.length === 0 ? ' and answered' : ': an admin has to answer'}`,
        ]),
    ...(answered === 0 ? [] : [`${figure(answered)} reviewed by a card before`]),
    ...(gone === 0 ? [] : [`${figure(gone)} ended by themselves`]),
  ];
  const certificate =
    campaign.certificate === null
      ? ''
      : ' The certificate is signed: *Send me the certificate* sends it to you as files.';
  return `${parts.join(', ')}.${certificate}`;
}
