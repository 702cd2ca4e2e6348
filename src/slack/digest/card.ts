import type { Button, KnownBlock, ModalView } from '@slack/types';
import { z } from 'zod';
import { type LineVerb, type SecurityFigures, verbsOf } from '../../core/digest/digest.ts';
import { answerInWords, countsInWords, reasonsInWords } from '../../core/digest/words.ts';
import { elapsedInWords } from '../../core/duration.ts';
import type { DigestView, ShownLine } from '../../flow/digest/view.ts';
import type { Notice } from '../../ports/messenger.ts';
import { type SlackContent, section } from '../blocks.ts';
import { actions, changeButton } from '../change-card/buttons.ts';
import { mention } from '../change-card/names.ts';
import { cardButton } from '../forms/card-button.ts';
import { CONFIRM_TEXT_MAX, clip, escapeMrkdwn, mrkdwn, plain, slackDate } from '../mrkdwn.ts';

/** A button of a line carries the digest and the place of the line in it. */
export const lineButton = cardButton(z.strictObject({ digest: z.uuid(), place: z.int() }));
/** The button for more carries where to go on. */
export const moreButton = cardButton(z.strictObject({ digest: z.uuid(), after: z.int() }));

export const digestActions = {
  keep: 'digest_keep',
  revoke: 'digest_revoke',
  notRenewed: 'digest_not_renewed',
  ask: 'digest_ask',
  stillNeeded: 'digest_still_needed',
  more: 'digest_more',
} as const satisfies Record<LineVerb | 'stillNeeded' | 'more', string>;

const labels: Record<LineVerb, string> = {
  keep: 'Keep',
  revoke: 'Revoke',
  notRenewed: 'Do not renew',
  ask: 'Ask them',
};

const names = { time: slackDate, safe: escapeMrkdwn };
/** Objections to rules on the admins' message. */
const OBJECTIONS = 5;
/** Lines on one page of the form: two blocks each, of the hundred that it holds. */
export const LINES_ON_PAGE = 20;

/**
 * Pure: the messages of a digest:
 * - one to its reader, or to the admins in their stead
 * - a question to each holder who was asked
 */
export function digestNotices(view: DigestView): Notice<SlackContent>[] {
  const content = view.digest.kind === 'security' ? securityCard(view) : personalCard(view);
  const all: Notice<SlackContent>[] = [];
  if (view.reader.accountId !== null)
    all.push({ key: 'digest', to: { account: view.reader.accountId }, under: null, content });
  for (const { accountId } of view.instead)
    if (accountId !== null)
      all.push({ key: `digest:${accountId}`, to: { account: accountId }, under: null, content });
  for (const line of view.asked) {
    const { accountId } = line.holder;
    if (accountId !== null)
      all.push({
        key: `ask:${line.place}`,
        to: { account: accountId },
        under: null,
        content: question(view, line),
      });
  }
  return all;
}

function personalCard(view: DigestView): SlackContent {
  const { digest, total } = view;
  const title =
    view.reader.accountId === null ? `${view.reader.name}’s week in access` : 'Your week in access';
  const counts = countsInWords(digest.counts);
  const whose =
    view.reader.accountId === null
      ? `${escapeMrkdwn(view.reader.name)} is not in Slack, so this comes to you.`
      : 'What you own, and what the people have whom you manage.';
  const lead = `${whose} *${counts}*. Each line can be answered here.`;
  const blocks: KnownBlock[] = [
    { type: 'header', text: plain(title, 150) },
    section(mrkdwn(lead)),
    ...view.lines.flatMap((line) => lineBlocks(view, line)),
  ];
  const rest = total.lines - view.lines.length;
  if (rest > 0) blocks.push(moreBlock(digest.id, view.lines.at(-1)?.place ?? 0, `And ${rest} more…`));
  blocks.push({ type: 'context', elements: [mrkdwn(footOf(view))] });
  return { text: `${escapeMrkdwn(title)}: ${counts}.`, blocks };
}

function footOf({ digest, total }: DigestView): string {
  const said = total.answered === 0 ? '' : ` ${total.answered} of ${total.lines} answered.`;
  return `As of ${slackDate(digest.madeAt)}.${said} What is kept is not asked about again for 90 days.${zoneInWords(digest)}`;
}

