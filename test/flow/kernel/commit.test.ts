import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Job } from '../../../src/core/jobs/reactions.ts';
import { commit, committingTogether } from '../../../src/flow/kernel/commit.ts';
import { readChange } from '../../../src/store/changes.ts';
import { unendedGrants } from '../../../src/store/grants.ts';
import { type FreshDatabase, freshDatabase } from '../../database.ts';
import { approved, received, somebody } from '../../store/given.ts';

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());

/** A job that the database can't take: its payload is no JSON text PostgreSQL accepts. */
const impossible = { job: 'updateMessages', changeId: '\u0000' } as Job;

async function countsOf(changeId: string) {
  const { db } = fresh.database;
  const audit = await db
    .selectFrom('audit')
    .select('type')
    .where('change_id', '=', changeId)
    .orderBy('id')
    .execute();
  const open = await db.selectFrom('outbox').select('key').where('key', 'like', `%${changeId}%`).execute();
  return {
    audit: audit.map((a) => a.type),
    jobs: open.map((o) => o.key),
    change: await readChange(db, changeId),
  };
}

describe('a commit', () => {
  test('writes state, audit and work together', async () => {
    const { db } = fresh.database;
    const event = received(await somebody(db));
    let nudges = 0;
    const result = await commit(
      db,
      async () => ({ result: 'told', events: [event] }),
      () => nudges++,
    );
    expect(result).toBe('told');
    expect(nudges).toBe(1);
    const found = await countsOf(event.changeId);
    expect(found.change).toMatchObject({ state: 'received', version: 1, requestedAt: event.at });
    expect(found.audit).toEqual(['changeReceived']);
    expect(found.jobs).toEqual([`assessRequest:${event.changeId}`]);
  });

  test('writes a change once, as its last event leaves it, and an audit entry for each event', async () => {
    // given a trigger that counts
    const { db } = fresh.database;
    await sql`create sequence writes`.execute(db);
    await sql`create function count_write() returns trigger as
      'begin perform nextval(''writes''); return new; end' language plpgsql`.execute(db);
    await sql`create trigger counting before insert or update on changes for each row execute function count_write()`.execute(
      db,
    );
    const event = received(await somebody(db));

    // when
    await commit(db, async ({ now }) => ({
      result: null,
      events: [event, approved(event.changeId, now)],
    }));

    // then
    const found = await countsOf(event.changeId);
    expect(found.change).toMatchObject({ state: 'applying', version: 2 });
    expect(found.audit).toEqual(['changeReceived', 'changeApproved']);
    const { rows } = await sql<{ n: string }>`select last_value as n from writes`.execute(db);
    expect(Number(rows[0]?.n)).toBe(1);
    await sql`drop trigger counting on changes`.execute(db);
  });

  test('given work that can’t be stored, leaves no state, no audit, no grant and nudges nobody', async () => {
    const { db } = fresh.database;
    const personId = await somebody(db);
    const event = received(personId);
    let nudges = 0;
    const failing = commit(
      db,
      async ({ now }) => ({
        result: null,
        events: [event, approved(event.changeId, now)],
        notes: [
          {
            type: 'baselineTaken',
            at: now,
            actor: { part: 'latchkey' },
            changeId: event.changeId,
            data: {},
          },
        ],
        jobs: [impossible],
      }),
      () => nudges++,
    );
    await expect(failing).rejects.toThrow();
    expect(await countsOf(event.changeId)).toEqual({ audit: [], jobs: [], change: null });
    expect(await unendedGrants(db, { personId })).toEqual([]);
    expect(nudges).toBe(0);
  });

  test('given an event that can’t happen, leaves nothing', async () => {
    const { db } = fresh.database;
    const event = received(await somebody(db));
    const seen = {
      type: 'changeSeen' as const,
      changeId: event.changeId,
      at: event.at,
      actor: event.actor,
      note: null,
    };
    await expect(commit(db, async () => ({ result: null, events: [event, seen] }))).rejects.toThrow(
      /can't happen/,
    );
    expect(await countsOf(event.changeId)).toEqual({ audit: [], jobs: [], change: null });
  });

  test('given nothing to write, writes nothing and nudges nobody', async () => {
    let nudges = 0;
    expect(
      await commit(
        fresh.database.db,
        async () => ({ result: 7 }),
        () => nudges++,
      ),
    ).toBe(7);
    expect(nudges).toBe(0);
  });

  test('given two at once on one change, the second sees what the first decided', async () => {
    const { db } = fresh.database;
    const event = received(await somebody(db));
    await commit(db, async () => ({ result: null, events: [event] }));
    const decide = () =>
      commit(db, async (unit) => {
        const change = await unit.change(event.changeId);
        if (change?.state !== 'received') return { result: 'late' };
        await new Promise((resolve) => setTimeout(resolve, 20));
        return { result: 'decided', events: [approved(event.changeId, unit.now)] };
      });
    const outcomes = await Promise.all(Array.from({ length: 12 }, decide));
    expect(outcomes.filter((o) => o === 'decided')).toHaveLength(1);
    const { audit, change } = await countsOf(event.changeId);
    expect(audit).toEqual(['changeReceived', 'changeApproved']);
    expect(change).toMatchObject({ state: 'applying', version: 2 });
    expect(await unendedGrants(db, { personId: event.personId })).toHaveLength(1);
  });

  test('dates come back as dates', async () => {
    const { db } = fresh.database;
    const event = received(await somebody(db));
    await commit(db, async ({ now }) => ({ result: null, events: [event, approved(event.changeId, now)] }));
    const change = await readChange(db, event.changeId);
    for (const at of [
      change?.requestedAt,
      change?.decision?.at,
      change?.grant?.endsAt,
      change?.legs.decidedAt,
    ])
      expect(at).toBeInstanceOf(Date);
  });
});

describe('commits that are made together', () => {
  const transactions = async () => {
    const { rows } = await sql<{ xid: string }>`select distinct xid::text from audit`.execute(
      fresh.database.db,
    );
    return rows.length;
  };

  test('are one transaction, with state, audit and work of each', async () => {
    const { db } = fresh.database;
    const together = committingTogether(db);
    const events = await Promise.all(Array.from({ length: 20 }, async () => received(await somebody(db))));
    const before = await transactions();
    const told = await Promise.all(
      events.map((event) => commit(together, async () => ({ result: event.changeId, events: [event] }))),
    );
    expect(told).toEqual(events.map(({ changeId }) => changeId));
    expect((await transactions()) - before).toBe(1);
    for (const { changeId } of events) {
      const found = await countsOf(changeId);
      expect(found.change).toMatchObject({ state: 'received', version: 1 });
      expect(found.audit).toEqual(['changeReceived']);
      expect(found.jobs).toEqual([`assessRequest:${changeId}`]);
    }
  });

  test('hold up none of each other: one that can’t be stored, and one whose body throws, fail alone', async () => {
    const { db } = fresh.database;
    const together = committingTogether(db);
    const [good, bad, thrown] = await Promise.all([1, 2, 3].map(async () => received(await somebody(db))));
    if (good === undefined || bad === undefined || thrown === undefined) throw new Error('three were made');
    const ended = await Promise.allSettled([
      commit(together, async () => ({ result: 'stored', events: [good] })),
      commit(together, async () => ({ result: 'not', events: [bad], jobs: [impossible] })),
      commit(together, async () => {
        throw new Error('no');
      }),
    ]);
    expect(ended.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect((await countsOf(good.changeId)).audit).toEqual(['changeReceived']);
    expect(await countsOf(bad.changeId)).toEqual({ audit: [], jobs: [], change: null });
  });
});
