import type { KnownPerson } from '../../store/people.ts';
import { noteAccount } from '../../store/person-links.ts';
import type { Data, Parties } from '../kernel/context.ts';

/** A person as a message names them: by mention where they are in chat, by name otherwise. */
export type Named = { name: string; accountId: string | null };

/** One approver who is missing from chat must not break the message: they are named instead of mentioned. */
export async function named(context: Data & Parties, person: KnownPerson): Promise<Named> {
  if (person.accountId !== null) return { name: person.name, accountId: person.accountId };
  const accountId = await context.chat.findByEmail(person.email);
  if (accountId !== null) await noteAccount(context.db, person.id, context.chat.system, accountId);
  return { name: person.name, accountId };
}

/** Somebody of whom only an e-mail is known: the catalogue names them, and nobody by it has been met. */
export async function namedByEmail({ chat }: Pick<Parties, 'chat'>, email: string): Promise<Named> {
  return { name: email, accountId: await chat.findByEmail(email) };
}
