import type { ActionsBlockElement, KnownBlock, ModalView } from '@slack/types';
import { z } from 'zod';
import type { InsightKind } from '../../core/review/insight.ts';
import { choicesOn, type ReviewerChoice } from '../../core/review/line.ts';
import { choicesCounted, choiceWords, counted, evidenceInWords } from '../../core/review/words.ts';
import type { OwnPart, ReviewPage } from '../../flow/review/drafts.ts';
import { shownAs } from '../../flow/review/settle.ts';
import type { ReviewedLine } from '../../store/review-lines.ts';
import { section } from '../blocks.ts';
import { formModal } from '../forms/forms.ts';
import { escapeMrkdwn, mrkdwn, plain } from '../mrkdwn.ts';
import { WORDS_MAX } from './limits.ts';

/** The value that a form of a review carries: whose part, and where in it. */
export const reviewKey = z.strictObject({
  review: z.uuid(),
  channel: z.string(),
  page: z.int(),
  n: z.int().optional(),
});
export type ReviewKey = z.infer<typeof reviewKey>;
/** What the form carries that submits: what was counted. */
export const confirmKey = reviewKey.extend({ shown: z.string() });

export const reviewForms = {
  lines: 'review_lines',
  confirm: 'review_confirm',
  handOn: 'review_hand_on',
  comment: 'review_comment',
} as const;
export const reviewActions = {
  choose: 'review_choose',
  more: 'review_more',
  previous: 'review_previous',
  next: 'review_next',
  bulk: 'review_bulk',
} as const;

/** Three blocks each and some around them: a form holds a hundred (Block Kit reference). */
export const LINES_ON_PAGE = 15;

const signs: Record<InsightKind, string> = {
  left: ':no_entry:',
  conflict: ':no_entry:',
  notAPerson: ':robot_face:',
  unused: ':zzz:',
  overPrivileged: ':warning:',
  outOfLine: ':grey_question:',
  rule: ':scroll:',
  before: ':grey_question:',
  approved: ':white_check_mark:',
  none: ':small_blue_diamond:',
};

/** Pure: a page of lines, each with what to know of it and what to choose; sent on, it is counted and confirmed. */
export function linesForm(
  part: OwnPart,
  page: ReviewPage,
  key: ReviewKey,
  notice: string | null = null,
): ModalView {
  const { campaign } = part;
  const blocks: KnownBlock[] = [];
  if (notice !== null) blocks.push(section(plain(notice)));
  const chosen = page.drafts.length;
  blocks.push(
    section(
      mrkdwn(
        `*${escapeMrkdwn(campaign.name)}*: ${counted(page.count, 'line')} left. ${chosen === 0 ? 'Choose for each; nothing counts before you submit.' : `${counted(chosen, 'choice')} not submitted yet: ${choicesCounted(page.drafts.map(({ draft }) => draft))}.`}`,
      ),
    ),
  );
  const inBulk = page.lines.filter((line) => line.isBulkAllowed && line.draft === null).length;
  if (inBulk > 1)
    blocks.push({
      type: 'actions',
      block_id: 'bulk',
      elements: [
        {
          type: 'button',
          action_id: reviewActions.bulk,
          text: { type: 'plain_text', text: 'Keep all that nothing is said against' },
          value: 'keep',
        },
      ],
    });
  for (const line of page.lines) blocks.push(...lineBlocks(line));
  if (page.lines.length === 0) blocks.push(section(plain('Nothing is left for you to decide.')));
  const pager = pagerBlock(page);
  if (pager !== null) blocks.push(pager);
  return {
    type: 'modal',
    callback_id: reviewForms.lines,
    title: { type: 'plain_text', text: 'Access review' },
    close: { type: 'plain_text', text: 'Close' },
    ...(chosen === 0 ? {} : { submit: { type: 'plain_text', text: `Submit ${chosen}…`.slice(0, 24) } }),
    private_metadata: JSON.stringify({ ...key, page: page.page } satisfies ReviewKey),
    blocks,
  };
}

function lineBlocks(line: ReviewedLine): KnownBlock[] {
  const { facts, insight, draft } = line;
  const who =
    facts.person === null
      ? `Everybody in ${escapeMrkdwn(facts.rule?.departments.join(', ') ?? '')}`
      : `${escapeMrkdwn(facts.person.name)}${facts.person.department === null ? '' : ` (${escapeMrkdwn([facts.person.title, facts.person.department].filter((part) => part !== null).join(', '))})`}`;
  const time = (at: Date) =>
    `<!date^${Math.floor(at.getTime() / 1_000)}^{date_short}|${at.toISOString().slice(0, 10)}>`;
  // As the insight was stored it has no reader's zone yet.
  const stands =
    insight.kind === 'approved' && facts.approved !== null
      ? `Approved by ${escapeMrkdwn(facts.approved.by)} on ${time(facts.approved.at)}`
      : escapeMrkdwn(insight.text);
  const words = evidenceInWords(line, { time, safe: escapeMrkdwn });
  const evidence = [...words, `tier ${facts.tier}`].join(' · ');
  const said = [
    ...(line.handedOn === null ? [] : [`Handed to you: ${escapeMrkdwn(line.handedOn)}`]),
    ...(line.draftComment === null ? [] : [`Your comment: ${escapeMrkdwn(line.draftComment)}`]),
  ];
  const options = choicesOn(line).map(optionOf);
  const blocks: KnownBlock[] = [
    section(
      mrkdwn(
        `*${who}*: ${escapeMrkdwn(facts.title)}\n${signs[insight.kind]} ${stands}${said.length === 0 ? '' : `\n_${said.join('; ')}_`}`,
      ),
    ),
    {
      type: 'actions',
      // Another id for another choice: Slack keeps what was chosen in a block that is called the same.
      block_id: `line:${line.n}:${draft ?? ''}`,
      elements: [
        {
          type: 'static_select',
          action_id: reviewActions.choose,
          placeholder: { type: 'plain_text', text: 'Choose' },
          options,
          ...(draft === null ? {} : { initial_option: optionOf(draft) }),
        },
        {
          type: 'overflow',
          action_id: reviewActions.more,
          options: [
            { text: plain('Hand to somebody else…'), value: 'handOn' },
            { text: plain('Comment…'), value: 'comment' },
            ...(draft === null ? [] : [{ text: plain('Take the choice back'), value: 'clear' }]),
          ],
        },
      ],
    },
  ];
  const advice = adviceText(line);
  if (line.kind !== 'rule' || advice !== null)
    blocks.push({
      type: 'context',
      elements: [mrkdwn(evidence, 2_000), ...(advice === null ? [] : [plain(advice, 2_000)])],
    });
  return blocks;
}

