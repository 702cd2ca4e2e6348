import { type RawBuilder, sql } from 'kysely';
import type { Leg } from '../core/change/change.ts';
import type { ChangeId, EntitlementKey, PersonId } from '../core/ids.ts';
import type { Target } from '../core/policy/catalogue.ts';
import type { CarriedElsewhere } from '../core/policy/delivery.ts';
import type { CarryTrouble, Objection, ObjectionAnswer, RevokeProgress } from '../core/review/close.ts';
import type { Db, Tx } from './postgres/database.ts';
import { revive } from './revive.ts';

/** A decided line that is still to be carried out. `gone`: it had ended by itself, and is to be proven. */
export type UncarriedLine = {
  n: number;
  decision: 'revoke' | 'doNotRenew' | 'gone';
  personId: PersonId;
  groupId: string;
  entitlementKey: EntitlementKey;
  target: Target | null;
  changeId: ChangeId | null;
  by: { id: PersonId; name: string } | null;
};

const isCarried: RawBuilder<boolean> = sql`decision in ('revoke', 'doNotRenew', 'gone')`;

/** In their order, after a place: those that can't be carried out now are passed over so. */
export async function uncarriedLines(
  tx: Tx,
  campaignId: string,
  after: number,
  limit: number,
): Promise<UncarriedLine[]> {
  const { rows } = await sql<Omit<UncarriedLine, 'by'> & { byId: PersonId | null; byName: string | null }>`
    select n, decision, person_id as "personId", group_id as "groupId", entitlement_key as "entitlementKey",
      facts->'target' as target, change_id as "changeId", decided_by as "byId", decided_by_name as "byName"
    from campaign_lines where campaign_id = ${campaignId} and n > ${after} and ${isCarried} and carried_at is null
    order by n limit ${limit} for update`.execute(tx);
  return rows.map(({ byId, byName, ...line }) => ({
    ...line,
    by: byId === null ? null : { id: byId, name: byName ?? '' },
  }));
}

/** What became of a line. `revokeId`: the revoke that takes the membership away. */
export type Carried = { n: number; revokeId: ChangeId | null; trouble: CarryTrouble | null };

/** Notes that lines were carried out, or why they can't be yet. */
export async function noteLinesCarried(
  tx: Tx,
  campaignId: string,
  carried: readonly Carried[],
  now: Date,
): Promise<void> {
  await sql`
    update campaign_lines l set carried_at = case when c.trouble is null then ${now}::timestamptz end,
      revoke_id = c."revokeId", carry_trouble = c.trouble
    from jsonb_to_recordset(${JSON.stringify(carried)}::jsonb) as c (n int, "revokeId" uuid, trouble text)
    where l.campaign_id = ${campaignId} and l.n = c.n`.execute(tx);
}

/** The newest revoke of a membership since a time, whatever called for it; null: there is none. */
export async function revokeSince(
  tx: Tx,
  pair: { personId: string; groupId: string },
  since: Date,
): Promise<ChangeId | null> {
  const row = await tx
    .selectFrom('changes')
    .select('id')
    .where('person_id', '=', pair.personId)
    .where('group_id', '=', pair.groupId)
    .where('kind', '=', 'revoke')
    .where('requested_at', '>=', since)
    .orderBy('requested_at', 'desc')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : (row.id as ChangeId);
}

export async function revokesOf(db: Db | Tx, campaignId: string): Promise<RevokeProgress> {
  const { rows } = await sql<{
    where: string;
    leg: Leg | null;
    delivery: CarriedElsewhere | null;
    n: number;
  }>`
    select case when l.carry_trouble is not null then 'unknown'
        when l.carried_at is null then 'uncarried'
        when l.revoke_id is null then 'nothing'
        when c.state = 'inEffect' then 'seen' when c.state = 'superseded' then 'givenAgain'
        when c.state in ('late', 'failed') then c.state else 'moving' end as "where",
      case when c.state = 'late' then c.doc->'late'->>'leg' end as leg,
      case when c.state = 'late' then c.doc->'target'->>'delivery' end as delivery, count(*)::int as n
    from campaign_lines l left join changes c on c.id = l.revoke_id
    where l.campaign_id = ${campaignId} and ${isCarried}
    group by 1, 2, 3 order by 1, 2, 3`.execute(db);
  const sum = (fits: (where: string) => boolean) =>
    rows.filter((row) => fits(row.where)).reduce((total, row) => total + row.n, 0);
  return {
    all: sum((where) => !['unknown', 'uncarried', 'nothing'].includes(where)),
    seen: sum((where) => where === 'seen'),
    givenAgain: sum((where) => where === 'givenAgain'),
    late: rows.flatMap(({ where, leg, delivery, n }) =>
      where === 'late' && leg !== null ? [{ leg, ...(delivery === null ? {} : { delivery }), count: n }] : [],
    ),
    failed: sum((where) => where === 'failed'),
    uncarried: sum((where) => where === 'uncarried'),
    unknown: sum((where) => where === 'unknown'),
  };
}

/** Rules that a reviewer of this campaign objected to, in their order. */
export async function objectionsOf(db: Db | Tx, campaignId: string): Promise<Objection[]> {
  const { rows } = await sql<Omit<Objection, 'answer'> & { answer: ObjectionAnswer | null }>`
    select n, entitlement_key as "entitlementKey", facts->>'title' as title,
      coalesce(facts->'rule'->'departments', '[]') as departments, coalesce(decided_by_name, '') as by, comment, answer
    from campaign_lines where campaign_id = ${campaignId} and decision = 'object' order by n`.execute(db);
  return rows.map((row) => ({
    ...row,
    answer: row.answer === null ? null : revive<ObjectionAnswer>(row.answer),
  }));
}
