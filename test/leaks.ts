import pg from 'pg';
import { type Logger, pino } from 'pino';
import { entraApp } from '../src/sandbox/entra/token.ts';
import { credentials } from '../src/sandbox/seed.ts';

/** A shorter value may be found by chance. */
const LENGTH_MIN = 8;
/** A Latchkey that a test has broken is not waited for. */
const ASKED_WITHIN_MS = 500;
/** A table that a test still has locked fails it, and does not hold it up. */
const LOCKED_FOR_MS = 5_000;
const LINE_SHOWN = 200;
const people = ['ines', 'erik', 'tom', 'olga', 'sam', 'sofia', 'nadia'];

export type LeakWatch = {
  /** The log that Latchkey is given; nothing of it is kept. */
  log: Logger;
  /** Looks through what a running Latchkey gives out and what people see in Slack. */
  lookOutside(at: { latchkeyUrl: string; worldUrl: string; readToken: string }): Promise<void>;
  /** Looks through every row of every table, the queue's too. */
  lookIntoDatabase(url: string): Promise<void>;
  /** Throws with every place in which a secret was found. */
  refuseLeaks(): void;
};

/** The secrets of a sandbox are in nothing else, so each of them that is found somewhere was put there. */
export function watchForLeaks(databaseUrl: string, more: readonly string[] = []): LeakWatch {
  const ofWorld = Object.entries(credentials).flatMap(([key, value]) => (key.endsWith('Id') ? [] : value));
  const secrets = [...ofWorld, entraApp.clientSecret, passwordIn(databaseUrl), ...more].filter(
    (value) => value.length >= LENGTH_MIN,
  );
  const anySecret = new RegExp(secrets.map(inPattern).join('|'));
  const found = new Set<string>();
  const look = (place: string, text: string) => {
    const secret = anySecret.exec(text)?.[0];
    if (secret !== undefined) found.add(`${place} has ${secret}`);
  };
  const level = process.env.TEST_LOG_LEVEL;

  return {
    log: pino(
      { level: level ?? 'trace' },
      {
        write(line: string) {
          look(`the log (${line.slice(-LINE_SHOWN)})`, line);
          if (level !== undefined) process.stdout.write(line);
        },
      },
    ),
    async lookOutside({ latchkeyUrl, worldUrl, readToken }) {
      const headers = { authorization: `Bearer ${readToken}` };
      const asked = [
        ...['/metrics', '/readyz', '/api/changes'].map((path) => [path, `${latchkeyUrl}${path}`]),
        ...people.map((who) => [`Slack, as ${who} sees it`, `${worldUrl}/slack/sim/workspace?as=${who}`]),
      ] as const;
      await Promise.all(
        asked.map(async ([place = '', url = '']) => {
          const signal = AbortSignal.timeout(ASKED_WITHIN_MS);
          const answer = await fetch(url, { headers, signal }).catch(() => null);
          look(place, (await answer?.text().catch(() => '')) ?? '');
        }),
      );
    },
    async lookIntoDatabase(url) {
      const client = new pg.Client({ connectionString: url, lock_timeout: LOCKED_FOR_MS });
      await client.connect();
      try {
        const { rows: tables } = await client.query<{ name: string }>(
          `select format('%I.%I', schemaname, tablename) as name from pg_tables
           where schemaname not in ('pg_catalog', 'information_schema')`,
        );
        const each = tables.map(
          ({ name }) => `select '${name.replaceAll("'", "''")}' as place from ${name} t where t::text ~ $1`,
        );
        const { rows } = await client.query<{ place: string }>(each.join(' union '), [
          secrets.map(inPattern).join('|'),
        ]);
        for (const { place } of rows) found.add(`the table ${place}`);
      } finally {
        await client.end();
      }
    },
    refuseLeaks() {
      if (found.size > 0) throw new Error(`secrets are where they must not be: ${[...found].join('; ')}`);
    },
  };
}

function passwordIn(url: string): string {
  return decodeURIComponent(new URL(url).password);
}

/** In JavaScript and in PostgreSQL alike. */
function inPattern(value: string): string {
  return value.replaceAll(/[^\w-]/g, '.');
}
