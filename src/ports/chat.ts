export type ChatAccountKind = 'member' | 'guest' | 'bot' | 'stranger' | 'deactivated';

/** An account in the chat workspace, read at the time of asking. */
export type ChatAccount = {
  id: string;
  /** Other ids that chat calls the same person by. */
  alsoKnownAs?: readonly string[];
  name: string;
  kind: ChatAccountKind;
  /** Null unless the chat system itself says that the address is confirmed. */
  verifiedEmail: string | null;
  timeZone: string | null;
  /** What their status says: away until then, or without an end. Null, or left out: nothing of the kind. */
  away?: { until: Date | null } | null;
};

/** Who is who in chat. Every call may throw a Fault `slack.*`. */
export interface ChatDirectory {
  /** The key of its account ids in the store, e.g. `slack`. */
  readonly system: string;
  /** Its name in sentences, e.g. `Slack`. */
  readonly name: string;
  /** Null when there is no such account. */
  whoIs(accountId: string): Promise<ChatAccount | null>;
  /** Account id of the active member with this e-mail, or null. */
  findByEmail(email: string): Promise<string | null>;
  /** Account ids of a user group, named by its handle, as of some seconds ago; null: there is none, or it is off. */
  membersOfUserGroup(handle: string): Promise<readonly string[] | null>;
  /** Cheap call that proves that people can be asked and told; throws a Fault otherwise. */
  check(): Promise<void>;
}
