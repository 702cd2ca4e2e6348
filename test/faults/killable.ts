import { expect } from 'vitest';
import { verifyAudit } from '../../src/audit/verify.ts';
import { credentials, type Person, people } from '../../src/sandbox/seed.ts';
import { type RunningWorld, startWorld } from '../../src/sandbox/world.ts';
import { openDatabase } from '../../src/store/postgres/database.ts';
import { freePort } from '../../src/store/postgres/free-port.ts';
import { unopenedDatabase } from '../database.ts';
import { type Journey, walkOn } from '../journeys/journey.ts';
import { scimCall } from '../journeys/scim-wire.ts';
import { type LatchkeyProcess, latchkeyProcess } from './latchkey-process.ts';

/** A world, and a Latchkey in it that is a process of its own. */
export type Killable = {
  world: RunningWorld;
  latchkey: LatchkeyProcess;
  walk: Journey;
  databaseUrl: string;
  /** SIGKILL, and the leases of what it was at have run out when this resolves: as if 15 s had passed. */
  kill(): Promise<void>;
  /** Dead and up again. */
  killAndStart(): Promise<void>;
  /** Okta says nothing by itself: no SCIM push, no hook and, unless told otherwise, no log. */
  silence(options?: { log: 'told' | 'refused' }): Promise<void>;
  /** Okta pushes, calls its hook and shows its log again; what it lost meanwhile is lost. */
  unsilence(): Promise<void>;
  /** Latchkey's own SCIM endpoint, as an IdP writes to it. */
  scim<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** The events in Okta since its beginning, by its own log: writes that changed nothing are not in it. */
  logged(eventType: string): Promise<LogEvent[]>;
  /**
   * Waits until nothing is owed and nothing is unprocessed, and then looks whether anything was told or noted twice.
   */
  isWhole(): Promise<void>;
  close(): Promise<void>;
};

export type LogEvent = { uuid: string; target: { id: string; type: string }[] };

export type KillableOptions = {
  people?: readonly Person[];
  redisUrl?: string | null;
  env?: Record<string, string>;
  /** Not started yet. */
  isAsleep?: boolean;
};

const PATIENCE_MS = 60_000;

export async function setKillable(options: KillableOptions = {}): Promise<Killable> {
  const everybody = options.people ?? people;
  const world = await startWorld({ port: 0, stateFile: null, latchkey: null, people: everybody });
  const fresh = await unopenedDatabase();
  const latchkey = latchkeyProcess({
    worldUrl: world.url,
    databaseUrl: fresh.url,
    port: await freePort(),
    redisUrl: options.redisUrl ?? null,
    env: options.env ?? {},
  });
  const walk = await walkOn(world.url, fresh.url);
  await walk.request('PUT', '/control/latchkey', {
    url: latchkey.url,
    scimToken: credentials.scimToken,
    hookSecret: credentials.oktaHookSecret,
  });
  if (options.isAsleep !== true) {
    await latchkey.start();
    await walk.isQuiet();
  }

  const unsealed = async () =>
    (
      await walk.query(
        'select 1 from audit a where not exists (select from audit_seals s where s.audit_id = a.id)',
      )
    ).length;
  const killable: Killable = {
    world,
    latchkey,
    walk,
    databaseUrl: fresh.url,
    async kill() {
      await latchkey.kill();
      await walk.query('update outbox set next_at = clock_timestamp() where done_at is null and leased');
    },
    async killAndStart() {
      await killable.kill();
      await latchkey.start();
    },
    async silence({ log } = { log: 'refused' }) {
      await walk.request('POST', '/okta/sim/push', { drop: 'all' });
      await walk.request('POST', '/okta/sim/hooks', { lose: true });
      if (log === 'refused')
        await walk.fault({ vendor: 'okta', path: '^/api/v1/logs', kind: 'status', status: 403 });
    },
    async unsilence() {
      await walk.heal();
      await walk.request('POST', '/okta/sim/hooks', { lose: false });
      await walk.request('POST', '/okta/sim/push', { drop: 'none' });
    },
    async scim<T>(method: string, path: string, body?: unknown): Promise<T> {
      return await scimCall<T>(latchkey.url, method, path, body);
    },
    async logged(eventType) {
      const query = new URLSearchParams({ filter: `eventType eq "${eventType}"`, limit: '1000' });
      const response = await fetch(`${world.url}/okta/api/v1/logs?${query}`, {
        headers: { authorization: `SSWS ${credentials.oktaApiToken}` },
      });
      return (await response.json()) as LogEvent[];
    },
    async isWhole() {
      await walk.until(
        'nothing is owed and all is processed',
        async (saw) => {
          const unprocessed = await walk.query('select * from observed where processed_at is null');
          return saw([...(await walk.owed()), ...unprocessed]).length === 0;
        },
        PATIENCE_MS,
      );
      expect(await toldTwice(walk, everybody)).toEqual([]);
      await walk.until('the audit is sealed', async () => (await unsealed()) === 0);
      const database = await openDatabase(fresh.url);
      try {
        const check = await verifyAudit(database.db);
        expect(check, JSON.stringify(check)).toHaveProperty('head');
      } finally {
        await database.close();
      }
    },
    async close() {
      await latchkey.close();
      await world.close();
      await fresh.drop().catch(() => {});
    },
  };
  return killable;
}

/** Markers of messages that stand more than once in the channel or in somebody's conversation with Latchkey. */
async function toldTwice(walk: Journey, everybody: readonly Person[]): Promise<string[]> {
  const twice: string[] = [];
  const look = async (as: string, where: string) => {
    const markers = (await walk.messages(as, where)).flatMap((m) => m.metadata?.event_payload?.marker ?? []);
    twice.push(...markers.filter((marker, at) => markers.indexOf(marker) !== at));
  };
  await look('sofia', 'access-requests');
  for (const { key, slackKind } of everybody) if (slackKind === 'member') await look(key, 'dm');
  return twice;
}
