import { setTimeout as sleep } from 'node:timers/promises';
import { onTicket, type TicketAnswer } from '../../core/change/ticket-end.ts';
import { Fault, type FaultCode } from '../../core/fault.ts';
import { faultInWords, nextStepFor } from '../../core/fault-words.ts';
import type { TicketSeen, TicketSource } from '../../ports/tickets.ts';
import {
  dueTickets,
  grantsWithTicket,
  takeUpTickets,
  ticketNotRead,
  ticketRead,
} from '../../store/watched-tickets.ts';
import { commit } from '../kernel/commit.ts';
import type { Context } from '../kernel/context.ts';
import { tellOfTickets } from './trouble.ts';

/** One after the other, with a pause: at most ten in a second, and so many in a round. */
const GAP_MS = 100;
const BATCH = 50;
/** An open ticket is read again after this. */
const OPEN_MS = 30_000;
/** One that is not is read again so soon: a second look makes it sure, and a third sees it opened again. */
const OTHERWISE_MS = 5_000;
/** What says that it is closed, or not there, is believed when it says so twice in a row. */
const SURE_AFTER = 2;
const AGAIN_MS = 30_000;

/** The next ticket would meet these too. */
const ofAll: ReadonlySet<FaultCode> = new Set([
  'tickets.unauthorized',
  'tickets.throttled',
  'tickets.unavailable',
  'tickets.timeout',
] satisfies FaultCode[]);

/**
 * Reads the tickets that grants end with, the longest due first, and has grants end whose ticket was closed. A ticket
 * that can't be read ends nothing and lengthens nothing.
 */
export async function watchTickets(context: Context, until: AbortSignal): Promise<void> {
  const { tickets } = context;
  if (tickets === undefined) return;
  await takeUpTickets(context.db);
  for (const ticket of await dueTickets(context.db, BATCH)) {
    if (until.aborted || !(await readOne(context, tickets, ticket))) break;
    await sleep(GAP_MS);
  }
  await tellOfTickets(context);
}

/** Answers whether the next one is worth a try. */
async function readOne(context: Context, source: TicketSource, ticket: string): Promise<boolean> {
  const { db } = context;
  let seen: TicketSeen;
  try {
    seen = await source.read(ticket);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const all = ofAll.has(error.code);
    const why = `${faultInWords(error, { tickets: '' }).trim()}: ${nextStepFor(error)}`;
    await ticketNotRead(db, ticket, { why, againMs: error.retryAfterMs ?? AGAIN_MS, all });
    return !all;
  }
  const times = await ticketRead(db, ticket, seen.is, { openMs: OPEN_MS, otherwiseMs: OTHERWISE_MS });
  if (seen.is === 'open' || times >= SURE_AFTER) await tellGrants(context, ticket, answerOf(seen));
  return true;
}

/** It was there when somebody named it: one that is not there any more is gone. */
function answerOf(seen: TicketSeen): TicketAnswer {
  return seen.is === 'absent' ? { is: 'gone', status: null } : { is: seen.is, status: seen.status };
}

/** Each grant by itself: one that can't be decided now is told at the next look. */
async function tellGrants(context: Context, ticket: string, answer: TicketAnswer): Promise<void> {
  const graceSeconds = context.catalogue.current().ticket?.graceSeconds ?? 0;
  for (const id of await grantsWithTicket(context.db, ticket))
    await commit(
      context.db,
      async (unit) => {
        const change = await unit.change(id);
        const events = change === null ? [] : onTicket(change, answer, { graceSeconds, now: unit.now });
        return { result: null, events };
      },
      context.nudge,
    );
}
