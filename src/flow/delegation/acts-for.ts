import type { Who } from '../../core/delegation/delegation.ts';
import { absencesOf, openDelegations } from '../../store/delegations.ts';
import { leaversAmong } from '../../store/offboardings.ts';
import { type Person, readPerson } from '../../store/people.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import type { Data } from '../kernel/context.ts';

/** Somebody who is away, as they are known. */
export type Absentee = Who & { email: string };

/**
 * The people who are away at this moment and in whose stead this person decides. None where this person is away too:
 * what was passed on once is not passed on again. Nor for whoever has left. The caller has identified the delegate.
 */
export async function actsFor(context: Data, delegate: Pick<Person, 'id'>): Promise<Absentee[]> {
  const named = await openDelegations(context.db, { delegate: delegate.id });
  const now = await databaseNow(context.db);
  const running = named.filter(({ startsAt, endsAt }) => startsAt <= now && now < endsAt);
  if (running.length === 0 || (await absencesOf(context.db, [delegate.id])).length > 0) return [];
  const leavers = await leaversAmong(context.db, [delegate.id, ...running.map(({ person }) => person.id)]);
  if (leavers.has(delegate.id)) return [];
  const absent: Absentee[] = [];
  for (const { person } of running) {
    const known = leavers.has(person.id) ? null : await readPerson(context.db, person.id);
    if (known !== null) absent.push({ id: known.id, name: known.name, email: known.email });
  }
  return absent;
}
