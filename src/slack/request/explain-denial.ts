import { isRefusal } from '../../core/refusal.ts';
import { whyInWords } from '../../core/wording/explain-denial.ts';
import type { Data, Parties } from '../../flow/kernel/context.ts';
import { identify, metAs } from '../../flow/people/identify.ts';
import { saidOf } from '../../flow/people/said.ts';
import { changesOfPerson } from '../../store/changes.ts';
import { section } from '../blocks.ts';
import type { Word } from '../commands/word.ts';
import { escapeMrkdwn, mrkdwn } from '../mrkdwn.ts';
import { withMentions } from '../said.ts';

const LOOKED_AT = 50;
/** The beginning of an id is enough to tell one's own requests apart. */
const ID_MIN = 4;

export const whyWord: Word = {
  word: 'why',
  takes: '[request]',
  says: 'says why your last request got a no; with the beginning of a request’s id, why that one',
  run: async ({ context, command, rest, answer }) => answer(await whyOf(context, command.user_id, rest)),
};

/**
 * `/access why [id]`: why one's own request came to its result. It is told from the record and by no model. Without an
 * id, it is the newest request that got a no.
 */
async function whyOf(context: Data & Parties, accountId: string, id: string) {
  const person = (await metAs(context, accountId)) ?? (await identify(context, accountId));
  if (isRefusal(person)) return { text: escapeMrkdwn(`${person.text} ${person.next}`) };
  const theirs = (await changesOfPerson(context.db, person.id, LOOKED_AT)).filter((c) => c.kind === 'grant');
  const found =
    id === ''
      ? theirs.find((c) => ['denied', 'refused', 'lapsed'].includes(c.state))
      : id.length < ID_MIN
        ? undefined
        : theirs.find((c) => c.id.startsWith(id.toLowerCase()));
  if (found === undefined)
    return {
      text:
        id === ''
          ? 'None of your requests got a no. */access mine* shows them all.'
          : 'That is not one of your requests. */access mine* shows them all.',
    };
  const title = context.catalogue.entitlement(found.entitlementKey)?.title ?? found.entitlementKey;
  const { people } = found.refusal === null ? { people: new Map() } : await saidOf(context, found.refusal);
  const lines = whyInWords(found, title).map((words) => withMentions({ words, people }));
  return {
    text: lines.join(' '),
    blocks: [section(mrkdwn(lines.join('\n')))],
  };
}
