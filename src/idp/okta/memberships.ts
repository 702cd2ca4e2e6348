import DataLoader from 'dataloader';
import { manyOf } from '../../outbound/many.ts';
import type { IdpPerson } from '../../ports/identity-provider.ts';
import type { Page } from '../../ports/page.ts';

type Asked = { groupId: string; personId: string };

/** `pageOfMembers` and `isMember` as the port has them. */
type Reads = {
  pageOfMembers(groupId: string, from: string | null): Promise<Page<IdpPerson>>;
  isMember(groupId: string, personId: string): Promise<boolean>;
};

/**
 * Whether people are in groups. Of many of one group that are asked about at the same time the group is read, if that takes
 * fewer calls than asking about each.
 */
export function createMemberships(reads: Reads): (asked: Asked) => Promise<boolean> {
  async function ofGroup(groupId: string, personIds: readonly string[]): Promise<(boolean | Error)[]> {
    const members = await manyOf(personIds.length, async (from) => {
      const page = await reads.pageOfMembers(groupId, from);
      return { ...page, rows: page.rows.map(({ id }) => id) };
    });
    if (members === null)
      return await Promise.all(
        personIds.map((id) => reads.isMember(groupId, id).catch((error: Error) => error)),
      );
    const ids = new Set(members);
    return personIds.map((id) => ids.has(id));
  }

  const asking = new DataLoader<Asked, boolean>(
    async (asked) => {
      const answers: (boolean | Error)[] = [];
      const groups = [...Map.groupBy(asked.entries(), ([, { groupId }]) => groupId)];
      await Promise.all(
        groups.map(async ([groupId, some]) => {
          const personIds = some.map(([, { personId }]) => personId);
          const found = await ofGroup(groupId, personIds).catch((error: Error) => some.map(() => error));
          for (const [at, [n]] of some.entries()) answers[n] = found[at] as boolean | Error;
        }),
      );
      return answers;
    },
    { cache: false },
  );
  return (asked) => asking.load(asked);
}
