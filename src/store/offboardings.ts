import { type RawBuilder, sql } from 'kysely';
import type { ChangeId, PersonId } from '../core/ids.ts';
import type { OffboardingEvent } from '../core/offboarding/events.ts';
import { evolveOffboarding } from '../core/offboarding/evolve.ts';
import type { OffboardingState } from '../core/offboarding/life-cycle.ts';
import { countsAsLeft, type Offboarding, openOffboardingStates } from '../core/offboarding/offboarding.ts';
import { uuidsOfAnyLength } from './postgres/any-length.ts';
import { askedTogether } from './postgres/asked-together.ts';
import type { Db, Tx } from './postgres/database.ts';
import { later } from './postgres/transaction.ts';
import { revive } from './revive.ts';
import { notBegunChange, openMass, openOffboarding } from './states.ts';

export async function readOffboarding(db: Db | Tx, id: string): Promise<Offboarding | null> {
  const row = await db.selectFrom('offboardings').select('doc').where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : caseOf(row.doc);
}

/** Reads it and holds its row until the transaction ends. */
export async function lockOffboarding(tx: Tx, id: string): Promise<Offboarding | null> {
  const row = await tx
    .selectFrom('offboardings')
    .select('doc')
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return row === undefined ? null : caseOf(row.doc);
}

