import type { Logger } from 'pino';
import type { Change } from '../../core/change/change.ts';
import type { Lane } from '../../queue/job-queue.ts';
import type { OutboxRow } from '../../store/outbox.ts';
import type { Db } from '../../store/postgres/database.ts';
import type { Locks } from '../../store/postgres/locks.ts';
import type { CanaryView } from '../canary/view.ts';
import type { CatalogueBook } from '../catalogue/catalogue-status.ts';
import type { RefusedPushView } from '../drift/refused-push.ts';
import type { MassView } from '../mass-change/view.ts';
import type { ChangeView } from '../messages/change-view.ts';
import type { OffboardingView } from '../offboarding/view.ts';
import type { PolicyView } from '../policy/policy-alarm.ts';
import type {
  Adviser,
  ChatDirectory,
  EntraDirectory,
  IdentityProvider,
  Messenger,
  MuleSoft,
  Notice,
} from '../ports.ts';
import type { QueueView } from '../queue/queue-alarm.ts';
import type { QueueAway } from '../queue/queue-watch.ts';

/** Everything the steps work with. Products come in as ports; the database's clock is the clock. */
export type Context = {
  db: Db;
  locks: Locks;
  idp: IdentityProvider;
  /** Where Entra tells too, beside the IdP. */
  entra?: EntraDirectory;
  /** The IdP's event hook tells too, and names who did it. */
  hasEventHook?: boolean;
  mulesoft: MuleSoft;
  chat: ChatDirectory;
  messenger: Messenger<unknown>;
  /** Pure: the messages that should exist for a change as it stands. */
  notices: (view: ChangeView) => Notice<unknown>[];
  /** Pure: the same for an alarm of the canary. */
  canaryNotices: (view: CanaryView) => Notice<unknown>[];
  /** The same for a policy that can't be put in force. */
  policyNotices: (view: PolicyView) => Notice<unknown>[];
  /** The same for what the IdP pushed and was refused. */
  refusedPushNotices: (view: RefusedPushView) => Notice<unknown>[];
  /** The same for a queue that takes no work. */
  queueNotices: (view: QueueView) => Notice<unknown>[];
  /** The same for what is decided on one card. */
  massNotices: (view: MassView) => Notice<unknown>[];
  /** The same for a leaver's case. */
  offboardingNotices: (view: OffboardingView) => Notice<unknown>[];
  adviser: Adviser;
  catalogue: CatalogueBook;
  /** Where people sign in to Anypoint. */
  signInUrl: string;
  /** How long a change may take from decision to seen before the alarm, in milliseconds. */
  objectiveMs: number;
  /** Told of every change once it is seen, with how long it took. */
  measure: (change: Change, ms: number) => void;
  /** A vendor said "not before": lanes that wait, by the clock of `performance.now()`. */
  pausedUntil: Map<Lane, number>;
  /** Tells the relay that the outbox has something. */
  nudge: () => void;
  /** Since when the queue takes or hands out no work, which this process then does itself; null: it works. */
  queueAway: () => QueueAway | null;
  /** Has a sweep that was begun taken up at once. */
  sweepSoon: () => void;
  /** Runs a stored and leased row here and now. */
  runNow: (row: OutboxRow) => void;
  log: Logger;
};

/**
 * What a run of a job asks for: nothing more, or to be run again after a while (still waiting, not a fault).
 */
export type Ran = { done: true } | { againInMs: number };
export const done: Ran = { done: true };
