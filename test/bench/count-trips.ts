import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import pg from 'pg';

/**
 * Loaded before Latchkey's own code: counts the trips that its process makes to PostgreSQL, BullMQ's too, and the
 * statements. What is asked on one connection in one turn of the event loop is one trip. At SIGUSR2 the counts since the last time are written into the file that `TRIPS_FILE` names.
 */
let trips = 0;
let statements: Record<string, number> = {};
const asking = new WeakSet<pg.Client>();

type Asked = { text?: string } | string;

const kinds = new Map<string, string>();

/** How the statement begins. Counting is to cost little: the process that is measured does it. */
function kindOf(asked: Asked): string {
  const text = typeof asked === 'string' ? asked : (asked.text ?? 'batch');
  const known = kinds.get(text);
  if (known !== undefined) return known;
  const kind = text.slice(0, 200).replace(/\s+/g, ' ').trim().slice(0, 70);
  kinds.set(text, kind);
  return kind;
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

/** From one SIGUSR2 to the next: a profile for Chromium's tools or speedscope, in the file that `PROFILE` names. */
const session = (process.env.PROFILE ?? '') === '' ? null : new Session();
let isProfiling = false;
session?.connect();
session?.post('Profiler.enable');

function profile(): void {
  if (session === null) return;
  if (isProfiling)
    session.post('Profiler.stop', (_, { profile }) =>
      writeFileSync(process.env.PROFILE ?? '/dev/null', JSON.stringify(profile)),
    );
  else session.post('Profiler.start');
  isProfiling = !isProfiling;
}

process.on('SIGUSR2', () => {
  profile();
  writeFileSync(process.env.TRIPS_FILE ?? '/dev/null', JSON.stringify({ trips, statements }));
  trips = 0;
  statements = {};
});
