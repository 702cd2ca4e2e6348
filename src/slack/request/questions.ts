import type { App, ViewSubmitAction } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { QUESTION_MAX } from '../../core/change/question.ts';
import { isStorable } from '../../core/storable.ts';
import type { Context, Data, Parties } from '../../flow/kernel/context.ts';
import { acceptClick } from '../../flow/request/accept-click.ts';
import { repliedTo } from '../../flow/request/replied-to.ts';
import { readChange } from '../../store/changes.ts';
import { personByLink, readPerson } from '../../store/people.ts';
import { section } from '../blocks.ts';
import { changeButton } from '../change-card/buttons.ts';
import { answerButton, questionActions } from '../change-card/questions.ts';
import type { Pressed } from '../forms/card-button.ts';
import { formModal } from '../forms/forms.ts';
import { writtenIn } from '../forms/written.ts';
import { plain, quote } from '../mrkdwn.ts';
import { mentionedIn, wordsFromMrkdwn } from '../words-from-mrkdwn.ts';
import { click } from './click.ts';
import type { CardKey } from './form.ts';

const callbacks = { ask: 'question_ask', answer: 'question_answer' } as const;
const WORDS = 'words';
const MENTIONS_MAX = 10;

type AnswerKey = Pressed<{ change: string; question: number }>;

/** Asking back: each form and each reply is stored before it is acknowledged; what it means is settled later. */
export function registerQuestionHandlers(app: App, context: Context, client: WebClient): void {
  const listener = { app, context, client };
  changeButton.opens(listener, questionActions.ask, (key) => askFormOf(context, key));
  answerButton.opens(listener, questionActions.answer, (key) => answerFormOf(context, key));

  app.view<ViewSubmitAction>(callbacks.ask, async ({ ack, body, view }) => {
    const key = changeButton.form(view.private_metadata);
    const { text, wrong } = writtenIn(view.state.values[WORDS]?.[WORDS]?.value, 'Write at least a word.');
    if (wrong !== null) return await ack({ response_action: 'errors', errors: { [WORDS]: wrong } });
    await acceptClick(context, click(key, body.user.id, `view-${view.id}`, { verb: 'ask', text }));
    await ack();
  });

  app.view<ViewSubmitAction>(callbacks.answer, async ({ ack, body, view }) => {
    const key = answerButton.form(view.private_metadata);
    const { text, wrong } = writtenIn(view.state.values[WORDS]?.[WORDS]?.value, 'Write at least a word.');
    if (wrong !== null) return await ack({ response_action: 'errors', errors: { [WORDS]: wrong } });
    const act = { verb: 'answer', text, of: key.question } as const;
    await acceptClick(context, click({ ...key, round: 0 }, body.user.id, `view-${view.id}`, act));
    await ack();
  });

  app.message(async ({ message }) => {
    // Written by a person, in a thread, for the first time: an edit is another message to Slack, and none to us.
    if (message.subtype !== undefined || message.thread_ts === undefined || message.bot_id !== undefined)
      return;
    const { user, channel, ts, thread_ts, text = '' } = message;
    if (user === undefined || text === '' || !isStorable(text)) return;
    const changeId = await repliedTo(context, { channel, ts: thread_ts });
    if (changeId === null) return;
    const words = wordsFromMrkdwn(text, await namesIn(context, text));
    if (words === '') return;
    await acceptClick(context, {
      clickId: `${channel}-${ts}-reply`,
      changeId,
      round: 0,
      chatUserId: user,
      channel,
      act: { verb: 'reply', text: words },
    });
  });
}

/** Whom a text mentions, as far as Latchkey has met them. */
async function namesIn(context: Data & Parties, text: string): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const id of mentionedIn(text).slice(0, MENTIONS_MAX)) {
    const person = await personByLink(context.db, context.chat.system, id);
    if (person !== null) names.set(id, person.name);
  }
  return names;
}

async function askFormOf(context: Data, key: CardKey): Promise<ModalView | null> {
  const change = await readChange(context.db, key.change);
  if (change === null) return null;
  const person = await readPerson(context.db, change.requesterId ?? change.personId);
  return askModal(key, person?.name ?? 'The requester');
}

/** Pure: the form for a question to whoever asked. `whom`: their name. */
export function askModal(key: CardKey, whom: string): ModalView {
  return formModal({
    callbackId: callbacks.ask,
    title: 'Ask a question',
    submit: 'Ask',
    key,
    blocks: [
      section(
        plain(
          `${whom} is asked in a direct message, and answers there. Question and answer stand on the card, so the whole channel reads them.`,
        ),
      ),
      input('What do you want to know?', 'A question decides nothing and stops no clock.'),
    ],
  });
}

async function answerFormOf(context: Data, key: AnswerKey): Promise<ModalView | null> {
  const change = await readChange(context.db, key.change);
  const question = change?.questions?.find(({ id }) => id === key.question);
  if (change === null || question === undefined) return null;
  return answerModal(key, question);
}

/** Pure: the form for an answer. `name`: of whoever asks. */
export function answerModal(key: AnswerKey, question: { name: string; text: string }): ModalView {
  return formModal({
    callbackId: callbacks.answer,
    title: 'Answer',
    submit: 'Answer',
    key,
    blocks: [
      section(plain(`${question.name} asks:`)),
      quote(question.text),
      input('Your answer', 'It stands on the card: everybody in the channel with the requests reads it.'),
    ],
  });
}

function input(label: string, hint: string) {
  return {
    type: 'input',
    block_id: WORDS,
    label: { type: 'plain_text', text: label },
    hint: { type: 'plain_text', text: hint },
    element: { type: 'plain_text_input', action_id: WORDS, multiline: true, max_length: QUESTION_MAX },
  } as const;
}
