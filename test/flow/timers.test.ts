import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MassChangeId, PersonId } from '../../src/core/ids.ts';
import type { MassChangeEvent } from '../../src/core/mass-change/mass-change.ts';
import { commit } from '../../src/flow/kernel/commit.ts';
import type { Context } from '../../src/flow/kernel/context.ts';
import { createTimers, type Timers } from '../../src/flow/timers.ts';
import { type Locks, openLocks } from '../../src/store/postgres/locks.ts';
import { planOfOne } from '../core/given.ts';
import { freshDatabase } from '../database.ts';
import { eventually } from '../eventually.ts';

let fresh: Awaited<ReturnType<typeof freshDatabase>>;
let locks: Locks;
let timers: Timers;
const logged: string[] = [];
beforeAll(async () => {
  fresh = await freshDatabase();
  locks = openLocks(fresh.url);
  const context = {
    db: fresh.database.db,
    locks,
    nudge: () => {},
    log: pino({ level: 'error' }, { write: (line: string) => void logged.push(line) }),
    idps: { all: [] },
    catalogue: { current: () => ({ remindSeconds: 60 }) },
  } as unknown as Context;
  timers = createTimers(context);
});
afterAll(async () => {
  await timers.stop();
  await locks.close();
  await fresh.database.close();
  await fresh.close();
});

const owner = { id: randomUUID() as PersonId, name: 'Olga Brandt', email: 'olga@acme.example' };

/** One that was asked an hour ago. */
async function asked(scope: string): Promise<string> {
  const massChangeId = randomUUID() as MassChangeId;
  const at = new Date(Date.now() - 3_600_000);
  const base = { massChangeId, at, actor: { part: 'latchkey' } } as const;
  const about = {
    kind: 'moved',
    scope,
    entitlementKey: null,
    target: null,
    owner: null,
    moved: null,
  } as const;
  const events: MassChangeEvent[] = [
    { ...base, type: 'massOpened', ...about },
    {
      ...base,
      type: 'massAsked',
      plan: planOfOne({ slots: [{ source: 'owner', people: [owner], pinged: true }] }),
    },
  ];
  await commit(fresh.database.db, async () => ({ result: null, events }));
  return massChangeId;
}

const remindedAt = async (id: string) => {
  const { rows } = await sql<{ at: string | null }>`
    select doc->>'remindedAt' as at from mass_changes where id = ${id}`.execute(fresh.database.db);
  return rows[0]?.at ?? null;
};
/** Whom it waits for can't be read any more. */
const damage = (id: string) =>
  sql`update mass_changes set doc = jsonb_set(doc || jsonb_build_object('was', doc->'plan'), '{plan}', '{}')
    where id = ${id}`.execute(fresh.database.db);
const mend = (id: string) =>
  sql`update mass_changes set doc = jsonb_set(doc, '{plan}', doc->'was') where id = ${id}`.execute(
    fresh.database.db,
  );

test('one that can’t be looked at stops nothing else that is due, is logged, and is tried again', async () => {
  const broken = await asked('a');
  const sound = await asked('b');
  await damage(broken);
  timers.start();

  // then the one after it is reminded, and what comes after both is done
  await eventually('the sound one is reminded', async () => (await remindedAt(sound)) !== null);
  await eventually('the audit is sealed', async () => {
    const { rows } = await sql<{ n: number }>`
      select (select count(*) from audit)::int - (select count(*) from audit_seals)::int as n`.execute(
      fresh.database.db,
    );
    return rows[0]?.n === 0;
  });
  expect(await remindedAt(broken)).toBeNull();
  expect(logged.some((line) => line.includes(broken))).toBe(true);

  // when it is mended
  await mend(broken);
  await eventually('it is reminded', async () => (await remindedAt(broken)) !== null);
});

test('what is due and can’t be read at all stops none of the others', async () => {
  // given a table that can’t be read, and a card that is due after it
  await sql`alter table changes rename to changes_away`.execute(fresh.database.db);
  const sound = await asked('c');
  try {
    await eventually('it is reminded', async () => (await remindedAt(sound)) !== null);
    expect(logged.some((line) => line.includes('"due":"lapses"'))).toBe(true);
  } finally {
    await sql`alter table changes_away rename to changes`.execute(fresh.database.db);
  }
});
