import { sql } from 'kysely';
import type { Tx } from '../postgres/database.ts';
import { isByApprover, reviewedAs } from './other-lists.ts';
import type { Period } from './populations.ts';

/** Somebody's lines of reviews, of one entitlement. `ownApprovals`: of those, whose access they had approved. */
export type Reviewed = { personId: string; entitlement: string; lines: number; ownApprovals: number };

export async function reviewedBy(tx: Tx, period: Period): Promise<Reviewed[]> {
  const { rows } = await sql<Reviewed>`
    select l.decided_by as "personId", l.entitlement_key as entitlement, count(*)::int as lines,
      (count(*) filter (where ${isByApprover}))::int as "ownApprovals"
    from ${reviewedAs(period)} join campaign_lines l on l.campaign_id = k.id left join changes g on g.id = l.change_id
    where l.decided_by is not null group by 1, 2`.execute(tx);
  return rows;
}

/** Who agreed to which policy, as it was recorded. */
export async function agreedTo(tx: Tx): Promise<{ personId: string; fingerprint: string }[]> {
  const { rows } = await sql<{ personId: string; fingerprint: string }>`
    select distinct data->>'personId' as "personId", data->>'fingerprint' as fingerprint
    from audit where type = 'policyAgreed' and data->>'personId' is not null`.execute(tx);
  return rows;
}

/** Those who go by one of these addresses now, which catalogues name owners by. */
export async function peopleAddressed(
  tx: Tx,
  emails: readonly string[],
): Promise<{ id: string; email: string }[]> {
  const { rows } = await sql<{ id: string; email: string }>`
    select id, lower(email) as email from people where lower(email) = any(${[...emails]}::text[])`.execute(
    tx,
  );
  return rows;
}

export async function peopleByIds(
  tx: Tx,
  ids: readonly string[],
): Promise<{ id: string; name: string; email: string }[]> {
  const { rows } = await sql<{ id: string; name: string; email: string }>`
    select id, name, email from people where id = any(${[...ids]}::uuid[]) order by name, id`.execute(tx);
  return rows;
}
