/** Where tickets are kept: asked whether one is open, and never written. */
export type TicketSource = {
  /** As people call it, e.g. in a sentence. */
  name: string;
  /** Throws the fault that keeps tickets from being read. */
  check(): Promise<void>;
  /**
   * Reads one ticket. Throws a fault `tickets.*` where that can't be told: it is neither open nor closed then. One that
   * is not there, or that we are not shown, is `absent`.
   */
  read(ticket: string): Promise<TicketSeen>;
};

/** What is known of a ticket. Status, title and assignee are words of others. */
export type TicketSeen =
  | {
      is: 'open' | 'closed';
      /** As the source calls it. */
      status: string;
      title: string | null;
      assignee: string | null;
    }
  | { is: 'absent' };
