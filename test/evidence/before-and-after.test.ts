import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ChangeEvent } from '../../src/core/change/events.ts';
import type { ChangeId } from '../../src/core/ids.ts';
import { commit } from '../../src/flow/kernel/commit.ts';
import { noteCovered, noteRefusedSource } from '../../src/store/event-source-cursors.ts';
import { linkPerson } from '../../src/store/person-links.ts';
import type { Db } from '../../src/store/postgres/database.ts';
import { keepTeamEvents } from '../../src/store/team-events.ts';
import { entitlement, target } from '../core/given.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { type MadePack, packOf } from './made-pack.ts';
import { plantQuarter } from './planted-quarter.ts';
import { type Access, ADMINISTRATION, access, on, type Somebody, somebodyIn } from './quarter.ts';

let fresh: FreshDatabase;
let pack: MadePack;
let rita: Somebody;
let ending: Access;
let selfKept: Access;
let askedAgain: Access;

const entitlements = [entitlement(), ADMINISTRATION];

/** Both logs have it that somebody put her in. */
async function toldOf(db: Db, { id, name }: Somebody, at: Date): Promise<void> {
  const payload = {
    kind: 'membership',
    direction: 'added',
    person: { id: name },
    group: { id: target.groupId },
  };
  await sql`insert into observed (key, event_source, payload, occurred_at, received_at, processed_at, outcome, person_id, group_id)
    values ('rita-in', 'oktaHook', ${JSON.stringify(payload)}::jsonb, ${at}, ${at}, ${at}, 'checked', ${id}, ${target.groupId})`.execute(
    db,
  );
  await linkPerson(db, id, 'anypoint', 'anypoint-rita');
  const team = { id: target.teamId, name: target.teamName };
  const one = {
    team,
    account: 'anypoint-rita',
    direction: 'added',
    actor: { id: 'app', name: 'Latchkey' },
    at,
  };
  await db.transaction().execute(async (tx) => await keepTeamEvents(tx, [one as never]));
}

function denied(changeId: ChangeId, at: Date): ChangeEvent {
  const decision = { outcome: 'denied', by: null, byName: 'rule', at, note: null, clickId: null } as const;
  return { type: 'changeDenied', changeId, at, actor: { part: 'latchkey' }, decision, revokeId: null };
}

beforeAll(async () => {
  fresh = await freshDatabase();
  const { db } = fresh.database;
  await plantQuarter(db);
  const somebody = somebodyIn(db);
  rita = await somebody('rita');
  const paul = await somebody('paul');
  // Two administrators were there when Latchkey first looked; one of them was taken out in the quarter.
  for (const [{ id }, endedAt] of [
    [rita, null],
    [paul, on(40)],
  ] as const)
    await sql`insert into baseline_members (group_id, group_name, person_id, recorded_at, ended_at)
      values ('g9', 'anypoint-orders-admin', ${id}, ${on(-30)}, ${endedAt})`.execute(db);
  // An end that came two minutes after its time, and took half a minute from then.
  ending = access(rita, paul, on(33), { secondsToEnd: 116, secondsToGone: 30 });
  await commit(db, async () => ({ result: null, events: ending.events }));
  // Paul put Rita in and kept it: two hours later that is known, and others are asked. They deny it.
  selfKept = access(rita, paul, on(70), { cause: 'finding' });
  askedAgain = access(rita, paul, on(70, 11), { cause: 'finding' });
  await toldOf(db, rita, on(70, 8, 3_599));
  const [found, asked] = askedAgain.events as [ChangeEvent, ChangeEvent];
  const { id: changeId } = selfKept;
  const part = { part: 'latchkey' } as const;
  await commit(db, async () => ({
    result: null,
    events: [
      ...selfKept.events.slice(0, 6),
      { type: 'decisionReopened', changeId, at: on(70, 11), actor: part, by: paul },
      found,
      asked,
      denied(askedAgain.id, on(70, 12)),
    ],
  }));
  pack = await packOf(db, { entitlements });
});
afterAll(() => fresh.close());

