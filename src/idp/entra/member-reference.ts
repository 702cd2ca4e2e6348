import { invariant } from '../../core/fault.ts';

/** Directory objects have GUIDs; nothing else is put into a path. */
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function isGuid(text: string): boolean {
  return GUID.test(text);
}

/**
 * The path of a membership to be taken away: `DELETE /groups/{id}/members/{id}/$ref`. Without `/$ref` the same request
 * deletes the person from the directory. So this is the only place that builds it, and the only DELETE of this adapter
 * besides that of our own subscriptions.
 *
 * @throws bug.invariant for anything but two GUIDs
 */
export function memberReference(
  groupId: string,
  personId: string,
): `/groups/${string}/members/${string}/$ref` {
  invariant(isGuid(groupId) && isGuid(personId), 'a membership in Entra is named by two GUIDs');
  return `/groups/${groupId}/members/${personId}/$ref`;
}
