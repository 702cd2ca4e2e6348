import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../core/fault.ts';
import { faultInWords, nextStepFor, type PartyAdvice } from '../core/fault-words.ts';
import type { Context } from './kernel/context.ts';

/** A party that is well is asked again after this. */
const WELL_FOR_MS = 30_000;
/** One that was well and does not answer is asked a second time before that is said. */
const SECOND_LOOK_MS = 2_000;

/** What stands or falls with one outside party. */
export type PartyState = {
  /** As people call it. */
  party: string;
  /** What can be done with it. */
  does: string;
  /** Null: it can. Otherwise what is wrong, and what to do next. */
  why: string | null;
};

export type PartyWatch = {
  /** Asks those that are due; a party that is not well is always due. */
  look(): Promise<void>;
  /** As of the last look; before the first one of a party, it can't be said to work. */
  states(): PartyState[];
};

type Party = { party: string; does: string; check: () => Promise<void>; advice?: PartyAdvice };

/**
 * Whether Slack, the identity provider and Anypoint let Latchkey do its work: asked, with a cheap call, at start and
 * again and again. So wrong credentials are known before somebody's request meets them, and that they were mended too.
 */
export function createPartyWatch(
  { chat, idps, mulesoft, tickets }: Pick<Context, 'chat' | 'idps' | 'mulesoft' | 'tickets'>,
  /** Another way in beside Slack's Web API that can be shut; null: it is open. */
  wayIn: () => string | null = () => null,
): PartyWatch {
  const parties: Party[] = [
    { party: chat.name, does: `requests and clicks in ${chat.name}`, check: () => chat.check() },
    ...idps.all.map((idp) => ({
      party: idp.name,
      does: `groups in ${idp.name}`,
      check: () => idp.check(),
      advice: idp.advice,
    })),
    { party: 'Anypoint', does: 'teams in Anypoint', check: () => mulesoft.check() },
    ...(tickets === undefined
      ? []
      : [{ party: tickets.name, does: `tickets in ${tickets.name}`, check: () => tickets.check() }]),
  ];
  const found = new Map<string, { why: string | null; at: number }>();

  async function lookAt(one: Party): Promise<void> {
    const { party } = one;
    const before = found.get(party);
    let why = await whyNot(one);
    // Everybody is away for a second now and then; that is no reason to wake anybody.
    if (why?.isPassing === true && before?.why === null) {
      await sleep(SECOND_LOOK_MS);
      why = await whyNot(one);
    }
    found.set(party, { why: why?.text ?? null, at: performance.now() });
  }

  return {
    async look() {
      const due = parties.filter(({ party }) => {
        const last = found.get(party);
        return last === undefined || last.why !== null || performance.now() - last.at >= WELL_FOR_MS;
      });
      await Promise.all(due.map(lookAt));
    },
    states: () =>
      parties.map(({ party, does }) => {
        const last = found.get(party);
        const why = last === undefined ? `${party} has not answered yet` : last.why;
        return { party, does, why: party === chat.name ? (why ?? wayIn()) : why };
      }),
  };
}

async function whyNot({ party, check, advice }: Party): Promise<{ text: string; isPassing: boolean } | null> {
  try {
    await check();
    return null;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    // Being asked to wait is being served.
    if (error.retryAfterMs !== undefined) return null;
    return {
      text: `${faultInWords(error, { idp: party, tickets: party })}: ${nextStepFor(error, advice)}`,
      isPassing: error.retryable,
    };
  }
}
