import type { SlashCommand } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import type { Context } from '../../flow/kernel/context.ts';
import type { SlackContent } from '../blocks.ts';

/** What a word of `/access` is given when somebody types it. */
export type Typed = {
  context: Context;
  client: WebClient;
  command: SlashCommand;
  /** What stands after the word, trimmed; empty: nothing. */
  rest: string;
  /** Answers so that only they see it. Resolves when Slack has it. */
  answer: (content: { text: string; blocks?: SlackContent['blocks'] }) => Promise<void>;
};

/** A word that `/access` knows. A capability exports its own; `src/slack/app/words.ts` lists them all. */
export type Word = {
  word: string;
  /** What may follow it, as the help shows it, e.g. `[request]`; empty: nothing. */
  takes: string;
  /** What it does: one sentence in mrkdwn, after the word, e.g. `shows what you have`. */
  says: string;
  /** Words that people type for it; they are answered with this one. */
  alsoSaid?: readonly string[];
  /** Whom the help names it to; left out: everybody. Throws a Fault where it can't be found out. */
  isFor?: (context: Context, accountId: string) => Promise<boolean>;
  run: (typed: Typed) => Promise<void>;
};
