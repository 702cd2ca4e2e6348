import type { Change } from '../core/change/change.ts';
import type { ChangeEvent } from '../core/change/events.ts';
import { nextState } from '../core/change/life-cycle.ts';
import { isEndedByTicket } from '../core/change/ticket-end.ts';
import { lapse } from '../core/change/undecided.ts';
import { dueWarning } from '../core/change/warnings.ts';
import { forgetRounds } from '../store/canary.ts';
import { requestsDueToLapse } from '../store/changes.ts';
import { grantsDueToEnd, grantsDueToWarn } from '../store/grants.ts';
import { forgetObserved } from '../store/observed.ts';
import { openOffboardings } from '../store/offboardings.ts';
import { forgetDone } from '../store/outbox-owed.ts';
import { forgetSessions } from '../store/page/sessions.ts';
import { databaseNow } from '../store/postgres/clock.ts';
import { comparisonsSoFar, forgetRuns } from '../store/reconcile/runs.ts';
import { forgetSlackReceived } from '../store/slack-received.ts';
import { forgetStepUps } from '../store/step-ups.ts';
import { forgetTeamEvents } from '../store/team-events.ts';
import { createAuditRounds } from './audit/rounds.ts';
import { attendToEmergencies } from './break-glass/attend.ts';
import { canaryOnce } from './canary/canary.ts';
import { settleDelegations } from './delegation/timers.ts';
import { watchMappings } from './delivery/watch-mappings.ts';
import { createDigestRounds } from './digest/make.ts';
import { runDueAuthorship } from './drift/await-authorship.ts';
import { createListener } from './drift/poll-idp-log.ts';
import { reconcile } from './drift/reconcile.ts';
import { renewBirthrights } from './joiner-mover/birthright.ts';
import { commit, type Unit } from './kernel/commit.ts';
import type { Context, Data, Runtime } from './kernel/context.ts';
import { runDueMassChanges } from './mass-change/timers.ts';
import { endGrant } from './membership/end-grants.ts';
import { runDueOffboardings } from './offboarding/step.ts';
import { watchProvisioning } from './provisioning/watch.ts';
import { tellOfQueue } from './queue/queue-alarm.ts';
import { attendToApprovers } from './request/attend.ts';
import { keepCadence } from './review/cadence.ts';
import { runDueCampaigns } from './review/timers.ts';
import { watchTickets } from './tickets/watch.ts';
import { readUsageOnce } from './usage/read-usage.ts';

/** What is due is looked for this often, in milliseconds. */
const RUN_EVERY_MS = 1_000;
/** Entitlements that are not ready are asked about this often. */
export const CHECK_EVERY_MS = 5_000;
/** The group mappings by which sign-ins give teams are looked at this often. */
const MAPPINGS_EVERY_MS = 60_000;
const FORGET_EVERY_MS = 60_000;
/** Birthrights are renewed, and given where they were missed, this often. */
const BIRTHRIGHTS_EVERY_MS = 60_000;
/** The members of the IdP's groups are compared with the people who are wanted there, this often. */
const RECONCILE_EVERY_MS = 300_000;
/** Whether that is due, or was left unfinished by a process that died, is asked this often. */
const DUE_EVERY_MS = 15_000;
/** First so soon: we may have been away long, or killed in the middle of it; the IdP's log goes before. */
const DUE_FIRST_MS = 3_000;
/** The IdP's own log is read on this often: the net beneath its notifications. Whether it provisions is asked so too. */
const LISTEN_EVERY_MS = 30_000;
/** Who is well at the start says so before the first push is due. */
const PROVISIONING_FIRST_MS = 2_000;
/** Whether the canary is due, or a step further, is looked at this often. */
const CANARY_EVERY_MS = 1_000;
/** Leavers' cases that wait for somebody are looked at again this often. */
const OFFBOARDINGS_EVERY_MS = 60_000;
/** Reminders of access reviews, and what is overdue in them, are looked for this often. */
const CAMPAIGNS_EVERY_MS = 2_000;
/** Reviews that the catalogue calls for are begun, and lines that have ended by themselves dropped, this often. */
const CADENCE_EVERY_MS = 30_000;
/** Whether the queue works is told this often, where there is something to tell. */
const QUEUE_EVERY_MS = 2_000;
/** Whose weekly digest is due is looked for this often. */
const DIGESTS_EVERY_MS = 30_000;
/** When people last used Anypoint is read on this often. */
const USAGE_EVERY_MS = 15 * 60_000;
/** The first look is long, and nothing waits for it. */
const USAGE_FIRST_MS = 20_000;
/** Tickets that grants end with are looked for this often; which of them is due is another matter. */
const TICKETS_EVERY_MS = 2_000;
const BATCH = 200;
const OUTBOX_KEPT_HOURS = 24;
const RUNS_KEPT_DAYS = 30;
/** A SET may be repeated for 31 days, and is known as a repeat so long. */
const OBSERVED_KEPT_DAYS = 35;
/** A year and a month: an auditor's period is a year, and is looked at after its end. */
const EVIDENCE_KEPT_DAYS = 400;
/** A person who opens an old link is told for this long what became of it. */
const STEP_UPS_KEPT_DAYS = 7;

