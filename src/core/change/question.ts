import type { ChangeId, PersonId } from '../ids.ts';
import { type Refusal, refuse } from '../refusal.ts';
import type { Change } from './change.ts';
import type { ChangeEvent } from './events.ts';

/** A question that an approver asks before they decide, with its answers. */
export type Question = Said & {
  /** One within its change, from 1: its place in the row. */
  id: number;
  answers: Said[];
};

/** Somebody's words. `inThread`: written in a thread, where they stand already. */
export type Said = {
  by: PersonId;
  name: string;
  at: Date;
  text: string;
  clickId: string;
  inThread?: true;
};

/** Characters of a question, and of an answer. */
export const QUESTION_MAX = 1_000;
/** Of one request: who still has questions then talks to the person. */
const QUESTIONS_MAX = 20;
const ANSWERS_MAX = 10;

export type WordsClick = { id: string; text: string; inThread?: boolean };

export type QuestionFacts = {
  clicker: { id: PersonId; name: string };
  /** Whether they may decide on it, as catalogue and IdP are now. */
  mayDecide: boolean;
  /** Whether whoever is asked can be written to. */
  canBeAsked: boolean;
  now: Date;
};

/** The person who answers: the requester, or the beneficiary where nobody asked. */
export function whoAnswers({ requesterId, personId }: Pick<Change, 'requesterId' | 'personId'>): PersonId {
  return requesterId ?? personId;
}

/** Questions that nobody has answered yet, oldest first. */
export function openQuestions({ questions = [] }: Pick<Change, 'questions'>): Question[] {
  return questions.filter(({ answers }) => answers.length === 0);
}

/**
 * An approver asks. It decides nothing and stops no clock. An empty list: the very same click was counted before. A
 * refusal changes nothing.
 */
export function askQuestion(
  change: Change,
  click: WordsClick,
  facts: QuestionFacts,
): ChangeEvent[] | Refusal {
  const { questions = [] } = change;
  if (questions.some(({ clickId }) => clickId === click.id)) return [];
  const { clicker, now } = facts;
  const text = click.text.trim();
  const refused = refuseOver(change, now) ?? refuseText(text);
  if (refused !== null) return refused;
  if (clicker.id === change.requesterId || clicker.id === change.personId || !facts.mayDecide)
    return refuse(
      'notAnApprover',
      'Only somebody who may decide on this request asks questions about it here.',
      'Write to the person yourself.',
    );
  if (!facts.canBeAsked)
    return refuse(
      'questionInvalid',
      'Whoever would answer can’t be written to here.',
      'Ask them in another way, then decide.',
    );
  if (questions.length >= QUESTIONS_MAX)
    return refuse(
      'questionInvalid',
      `There are ${QUESTIONS_MAX} questions about this request already.`,
      'Talk to the person, then decide.',
    );
  const question = { id: questions.length + 1, ...saidBy(clicker, click, text, now), answers: [] };
  return [{ ...baseOf(change.id, clicker, now), type: 'questionAsked', question }];
}

/** The requester answers. `of` null: the oldest question that is open, else the last. */
export function answerQuestion(
  change: Change,
  click: WordsClick & { of: number | null },
  { clicker, now }: Pick<QuestionFacts, 'clicker' | 'now'>,
): ChangeEvent[] | Refusal {
  const { questions = [] } = change;
  if (questions.some(({ answers }) => answers.some(({ clickId }) => clickId === click.id))) return [];
  const text = click.text.trim();
  if (clicker.id !== change.requesterId && clicker.id !== change.personId)
    return refuse('notYours', 'This question is not for you.', 'Whoever asked for the access answers it.');
  const refused = refuseOver(change, now) ?? refuseText(text);
  if (refused !== null) return refused;
  const question =
    click.of === null
      ? (openQuestions(change)[0] ?? questions.at(-1))
      : questions.find(({ id }) => id === click.of);
  if (question === undefined || question.answers.length >= ANSWERS_MAX)
    return refuse(
      'questionInvalid',
      'There is no question to answer any more.',
      'Nothing more to do; your message shows how it stands.',
    );
  const answer = saidBy(clicker, click, text, now);
  return [{ ...baseOf(change.id, clicker, now), type: 'questionAnswered', of: question.id, answer }];
}

/** The questions with one more answer. */
export function withAnswer(questions: readonly Question[], of: number, answer: Said): Question[] {
  return questions.map((one) => (one.id === of ? { ...one, answers: [...one.answers, answer] } : one));
}

function saidBy(by: QuestionFacts['clicker'], click: WordsClick, text: string, now: Date): Said {
  const said = { by: by.id, name: by.name, at: now, text, clickId: click.id };
  return click.inThread === true ? { ...said, inThread: true } : said;
}

function baseOf(changeId: ChangeId, { id, name }: QuestionFacts['clicker'], at: Date) {
  return { changeId, at, actor: { person: id, name } };
}

function refuseText(text: string): Refusal | null {
  return text === '' || text.length > QUESTION_MAX
    ? refuse(
        'questionInvalid',
        `A question or an answer has at least a word, and at most ${QUESTION_MAX} characters.`,
        'Write it shorter, and send it again.',
      )
    : null;
}

function refuseOver(change: Change, now: Date): Refusal | null {
  const hasLapsed = change.lapsesAt !== null && change.lapsesAt <= now;
  return change.state === 'asking' && !hasLapsed
    ? null
    : refuse(
        'alreadySettled',
        'This request no longer waits for a decision, so nothing was sent.',
        'Nothing more to do; the message shows what happened.',
      );
}
