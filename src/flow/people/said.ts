import type { Refusal } from '../../core/refusal.ts';
import type { Said } from '../../ports/messenger.ts';
import { peopleWithAccounts } from '../../store/people.ts';
import type { Data, Parties } from '../kernel/context.ts';

/** A refusal's words, with the people in it named as chat and store know them. Nobody outside is asked. */
export async function saidOf(
  { db, chat }: Pick<Data, 'db'> & Pick<Parties, 'chat'>,
  { text, next, people = [] }: Refusal,
): Promise<Said> {
  const words = `${text} ${next}`;
  if (people.length === 0) return { words, people: new Map() };
  const known = await peopleWithAccounts(db, { ids: [], emails: people, system: chat.system });
  const named = people.flatMap((email) => {
    const person = known.find((p) => p.email.toLowerCase() === email.toLowerCase());
    return person === undefined ? [] : [[email, { name: person.name, accountId: person.accountId }] as const];
  });
  return { words, people: new Map(named) };
}

/** The same where no mention can stand, e.g. under a field of a form: people by their names. */
export function inNames({ words, people }: Said): string {
  let said = words;
  for (const [email, { name }] of people) said = said.replaceAll(email, name);
  return said;
}
