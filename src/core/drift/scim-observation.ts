/** A provisioned user as a member, in the state after the change that was observed. */
export type ObservedMember = {
  scimUserId: string;
  externalId: string | null;
  /** Their name before Entra deleted them, where it has changed it since. */
  userName: string;
  email: string | null;
  displayName: string | null;
  active: boolean;
};

/**
 * The real changes of one SCIM request to one group's effective members: the active users in it. Adding somebody who is
 * there, or an inactive user, is no change. Deactivating or deleting a user takes them out of every group. Reactivating
 * puts them back. A renamed group is two of these: out of the old, into the new.
 */
export type ObservedMemberships = {
  groupName: string;
  /** The SCIM id of the group. */
  groupId: string;
  added: ObservedMember[];
  removed: ObservedMember[];
  /** Of the group or user whose change this is: with the group and a member it names the happening. */
  revision: string;
};

/** What one SCIM request changed about one provisioned user. */
export type ObservedUser = {
  user: ObservedMember;
  happening: 'created' | 'changed' | 'switchedOff' | 'switchedOn' | 'deleted';
  revision: string;
};