/** Said only where the directory does not know the time zone, so that somebody mends it. */
function zoneInWords({ askedAt, zoneFrom, timeZone }: DigestView['digest']): string {
  if (askedAt !== null || zoneFrom === null || zoneFrom === 'directory') return '';
  return zoneFrom === 'chat'
    ? ` It comes by the time of ${escapeMrkdwn(timeZone)}, as Slack has it: the directory has no time zone of yours.`
    : ` It comes by the time of ${escapeMrkdwn(timeZone)}: neither the directory nor Slack has a time zone of yours.`;
}

/** Pure: one line: who has what, why it is here, and its buttons or what was said. Two blocks at most. */
function lineBlocks({ digest }: Pick<DigestView, 'digest'>, line: ShownLine): KnownBlock[] {
  const until = line.facts.endsAt === null ? '' : ` until ${slackDate(line.facts.endsAt)}`;
  const head = `*${mention(line.holder)}* has *${escapeMrkdwn(line.title)}*${until}`;
  const reasons = reasonsInWords(line, digest.madeAt, names).join(' ');
  const said = answerInWords(line, names);
  const text = `${head}\n${reasons}${said === null ? '' : `\n:ballot_box_with_check: ${said}`}`;
  const buttons = buttonsOf(digest.id, line);
  return [
    section(mrkdwn(text)),
    ...(buttons.length === 0
      ? []
      : [{ type: 'actions' as const, block_id: `line_${line.place}`, elements: buttons }]),
  ];
}

function buttonsOf(digestId: string, line: ShownLine): Button[] {
  if (line.kinds.includes('found') && line.changeId !== null && line.state === 'asking') {
    const value = changeButton.value({ change: line.changeId, round: line.round });
    return [
      button(actions.approve, 'Keep', value),
      button(actions.revert, 'Revert', value, { style: 'danger' }),
    ];
  }
  const value = lineButton.value({ digest: digestId, place: line.place });
  return verbsOf(line).map((verb) => button(digestActions[verb], labels[verb], value, restOf(verb, line)));
}

function restOf(verb: LineVerb, line: ShownLine): Partial<Button> {
  if (verb !== 'revoke') return {};
  const what = `${line.holder.name} loses “${line.title}” at once.`;
  return {
    style: 'danger',
    confirm: {
      title: { type: 'plain_text', text: 'Revoke it?' },
      text: plain(what, CONFIRM_TEXT_MAX),
      confirm: { type: 'plain_text', text: 'Revoke' },
      deny: { type: 'plain_text', text: 'Not now' },
    },
  };
}

function button(action_id: string, text: string, value: string, rest: Partial<Button> = {}): Button {
  return { type: 'button', action_id, text: { type: 'plain_text', text }, value, ...rest };
}

function moreBlock(digest: string, after: number, text: string): KnownBlock {
  const value = moreButton.value({ digest, after });
  return { type: 'actions', block_id: `more_${after}`, elements: [button(digestActions.more, text, value)] };
}

/** Pure: a page of the lines, in a form. `after`: the place before its first; `isMore`: there is a page after it. */
export function linesModal(
  view: Pick<DigestView, 'digest' | 'total'>,
  page: { lines: readonly ShownLine[]; after: number; isMore: boolean },
): ModalView {
  const last = page.lines.at(-1)?.place ?? page.after;
  const blocks: KnownBlock[] = [
    section(plain(`Lines ${Math.min(page.after + 1, last)} to ${last} of ${view.total.lines}`)),
    ...page.lines.flatMap((line) => lineBlocks(view, line)),
  ];
  const to = (after: number, text: string) =>
    button(digestActions.more, text, moreButton.value({ digest: view.digest.id, after }));
  const turns = [
    ...(page.after > 0
      ? [
          {
            ...to(Math.max(0, page.after - LINES_ON_PAGE), 'Earlier'),
            action_id: `${digestActions.more}:back`,
          },
        ]
      : []),
    ...(page.isMore ? [to(last, 'Later')] : []),
  ];
  if (turns.length > 0) blocks.push({ type: 'actions', block_id: 'turn', elements: turns });
  return {
    type: 'modal',
    callback_id: 'digest_lines',
    title: { type: 'plain_text', text: 'Your week in access' },
    close: { type: 'plain_text', text: 'Close' },
    private_metadata: JSON.stringify({ digest: view.digest.id, after: page.after }),
    blocks,
  };
}

