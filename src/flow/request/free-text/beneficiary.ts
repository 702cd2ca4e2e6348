import { linkOf, type Person } from '../../../store/people.ts';
import { peopleNamed } from '../../../store/people-named.ts';
import type { Data, Parties } from '../../kernel/context.ts';
import type { Choice } from '../bundles.ts';

/** Whom a free text is for. `ask`: it names somebody, and who that is can't be told for sure. */
export type Beneficiary =
  | { is: 'oneself' }
  | { is: 'person'; accountId: string; name: string }
  | { is: 'ask'; why: string };

/** Somebody whom words of a text may mean. */
export type KnownName = { id: string; name: string };

/** Pure: who the words name. `several`: more than one fits. */
export type Naming =
  | { is: 'oneself' }
  | { is: 'account'; accountId: string }
  | { is: 'person'; id: string; name: string }
  | { is: 'several'; words: string; names: string[] }
  | { is: 'unknown'; words: string };

/** A mention, as the chat sends it. */
const MENTION = /<@([A-Z0-9]+)(?:\|[^>]*)?>/gu;
const WORD = String.raw`\p{L}[\p{L}'’.-]*`;
const ALSO = String.raw`(?:\s+(?:my|our|the|colleague|teammate|intern|new|meine?n?|unsere?n?|kolleg\p{L}*|mon|ma|mi)){0,3}`;
/** What stands before the name of whom it is for. */
const BEFORE = new RegExp(
  String.raw`(?<![\p{L}\d])(?:for|on behalf of|behalf of|für|im auftrag von|pour|para|per|voor|give|grant|let|gib|donne|da)${ALSO}\s+(${WORD}(?:\s+${WORD}){0,3})`,
  'giu',
);
/** What stands after it. */
const AFTER = new RegExp(
  String.raw`(${WORD}(?:\s+${WORD})?)\s+(?:needs?|braucht|benötigt|a besoin|necesita|should (?:get|have)|wants?|has to|must)(?![\p{L}])`,
  'giu',
);
const ONESELF = new Set('me myself us i we mich uns moi nous mí mi me'.split(' '));
/** Words with a capital letter that are no names: days, months, and the subjects of requests. */
const NO_NAMES = new Set(
  `monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september
  october november december today tomorrow tonight easter christmas anypoint mulesoft api apis prod
  production staging jira incident incidents ticket the a an this that my our its their one two three`.split(
    /\s+/,
  ),
);

/**
 * Pure: whom somebody's words ask for. Only what stands where a beneficiary stands counts ("for Nadia", "Nadia needs"):
 * a name elsewhere is a person who is spoken of. `titles`: words of what can be asked for are no names.
 */
export function namingIn(
  text: string,
  people: readonly KnownName[],
  { askerId, titles }: { askerId: string; titles: readonly string[] },
): Naming {
  const mentioned = new Set([...text.matchAll(MENTION)].map(([, id]) => id ?? ''));
  const [only] = mentioned;
  if (mentioned.size > 1) return { is: 'several', words: 'several people', names: [] };
  const named = namedIn(text, people, { askerId, titles });
  if (only === undefined) return named;
  // "for Nadia, as @erik says" speaks of two people: which of them it is for is not guessed.
  return named.is === 'person' || named.is === 'several'
    ? { is: 'several', words: 'several people', names: [] }
    : { is: 'account', accountId: only };
}

function namedIn(
  text: string,
  people: readonly KnownName[],
  { askerId, titles }: { askerId: string; titles: readonly string[] },
): Naming {
  const known = new Set([...NO_NAMES, ...titles.flatMap(wordsOf)]);
  for (const words of phrasesIn(text)) {
    const [first = ''] = wordsOf(words);
    if (ONESELF.has(first)) continue;
    const fitting = fittingBest(words, people);
    const [one] = fitting;
    if (fitting.length === 1 && one !== undefined)
      return one.id === askerId ? { is: 'oneself' } : { is: 'person', ...one };
    if (fitting.length > 1)
      return { is: 'several', words: firstWord(words), names: fitting.map(({ name }) => name) };
    // Written as a name is written, and nobody is called so here.
    if (/^\p{Lu}\p{Ll}+$/u.test(firstWord(words)) && !known.has(first))
      return { is: 'unknown', words: firstWord(words) };
  }
  return { is: 'oneself' };
}

/** The words that may be names, lower-case, for a look into who is known. */
function wordsThatMayBeNames(text: string): string[] {
  return [...new Set(phrasesIn(text).flatMap(wordsOf))].filter((word) => word.length > 1);
}

function phrasesIn(text: string): string[] {
  const found = [...text.matchAll(BEFORE), ...text.matchAll(AFTER)];
  return found.sort((a, b) => a.index - b.index).map(([, words]) => words ?? '');
}

/** Of those who are called by the first word, those who are called by most of what follows as well. */
function fittingBest(words: string, people: readonly KnownName[]): KnownName[] {
  const said = wordsOf(words);
  const at = said.findIndex((word) => people.some(({ name }) => wordsOf(name).includes(word)));
  if (at === -1 || at > 1) return [];
  let fitting = people.filter(({ name }) => wordsOf(name).includes(said[at] as string));
  for (const word of said.slice(at + 1)) {
    const narrower = fitting.filter(({ name }) => wordsOf(name).includes(word));
    if (narrower.length === 0) break;
    fitting = narrower;
  }
  return fitting;
}

function firstWord(words: string): string {
  return words.split(/\s+/)[0] ?? '';
}

/** A possessive is the name all the same: `Nadia’s`. */
function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[^\p{L}'’-]+/u)
    .map((word) => word.replace(/['’]s$/u, ''))
    .filter((word) => word !== '');
}

/** The beneficiary, looked up among the people who are known. Never silently the requester where somebody is named. */
export async function beneficiaryOf(
  context: Data & Parties,
  free: { text: string; asker: Person; among: readonly Choice[] },
): Promise<Beneficiary> {
  const { text, asker, among } = free;
  const words = wordsThatMayBeNames(text);
  const people = words.length === 0 ? [] : await peopleNamed(context.db, words);
  const parties = [...context.idps.all.map(({ name }) => name), context.chat.name];
  const titles = [...parties, ...among.flatMap(({ title, gives }) => [title, gives])];
  const naming = namingIn(text, people, { askerId: asker.id, titles });
  switch (naming.is) {
    case 'oneself':
      return naming;
    case 'account': {
      const own = await linkOf(context.db, asker.id, context.chat.system);
      if (naming.accountId === own) return { is: 'oneself' };
      const account = await context.chat.whoIs(naming.accountId);
      return account === null
        ? { is: 'ask', why: 'Latchkey can’t tell whom you mention.' }
        : { is: 'person', accountId: account.id, name: account.name };
    }
    case 'person': {
      const known = people.find(({ id }) => id === naming.id);
      const accountId =
        (await linkOf(context.db, naming.id, context.chat.system)) ??
        (known === undefined ? null : await context.chat.findByEmail(known.email));
      return accountId === null
        ? { is: 'ask', why: `${naming.name} has no account in ${context.chat.name} that Latchkey knows.` }
        : { is: 'person', accountId, name: naming.name };
    }
    case 'several':
      return {
        is: 'ask',
        why:
          naming.names.length === 0
            ? 'You mention several people.'
            : `Several people are called ${naming.words}: ${naming.names.join(', ')}.`,
      };
    case 'unknown':
      return { is: 'ask', why: `Latchkey knows nobody called ${naming.words}.` };
    default:
      return naming satisfies never;
  }
}
