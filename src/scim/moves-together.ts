import type { MovedGroup } from '../store/scim/member-moves.ts';
import { type Scim, writeAtOnce } from './endpoint.ts';
import { freeMoves, type MemberMove, membersMove, type SingleMove } from './member-move.ts';
import { isUuid } from './resource.ts';

/** Answers undefined where there is no such group. */
export type MoveMembers = (groupId: string, move: MemberMove) => Promise<MovedGroup | undefined>;

/** Moves in one statement at most. */
const MAX_TOGETHER = 64;

type Asked = SingleMove & { answer(group: MovedGroup | null): void; fail(error: unknown): void };

/**
 * Moves of one member that come while another statement is on its way are committed together in the next one. Each
 * group is in it once. They share the way to PostgreSQL and the commit, and no move waits for company. No move waits
 * for another's lock either. A shared statement leaves out rows that it can't have at once, or does not find. Those are
 * moved by a statement of their own, which waits, and says what is wrong.
 */
export function movesTogether(scim: Scim): MoveMembers {
  const alone: MoveMembers = async (groupId, move) => {
    const [group] = await writeAtOnce<MovedGroup>(scim, membersMove(scim, groupId, move));
    return group;
  };
  const gatherings = { add: gathering(scim, 'add'), remove: gathering(scim, 'remove') };
  return async (groupId, move) => {
    const [userId, ...others] = move.ids;
    if (userId === undefined || others.length > 0 || !isUuid(userId)) return await alone(groupId, move);
    return (await gatherings[move.do]({ groupId, userId })) ?? (await alone(groupId, move));
  };
}

/** Answers null for what could not be done together with others. */
function gathering(scim: Scim, direction: MemberMove['do']) {
  let waiting: Asked[] = [];
  let isUnderWay = false;

  function take(): Asked[] {
    const groups = new Set<string>();
    const now: Asked[] = [];
    const later: Asked[] = [];
    for (const asked of waiting) {
      const goes = now.length < MAX_TOGETHER && !groups.has(asked.groupId);
      (goes ? now : later).push(asked);
      groups.add(asked.groupId);
    }
    waiting = later;
    return now;
  }

  async function work(): Promise<void> {
    isUnderWay = true;
    while (waiting.length > 0) {
      // What has arrived with it is read first.
      await new Promise((resolve) => setImmediate(resolve));
      const together = take();
      try {
        const groups = await writeAtOnce<MovedGroup>(scim, freeMoves(scim, direction, together));
        const byId = new Map(groups.map((group) => [group.id, group]));
        for (const { groupId, answer } of together) {
          const group = byId.get(groupId);
          answer(group?.known === null ? group : null);
        }
      } catch (error) {
        for (const { fail } of together) fail(error);
      }
    }
    isUnderWay = false;
  }

  return async (move: SingleMove): Promise<MovedGroup | null> =>
    await new Promise((answer, fail) => {
      waiting.push({ ...move, answer, fail });
      if (!isUnderWay) void work();
    });
}
