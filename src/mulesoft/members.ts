import DataLoader from 'dataloader';
import { z } from 'zod';
import { Fault } from '../core/fault.ts';
import { askedByMany } from '../outbound/asked-by-many.ts';
import { manyOf } from '../outbound/many.ts';
import type { TeamMember, TeamMembership } from '../ports/mulesoft.ts';
import type { Page } from '../ports/page.ts';
import { listed } from './pages.ts';
import type { Session } from './session.ts';

const memberSchema = z.object({
  identity_type: z.enum(['user', 'team']),
  id: z.string().min(1),
  membership_type: z.enum(['member', 'maintainer']),
  is_assigned_via_external_groups: z.boolean(),
});
type MemberRow = z.infer<typeof memberSchema>;

export const memberPageSchema = z.object({ data: z.array(memberSchema), total: z.number().optional() });

/** Users of one bulk call (mulesoft-dx, apis/access-management/api.yaml: TeamMemberBulkAdd, TeamMemberIdArray). */
const MEMBERS_PER_CALL = 100;

type Asked = { teamId: string; userId: string };

/**
 * Members of teams, one by one. What is asked for at the same time about many of one team is one reading of the team, and
 * one call for each hundred of them.
 */
export function createMembers(
  session: Session,
  { organization, pageLimit }: { organization: string; pageLimit: number },
  pageOfMembers: (teamId: string, from: string | null) => Promise<Page<TeamMember> & { total?: number }>,
) {
  const membersOf = (teamId: string) => `${organization}/teams/${encodeURIComponent(teamId)}/members`;
  const memberOf = ({ teamId, userId }: Asked) => `${membersOf(teamId)}/${encodeURIComponent(userId)}`;

  async function readOne({ teamId, userId }: Asked): Promise<TeamMembership | null> {
    // The answer may hold others: the filter is only asked for, and a list parameter is easily misread on the other
    // side.
    const rows = listed(session, {
      path: membersOf(teamId),
      query: { member_ids: userId, identity_type: 'user' },
      limit: pageLimit,
      schema: memberPageSchema,
      rows: ({ data, total }) => ({ rows: data, total }),
    });
    for await (const row of rows)
      if (row.identity_type === 'user' && row.id === userId) return membershipOf(row);
    return null;
  }

  const read = askedByMany<Asked, TeamMembership | null>(
    ({ teamId }) => teamId,
    async (asked) => {
      const teamId = asked[0]?.teamId ?? '';
      const byUser = new Map<string, TeamMembership | null>(asked.map(({ userId }) => [userId, null]));
      const found = await manyOf(
        asked.length,
        (from) => pageOfMembers(teamId, from),
        ({ userId }) => byUser.has(userId),
      );
      if (found === null) return await eachOf(asked, readOne);
      for (const { userId, ...membership } of found) byUser.set(userId, membership);
      return asked.map(({ userId }) => byUser.get(userId) ?? null);
    },
  );

  async function addOne(asked: Asked): Promise<null> {
    await session.call({ method: 'PUT', path: memberOf(asked), body: { membership_type: 'member' } });
    return null;
  }

  async function removeOne(asked: Asked): Promise<null> {
    const answer = await session.call({ method: 'DELETE', path: memberOf(asked) }, [404]);
    // 404 is "not a member" or "no such team"; in the second case reading throws `mulesoft.not_found`.
    if (answer.status === 404) await readOne(asked);
    return null;
  }

  const add = new DataLoader<Asked, null>(
    inTeams((asked) =>
      together(asked, addOne, (userIds) => ({
        method: 'PATCH',
        path: membersOf(asked[0]?.teamId ?? ''),
        body: userIds.map((id) => ({ id, membership_type: 'member' })),
      })),
    ),
    { cache: false, maxBatchSize: MEMBERS_PER_CALL },
  );
  const remove = new DataLoader<Asked, null>(
    inTeams((asked) =>
      together(asked, removeOne, (userIds) => ({
        method: 'DELETE',
        path: membersOf(asked[0]?.teamId ?? ''),
        body: userIds,
      })),
    ),
    { cache: false, maxBatchSize: MEMBERS_PER_CALL },
  );

  /** In one call. Anypoint takes all of them or none: where it refuses them, each is written by itself. */
  async function together(
    asked: readonly Asked[],
    one: (asked: Asked) => Promise<null>,
    all: (userIds: string[]) => Parameters<Session['call']>[0],
  ): Promise<(null | Error)[]> {
    if (asked.length === 1) return await eachOf(asked, one);
    try {
      await session.call(all([...new Set(asked.map(({ userId }) => userId))]));
      return asked.map(() => null);
    } catch (error) {
      if (!(error instanceof Fault) || error.retryable || error.outcomeUnknown) throw error;
      return await eachOf(asked, one);
    }
  }

  return {
    readMembership: (teamId: string, userId: string) => read({ teamId, userId }),
    async addMember(teamId: string, userId: string): Promise<void> {
      // A maintainer is more than a member: writing `member` would take that away.
      const present = await read({ teamId, userId });
      if (present?.membershipType === 'maintainer') return;
      // Written even when already a member: what we read may be behind.
      await add.load({ teamId, userId });
    },
    async removeMember(teamId: string, userId: string): Promise<void> {
      await remove.load({ teamId, userId });
    },
  };
}

export function membershipOf(row: MemberRow): TeamMembership {
  return {
    membershipType: row.membership_type,
    isAssignedViaExternalGroups: row.is_assigned_via_external_groups,
  };
}

/** Each team by itself: what fails for one does not fail for the others. */
function inTeams<Value>(
  ofTeam: (asked: readonly Asked[]) => Promise<readonly (Value | Error)[]>,
): (asked: readonly Asked[]) => Promise<(Value | Error)[]> {
  return async (asked) => {
    const answers: (Value | Error)[] = [];
    const teams = [...Map.groupBy(asked.entries(), ([, { teamId }]) => teamId).values()];
    await Promise.all(
      teams.map(async (some) => {
        const values = await ofTeam(some.map(([, one]) => one)).catch((error: Error) =>
          some.map(() => error),
        );
        for (const [at, [n]] of some.entries()) answers[n] = values[at] as Value | Error;
      }),
    );
    return answers;
  };
}

async function eachOf<Value>(
  asked: readonly Asked[],
  one: (asked: Asked) => Promise<Value>,
): Promise<(Value | Error)[]> {
  return await Promise.all(asked.map((each) => one(each).catch((error: Error) => error)));
}
