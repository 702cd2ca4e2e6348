import { askedByMany } from '../../outbound/asked-by-many.ts';
import { manyOf } from '../../outbound/many.ts';
import type { Page } from '../../ports/page.ts';

type Asked = { groupId: string; personId: string };

type Reads = {
  /** A page of the ids of a group's people. */
  pageOfIds(groupId: string, from: string | null): Promise<Page<string>>;
  /** As the port has it. */
  isMember(groupId: string, personId: string): Promise<boolean>;
};

/**
 * Whether people are in groups. Of many of one group that are asked about at the same time the group is read, if that takes
 * fewer calls than asking about each.
 */
export function createMemberships(reads: Reads): (asked: Asked) => Promise<boolean> {
  return askedByMany<Asked, boolean>(
    ({ groupId }) => groupId,
    async (asked) => {
      const groupId = asked[0]?.groupId ?? '';
      const personIds = asked.map(({ personId }) => personId);
      const wanted = new Set(personIds);
      const members = await manyOf(
        asked.length,
        (from) => reads.pageOfIds(groupId, from),
        (id) => wanted.has(id),
      );
      if (members === null)
        return await Promise.all(
          personIds.map((id) => reads.isMember(groupId, id).catch((error: Error) => error)),
        );
      const ids = new Set(members);
      return personIds.map((id) => ids.has(id));
    },
  );
}
