import { createHash } from 'node:crypto';

/** A request of the months before the sandbox was opened. */
export type Past = {
  /** Of the grant and of its end: the same at every start, so that they can be told from changes that somebody made. */
  ids: { grant: string; revoke: string };
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
    ids: { grant: idOf(`grant ${n}`), revoke: idOf(`revoke ${n}`) },
    daysAgo: 84 - Math.floor(n * 1.28),
    hour: 6 + ((n * 7) % 16),
    ended: n % 9 === 4 ? 'denied' : n % 13 === 6 ? 'lapsed' : 'approved',
  };
});

const invented = new Set(past.flatMap(({ ids }) => Object.values(ids)));

/** Whether a change belongs to one of the past requests, which nobody ever made. */
export function isInvented(changeId: string): boolean {
  return invented.has(changeId);
}

/** A UUID of version 8 (RFC 9562), which is made of what one likes. */
function idOf(name: string): string {
  const hash = createHash('sha256').update(`latchkey sandbox, past request, ${name}`).digest('hex');
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-a${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}