/** The newest case of a person. */
export async function latestOffboarding(db: Db | Tx, personId: string): Promise<Offboarding | null> {
  const row = await db
    .selectFrom('offboardings')
    .select('doc')
    .where('person_id', '=', personId)
    .orderBy('opened_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : caseOf(row.doc);
}

/** Ids of cases that wait for something, oldest first. */
export async function openOffboardings(
  db: Db | Tx,
  states: readonly OffboardingState[] = openOffboardingStates,
): Promise<string[]> {
  const rows = await db
    .selectFrom('offboardings')
    .select('id')
    .where('state', 'in', [...states])
    .orderBy('opened_at')
    .orderBy('id')
    .execute();
  return rows.map((row) => row.id);
}

/** Cases that wait for something, the newest first, at most `limit`; and how many there are. */
export async function openCases(
  db: Db | Tx,
  limit: number,
): Promise<{ cases: Offboarding[]; count: number }> {
  const { rows } = await sql<{ doc: Offboarding; count: number }>`
    select doc, count(*) over ()::int as count from offboardings where state in ${openOffboarding}
    order by opened_at desc, id limit ${limit}`.execute(db);
  return { cases: rows.map(({ doc }) => caseOf(doc)), count: rows[0]?.count ?? 0 };
}

/**
 * Those of these people who count as having left, each with the case that says so. It is their newest case that was
 * more than asked about or held.
 */
export async function leaversAmong(
  db: Db | Tx,
  personIds: readonly string[],
): Promise<Map<PersonId, Offboarding>> {
  if (personIds.length === 0) return new Map();
  const { rows } = await newestBegun(uuidsOfAnyLength(personIds)).execute(db);
  const newest = rows.map(({ doc }) => caseOf(doc));
  return new Map(newest.filter(countsAsLeft).map((o) => [o.personId, o]));
}

/** The case by which this person counts as having left; null: they do not. */
export async function leaverCase(db: Db | Tx, personId: string): Promise<Offboarding | null> {
  const [left] = (await leaversAmong(db, [personId])).values();
  return left ?? null;
}

/** Whether this person is kept out of every team: by a case that is not over, or by an admin's word. */
export async function isKeptOut(db: Db | Tx, personId: string): Promise<boolean> {
  return await isOut(db, personId);
}

const isOut = askedTogether(async (db, personIds: readonly string[]) => {
  const ids = uuidsOfAnyLength(personIds);
  const { rows } = await sql<{ id: string; doc: Offboarding | null }>`
    select person_id as id, null::jsonb as doc from offboardings
    where person_id = any(${ids}) and state in ${openOffboarding}
    union all
    select * from (${newestBegun(ids)}) begun`.execute(db);
  const out = new Set(
    rows.filter(({ doc }) => doc === null || countsAsLeft(caseOf(doc))).map(({ id }) => id),
  );
  return personIds.map((id) => out.has(id));
});

/** Of each of these people the newest case that was more than asked about or held. */
function newestBegun(ids: RawBuilder<unknown>) {
  return sql<{
    id: PersonId;
    doc: Offboarding;
  }>`select distinct on (person_id) person_id as id, doc from offboardings
    where person_id = any(${ids}) and doc->>'beganAt' is not null
    order by person_id, opened_at desc`;
}

/** Everybody for whom `isKeptOut` holds, as `person_id`; a property test holds the two together. */
export const keptOut = sql`
  select person_id from offboardings where state in ${openOffboarding}
  union
  select o.person_id from offboardings o
  where o.state = 'closed' and o.cause in ('byHand', 'lostApp') and o.doc->>'closing' = 'complete'
    and o.doc->>'agreed' is null and o.doc->>'beganAt' is not null
    and not exists (select from offboardings later where later.person_id = o.person_id
      and later.doc->>'beganAt' is not null and later.opened_at > o.opened_at)`;

/** One case at a time is started for a person, and the mass guard counts one start after the other. */
export async function lockStart(tx: Tx, personId: string): Promise<void> {
  await sql`select id from people where id = ${personId} for update`.execute(tx);
  await sql`select pg_advisory_xact_lock(hashtextextended('offboarding starts', 0))`.execute(tx);
}

/** How many people the directory has lost since a time, and how many the IdPs themselves have provisioned and not lost. */
export async function lostAndLeft(
  tx: Tx,
  idps: readonly string[],
  since: Date,
): Promise<{ lost: number; active: number }> {
  const { rows } = await sql<{ lost: number; active: number }>`
    select (select count(distinct person_id)::int from offboardings
        where opened_at >= ${since} and cause <> 'byHand') as lost,
      (select count(*)::int from scim_users where active and source = any(${[...idps]}::text[])) as active`.execute(
    tx,
  );
  return rows[0] ?? { lost: 0, active: 0 };
}

/** Ids of requests that wait for a decision or for their start, by or for this person, and of what was found about them. */
export async function pendingAbout(db: Db | Tx, personId: string): Promise<ChangeId[]> {
  const { rows } = await sql<{ id: ChangeId }>`
    select id from changes where state in ${notBegunChange}
      and (person_id = ${personId} or requester_id = ${personId}) order by id`.execute(db);
  return rows.map((row) => row.id);
}

/** Whether a plan names this person among those who may decide, in any of its stages. */
export function namedInPlan(personId: string): RawBuilder<boolean> {
  return sql<boolean>`jsonb_path_exists(doc->'plan'->'stages', '$.**.people[*].id ? (@ == $person)',
    ${JSON.stringify({ person: personId })}::jsonb)`;
}

/** Ids of changes and of mass changes whose decision waits for this person, alone or with others. */
export async function waitingFor(
  db: Db | Tx,
  personId: string,
): Promise<{ changeIds: ChangeId[]; massChangeIds: string[] }> {
  const names = namedInPlan(personId);
  const changes = await sql<{ id: ChangeId }>`
    select id from changes where state = 'asking' and ${names} order by id`.execute(db);
  const masses = await sql<{ id: string }>`
    select id from mass_changes where state = 'asking' and ${names} order by id`.execute(db);
  return { changeIds: changes.rows.map((r) => r.id), massChangeIds: masses.rows.map((r) => r.id) };
}

/** Cards on which this person is one of many whose membership of a group or team is to be decided. */
export async function massCardsAbout(db: Db | Tx, personId: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select distinct m.id from mass_change_items i join mass_changes m on m.id = i.mass_change_id
    where i.person_id = ${personId} and i.outcome is null and m.kind in ('finding', 'lost', 'excess')
      and m.state in ${openMass} order by m.id`.execute(db);
  return rows.map((row) => row.id);
}

/** Groups in which this person is recorded as having been before Latchkey. */
export async function baselineGroups(db: Db | Tx, personId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('baseline_members')
    .select('group_id')
    .where('person_id', '=', personId)
    .where('ended_at', 'is', null)
    .orderBy('group_id')
    .execute();
  return rows.map((row) => row.group_id);
}

/** Applies an event to the stored case. Only commit.ts calls this. */
export async function writeOffboardingEvent(
  tx: Tx,
  before: Offboarding | null,
  event: OffboardingEvent,
): Promise<Offboarding> {
  const after = evolveOffboarding(before, event);
  const columns = {
    state: after.state,
    version: after.version,
    cause: after.cause,
    doc: JSON.stringify(after),
  };
  if (before === null)
    await tx
      .insertInto('offboardings')
      .values({ ...columns, id: after.id, person_id: after.personId, opened_at: after.openedAt })
      .execute();
  else await later(tx, tx.updateTable('offboardings').set(columns).where('id', '=', after.id).compile());
  return after;
}

/** The oldest were stored without what came later. */
function caseOf(doc: Offboarding): Offboarding {
  const { lookalikes, agreed, cancelled, ...rest } = revive<Offboarding>(doc);
  return { ...rest, lookalikes: lookalikes ?? [], agreed: agreed ?? null, cancelled: cancelled ?? null };
}
