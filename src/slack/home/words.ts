import type { KnownBlock } from '@slack/types';
import type { Paged } from '../../core/home/pages.ts';
import { isRefusal } from '../../core/refusal.ts';
import { type HomeFacts, readHomeFacts } from '../../flow/home/facts.ts';
import type { Context } from '../../flow/kernel/context.ts';
import { identify, metAs } from '../../flow/people/identify.ts';
import { type SlackContent, section } from '../blocks.ts';
import type { Typed, Word } from '../commands/word.ts';
import { escapeMrkdwn, mrkdwn } from '../mrkdwn.ts';
import { accessLine, pastLine, requestLine, waitingLine } from './lines.ts';

/** `/access mine`: what the Home tab says of one's own access, in a message. */
export const mineWord: Word = {
  word: 'mine',
  takes: '',
  says: 'shows what you have, until when, and what you asked for',
  alsoSaid: ['my access', 'my', 'me', 'list', 'show', 'home'],
  run: async (typed) => await answerWith(typed, mine),
};

/** `/access status`: one's open requests and whom they wait for, and what waits for oneself. */
export const statusWord: Word = {
  word: 'status',
  takes: '',
  says: 'shows your open requests and whom they wait for, and what waits for you',
  alsoSaid: ['my requests', 'requests', 'pending', 'waiting', 'open'],
  run: async (typed) => await answerWith(typed, status),
};

/** Shows only, so who was met before is known by their link and nobody outside is asked. */
async function answerWith(
  { context, command, answer }: Typed,
  draw: (facts: HomeFacts) => SlackContent,
): Promise<void> {
  const facts = await factsFor(context, command.user_id);
  await answer('refused' in facts ? { text: escapeMrkdwn(facts.refused) } : draw(facts));
}

async function factsFor(context: Context, accountId: string): Promise<HomeFacts | { refused: string }> {
  const person = (await metAs(context, accountId)) ?? (await identify(context, accountId));
  if (isRefusal(person)) return { refused: `${person.text} ${person.next}` };
  return await readHomeFacts(context, person, {});
}

function mine(facts: HomeFacts): SlackContent {
  const { access, requests, past } = facts;
  const nothing = 'You have no access through Latchkey, and no open request. Ask with */access*.';
  return inMessage('Your access', nothing, [
    ...part('You have', access, (line) => accessLine(facts, line)),
    ...part('Your open requests', requests, (line) => requestLine(facts, line)),
    ...part('In the last 30 days', past, (line) => pastLine(facts, line)),
  ]);
}

function status(facts: HomeFacts): SlackContent {
  const { requests, waiting } = facts;
  const nothing = 'You have no open request, and nothing waits for you. Ask with */access*.';
  return inMessage('Your open requests', nothing, [
    ...part('Your open requests', requests, (line) => requestLine(facts, line)),
    ...part('Waiting for you', waiting, (line) => waitingLine(facts, line)),
  ]);
}

function inMessage(text: string, nothing: string, blocks: KnownBlock[]): SlackContent {
  return blocks.length === 0 ? { text: nothing, blocks: [section(mrkdwn(nothing))] } : { text, blocks };
}

/** The first page of a part; a message has no pages, so the others are on the Home tab. */
function part<T>(title: string, { all, shown }: Paged<T>, draw: (line: T) => KnownBlock[]): KnownBlock[] {
  if (all === 0) return [];
  const more = all - shown.length;
  return [
    { type: 'header', text: { type: 'plain_text', text: `${title}: ${all}` } },
    ...shown.flatMap(draw),
    ...(more > 0
      ? [section(mrkdwn(`${more} more stand on Latchkey’s *Home* tab, under *Apps* on the left.`))]
      : []),
  ];
}
