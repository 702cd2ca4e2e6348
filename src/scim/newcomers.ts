import { Fault } from '../core/fault.ts';
import { gathering } from '../store/postgres/gathering.ts';
import { type Newcomer, userInsertion } from '../store/scim/users.ts';
import { type Scim, writeAtOnce } from './endpoint.ts';

type Inserted = { id: string; created_at: Date };

/** Users in one statement at most: a first sync sends some dozens at a time. */
const MAX_TOGETHER = 64;

/**
 * Inserts new users of whom nobody else needs to know, those together that come at the same time. Answers when each was
 * created. One whose name is taken, or who can't be stored, is left out of the others' statement, and refused alone.
 */
export function newcomersTogether(scim: Scim): (newcomer: Newcomer) => Promise<Date> {
  const by = { source: scim.source, actor: scim.client };
  const together = gathering<Newcomer, Date>({
    most: MAX_TOGETHER,
    keyOf: () => null,
    async carryOut(newcomers) {
      try {
        const made = await writeAtOnce<Inserted>(scim, userInsertion(newcomers, by, 'pass'));
        const times = new Map(made.map(({ id, created_at }) => [id, created_at]));
        return newcomers.map(({ user }) => times.get(user.id) ?? null);
      } catch (error) {
        // PostgreSQL has refused one of them, and so all: none of them is stored.
        if (!(error instanceof Fault)) return newcomers.map(() => null);
        throw error;
      }
    },
  });
  return async (newcomer) => {
    const createdAt = await together(newcomer);
    if (createdAt !== null) return createdAt;
    const [made] = await writeAtOnce<Inserted>(scim, userInsertion([newcomer], by, 'refuse'));
    return made?.created_at as Date;
  };
}
