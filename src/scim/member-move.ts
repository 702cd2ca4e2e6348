import { nameKey } from '../core/name-key.ts';
import type { Bound } from '../store/postgres/statement.ts';
import { memberMoves } from '../store/scim/member-moves.ts';
import type { Scim } from './endpoint.ts';
import { noUser } from './members.ts';
import { isUuid } from './resource.ts';

/** The usual PATCH of a group: some members in or out, nothing else. */
export type MemberMove = { do: 'add' | 'remove'; ids: string[] };

/** One member into or out of one group. */
export type SingleMove = { groupId: string; userId: string };

/**
 * Moves members of one group in one statement. It has the group's lock, its new version, the audit entry and the
 * observations. It sees the members as of its start. So if an add and a remove cross on their way, either may come
 * first. Throws 400 `invalidValue` for a user to add who can't exist.
 */
export function membersMove(scim: Scim, groupId: string, move: MemberMove): Bound {
  const malformed = move.ids.find((id) => !isUuid(id));
  if (move.do === 'add' && malformed !== undefined) throw noUser(malformed);
  const userIds = [...new Set(move.ids)].filter(isUuid);
  // Named at least once, so that it is found even if nobody is to move.
  const groupIds = userIds.length === 0 ? [groupId] : userIds.map(() => groupId);
  return memberMoves(move.do, 'wait', { groupIds, userIds, ...givenBy(scim) });
}

/** Moves one member of each of several groups, as far as nobody else holds a group or a user. */
export function freeMoves(scim: Scim, direction: MemberMove['do'], moves: readonly SingleMove[]): Bound {
  return memberMoves(direction, 'pass', {
    groupIds: moves.map((move) => move.groupId),
    userIds: moves.map((move) => move.userId),
    ...givenBy(scim),
  });
}

function givenBy(scim: Scim) {
  return {
    actor: scim.client,
    observedKeys: scim.observedGroups()?.map(nameKey) ?? null,
    source: scim.source,
  };
}
