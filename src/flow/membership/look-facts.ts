import type { Change } from '../../core/change/change.ts';
import { readChange } from '../../store/changes.ts';
import { linkOf, type Person, readPerson } from '../../store/people.ts';
import { at } from '../idps/idps.ts';
import type { Data, Parties } from '../kernel/context.ts';
import { isWantedAtOnce } from './wanted-in-group.ts';

/** What a look begins with, as of one moment. */
export type LookFacts = {
  /** Null: there is no such change. */
  change: Change | null;
  /** Whether the person is to be in the group. */
  isWanted: boolean;
  now: Date;
  person: Person | null;
  /** By which the identity provider of the group knows them. */
  externalId: string | null;
};

/** Reads it in one trip. */
export async function lookFacts(
  context: Data & Parties,
  { id, personId }: Pick<Change, 'id' | 'personId'>,
  target: NonNullable<Change['target']>,
): Promise<LookFacts> {
  const { db } = context;
  const [change, wanted, person, externalId] = await Promise.all([
    readChange(db, id),
    isWantedAtOnce(db, { personId, groupId: target.groupId }),
    readPerson(db, personId),
    linkOf(db, personId, at(context, target).idp.system),
  ]);
  return { change, ...wanted, person, externalId };
}
