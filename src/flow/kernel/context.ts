import type { Logger } from 'pino';
import type { LogKeys } from '../../audit/log-keys.ts';
import type { S3Anchor } from '../../audit/s3-anchor.ts';
import type { TimeStamps } from '../../audit/time-stamp.ts';
import type { Change } from '../../core/change/change.ts';
import type { Adviser } from '../../ports/adviser.ts';
import type { AuditDestination } from '../../ports/audit-destination.ts';
import type { ChatDirectory } from '../../ports/chat.ts';
import type { EntraDirectory, IdentityProvider } from '../../ports/identity-provider.ts';
import type { Messenger } from '../../ports/messenger.ts';
import type { MuleSoft } from '../../ports/mulesoft.ts';
import type { SignIn } from '../../ports/sign-in.ts';
import type { TicketSource } from '../../ports/tickets.ts';
import type { Lane } from '../../queue/lanes.ts';
import type { QueueAway } from '../../queue/queue-away.ts';
import type { OutboxRow } from '../../store/outbox.ts';
import type { Db } from '../../store/postgres/database.ts';
import type { Locks } from '../../store/postgres/locks.ts';
import type { CatalogueBook } from '../catalogue/catalogue-status.ts';
import type { Idps } from '../idps/idps.ts';

/** The stored state, and the written catalogue of what may be asked for. The database's clock is the clock. */
export type Data = {
  db: Db;
  locks: Locks;
  catalogue: CatalogueBook;
};

/** Outside parties, each by its port. */
export type Parties = {
  idps: Idps;
  /** Where Entra tells too, beside the IdP. */
  entra?: EntraDirectory;
  /** `system` of each IdP whose event hook tells too, and names who did it. */
  eventHooks?: ReadonlySet<string>;
  mulesoft: MuleSoft;
  /** Where people sign in, and our own address; left out: nobody can be asked to. */
  stepUp?: { signIn: SignIn; address: () => string; idp: IdentityProvider };
  /** Where people sign in to Anypoint. */
  signInUrl: string;
  chat: ChatDirectory;
  messenger: Messenger<unknown>;
  adviser: Adviser;
  /** Where tickets are kept; left out: none can be looked up. */
  tickets?: TicketSource;
};

/** Where checkpoints are put beside the database. */
export type AnchorSettings = {
  /** A channel of the chat; null: none. */
  channel: string | null;
  /** A file that grows; null: none. */
  file: string | null;
  /** A bucket with object lock; left out: none. */
  s3?: S3Anchor;
  /** An authority of time stamps; left out: none. */
  stamps?: TimeStamps;
  /** How often, in milliseconds. */
  everyMs: number;
};

/** The process that the work runs in: its outbox worker, its timers, its log. */
export type Runtime = {
  /** Keys of the audit’s checkpoints, of the moment; left out: checkpoints are not signed. */
  auditKeys?: () => LogKeys;
  /** Where its checkpoints are put beside the database; left out: nowhere. */
  auditAnchors?: AnchorSettings;
  /** Where the audit is sent; left out: nowhere. */
  auditDestinations?: readonly AuditDestination[];
  /** How long a change may take from decision to seen before the alarm, in milliseconds. */
  objectiveMs: number;
  /** Told of every change once it is seen, with how long it took. */
  measure: (change: Change, ms: number) => void;
  /** A vendor said "not before": lanes that wait, by the clock of `performance.now()`. */
  pausedUntil: Map<Lane, number>;
  /** Tells the outbox worker that the outbox has something. */
  nudge: () => void;
  /** Since when the queue takes or hands out no work, which this process then does itself; null: it works. */
  queueAway: () => QueueAway | null;
  /** The work that can't be done now because an outside party does not let us. Each says why and what to do. */
  outsideTroubles: () => readonly string[];
  /** Has a comparison that was begun taken up at once. */
  reconcileSoon: () => void;
  /** Runs a stored and leased row here and now. */
  runNow: (row: OutboxRow) => void;
  log: Logger;
};

/** What a step is handed. A function that needs less says so: `Data`, `Data & Parties`. */
export type Context = Data & Parties & Runtime;

/** A run of a job asks for nothing more, or to be run again after a while (still waiting, not a fault). */
export type Ran = { done: true } | { againInMs: number };
export const done: Ran = { done: true };
