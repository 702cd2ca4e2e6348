/** A request of the months before the sandbox was opened. */
export type Past = {
  /** Days ago, and hour in UTC. */
  daysAgo: number;
  hour: number;
  who: string;
  entitlement: string;
  seconds: number;
  reason: string;
  ticket: string | null;
  ended: 'approved' | 'denied' | 'lapsed';
  by: readonly string[];
};

const HOUR = 3_600;
/** Seconds. */
export const DAY = 24 * HOUR;

const asks: readonly Pick<Past, 'who' | 'entitlement' | 'seconds' | 'reason' | 'ticket' | 'by'>[] = [
  {
    who: 'ines',
    entitlement: 'orders-api-read',
    seconds: DAY,
    reason: 'Following an order through the logs',
    ticket: null,
    by: ['tom'],
  },
  {
    who: 'erik',
    entitlement: 'orders-api-read',
    seconds: 7 * DAY,
    reason: 'Comparing message sizes',
    ticket: 'ORD-118',
    by: ['olga'],
  },
  {
    who: 'erik',
    entitlement: 'orders-api-deploy',
    seconds: 8 * HOUR,
    reason: 'Shipping the release',
    ticket: 'ORD-131',
    by: ['tom', 'olga'],
  },
  {
    who: 'nadia',
    entitlement: 'payments-api-read',
    seconds: 7 * DAY,
    reason: 'Refunds that arrive twice',
    ticket: null,
    by: ['sam'],
  },
  {
    who: 'tom',
    entitlement: 'orders-api-deploy',
    seconds: 2 * DAY,
    reason: 'Weekend migration',
    ticket: null,
    by: ['sofia', 'olga'],
  },
  {
    who: 'ines',
    entitlement: 'payments-api-read',
    seconds: DAY,
    reason: 'An order that was paid twice',
    ticket: 'INC-4402',
    by: ['sam'],
  },
  {
    who: 'erik',
    entitlement: 'platform-admin',
    seconds: HOUR,
    reason: 'Setting up the new environment',
    ticket: 'PLT-12',
    by: ['sofia', 'olga'],
  },
  {
    who: 'sam',
    entitlement: 'platform-admin',
    seconds: 8 * HOUR,
    reason: 'The yearly look at roles',
    ticket: null,
    by: ['olga', 'sofia'],
  },
];

/** Sixty requests of the last twelve weeks, the same at every start; none gives anything today. */
export const past: readonly Past[] = Array.from({ length: 60 }, (_, n) => {
  const ask = asks[(n * 5) % asks.length] as (typeof asks)[number];
  return {
    ...ask,
    daysAgo: 84 - Math.floor(n * 1.28),
    hour: 6 + ((n * 7) % 16),
    ended: n % 9 === 4 ? 'denied' : n % 13 === 6 ? 'lapsed' : 'approved',
  };
});
