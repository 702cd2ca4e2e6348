import type { Fault } from '../core/fault.ts';

/** An entry of the audit as it is sent to somebody outside, with what its change is about. */
export type ExportedEntry = {
  /** Its number in the sealed order, from 1 without a gap. */
  seq: number;
  id: string;
  at: Date;
  type: string;
  changeId: string | null;
  /** JSON, as PostgreSQL writes it. */
  actor: string;
  data: string;
  /** Null: it is about no change, or that is gone. */
  about: ChangeAbout | null;
};

/** Whose access to what a change is about. Names are those of now. */
export type ChangeAbout = {
  entitlement: string;
  person: { id: string; name: string; email: string } | null;
  target: {
    idp: string;
    groupId: string;
    groupName: string;
    teamId: string;
    teamName: string;
  } | null;
};

export type DestinationName = 'stdout' | 'file' | 'https' | 'syslog';

/** A place outside that takes the audit. */
export type AuditDestination = {
  /** As its cursor and the figures name it. */
  name: DestinationName;
  /** As people call it, without what is secret of its address: `the SIEM at siem.example.com`. */
  called: string;
  /**
   * Sends entries in their order: the first of them, or more. Answers how many have arrived, at least one. Whatever was
   * sent may be sent again. Throws a fault `siem.…` where none has arrived.
   */
  send(entries: readonly ExportedEntry[], until: AbortSignal): Promise<number>;
  /** Tries whether it can be reached, and sends nothing that it would keep. Throws a fault `siem.…`. */
  check(): Promise<void>;
  /** What whoever runs Latchkey does about a fault of it. No capital, no full stop. */
  next(fault: Fault): string;
};
