import { sql } from 'kysely';
import type { Change, Legs } from '../../core/change/change.ts';
import type { AuditEntry } from '../audit.ts';
import { changeOf } from '../changes.ts';
import type { Tx } from '../postgres/database.ts';
import { revive } from '../revive.ts';
import type { Summary } from '../summaries.ts';
import { AFTER, SKEW } from './changes-in-short.ts';
import { agreementsOf, type PolicyRow } from './policies.ts';

/** One change, whole: as it is, what was advised on it, and its audit entries with their numbers. */
export type Story = {
  change: Change;
  person: { name: string; email: string };
  requester: { name: string; email: string } | null;
  summary: Pick<Summary, 'plain' | 'advice'> | null;
  /** Of who approved, by their ids. */
  emails: Readonly<Record<string, string>>;
  /** Of a grant: the revoke that ended it, its way and how late it was; null: none did. */
  revoke: (Legs & Pick<Change, 'late'>) | null;
  /** `seq`: its number in the sealed order; null: not sealed yet. */
  entries: (AuditEntry & { id: string; seq: string | null })[];
};

export async function storyOf(tx: Tx, changeId: string): Promise<Story | null> {
  const { rows } = await sql<Omit<Story, 'entries'>>`
    select c.doc as change, jsonb_build_object('name', p.name, 'email', p.email) as person,
      case when q.id is not null then jsonb_build_object('name', q.name, 'email', q.email) end as requester,
      case when s.about_id is not null then jsonb_build_object('plain', s.plain, 'advice', s.advice) end as summary,
      (select coalesce(jsonb_object_agg(w.id, w.email), '{}') from people w
        where w.id in (select (a->>'by')::uuid from jsonb_array_elements(c.doc->'approvals') a)) as emails,
      r.doc->'legs' || jsonb_build_object('late', r.doc->'late') as revoke
    from changes c join people p on p.id = c.person_id left join people q on q.id = c.requester_id
    left join summaries s on s.about_id = c.id left join changes r on r.id = c.revoke_id where c.id = ${changeId}`.execute(
    tx,
  );
  const [found] = rows;
  if (found === undefined) return null;
  const entries = await sql<Story['entries'][number]>`
    select a.id, a.at, a.type, a.actor, a.data, s.seq from audit a left join audit_seals s on s.audit_id = a.id
    where a.change_id = ${changeId} order by a.at, a.id`.execute(tx);
  return {
    ...found,
    change: changeOf(found.change),
    revoke: found.revoke === null ? null : revive<NonNullable<Story['revoke']>>(found.revoke),
    entries: entries.rows,
  };
}

/** The revokes that ended these. */
export async function revokesOf(tx: Tx, changeIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select revoke_id as id from changes where id = any(${[...changeIds]}::uuid[]) and revoke_id is not null`.execute(
    tx,
  );
  return rows.map(({ id }) => id);
}

/** The policy of a fingerprint, by file, and who agreed to it; null: it is not kept. */
export async function policyOf(
  tx: Tx,
  fingerprint: string,
): Promise<Pick<PolicyRow, 'texts' | 'loadedAt' | 'agreed'> | null> {
  const { rows } = await sql<Pick<PolicyRow, 'texts' | 'loadedAt' | 'agreed'>>`
    select texts, loaded_at as "loadedAt", ${agreementsOf(sql`p.fingerprint`)} as agreed
    from policies p where fingerprint = ${fingerprint}`.execute(tx);
  return rows[0] ?? null;
}

/** What other systems' own logs tell of the changes of a sample. */
export type ToldElsewhere = {
  changeId: string;
  source: string;
  direction: 'added' | 'removed';
  at: Date;
  actor: string | null;
};

/** In the order of their times. What comes long after a change is not of it. */
export async function toldElsewhere(tx: Tx, changeIds: readonly string[]): Promise<ToldElsewhere[]> {
  const { rows } = await sql<ToldElsewhere>`
    with drawn as materialized (
      select x.drawn as change_id, c.person_id, c.group_id, c.team_id, case c.kind when 'grant' then 'added' else 'removed' end as direction,
        (c.doc->'legs'->>'decidedAt')::timestamptz - ${SKEW} as began,
        coalesce((c.doc->'legs'->>'seenAt')::timestamptz, (c.doc->'legs'->>'idpWrittenAt')::timestamptz) + ${AFTER} as ended
      from (select id as drawn, id from changes where id = any(${[...changeIds]}::uuid[])
        union all select id, revoke_id from changes where id = any(${[...changeIds]}::uuid[]) and revoke_id is not null) x
      join changes c on c.id = x.id)
    select * from (
      select d.change_id as "changeId", o.event_source as source, d.direction, o.occurred_at as at, o.actor->>'name' as actor
      from drawn d join observed o on o.person_id = d.person_id and o.group_id = d.group_id
        and o.payload->>'direction' = d.direction and o.occurred_at between d.began and d.ended
      where o.payload->>'kind' = 'membership'
      union all
      select d.change_id, 'anypointAudit', d.direction, t.at, t.actor->>'name'
      from drawn d join person_links l on l.system = 'anypoint' and l.person_id = d.person_id
      join team_events t on t.account = l.external_id and t.team_id = d.team_id and t.direction = d.direction
        and t.at between d.began and d.ended) both_logs
    order by at, source`.execute(tx);
  return rows;
}

/** An audit entry of a case that is of no single change. */
export type CaseEntry = AuditEntry & { id: string; seq: string | null };

/** Of each of these rows: the audit entries of the leaver's case, or those of the review that are of that line. */
export async function caseEntries(
  tx: Tx,
  of: string,
  rows: readonly Record<string, unknown>[],
  { from }: { from: Date },
): Promise<CaseEntry[][]> {
  if (rows.length === 0 || (of !== 'terminations' && of !== 'review-lines')) return rows.map(() => []);
  const [field, column] =
    of === 'terminations' ? (['offboardingId', 'case'] as const) : (['campaignId', 'campaign'] as const);
  const ids = [...new Set(rows.map((row) => String(row[column])))];
  // A review may have begun before the period; it is open for a year at most.
  const { rows: entries } = await sql<CaseEntry>`
    select a.id, a.at, a.type, a.actor, a.data, s.seq from audit a left join audit_seals s on s.audit_id = a.id
    where a.change_id is null and a.at >= ${from}::timestamptz - interval '1 year'
      and coalesce(a.data->>${sql.lit(field)}, a.data->>'reviewOf') = any(${ids}::text[]) order by a.at, a.id`.execute(
    tx,
  );
  return rows.map((row) => {
    const line = of === 'review-lines' ? Number(row.line) : null;
    return entries.filter(({ data }) => isOfLine(data, { id: String(row[column]), field, line }));
  });
}

function isOfLine(
  data: Record<string, unknown>,
  { id, field, line }: { id: string; field: string; line: number | null },
): boolean {
  if ((data[field] ?? data.reviewOf) !== id) return false;
  if (line === null) return true;
  if (data.line !== undefined) return data.line === line;
  // What is of other lines alone is not of this one.
  if (!Array.isArray(data.lines)) return true;
  return data.lines.some((one) => one === line || (one as { n?: unknown } | null)?.n === line);
}
