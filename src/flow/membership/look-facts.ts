import type { Change } from '../../core/change/change.ts';
import { isUnderway } from '../../core/change/states.ts';
import type { LookedFor } from '../../core/jobs/reactions.ts';
import { readChange } from '../../store/changes.ts';
import { linkOf, type Person, readPerson } from '../../store/people.ts';
import { at } from '../idps/idps.ts';
import type { Data, Parties } from '../kernel/context.ts';
import { isWantedAtOnce } from './wanted-in-group.ts';

/** What a look begins with, as of one moment. */
export type LookFacts = {
  change: Change;
  target: NonNullable<Change['target']>;
  /** Whether the person is to be in the group. */
  isWanted: boolean;
  now: Date;
  person: Person | null;
  /** By which the identity provider of the group knows them. */
  externalId: string | null;
};

/**
 * Reads it in one trip. `over`: there is nothing left to look for. `another pair`: of this change it is another person,
 * group or team that is looked for.
 */
export async function lookFacts(
  context: Data & Parties,
  changeId: string,
  of: LookedFor,
): Promise<LookFacts | 'over' | 'another pair'> {
  const { db } = context;
  const { personId, groupId, teamId } = of;
  const [change, wanted, person, externalId] = await Promise.all([
    readChange(db, changeId),
    isWantedAtOnce(db, { personId, groupId }),
    readPerson(db, personId),
    linkOf(db, personId, at(context, of).idp.system),
  ]);
  const target = change?.target ?? null;
  if (change === null || target === null || !isUnderway(change.state)) return 'over';
  const isOf =
    change.personId === personId &&
    target.groupId === groupId &&
    target.teamId === teamId &&
    at(context, target).idp === at(context, of).idp;
  return isOf ? { change, target, ...wanted, person, externalId } : 'another pair';
}

/** What is to be looked for of a change; null: nothing any more. */
export async function lookedForNow({ db }: Pick<Data, 'db'>, changeId: string): Promise<LookedFor | null> {
  const change = await readChange(db, changeId);
  if (change === null || !isUnderway(change.state) || change.target === null) return null;
  const { groupId, teamId, idp } = change.target;
  return { personId: change.personId, groupId, teamId, idp };
}
