import { pino } from 'pino';
import { describe, expect, inject, test } from 'vitest';
import type { CanaryRun } from '../../src/core/canary/canary.ts';
import { type Latchkey, startLatchkey } from '../../src/latchkey.ts';
import { sandboxOutside } from '../../src/sandbox/launch.ts';
import type { Stage } from '../stage.ts';
import { type Journey, setOut, wordsOf } from './journey.ts';

const GROUP = 'anypoint-canary';
const TEAM = 'Canary';
/** Eight worlds at once leave a round little of a small machine. */
const OBJECTIVE_MS = 5_000;
/** Rounds so close that little is waited for, and so far apart that the machine rests between those of eight worlds. */
const EVERY_SECONDS = 4;
/** Two rounds that are stuck on both ways, and what the machine adds. */
const ALARM_WITHIN_MS = 100_000;

type Row = {
  id: string;
  started_at: Date;
  ended_at: Date | null;
  state: CanaryRun['state'];
  result: CanaryRun['result'];
  stuck: CanaryRun['stuck'];
};

/** A world of its own with a canary that flies there. */
type Flight = {
  stage: Stage;
  walk: Journey;
  /** Newest first. */
  runs(): Promise<Row[]>;
  read<T>(path: string): Promise<T>;
  /** Waits for two rounds in a row that are a hit. */
  hitsTwice(): Promise<void>;
  /** Waits until the newest alarm says this in the channel and to each admin, and answers with all it says. */
  alarm(words: string | RegExp): Promise<string>;
};

/** Nearly all of this is waiting, so the tests wait side by side, each in a world of its own. */
function flies(what: string, work: (flight: Flight) => Promise<void>): void {
  test.concurrent(what, async () => {
    const { stage, walk } = await setOut({
      objectiveMs: OBJECTIVE_MS,
      canary: { everySeconds: EVERY_SECONDS },
    });
    try {
      await work(flightOf(stage, walk));
    } finally {
      await stage.close();
    }
  }, 300_000);
}

const fliesAtOkta: typeof flies = (what, work) => {
  if (inject('idp') !== 'entra') flies(what, work);
};

function flightOf(stage: Stage, walk: Journey): Flight {
  const runs = () => walk.query<Row>('select * from canary_runs order by started_at desc');

  async function alarmSays(words: string | RegExp): Promise<string | null> {
    const [alarm] = await walk.query<{ id: string }>(
      'select id from canary_alarms order by raised_at desc limit 1',
    );
    if (alarm === undefined) return null;
    const found: string[] = [];
    for (const [who, where] of [
      ['sofia', 'access-requests'],
      ['sofia', 'dm'],
      ['sam', 'dm'],
    ] as const) {
      const about = (await walk.messages(who, where)).filter((m) =>
        m.metadata?.event_payload?.marker?.startsWith(`${alarm.id}:canary`),
      );
      expect(about.length).toBeLessThanOrEqual(1);
      found.push(...about.map((m) => wordsOf(m)).filter((text) => new RegExp(words).test(text)));
    }
    return found.length === 3 ? (found[0] ?? null) : null;
  }

  return {
    stage,
    walk,
    runs,
    async read<T>(path: string): Promise<T> {
      const answer = await fetch(`${stage.latchkey.url}${path}`, {
        headers: { authorization: 'Bearer read-token-for-tests' },
      });
      expect(answer.status).toBe(200);
      return (await (path === '/metrics' ? answer.text() : answer.json())) as T;
    },
    async hitsTwice() {
      const before = new Date();
      await walk.until(
        'two rounds in a row are a hit, and no alarm is raised',
        async (saw) => {
          const over = saw(await runs()).filter((r) => r.state === 'over' && r.started_at > before);
          const [one, two] = over;
          const open = await walk.query('select 1 from canary_alarms where cleared_at is null');
          return one?.result === 'hit' && two?.result === 'hit' && open.length === 0;
        },
        ALARM_WITHIN_MS,
      );
    },
    alarm: (words) => walk.until(`the alarm says ${words}`, () => alarmSays(words), ALARM_WITHIN_MS),
  };
}