export type Loop = {
  start(): void;
  /** Not to wait for its time; what is running runs on. */
  wake(): void;
  stop(): Promise<void>;
};

export type Timers = Pick<Loop, 'start' | 'stop'> & {
  /** Whether a run of the comparison is open is asked now. */
  reconcileSoon(): void;
};

/**
 * The things that time brings: ends, warnings, lapses, reminders, seals. A timer in each process keeps them under one
 * database lock. So they run once however many replicas there are, and an emptied queue can't forget them. Work that
 * asks the outside world has loops of its own: an IdP that hangs must not hold up an end.
 */
export function createTimers(context: Context, { listenEveryMs = LISTEN_EVERY_MS } = {}): Timers {
  const reconciling = every(
    { firstMs: DUE_FIRST_MS, ms: DUE_EVERY_MS },
    context,
    'reconcile',
    createReconciler(context),
  );
  // At once: there may be hours to catch up on.
  const listenings = context.idps.all.flatMap(({ system, name, log }) => {
    if (log === undefined) return [];
    const listen = createListener(context, { system, log });
    return every({ firstMs: 0, ms: listenEveryMs }, context, `log of ${name}`, () =>
      context.locks.tryLock(`IdP log ${log.eventSource}`, listen),
    );
  });
  const listenSoon = () => {
    for (const listening of listenings) listening.wake();
  };
  const seal = createAuditRounds(context, RUN_EVERY_MS);
  const loops = [
    every(RUN_EVERY_MS, context, 'due', () =>
      context.locks.tryLock('due', () => runDue(context, listenSoon, seal)),
    ),
    every(BIRTHRIGHTS_EVERY_MS, context, 'birthrights', () =>
      context.locks.tryLock('birthrights', () => renewBirthrights(context)),
    ),
    every(CHECK_EVERY_MS, context, 'catalogue check', () => context.catalogue.check()),
    every(MAPPINGS_EVERY_MS, context, 'group mappings', () => watchMappings(context)),
    every(FORGET_EVERY_MS, context, 'forgetting', () => forgetOnce(context)),
    every(QUEUE_EVERY_MS, context, 'queue', () => tellOfQueue(context)),
    every({ firstMs: PROVISIONING_FIRST_MS, ms: listenEveryMs }, context, 'provisioning', () =>
      context.locks.tryLock('provisioning', () => watchProvisioning(context)),
    ),
    reconciling,
    every(DIGESTS_EVERY_MS, context, 'digests', createDigestRounds(context)),
    every({ firstMs: USAGE_FIRST_MS, ms: USAGE_EVERY_MS }, context, 'usage', () =>
      context.locks.tryLock('usage', () => readUsageOnce(context)),
    ),
    every(OFFBOARDINGS_EVERY_MS, context, 'offboardings', () =>
      context.locks.tryLock('offboardings', async () =>
        runDueOffboardings(context, await openOffboardings(context.db)),
      ),
    ),
    every(CAMPAIGNS_EVERY_MS, context, 'campaigns', () =>
      context.locks.tryLock('campaigns', () => runDueCampaigns(context)),
    ),
    every(CADENCE_EVERY_MS, context, 'review cadence', () =>
      context.locks.tryLock('review cadence', () => keepCadence(context)),
    ),
    every(TICKETS_EVERY_MS, context, 'tickets', (until) =>
      context.locks.tryLock('tickets', () => watchTickets(context, until)),
    ),
    every(CANARY_EVERY_MS, context, 'canary', () =>
      context.locks.tryLock('canary', () => canaryOnce(context)),
    ),
    ...listenings,
  ];
  return {
    start() {
      for (const loop of loops) loop.start();
    },
    reconcileSoon: reconciling.wake,
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}

/**
 * Reconciles when the last run is old enough, also when Latchkey was down meanwhile, and goes on with one that was left
 * unfinished. Before the first run ever the directory is given the time to push.
 */
function createReconciler(context: Context): (until: AbortSignal) => Promise<unknown> {
  const startedAt = performance.now();
  return async (until) => {
    const { isOpen, sinceMs } = await comparisonsSoFar(context.db);
    const ageMs = sinceMs ?? performance.now() - startedAt;
    return isOpen || ageMs >= RECONCILE_EVERY_MS ? await reconcile(context, until) : null;
  };
}

/** Runs work again and again, each time that many milliseconds after it ended. A failure is logged and forgotten. */
export function every(
  times: number | { firstMs: number; ms: number },
  context: Runtime,
  name: string,
  work: (until: AbortSignal) => Promise<unknown>,
): Loop {
  const { firstMs, ms } = typeof times === 'number' ? { firstMs: times, ms: times } : times;
  let isStopping = false;
  const ending = new AbortController();
  let loop: Promise<void> = Promise.resolve();
  let wake: () => void = () => {};

  async function run(): Promise<void> {
    for (let waitMs = firstMs; !isStopping; waitMs = ms) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (isStopping) return;
      try {
        await work(ending.signal);
      } catch (error) {
        if (ending.signal.aborted) return;
        context.log.warn({ err: (error as Error).message }, name);
      }
    }
  }

  return {
    start() {
      loop = run();
    },
    wake: () => wake(),
    async stop() {
      isStopping = true;
      ending.abort();
      wake();
      await loop;
    },
  };
}

