import { writeFileSync } from 'node:fs';
import pg from 'pg';

/**
 * Loaded before Latchkey's own code: counts the trips that its process makes to PostgreSQL, BullMQ's too, and the
 * statements. What is asked on one connection in one turn of the event loop is one trip. At SIGUSR2 the counts since the last time are written into the file that `TRIPS_FILE` names.
 */
let trips = 0;
let statements: Record<string, number> = {};
const asking = new WeakSet<pg.Client>();

type Asked = { text?: string } | string;

/** By who asks, and how the statement begins. */
function kindOf(asked: Asked): string {
  const text = typeof asked === 'string' ? asked : (asked.text ?? 'batch');
  return text.replace(/\s+/g, ' ').trim().slice(0, 70);
}

const { query } = pg.Client.prototype;
pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]) {
  const kind = kindOf(given[0] as Asked);
  statements[kind] = (statements[kind] ?? 0) + 1;
  if (!asking.has(this)) {
    trips += 1;
    asking.add(this);
    setImmediate(() => asking.delete(this));
  }
  return (query as (...all: unknown[]) => unknown).apply(this, given);
} as typeof query;

process.on('SIGUSR2', () => {
  writeFileSync(process.env.TRIPS_FILE ?? '/dev/null', JSON.stringify({ trips, statements }));
  trips = 0;
  statements = {};
});
