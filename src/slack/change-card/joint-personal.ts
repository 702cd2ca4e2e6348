import type { KnownBlock } from '@slack/types';
import { countInWords, durationInWords } from '../../core/duration.ts';
import { capital, stopped } from '../../core/text.ts';
import { statusText } from '../../core/wording/change-status.ts';
import type { ChangeView, JointView } from '../../flow/messages/change-view.ts';
import type { Notice } from '../../ports/messenger.ts';
import { type SlackContent, section } from '../blocks.ts';
import { escapeMrkdwn, mrkdwn } from '../mrkdwn.ts';
import { statusBlocks } from './card.ts';
import { namesOf, peopleIn, titleOf } from './names.ts';
import { outcomeNotes } from './outcome.ts';
import { askedHead, isAsked, type OwnReader, personal, personalButtons, readersOf } from './personal.ts';
import { answerButtons, questionBlocks, questionNotes } from './questions.ts';
import { whyThem } from './why-them.ts';

/**
 * Pure: what requester and beneficiary are told of a joint request. Each has one message for all of it, and the replies
 * that notify stand in its thread.
 */
export function jointNotices({ parts }: JointView): Notice<SlackContent>[] {
  const [first] = parts;
  if (first === undefined || parts.every(({ change }) => change.state === 'received')) return [];
  return readersOf(first).flatMap(([key, to]) => [
    { key, to, under: null, content: jointPersonal(first, parts, key) },
    ...parts.flatMap((part) =>
      [...questionNotes(part, key), ...outcomeNotes(part, key)].map((note) => ({
        key: `${key}:${part.change.id}:${note.key}`,
        to,
        under: key,
        content: note.content,
      })),
    ),
  ]);
}

/** Slack takes fifty blocks: of more parts than this, each has its status and its buttons. */
const FULL_MAX = 4;

function jointPersonal(first: ChangeView, parts: readonly ChangeView[], reader: OwnReader): SlackContent {
  const statusOf = (part: ChangeView) =>
    statusText(part.change, part.ending, namesOf(part, reader === 'beneficiary'));
  if (parts.length === 1) return personal(first, statusOf(first), reader);
  const { requestedSeconds } = first.change;
  const time = requestedSeconds === null ? '' : ` for ${durationInWords(requestedSeconds)}`;
  const what = `${countInWords(parts.length)} accesses${time}`;
  const short = parts.map((part) => `${escapeMrkdwn(titleOf(part))} (${statusOf(part).label})`);
  const isFull = parts.length <= FULL_MAX;
  return {
    text: stopped(`${capital(what)}: ${short.join(', ')}`),
    blocks: [
      section(mrkdwn(askedHead(first, reader, what))),
      ...parts.flatMap((part) => partBlocks(part, reader, isFull)),
    ],
  };
}

function partBlocks(view: ChangeView, reader: OwnReader, isFull: boolean): KnownBlock[] {
  const { change } = view;
  const now = statusText(change, view.ending, namesOf(view, reader === 'beneficiary'));
  const title = `*${escapeMrkdwn(titleOf(view))}*`;
  const answers = isAsked(view, reader) ? answerButtons(change) : [];
  const buttons = personalButtons(view);
  const all: KnownBlock[] = isFull
    ? [
        { type: 'divider' },
        section(mrkdwn(title)),
        ...statusBlocks(now, peopleIn(view)),
        ...whyThem(view),
        ...questionBlocks(view),
        ...answers,
        ...(buttons === null ? [] : [buttons]),
      ]
    : [section(mrkdwn(`${title}\n${now.headline}.`)), ...answers, ...(buttons === null ? [] : [buttons])];
  // Two rows of buttons in one message need two names.
  return all.map((block) =>
    block.type === 'actions' ? { ...block, block_id: `${block.block_id}:${change.id}` } : block,
  );
}
