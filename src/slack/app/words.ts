import type { App, BlockAction, ButtonAction } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import { Fault } from '../../core/fault.ts';
import type { Context, Data } from '../../flow/kernel/context.ts';
import { emergencyWord } from '../break-glass/emergency.ts';
import { ASK_IN_WORDS, helpText, unknownWord } from '../commands/answers.ts';
import { readCommand, type Wanted } from '../commands/read-command.ts';
import type { Typed, Word } from '../commands/word.ts';
import { awayWord, backWord } from '../delegation/away.ts';
import { digestWord } from '../digest/clicks.ts';
import { fitted } from '../fit.ts';
import { orTell, whyNotOpened } from '../forms/forms.ts';
import { whoWord } from '../home/who.ts';
import { mineWord, statusWord } from '../home/words.ts';
import { offboardWord } from '../offboarding/clicks.ts';
import { whyWord } from '../request/explain-denial.ts';
import { openFreeTextForm } from '../request/free-text-form.ts';
import { openRequestForm } from '../request/requests.ts';
import { reviewWord } from '../review/campaign-form.ts';

/** Every word that `/access` knows, in the order of the help. A new one is a line here. */
export const words: readonly Word[] = [
  mineWord,
  statusWord,
  whoWord,
  whyWord,
  emergencyWord,
  awayWord,
  backWord,
  digestWord,
  offboardWord,
  reviewWord,
];

/** Letters of a word that is looked for in the catalogue, at least. */
const NAMING_MIN = 3;

/** `/access` with whatever words follow it. */
export function registerCommand(app: App, context: Context, client: WebClient): void {
  app.command('/access', async ({ command, ack, respond }) => {
    const wanted = readCommand(command.text, words, (word) => isInCatalogue(context, word));
    // What is answered without a look at anything is answered at once.
    if (wanted.is === 'unknown' && wanted.meant !== null && !hasReader(wanted.meant))
      return await ack({ response_type: 'ephemeral', ...unknownWord(wanted, command.text, words) });
    await ack();
    const answer: Typed['answer'] = async (content) =>
      void (await respond({
        response_type: 'ephemeral',
        ...(content.blocks === undefined ? content : fitted({ text: content.text, blocks: content.blocks })),
      }));
    try {
      await serve(wanted, { context, client, command, answer });
    } catch (error) {
      context.log.warn({ err: (error as Error).message }, '/access not served');
      await answer({ text: whyNotOpened(error) });
    }
  });
  app.action<BlockAction<ButtonAction>>(
    { action_id: ASK_IN_WORDS, type: 'block_actions' },
    async ({ ack, body, action }) => {
      await ack();
      const said = { trigger_id: body.trigger_id, user_id: body.user.id, text: action.value ?? '' };
      await orTell(context, body, () => openFreeTextForm(context, client, said));
    },
  );
}

/** Whether a word is named to some only. */
function hasReader(word: string): boolean {
  return words.some((known) => known.word === word && known.isFor !== undefined);
}

/** The words that are named to this person. One of which it can't be found out is not. */
async function wordsFor(context: Context, accountId: string): Promise<Word[]> {
  const isNamed = await Promise.all(
    words.map(async ({ word, isFor }) => {
      if (isFor === undefined) return true;
      try {
        return await isFor(context, accountId);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        context.log.warn({ code: error.code, word }, 'not known whom a word is for');
        return false;
      }
    }),
  );
  return words.filter((_, i) => isNamed[i] === true);
}

async function serve(wanted: Wanted, typed: Omit<Typed, 'rest'>) {
  const { context, client, command, answer } = typed;
  switch (wanted.is) {
    case 'help':
      return await answer({ text: helpText(await wordsFor(context, command.user_id)) });
    case 'unknown': {
      const theirs = await wordsFor(context, command.user_id);
      const isTheirs = wanted.meant === 'help' || theirs.some(({ word }) => word === wanted.meant);
      const meant = isTheirs ? wanted.meant : null;
      return await answer(unknownWord({ ...wanted, meant }, command.text, theirs));
    }
    case 'form':
      return await openRequestForm(context, client, {
        triggerId: command.trigger_id,
        accountId: command.user_id,
      });
    case 'freeText':
      return await openFreeTextForm(context, client, { ...command, text: wanted.text });
    default:
      return await wanted.word.run({ ...typed, rest: wanted.rest });
  }
}

/** Whether something that may be asked for is called so, or gives something called so. */
function isInCatalogue({ catalogue }: Pick<Data, 'catalogue'>, word: string): boolean {
  if (word.length < NAMING_MIN) return false;
  const { entitlements, bundles } = catalogue.current();
  return [
    ...entitlements.flatMap(({ key, title, gives, team }) => [key, title, gives, team]),
    ...bundles.map(({ title }) => title),
  ].some((text) => text.toLowerCase().includes(word));
}