/** The model's view with what it cites; it is advice, and its words are shown as they are. */
function adviceText({ advice }: ReviewedLine): string | null {
  if (advice === null || !advice.answered) return null;
  const { headline, risks, lean } = advice.advice;
  const leans = { approve: 'keep', deny: 'revoke', 'ask more': 'ask first' }[lean];
  const cited = risks.flatMap(({ text, facts, clauses }) => `${text} [${[...facts, ...clauses].join(', ')}]`);
  return `The model (advice only): ${headline} Leans to: ${leans}. ${cited.join(' ')}`.trim();
}

function optionOf(choice: ReviewerChoice) {
  return { text: plain(choiceWords[choice].label, 75), value: choice };
}

function pagerBlock({ page, pages }: ReviewPage): KnownBlock | null {
  if (pages <= 1) return null;
  const button = (action_id: string, text: string, to: number): ActionsBlockElement => ({
    type: 'button',
    action_id,
    text: { type: 'plain_text', text },
    value: String(to),
  });
  const elements = [
    ...(page > 0 ? [button(reviewActions.previous, `\u2190 Page ${page}`, page - 1)] : []),
    ...(page < pages - 1
      ? [button(reviewActions.next, `Page ${page + 2} of ${pages} \u2192`, page + 1)]
      : []),
  ];
  return { type: 'actions', block_id: `pager:${page}`, elements };
}

/** Pure: what is about to be submitted, with its count. */
export function confirmForm(page: Pick<ReviewPage, 'drafts' | 'count'>, key: ReviewKey): ModalView {
  const { drafts } = page;
  const revokes = drafts.filter(({ draft }) => draft === 'revoke').length;
  const rest = page.count - drafts.length;
  const lines = [
    `You are about to submit ${counted(drafts.length, 'decision')}: ${choicesCounted(drafts.map(({ draft }) => draft))}.`,
    ...(revokes === 0
      ? []
      : ['What is revoked is taken away at once, and the review waits until MuleSoft shows it.']),
    ...(rest === 0 ? [] : [`${counted(rest, 'line')} of yours will still be open.`]),
  ];
  return formModal({
    callbackId: reviewForms.confirm,
    title: 'Submit',
    submit: 'Submit',
    key: { ...key, shown: shownAs(drafts) } satisfies z.infer<typeof confirmKey>,
    blocks: [section(mrkdwn(lines.join('\n')))],
  });
}

/** Pure: to whom a line goes, and why. */
export function handOnForm(line: ReviewedLine, key: ReviewKey): ModalView {
  return formModal({
    callbackId: reviewForms.handOn,
    title: 'Hand it on',
    submit: 'Hand on',
    key: { ...key, n: line.n },
    blocks: [
      section(plain(`${line.facts.person?.name ?? 'A rule'}: ${line.facts.title}`)),
      {
        type: 'input',
        block_id: 'to',
        label: { type: 'plain_text', text: 'Who knows better' },
        element: { type: 'users_select', action_id: 'to' },
      },
      {
        type: 'input',
        block_id: 'why',
        label: { type: 'plain_text', text: 'Why them' },
        element: { type: 'plain_text_input', action_id: 'why', max_length: WORDS_MAX },
      },
    ],
  });
}

/** Pure: a word that goes into the certificate with the decision. */
export function commentForm(line: ReviewedLine, key: ReviewKey): ModalView {
  return formModal({
    callbackId: reviewForms.comment,
    title: 'Comment',
    submit: 'Keep it',
    key: { ...key, n: line.n },
    blocks: [
      section(plain(`${line.facts.person?.name ?? 'A rule'}: ${line.facts.title}`)),
      {
        type: 'input',
        block_id: 'comment',
        optional: true,
        label: { type: 'plain_text', text: 'What an auditor should know' },
        element: {
          type: 'plain_text_input',
          action_id: 'comment',
          multiline: true,
          max_length: WORDS_MAX,
          ...(line.draftComment === null ? {} : { initial_value: line.draftComment }),
        },
      },
    ],
  });
}
