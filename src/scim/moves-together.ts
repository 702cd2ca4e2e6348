import { gathering } from '../store/postgres/gathering.ts';
import type { MovedGroup } from '../store/scim/member-moves.ts';
import { type Scim, writeAtOnce } from './endpoint.ts';
import { freeMoves, type MemberMove, membersMove, type SingleMove } from './member-move.ts';
import { isUuid } from './resource.ts';

/** Answers undefined where there is no such group. */
export type MoveMembers = (groupId: string, move: MemberMove) => Promise<MovedGroup | undefined>;

/** Moves in one statement at most. */
const MAX_TOGETHER = 64;

/**
 * Moves of one member that come at the same time are committed together. Each group is in a statement once. No move
 * waits for another's lock. A shared statement leaves out rows that it can't have at once, or does not find.
 */
export function movesTogether(scim: Scim): MoveMembers {
  const alone: MoveMembers = async (groupId, move) => {
    const [group] = await writeAtOnce<MovedGroup>(scim, membersMove(scim, groupId, move));
    return group;
  };
  const inOne = (direction: MemberMove['do']) =>
    gathering<SingleMove, MovedGroup>({
      most: MAX_TOGETHER,
      keyOf: ({ groupId }) => groupId,
      async carryOut(moves) {
        const groups = await writeAtOnce<MovedGroup>(scim, freeMoves(scim, direction, moves));
        const whole = new Map(groups.filter(({ known }) => known === null).map((group) => [group.id, group]));
        return moves.map(({ groupId }) => whole.get(groupId) ?? null);
      },
    });
  const gatherings = { add: inOne('add'), remove: inOne('remove') };
  return async (groupId, move) => {
    const [userId, ...others] = move.ids;
    if (userId === undefined || others.length > 0 || !isUuid(userId)) return await alone(groupId, move);
    return (await gatherings[move.do]({ groupId, userId })) ?? (await alone(groupId, move));
  };
}