test('privileged access that nobody approved and that has no end is an exception, and its days of the period are counted', async () => {
  const without = (await pack.list('privileged')).filter(({ change }) => change === null);
  const unknown =
    'found when Latchkey first looked, at 2025-12-02 09:00:00 UTC. Since when it was there is not known: its days are counted from the start of the period';
  expect(without.toSorted((a, b) => (String(a.person) < String(b.person) ? 1 : -1))).toMatchObject([
    {
      person: 'rita',
      entitlement: 'orders-admin',
      endsAt: null,
      daysHeldInPeriod: 90,
      daysHeldInAll: null,
      reason: expect.stringContaining(unknown),
    },
    {
      person: 'paul',
      daysHeldInPeriod: null,
      reason: expect.stringContaining('it was not there any more at the end of the period'),
    },
  ]);
  const endless = (await pack.list('exceptions')).filter(({ kind }) =>
    String(kind).startsWith('privileged: standing'),
  );
  expect(endless.map(({ kind, person, entitlement: key }) => [kind, person, key]).toSorted()).toEqual(
    ['paul', 'rita'].map((name) => [
      'privileged: standing, approved by nobody that Latchkey knows',
      name,
      'orders-admin',
    ]),
  );
  expect(String(endless[0]?.what)).toContain('without an approval and without an end');
  // What is not privileged is none.
  expect((await pack.list('holders')).some(({ tier, change }) => tier === 'medium' && change === null)).toBe(
    true,
  );
});

test('a removal that was decided on only after its time is counted from when the access should have ended', async () => {
  const removals = await pack.list('removals');
  expect(removals.find(({ change }) => change === ending.revokeId)).toMatchObject({
    shouldHaveEndedAt: on(36, 9, 600).toISOString(),
    decidedAt: on(36, 9, 716).toISOString(),
    secondsToGone: 146,
  });
  expect((await pack.list('exceptions')).filter(({ change }) => change === ending.revokeId)).toMatchObject([
    { kind: 'removal was late', what: 'seen gone after 146 s' },
  ]);
  expect(removals.find(({ cause }) => cause !== 'expiry')?.shouldHaveEndedAt ?? null).toBeNull();
});

test('what its author had kept ended because of that, names the change in which it was asked again, and took no time', async () => {
  const kept = (await pack.list('grants')).find(({ change }) => change === selfKept.id);
  expect(kept).toMatchObject({
    endedAt: on(70, 11).toISOString(),
    endedBecause: 'its author had decided; asked again',
    followedBy: askedAgain.id,
    writtenAt: null,
    secondsToEffect: null,
    notCountedBecause: 'it was there before: made around Latchkey, and kept',
    inGroupByLog: on(70, 8, 3_599).toISOString(),
    inEffectByLog: on(70, 8, 3_599).toISOString(),
  });
  expect(kept?.notAsItShouldBe).toContain('kept by whoever had made it around Latchkey');
  // What the logs have of it is of the change by which it was found, not of the one two hours later.
  const around = (await pack.list('made-around-latchkey')).filter(({ person }) => person === 'rita');
  expect(around.map(({ source, change }) => [source, change])).toEqual([
    ['oktaHook', selfKept.id],
    ['anypointAudit', selfKept.id],
  ]);
  const ended = (await pack.list('grants')).find(({ change }) => change === ending.id);
  expect(ended).toMatchObject({ followedBy: ending.revokeId, notCountedBecause: null, secondsToEffect: 20 });
});

test('that what a hook and a log both tell of is kept once is said; a log is read from its first look on', async () => {
  const said = 'kept once, under the source that told first';
  expect(pack.limits.join()).toContain(said);
  expect(pack.page).toContain('it stands once, under the source that told first');
  const empty = await freshDatabase();
  const { db } = empty.database;
  await db.transaction().execute(async (tx) => {
    await noteRefusedSource(tx, 'oktaLog');
    await noteCovered(tx, 'oktaLog', on(1));
    await noteCovered(tx, 'oktaLog', on(2));
  });
  const quiet = await packOf(db, { entitlements });
  expect(quiet.page).toContain(
    '<td>of nothing</td><td>of nothing</td><td>2026-01-02 09:00:00 UTC</td><td>2026-01-03 09:00:00 UTC</td>',
  );
  expect(quiet.limits.join()).not.toContain(said);
  await empty.close();
});

test('what somebody did in a team is of the entitlement that the catalogue gives that team for, also where no change tells it', async () => {
  const stranger = (of: MadePack) =>
    of.list('team-events').then((all) => all.find(({ account }) => account === 'anypoint-stranger'));
  expect(await stranger(pack)).toMatchObject({ team: 'Orders', matched: 'nothing', entitlement: 'orders' });
  expect(
    (await pack.list('made-around-latchkey')).find(({ account }) => account === 'anypoint-stranger')
      ?.entitlement,
  ).toBe('orders');
  // Where two entitlements give one team, which it was nobody knows.
  const two = await packOf(fresh.database.db, {
    entitlements: [entitlement(), { ...ADMINISTRATION, team: 'Orders' }],
  });
  expect((await stranger(two))?.entitlement).toBeNull();
});
