import { sql } from 'kysely';
import type { LinkedSystem } from './person-links.ts';
import type { Db, Tx } from './postgres/database.ts';

/** What follows a person who is found to be another one: nobody has decided anything about them by it. */
export const followsPerson = [
  { table: 'person_links', column: 'person_id', key: null },
  { table: 'observed', column: 'person_id', key: null },
  { table: 'baseline_members', column: 'person_id', key: 'group_id' },
  { table: 'person_snapshots', column: 'person_id', key: 'system' },
  { table: 'homes', column: 'person_id', key: 'person_id' },
  { table: 'chat_time_zones', column: 'person_id', key: 'person_id' },
  { table: 'lost_accounts', column: 'person_id', key: null },
  { table: 'web_sessions', column: 'person_id', key: null },
] as const;

/** What makes up a history: something was asked, decided or granted under this id, and the audit names it. */
export const historyOfPerson = [
  { table: 'changes', column: 'person_id' },
  { table: 'changes', column: 'requester_id' },
  { table: 'grants', column: 'person_id' },
  { table: 'offboardings', column: 'person_id' },
  { table: 'mass_change_items', column: 'person_id' },
  { table: 'mcp_tokens', column: 'person_id' },
  { table: 'api_tokens', column: 'person_id' },
  { table: 'withheld_birthrights', column: 'person_id' },
  { table: 'delegations', column: 'person_id' },
  { table: 'delegations', column: 'delegate_id' },
  { table: 'usual_delegates', column: 'person_id' },
  { table: 'usual_delegates', column: 'delegate_id' },
  { table: 'told_absences', column: 'person_id' },
  { table: 'step_ups', column: 'person_id' },
  { table: 'emergencies', column: 'person_id' },
  { table: 'campaign_lines', column: 'person_id' },
  { table: 'campaign_lines', column: 'reviewer_id' },
  { table: 'campaign_lines', column: 'decided_by' },
  { table: 'campaign_reviewers', column: 'person_id' },
  { table: 'usage_returns', column: 'person_id' },
  { table: 'digests', column: 'person_id' },
] as const;

/**
 * Two records that are one person's become one: the one that has a history, else the first. Answers its id; null: both
 * have one, so nothing is moved.
 */
export async function joinPeople(db: Db, first: string, second: string): Promise<string | null> {
  return await db.transaction().execute(async (tx) => {
    await sql`select id from people where id in (${first}, ${second}) order by id for update`.execute(tx);
    const hasHistory = async (id: string) => {
      const anything = historyOfPerson.map(
        ({ table, column }) => sql`select from ${sql.table(table)} where ${sql.ref(column)} = ${id}`,
      );
      const { rows } = await sql`select where exists (${sql.join(anything, sql` union all `)})`.execute(tx);
      return rows.length > 0;
    };
    const isSecondOlder = await hasHistory(second);
    if (isSecondOlder && (await hasHistory(first))) return null;
    const [into, from] = isSecondOlder ? [second, first] : [first, second];
    // Of whom the other identity provider speaks no more, only the status is kept.
    await sql`update person_links l set status = p.status from people p
      where p.id = ${from} and l.person_id = p.id and l.system = p.idp`.execute(tx);
    for (const { table, column, key } of followsPerson) {
      const [its, ref] = [sql.table(table), sql.ref(column)];
      if (key !== null)
        await sql`delete from ${its} t where ${ref} = ${from} and exists (select from ${its} o
          where o.${ref} = ${into} and (${key === column} or o.${sql.ref(key)} = t.${sql.ref(key)}))`.execute(
          tx,
        );
      await sql`update ${its} set ${ref} = ${into} where ${ref} = ${from}`.execute(tx);
    }
    await sql`delete from people where id = ${from}`.execute(tx);
    return into;
  });
}

/**
 * Ids that one record had in a system are another's from now on. It is found by them, but called by its own, which are
 * newer. What was told under an unconfirmed one was about that other from the start. `onlyUnconfirmed`: but for what the system itself has answered by.
 */
export async function moveLinks(
  db: Db | Tx,
  system: LinkedSystem,
  { from, to, onlyUnconfirmed }: { from: string; to: string; onlyUnconfirmed: boolean },
): Promise<void> {
  await sql`with moved as (
      update person_links set person_id = ${to}, verified_at = 'epoch'
      where person_id = ${from} and system = ${system} and (is_unconfirmed or not ${onlyUnconfirmed}::boolean)
      returning external_id, is_unconfirmed)
    update observed o set person_id = ${to} from moved
      where o.person_id = ${from} and moved.is_unconfirmed and o.payload->'person'->>'id' = moved.external_id
        and coalesce(o.payload->>'idp', ${system}) = ${system}`.execute(db);
}
