import type { Delegation, Who } from '../../core/delegation/delegation.ts';
import { readDelegation, usualDelegate, waitingFor } from '../../store/delegations.ts';
import { linkOf, readPerson } from '../../store/people.ts';
import type { Context, Data, Parties } from '../kernel/context.ts';
import { type Named, named } from '../people/named.ts';

/** Everything the messages about an absence are made of; they are a pure function of this. */
export type DelegationView = {
  delegation: Delegation;
  person: Named;
  delegate: Named;
  /** How much waits for whoever is away. */
  waiting: number;
  /** Whether the same delegate was named for every absence that the chat's status tells of. */
  isUsual: boolean;
};

export async function readDelegationView(context: Context, id: string): Promise<DelegationView | null> {
  const delegation = await readDelegation(context.db, id);
  if (delegation === null) return null;
  const { changeIds, massChangeIds } = await waitingFor(context.db, delegation.person.id);
  const usual = await usualDelegate(context.db, delegation.person.id);
  return {
    delegation,
    person: await nameOf(context, delegation.person),
    delegate: await nameOf(context, delegation.delegate),
    waiting: delegation.state === 'active' ? changeIds.length + massChangeIds.length : 0,
    isUsual: usual?.id === delegation.delegate.id,
  };
}

async function nameOf(context: Data & Parties, { id, name }: Who): Promise<Named> {
  const person = await readPerson(context.db, id);
  if (person === null) return { name, accountId: null };
  return await named(context, { ...person, accountId: await linkOf(context.db, id, context.chat.system) });
}
