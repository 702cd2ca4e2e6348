import { sql } from 'kysely';
import {
  type Delegation,
  type DelegationEvent,
  evolveDelegation,
  type Who,
} from '../core/delegation/delegation.ts';
import type { PersonId } from '../core/ids.ts';
import { openOffboardings } from './offboardings.ts';
import { uuidsOfAnyLength } from './postgres/any-length.ts';
import type { Db, Tx } from './postgres/database.ts';
import { later } from './postgres/transaction.ts';
import { revive } from './revive.ts';
import { openDelegation, openMass, pendingChange } from './states.ts';

export async function readDelegation(db: Db | Tx, id: string): Promise<Delegation | null> {
  const row = await db.selectFrom('delegations').select('doc').where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : revive<Delegation>(row.doc);
}

/** Reads it and holds its row until the transaction ends. */
export async function lockDelegation(tx: Tx, id: string): Promise<Delegation | null> {
  const row = await tx
    .selectFrom('delegations')
    .select('doc')
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return row === undefined ? null : revive<Delegation>(row.doc);
}

/** Those of these people who are away at this moment, each with who decides in their stead. */
export async function absencesOf(db: Db | Tx, personIds: readonly string[]): Promise<Delegation[]> {
  if (personIds.length === 0) return [];
  // By the clock and not by the state: it ends on time, also where no timer has looked yet.
  const { rows } = await sql<{ doc: Delegation }>`
    select doc from delegations where person_id = any(${uuidsOfAnyLength(personIds)}) and state in ${openDelegation}
      and starts_at <= clock_timestamp() and ends_at > clock_timestamp() order by starts_at, id`.execute(db);
  return rows.map(({ doc }) => revive<Delegation>(doc));
}

/** The delegations that a person made or was named in, and that are not over; oldest first. */
export async function openDelegations(
  db: Db | Tx,
  of: { person: string } | { delegate: string },
): Promise<Delegation[]> {
  const column = 'person' in of ? sql.ref('person_id') : sql.ref('delegate_id');
  const { rows } = await sql<{ doc: Delegation }>`
    select doc from delegations where ${column} = ${'person' in of ? of.person : of.delegate}
      and state in ${openDelegation} order by starts_at, id`.execute(db);
  return rows.map(({ doc }) => revive<Delegation>(doc));
}