/** The question to whoever holds it. */
function question({ digest }: DigestView, line: ShownLine): SlackContent {
  const asker = escapeMrkdwn(line.answer?.byName ?? 'Somebody');
  const title = escapeMrkdwn(line.title);
  const text = `${asker} is looking at who has *${title}*, and asks you: do you still need it?`;
  const blocks: KnownBlock[] = [section(mrkdwn(text))];
  const isOver = line.changeId !== null && line.state === 'ended';
  if (isOver) blocks.push(section(mrkdwn('It has ended meanwhile. Nothing to do for you.')));
  else if (line.answer?.reply !== undefined) blocks.push(section(mrkdwn('You said that you still need it.')));
  else {
    const value = lineButton.value({ digest: digest.id, place: line.place });
    const still = button(digestActions.stillNeeded, 'I still need it', value);
    const done =
      line.changeId === null
        ? []
        : [button(actions.release, 'I’m done', changeButton.value({ change: line.changeId, round: 0 }))];
    blocks.push({ type: 'actions', block_id: `ask_${line.place}`, elements: [still, ...done] });
  }
  return { text: `Do you still need ${title}? ${asker} asks.`, blocks };
}

function securityCard({ digest, unusedSeconds }: DigestView): SlackContent {
  const title = 'The week in access: the whole picture';
  const figures = digest.facts;
  if (figures === null) return { text: title, blocks: [section(plain(title))] };
  const unusedDays = Math.round(unusedSeconds / 86_400);
  const fields = (lines: [string, string][]): KnownBlock => ({
    type: 'section',
    fields: lines.map(([name, text]) => mrkdwn(`*${name}*\n${text}`)),
  });
  return {
    text: `${title}: ${figures.findings} findings open, ${figures.stillLate} late, ${figures.openCases} leavers’ cases open.`,
    blocks: [
      { type: 'header', text: plain(title, 150) },
      fields([
        ['Held', `${figures.held} by ${figures.people} people`],
        ['This week', `${figures.given} given, ${figures.ended} ended`],
        ['Privileged', `${figures.privileged}`],
        ['From before Latchkey', `${figures.before}`],
        ['Nobody asked for', `${figures.findings} open`],
        ['Held beside what nobody may have with it', `${figures.conflicts}`],
        [
          `No use of Anypoint for ${unusedDays} days`,
          `${figures.unused} people${figures.unknownUse === 0 ? '' : `; not known of ${figures.unknownUse}`}`,
        ],
        ['Late', `${figures.late} this week, ${figures.stillLate} now`],
        ['Leavers’ cases', `${figures.openCases} open`],
        ['Canary', canaryInWords(figures)],
      ]),
      section(
        mrkdwn(`*Digests of the last seven days*: ${figures.answered} of ${figures.lines} lines answered.`),
      ),
      ...objectionsTo(figures),
      ...figures.troubles.map((trouble) => section(plain(`Could not check: ${trouble}`))),
      { type: 'context', elements: [mrkdwn(`As of ${slackDate(digest.madeAt)}.`)] },
    ],
  };
}

/** Each says what an admin has to do about it: Latchkey does not change rules. */
function objectionsTo({ objections = [] }: SecurityFigures): KnownBlock[] {
  if (objections.length === 0) return [];
  const lines = objections
    .slice(0, OBJECTIONS)
    .map(
      ({ title, by, campaign, comment }) =>
        `• *${escapeMrkdwn(clip(title, 80))}*: ${escapeMrkdwn(clip(by, 80))}, review ${escapeMrkdwn(clip(campaign, 80))}${comment === null ? '' : `: ${escapeMrkdwn(clip(comment, 120))}`}`,
    );
  const more = objections.length - lines.length;
  if (more > 0) lines.push(`And ${more} more, in the certificates.`);
  return [
    section(
      mrkdwn(
        `*Rules that a reviewer says are wrong*. Change \`birthright\` in the catalogue, or keep the rule in the next review.\n${lines.join('\n')}`,
      ),
    ),
  ];
}

function canaryInWords({ canary: { hits, misses, slowestMs } }: SecurityFigures): string {
  if (hits + misses === 0) return 'no rounds';
  const slowest = slowestMs === null ? '' : `, the slowest ${elapsedInWords(slowestMs)}`;
  return `${hits} of ${hits + misses} rounds in time${slowest}`;
}
