import type { Logger } from 'pino';
import type { Lane } from '../queue/motor.ts';
import type { Db } from '../store/database.ts';
import type { Locks } from '../store/locks.ts';
import type { OutboxRow } from '../store/outbox.ts';
import type { CatalogueBook } from './catalogue-book.ts';
import type { Adviser, ChatDirectory, IdentityProvider, Messenger, MuleSoft, Notice } from './ports.ts';
import type { ChangeView } from './view.ts';

/** Everything the steps work with. Products come in as ports; the database's clock is the clock. */
export type Road = {
  db: Db;
  locks: Locks;
  idp: IdentityProvider;
  mulesoft: MuleSoft;
  chat: ChatDirectory;
  messenger: Messenger<unknown>;
  /** Pure: the messages that should exist for a change as it stands. */
  notices: (view: ChangeView) => Notice<unknown>[];
  adviser: Adviser;
  catalogue: CatalogueBook;
  /** How long a change may take from decision to seen before the alarm, in milliseconds. */
  objectiveMs: number;
  /** A vendor said "not before": lanes that wait, by the clock of `performance.now()`. */
  pausedUntil: Map<Lane, number>;
  /** Tells the relay that the outbox has something. */
  nudge: () => void;
  /** Runs a stored and leased row here and now. */
  runNow: (row: OutboxRow) => void;
  log: Logger;
};

/**
 * What a run of a job asks for: nothing more, or to be run again after a while (still waiting, not a fault).
 */
export type Ran = { done: true } | { againInMs: number };
export const done: Ran = { done: true };
