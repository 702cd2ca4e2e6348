/** Where a message stands. */
export type Place = { channel: string; ts: string };

/** Words with people in them, each by e-mail as it stands there: the chat shows its own mention in their place. */
export type Said = {
  words: string;
  people: ReadonlyMap<string, { name: string; accountId: string | null }>;
};

/** One message that should exist: to whom, which content, under which marker it can be found again. */
export type Notice<Content> = {
  /** Unique per change: `card`, `requester`, `note:seen`... */
  key: string;
  /** A channel's name or an account's id (direct message). */
  to: { channel: string } | { account: string };
  /** Posted as a reply under the notice with this key. */
  under: string | null;
  content: Content;
};

/**
 * Puts messages where people see them. Every call may throw a Fault `slack.*`: about the channel, our token or its
 * scopes, or passing trouble. What concerns one recipient or one message alone is a value.
 */
export interface Messenger<Content> {
  /** Null: this recipient can't be written to (left, deactivated, a bot). */
  post(
    to: Notice<Content>['to'],
    content: Content,
    marker: string,
    thread: string | null,
  ): Promise<Place | null>;
  /**
   * False: the message is no longer there, or can't be edited any more. `to`: the place where it would be posted now.
   * If its channel is gone and that is another one, it is to be posted there.
   */
  update(place: Place, content: Content, to: Notice<Content>['to']): Promise<boolean>;
  /** Looks for a message of ours posted under this marker since a time; for posts whose outcome is unknown. */
  find(to: Notice<Content>['to'], marker: string, since: Date, thread: string | null): Promise<Place | null>;
  /**
   * Shows this in the account's Home tab in place of what is there. False: it has none (left, deactivated, not of ours,
   * or the tab is switched off for the app).
   */
  publishHome(account: string, content: Content): Promise<boolean>;
  /** Sends files to one account, in a direct message with these words. False: it can't be written to. */
  sendFiles(
    account: string,
    words: string,
    files: readonly { name: string; text: string }[],
  ): Promise<boolean>;
  /** The address under which people open a message; null: not known. */
  linkTo(place: Place): Promise<string | null>;
  /** Only this account sees it. Plain words, shown as they are, and an address of ours to open. */
  whisper(
    channel: string,
    account: string,
    text: string | Said,
    link?: { label: string; url: string },
  ): Promise<void>;
}
