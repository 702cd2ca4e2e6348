import type { KnownBlock, RichTextBlock } from '@slack/types';
import { z } from 'zod';
import type { Change } from '../../core/change/change.ts';
import { openQuestions, type Question, type Said } from '../../core/change/question.ts';
import type { ChangeView } from '../../flow/messages/change-view.ts';
import type { Named } from '../../flow/people/named.ts';
import { type SlackContent, section } from '../blocks.ts';
import { cardButton } from '../forms/card-button.ts';
import { clip, escapeMrkdwn, mrkdwn, plain, quote, slackDate } from '../mrkdwn.ts';

/** Carries the change and which of its questions is answered. */
export const answerButton = cardButton(z.strictObject({ change: z.uuid(), question: z.int() }));

export const questionActions = { ask: 'question_ask', answer: 'question_answer' } as const;

/** On a card stand the newest; the thread has all. */
const SHOWN_MAX = 3;
const ANSWERS_SHOWN_MAX = 2;
/** Characters of each on a card; in the thread and in the message of whoever answers they stand whole. */
const ON_CARD_MAX = 400;

/** Whoever is named in what follows. */
type Told = Pick<ChangeView, 'change' | 'requester' | 'beneficiary' | 'askers'>;

/** The questions and answers, on the card and in the messages of those they are for; empty: there are none. */
export function questionBlocks({ change }: Pick<ChangeView, 'change'>): KnownBlock[] {
  const { questions = [], lapsesAt, state } = change;
  if (questions.length === 0) return [];
  const shown = questions.slice(-SHOWN_MAX);
  const isWaiting = state === 'asking' && openQuestions(change).length > 0;
  const notes = [
    ...(shown.length < questions.length
      ? [`Earlier questions stand in the thread: ${questions.length - shown.length}.`]
      : []),
    ...(isWaiting && lapsesAt !== null
      ? [`A question stops no clock: undecided, the request lapses ${slackDate(lapsesAt)}.`]
      : []),
  ];
  return [...shown.map(spoken), ...(notes.length === 0 ? [] : [aside(mrkdwn(notes.join(' ')))])];
}

function aside(text: ReturnType<typeof mrkdwn> | ReturnType<typeof plain>): KnownBlock {
  return { type: 'context', elements: [text] };
}

/** Rich text is never parsed: nothing in a name or in somebody's words becomes a mention, a link or a line of ours. */
function spoken({ answers, ...question }: Question): RichTextBlock {
  const said = (one: Said, verb: string): RichTextBlock['elements'] => [
    {
      type: 'rich_text_section',
      elements: [{ type: 'text', text: `${one.name} ${verb}`, style: { bold: true } }],
    },
    ...quote(clip(one.text, ON_CARD_MAX)).elements,
  ];
  return {
    type: 'rich_text',
    elements: [
      ...said(question, 'asks'),
      ...answers.slice(-ANSWERS_SHOWN_MAX).flatMap((answer) => said(answer, 'answers')),
    ],
  };
}

/** The button with which the oldest open question is answered; empty: none is open. */
export function answerButtons(change: Change): KnownBlock[] {
  const [open] = change.state === 'asking' ? openQuestions(change) : [];
  return open === undefined ? [] : [answerBlock(change, open, 'answer')];
}

function answerBlock({ id }: Change, question: Question, blockId: string): KnownBlock {
  return {
    type: 'actions',
    block_id: blockId,
    elements: [
      {
        type: 'button',
        action_id: questionActions.answer,
        style: 'primary',
        text: { type: 'plain_text', text: 'Answer…' },
        value: answerButton.value({ change: id, question: question.id }),
      },
    ],
  };
}

/**
 * Replies that notify: an edited message is announced by no phone. Whoever is asked reads the question, the card's
 * thread all of it.
 */
export function questionNotes(
  view: Told,
  reader: 'requester' | 'beneficiary' | 'channel',
): { key: string; content: SlackContent }[] {
  const { change, requester } = view;
  const isAsked = reader === (requester === null ? 'beneficiary' : 'requester');
  return (change.questions ?? []).flatMap((question, n) => {
    const asker = view.askers?.[n] ?? { name: question.name, accountId: null };
    if (reader === 'channel') return channelNotes(view, question, asker);
    return isAsked ? [toWhomAnswers(change, question, asker)] : [];
  });
}

function toWhomAnswers(
  change: Change,
  question: Question,
  asker: Named,
): { key: string; content: SlackContent } {
  const isOpen = change.state === 'asking' && question.answers.length === 0;
  const text = `:speech_balloon: ${nameOf(asker)} asks you, before deciding on your request:`;
  return {
    key: `question:${question.id}`,
    content: {
      text: `${escapeMrkdwn(question.name)} asks about your request: ${escapeMrkdwn(question.text)}`,
      blocks: [
        section(mrkdwn(text)),
        quote(question.text),
        ...(isOpen
          ? [answerBlock(change, question, `answer:${question.id}`)]
          : question.answers.length > 0
            ? [aside(plain('Answered.'))]
            : []),
      ],
    },
  };
}

function channelNotes(
  { requester, beneficiary }: Told,
  question: Question,
  asker: Named,
): { key: string; content: SlackContent }[] {
  const note = (key: string, text: string, words: string) => ({
    key,
    content: { text, blocks: [section(mrkdwn(text)), quote(words)] },
  });
  const whom = (requester ?? beneficiary).name;
  // What was written in the thread stands there already.
  return [
    ...(question.inThread === true
      ? []
      : [
          note(
            `question:${question.id}`,
            `:speech_balloon: ${escapeMrkdwn(question.name)} asks ${escapeMrkdwn(whom)}:`,
            question.text,
          ),
        ]),
    ...question.answers.map((answer, n) =>
      note(
        `answer:${question.id}:${n + 1}`,
        `:speech_balloon: ${nameOf(asker)}: ${escapeMrkdwn(answer.name)} answers.`,
        answer.text,
      ),
    ),
  ];
}

function nameOf(person: Named): string {
  return person.accountId === null ? escapeMrkdwn(person.name) : `<@${person.accountId}>`;
}
