import { setTimeout as sleep } from 'node:timers/promises';
import { type Figure, percentile } from './figure.ts';
import type { Scene } from './scene.ts';
import { createSlackSender, type SlackSender, slackIdOf } from './slack-sender.ts';
import type { Traveller } from './traveller.ts';

const PER_SECOND = 100;
/** Changes that set out each second beside it, request to in effect. */
const BACKGROUND_PER_SECOND = 3;
const P99_MS = 50;
const RATIO = 1.5;

/**
 * Clicks at a steady rate, whether or not the earlier ones were answered, while changes go their way through
 * Latchkey. Each click is an approver pressing a card that is settled already: stored, acknowledged, then truly
 * settled (identity looked up again, refusal shown). The bare listener gets the same clicks on the same machine
 * while Latchkey carries the same changes.
 */
export async function ack(scene: Scene, traveller: Traveller, seconds: number): Promise<Figure[]> {
  const card = await travel(traveller, 0);
  const bareUrl = await scene.run('./bare-listener.ts', scene.databaseUrl);
  const bare = createSlackSender(bareUrl);
  const trips = BACKGROUND_PER_SECOND * seconds;
  await clicksAt(bare, card, 1);
  const bareMs = await withBackground(traveller, { from: 1, count: trips }, () =>
    clicksAt(bare, card, seconds),
  );
  await clicksAt(traveller.slack, card, 1);
  await drained(scene);
  const latchkeyMs = await withBackground(traveller, { from: 1 + trips, count: trips }, () =>
    clicksAt(traveller.slack, card, seconds),
  );
  await drained(scene);
  bare.close();
  return [0.5, 0.99].map((share): Figure => {
    const value = percentile(latchkeyMs, share);
    const baselineValue = percentile(bareMs, share);
    const ratio = value / baselineValue;
    const is99 = share === 0.99;
    return {
      bench: 'road',
      metric: `slack ack p${share * 100} (ms)`,
      value,
      baseline: 'bare Bolt listener, one row',
      baselineValue,
      ratio,
      target: is99 ? `< ${P99_MS}, ratio <= ${RATIO}` : `ratio <= ${RATIO}`,
      holds: (!is99 || value < P99_MS) && ratio <= RATIO,
    };
  });
}

async function clicksAt(slack: SlackSender, card: string, seconds: number): Promise<number[]> {
  const times: number[] = [];
  const sent: Promise<void>[] = [];
  const startedAt = performance.now();
  for (let n = 0; n < PER_SECOND * seconds; n++) {
    const dueInMs = startedAt + (n * 1_000) / PER_SECOND - performance.now();
    if (dueInMs > 0) await sleep(dueInMs);
    sent.push(
      slack.approve(slackIdOf('tom'), card).then(({ status, ms }) => {
        if (status !== 200) throw new Error(`a click was answered ${status}`);
        times.push(ms);
      }),
    );
  }
  await Promise.all(sent);
  return times;
}

async function withBackground<T>(
  traveller: Traveller,
  { from, count }: { from: number; count: number },
  work: () => Promise<T>,
): Promise<T> {
  const trips: Promise<unknown>[] = [];
  let next = from;
  const timer = setInterval(() => {
    if (next >= from + count) return;
    trips.push(travel(traveller, next++));
  }, 1_000 / BACKGROUND_PER_SECOND);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    await Promise.all(trips);
  }
}

/** One change from request to in effect; its rule wants both the manager and the owner. */
async function travel(traveller: Traveller, person: number): Promise<string> {
  const id = await traveller.ask(person, 'orders-api-deploy');
  await traveller.approve(id, 'tom');
  await traveller.approve(id, 'olga');
  await traveller.arrives(id);
  return id;
}

/** What is owed is given so long to be done, in milliseconds. */
const DRAINED_WITHIN_MS = 180_000;

/** Until everything owed so far is done. Throws, with what is left, where it is not in time. */
export async function drained(scene: Scene): Promise<void> {
  for (const end = Date.now() + DRAINED_WITHIN_MS; ; await sleep(50)) {
    const { rows } = await scene.db.query<{ job: string; n: number; fault: string | null }>(
      `select job, count(*)::int as n, max(last_fault) as fault from outbox where done_at is null group by job`,
    );
    if (rows.length === 0) return;
    if (Date.now() < end) continue;
    const left = rows.map(({ job, n, fault }) => `${n} ${job}${fault === null ? '' : ` (${fault})`}`);
    throw new Error(`not done within ${DRAINED_WITHIN_MS / 1_000} s: ${left.join(', ')}`);
  }
}