/** Forgets rows that only had to be kept for a while. The audit keeps the results. */
export async function forgetOnce(context: Pick<Context, 'db'>): Promise<void> {
  await forgetDone(context.db, OUTBOX_KEPT_HOURS);
  await forgetRuns(context.db, RUNS_KEPT_DAYS);
  await forgetObserved(context.db, { days: OBSERVED_KEPT_DAYS, evidenceDays: EVIDENCE_KEPT_DAYS });
  await forgetTeamEvents(context.db, EVIDENCE_KEPT_DAYS);
  await forgetRounds(context.db, EVIDENCE_KEPT_DAYS);
  await forgetSlackReceived(context.db);
  await forgetStepUps(context.db, STEP_UPS_KEPT_DAYS);
  await forgetSessions(context.db);
}

/**
 * Everything that is due now, once. A part that fails is logged and due again at the next look. It stops none of the
 * others.
 */
async function runDue(context: Context, listenSoon: () => void, seal: () => Promise<void>): Promise<void> {
  const now = await databaseNow(context.db);
  const dues = {
    ends: () => endDueGrants(context, now),
    warnings: () => warnOfEnds(context, now),
    lapses: () => lapseRequests(context, now),
    approvers: () => attendToApprovers(context, now, BATCH),
    emergencies: () => attendToEmergencies(context, now, BATCH),
    'mass changes': () => runDueMassChanges(context, now),
    delegations: () => settleDelegations(context, now),
    'who did it': () => runDueAuthorship(context, listenSoon),
    seals: seal,
  };
  for (const [due, work] of Object.entries(dues))
    try {
      await work();
    } catch (error) {
      context.log.error({ err: (error as Error).message, due }, 'due');
    }
}

type Decide = (unit: Unit, change: Change) => ChangeEvent[] | Promise<ChangeEvent[] | null>;

/** Decides each due change anew under its lock: it may have moved on since it was found. */
async function forEachDue(
  context: Data & Runtime,
  changeIds: readonly string[],
  decide: Decide,
): Promise<void> {
  for (const id of changeIds)
    try {
      await commit(
        context.db,
        async (unit) => {
          const change = await unit.change(id);
          return { result: null, events: (change === null ? null : await decide(unit, change)) ?? [] };
        },
        context.nudge,
      );
    } catch (error) {
      // One that can't be decided now holds up none of the others.
      context.log.error({ err: (error as Error).message, change: id }, 'due change not decided');
    }
}

async function endDueGrants(context: Data & Runtime, now: Date): Promise<void> {
  const due = await grantsDueToEnd(context.db, now, BATCH);
  await forEachDue(
    context,
    due.map((g) => g.changeId),
    (unit, change) => endGrant(unit, change, isEndedByTicket(change) ? 'ticketClosed' : 'expiry', null),
  );
}

async function warnOfEnds(context: Data & Runtime, now: Date): Promise<void> {
  const due = await grantsDueToWarn(context.db, now, BATCH);
  await forEachDue(
    context,
    due.map((g) => g.changeId),
    (unit, change) => {
      const { grant, endAgreed, endingWarnedAt } = change;
      if (grant === null || endAgreed !== undefined || nextState(change.state, 'endingWarned') === null)
        return [];
      const warning = dueWarning(grant, unit.now, endingWarnedAt);
      return warning === null
        ? []
        : [{ ...byLatchkey(unit, change), type: 'endingWarned', endsAt: grant.endsAt, warning }];
    },
  );
}

async function lapseRequests(context: Data & Runtime, now: Date): Promise<void> {
  await forEachDue(context, await requestsDueToLapse(context.db, now, BATCH), (unit, change) =>
    lapse(change, unit.now),
  );
}

function byLatchkey(unit: Unit, change: Change) {
  return { changeId: change.id, at: unit.now, actor: { part: 'latchkey' } } as const;
}