flies(
  'round after round is a hit: there and back by the one road, seen each time, and nobody is bothered',
  async (flight) => {
    const { stage, walk, runs, read, hitsTwice } = flight;

    // when
    await hitsTwice();

    // then
    const [run] = (await runs()).filter((r) => r.result === 'hit');
    const [changes] = await walk.query<{ grant: string[]; revoke: string[] }>(
      `select array(select type from audit where change_id = r.grant_change_id order by id) as grant,
       array(select type from audit where change_id = r.revoke_change_id order by id) as revoke
     from canary_runs r where id = $1`,
      [run?.id],
    );
    for (const type of [
      'changeReceived',
      'changeApproved',
      'idpWritten',
      'scimPushed',
      'delivered',
      'changeSeen',
    ])
      for (const way of [changes?.grant, changes?.revoke])
        expect(way?.filter((t) => t === type)).toEqual([type]);
    expect(changes?.grant.at(-1)).toBe('grantEnded');

    // and nobody is told of it, sees it in a list, or can ask for it.
    // A machine that is too slow for the objective misses it, and its queue can be away. The admins are told of that.
    expect(
      await walk.query(`select about_id, key from messages
        where about_id not in (select id from queue_troubles union select id from canary_alarms)`),
    ).toEqual([]);
    const missed = (await runs()).filter(({ result }) => result === 'miss');
    const alarms = await walk.query('select since from canary_alarms');
    expect(missed.length).toBeGreaterThanOrEqual(2 * alarms.length);
    expect(
      await walk.query(
        `select 1 from outbox where job in ('updateMessages', 'assessRequest', 'checkMembership')`,
      ),
    ).toEqual([]);
    expect(await walk.query(`select 1 from changes where doc->>'cause' not in ('canary')`)).toEqual([]);
    expect(await read('/api/changes')).toEqual({ changes: [], next: null });
    const form = await walk.openForm('sofia');
    expect(JSON.stringify(form)).toContain('orders-api-read');
    expect(JSON.stringify(form)).not.toContain('canary');

    // and the figures are there for charts
    const { rounds, status, objectiveMs } = await read<{
      status: string;
      objectiveMs: number;
      rounds: { id: string; result: string; grant: { total: number }; revoke: { total: number } }[];
    }>('/api/canary');
    expect({ status, objectiveMs }).toEqual({ status: 'ready', objectiveMs: OBJECTIVE_MS });
    const round = rounds.find((r) => r.id === run?.id);
    expect(round?.result).toBe('hit');
    for (const trip of [round?.grant, round?.revoke]) {
      expect(trip?.total).toBeGreaterThan(0);
      expect(trip?.total).toBeLessThanOrEqual(OBJECTIVE_MS);
    }
    const metrics = await read<string>('/metrics');
    expect(metrics).toMatch(/latchkey_canary_rounds_total\{result="hit",leg="none"\} [2-9]/);
    expect(metrics).toMatch(
      /latchkey_canary_leg_seconds_bucket\{le="60",direction="revoke",leg="total"\} [2-9]/,
    );
    expect(metrics).toMatch(/latchkey_propagation_seconds_count\{kind="grant",cause="canary"\} [2-9]/);
    expect(metrics).toContain('latchkey_canary_alarm 0');
    for (const path of ['/metrics', '/api/canary'])
      expect((await fetch(`${stage.latchkey.url}${path}`)).status).toBe(401);
  },
);

describe.concurrent('two rounds that miss in a row raise one alarm that names the leg, and the next hit clears it', () => {
  flies('Anypoint lags: the delivery into Anypoint', async ({ walk, runs, read, hitsTwice, alarm }) => {
    // given
    await hitsTwice();
    const since = new Date();

    // when
    await walk.request('POST', '/anypoint/sim/lag', { ms: 120_000, team: TEAM });

    // then
    const text = await alarm(/Canary alarm: [\s\S]*stuck at the delivery into Anypoint/);
    expect(text).toContain(
      `Canary alarm: access that was given is not in MuleSoft within ${OBJECTIVE_MS / 1_000} seconds`,
    );
    expect(text).toMatch(/What to do:\* look at Anypoint’s status and at the team Canary there/);
    expect(await read<string>('/metrics')).toContain('latchkey_canary_alarm 1');
    const [missed] = (await runs()).filter((r) => r.result === 'miss');
    expect(missed?.stuck).toMatchObject({ direction: 'grant', leg: 'delivery' });

    // and the round before, which was the first to miss, raised none
    const [raised] = await walk.query<{ raised_at: Date }>(
      'select raised_at from canary_alarms order by raised_at desc limit 1',
    );
    const until = (await runs()).filter((r) => r.started_at < (raised?.raised_at ?? since));
    expect(until.slice(0, 3).map((r) => r.result)).toEqual(['miss', 'miss', 'hit']);

    // when
    await walk.request('POST', '/anypoint/sim/lag', { ms: 0 });

    // then
    await alarm(/Canary alarm cleared[\s\S]* It was stuck at the delivery into Anypoint/);
    expect(await walk.query('select 1 from canary_alarms where raised_at > $1', [since])).toHaveLength(1);
    expect(
      (
        await walk.query<{ type: string }>(
          `select type from audit where type like 'canaryAlarm%' and at > $1 order by id`,
          [since],
        )
      ).map((row) => row.type),
    ).toEqual(['canaryAlarmRaised', 'canaryAlarmCleared']);
  });

  flies('the directory pushes nothing: its SCIM push', async ({ walk, hitsTwice, alarm }) => {
    // given
    await hitsTwice();

    // when
    await walk.directory.pausePush(true);

    // then
    const { name } = walk.directory;
    await alarm(
      new RegExp(
        `Canary alarm: [\\s\\S]*stuck at ${name}’s SCIM push[\\s\\S]* in ${name}, open the .*anypoint-canary`,
      ),
    );

    // when
    await walk.directory.pausePush(false);

    // then
    await alarm('Canary alarm cleared');
  });

  // Entra remembers what it has carried, and carries the rest in its next cycle.
  fliesAtOkta(
    'Okta only forgets removals: the way back is stuck, and says so',
    async ({ walk, hitsTwice, alarm }) => {
      // given
      await hitsTwice();

      // when
      await walk.directory.forgetsRemovals();

      // then
      const text = await alarm(/Canary alarm: [\s\S]*stuck at Okta’s SCIM push/);
      expect(text).toContain('access that was taken away is not gone from MuleSoft');

      // when it pushes the group whole again, as the alarm says
      await walk.directory.speaks();
      await walk.directory.pushesAll(GROUP);

      // then
      await alarm('Canary alarm cleared');
    },
  );

  flies('the directory is down: the write to it', async ({ walk, hitsTwice, alarm }) => {
    // given
    await hitsTwice();

    // when
    await walk.fault({ ...walk.directory.calls.any, kind: 'status', status: 500 });

    // then
    const { name } = walk.directory;
    await alarm(
      new RegExp(`Canary alarm: [\\s\\S]*stuck at the write to ${name}[\\s\\S]* look at ${name}’s status`),
    );

    // when
    await walk.heal();

    // then
    await alarm('Canary alarm cleared');
    expect(await walk.query(`select 1 from changes where doc->>'cause' not in ('canary')`)).toEqual([]);
  });
});