/** Ids of those that begin or end by now, or of which one of the two is offboarded. */
export async function dueDelegations(db: Db | Tx, now: Date): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from delegations d where state in ${openDelegation} and (ends_at <= ${now}
      or (state = 'planned' and starts_at <= ${now})
      or exists (select from offboardings o where o.person_id in (d.person_id, d.delegate_id)
        and o.doc->>'beganAt' is not null and o.opened_at > ${now}::timestamptz - interval '1 day'))
    order by id limit 200`.execute(db);
  return rows.map(({ id }) => id);
}

/**
 * What waits for a decision and names this person among those who may decide, and their part of open campaigns. Of
 * leavers' cases all that have applications left.
 */
export async function waitingFor(
  db: Db | Tx,
  personId: string,
): Promise<{ changeIds: string[]; massChangeIds: string[]; reviewIds: string[]; offboardingIds: string[] }> {
  const named = sql`jsonb_path_exists(doc->'plan', '$.**.id ? (@ == $person)', ${JSON.stringify({ person: personId })}::jsonb)`;
  const [changes, masses] = [
    await sql<{
      id: string;
    }>`select id from changes where state in ${pendingChange} and ${named} order by id`.execute(db),
    await sql<{
      id: string;
    }>`select id from mass_changes where state in ${openMass} and ${named} order by id`.execute(db),
  ];
  const reviews = await sql<{ id: string }>`
    select r.id from campaign_reviewers r join campaigns c on c.id = r.campaign_id
    where r.person_id = ${personId}::uuid and c.state = 'open' order by r.id`.execute(db);
  return {
    changeIds: changes.rows.map(({ id }) => id),
    massChangeIds: masses.rows.map(({ id }) => id),
    reviewIds: reviews.rows.map(({ id }) => id),
    offboardingIds: await openOffboardings(db, ['appsOpen']),
  };
}

/** Applies an event to the stored delegation. Only commit.ts calls this. */
export async function writeDelegationEvent(
  tx: Tx,
  before: Delegation | null,
  event: DelegationEvent,
): Promise<Delegation> {
  const after = evolveDelegation(before, event);
  const columns = { state: after.state, version: after.version, doc: JSON.stringify(after) };
  if (before === null)
    await tx
      .insertInto('delegations')
      .values({
        ...columns,
        id: after.id,
        person_id: after.person.id,
        delegate_id: after.delegate.id,
        starts_at: after.startsAt,
        ends_at: after.endsAt,
      })
      .execute();
  else await later(tx, tx.updateTable('delegations').set(columns).where('id', '=', after.id).compile());
  return after;
}

/** Whom this person has named for every absence; null: nobody. */
export async function usualDelegate(db: Db | Tx, personId: string): Promise<Who | null> {
  const { rows } = await sql<{ id: PersonId; name: string }>`
    select p.id, p.name from usual_delegates s join people p on p.id = s.delegate_id
    where s.person_id = ${personId}`.execute(db);
  return rows[0] ?? null;
}

/** Names one for every absence, or with null nobody. Answers whether that changed anything. */
export async function writeUsualDelegate(
  tx: Tx,
  personId: string,
  delegateId: string | null,
): Promise<boolean> {
  const { numAffectedRows = 0n } =
    delegateId === null
      ? await sql`delete from usual_delegates where person_id = ${personId}`.execute(tx)
      : await sql`insert into usual_delegates (person_id, delegate_id) values (${personId}, ${delegateId})
          on conflict (person_id) do update set delegate_id = excluded.delegate_id, since = clock_timestamp()
          where usual_delegates.delegate_id <> excluded.delegate_id`.execute(tx);
  return numAffectedRows > 0n;
}

/** Notes the absence that somebody's status tells of; false: this very one was told before. */
export async function noteAbsence(tx: Tx, personId: string, until: Date | null): Promise<boolean> {
  const { rows } = await sql`
    insert into told_absences (person_id, until) values (${personId}, ${until})
    on conflict (person_id) do update set until = excluded.until, told_at = clock_timestamp()
    where told_absences.until is distinct from excluded.until returning person_id`.execute(tx);
  return rows.length > 0;
}

/** A status for a shorter time is a break and no absence, in seconds. */
const BREAK_SECONDS = 4 * 3_600;
/** So long an absence counts that was told without an end, in seconds: a status is forgotten. */
const WITHOUT_END_SECONDS = 7 * 86_400;

/** Those of these people whose status says that they are away at this moment. `until`: ISO 8601, or null without an end. */
export async function awayByStatus(
  db: Db | Tx,
  personIds: readonly string[],
): Promise<{ id: PersonId; until: string | null }[]> {
  if (personIds.length === 0) return [];
  const { rows } = await sql<{ id: PersonId; until: Date | null }>`
    select person_id as id, until from told_absences where person_id = any(${uuidsOfAnyLength(personIds)})
      and case when until is null then told_at > clock_timestamp() - ${WITHOUT_END_SECONDS} * interval '1 second'
        else until > clock_timestamp() and until - told_at >= ${BREAK_SECONDS} * interval '1 second' end
    order by person_id`.execute(db);
  return rows.map(({ id, until }) => ({ id, until: until?.toISOString() ?? null }));
}

/** Their status says no absence any more. Answers whether it did. */
export async function forgetAbsence(tx: Tx, personId: string): Promise<boolean> {
  const { numAffectedRows = 0n } = await sql`delete from told_absences where person_id = ${personId}`.execute(
    tx,
  );
  return numAffectedRows > 0n;
}