/** Rounds never overlap, and each has one change there. */
async function oneAtATime({ walk, runs }: Flight): Promise<void> {
  const all = (await runs()).reverse();
  for (const [i, run] of all.entries())
    if (i > 0) expect(all[i - 1]?.ended_at?.getTime()).toBeLessThanOrEqual(run.started_at.getTime());
  const grants = await walk.query(`select 1 from changes where kind = 'grant' and doc->>'cause' = 'canary'`);
  expect(grants).toHaveLength(all.length);
}

flies(
  'restarted in the middle of a round, Latchkey brings that round to its end, and makes one after it, not many',
  async (flight) => {
    const { stage, walk, runs, hitsTwice } = flight;

    // given a round that is under way
    await hitsTwice();
    await walk.directory.pausePush(true);
    const [open] = await walk.until('a round is under way', async () => {
      const all = (await runs()).filter((r) => r.state === 'granting');
      return all.length > 0 && all;
    });

    // when
    await stage.restart();
    await walk.directory.pausePush(false);

    // then
    await walk.until(
      'the round is over',
      async () => (await runs()).some((r) => r.id === open?.id && r.state === 'over'),
      30_000,
    );
    await hitsTwice();
    await oneAtATime(flight);
  },
);

flies('two replicas make one round at a time', async (flight) => {
  const { stage, walk, hitsTwice } = flight;

  // given
  const { catalogue } = stage.latchkey.context;
  const second: Latchkey = await startLatchkey({
    outside: sandboxOutside(stage.world.url, walk.directory.system),
    catalogue: catalogue.current(),
    rules: catalogue.rules(),
    databaseUrl: stage.databaseUrl,
    redisUrl: null,
    port: 0,
    publicUrl: null,
    readToken: null,
    log: pino({ level: 'silent' }),
    objectiveMs: OBJECTIVE_MS,
  });

  try {
    // when
    await hitsTwice();

    // then
    await oneAtATime(flight);
  } finally {
    await second.stop();
  }
});

flies('a canary who is no longer active makes no rounds, and /readyz says why', async (flight) => {
  const { walk, runs, read, hitsTwice } = flight;

  // given
  await hitsTwice();

  // when
  await walk.directory.sets('kit', 'SUSPENDED');

  // then
  await walk.until(
    '/readyz says it',
    async () => (await read<{ canary: string }>('/readyz')).canary.includes('kit@acme.example is not active'),
    30_000,
  );
  await walk.until('no round is under way', async () => (await runs())[0]?.state === 'over', 30_000);
  expect(await walk.isInGroup('kit', GROUP)).toBe(false);
  const before = (await runs()).length;

  // and back
  await walk.directory.sets('kit', 'ACTIVE');
  await walk.until(
    '/readyz says ready',
    async () => (await read<{ canary: string }>('/readyz')).canary === 'ready',
  );
  await hitsTwice();
  expect((await runs()).length).toBeGreaterThan(before);
  expect(await walk.isInTeam('kit', TEAM)).toBe(false);
});
