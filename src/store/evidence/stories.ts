import { sql } from 'kysely';
import type { Change, Legs } from '../../core/change/change.ts';
import type { AuditEntry } from '../audit.ts';
import { changeOf } from '../changes.ts';
import type { Tx } from '../postgres/database.ts';
import { revive } from '../revive.ts';
import type { Summary } from '../summaries.ts';

/** One change, whole: as it is, what was advised on it, and its audit entries with their numbers. */
export type Story = {
  change: Change;
  person: { name: string; email: string };
  requester: { name: string; email: string } | null;
  summary: Pick<Summary, 'plain' | 'advice'> | null;
  /** Of a grant: the way of the revoke that ended it; null: none did. */
  revoke: Legs | null;
  /** `seq`: its number in the sealed order; null: not sealed yet. */
  entries: (AuditEntry & { id: string; seq: string | null })[];
};

export async function storyOf(tx: Tx, changeId: string): Promise<Story | null> {
  const { rows } = await sql<Omit<Story, 'entries'>>`
    select c.doc as change, jsonb_build_object('name', p.name, 'email', p.email) as person,
      case when q.id is not null then jsonb_build_object('name', q.name, 'email', q.email) end as requester,
      case when s.about_id is not null then jsonb_build_object('plain', s.plain, 'advice', s.advice) end as summary,
      r.doc->'legs' as revoke
    from changes c join people p on p.id = c.person_id left join people q on q.id = c.requester_id
    left join summaries s on s.about_id = c.id left join changes r on r.id = c.revoke_id where c.id = ${changeId}`.execute(
    tx,
  );
  const [found] = rows;
  if (found === undefined) return null;
  const entries = await sql<Story['entries'][number]>`
    select a.id, a.at, a.type, a.actor, a.data, s.seq from audit a left join audit_seals s on s.audit_id = a.id
    where a.change_id = ${changeId} order by a.id`.execute(tx);
  return {
    ...found,
    change: changeOf(found.change),
    revoke: found.revoke === null ? null : revive<Legs>(found.revoke),
    entries: entries.rows,
  };
}

/** The policy of a fingerprint, by file; null: it is not kept. */
export async function policyTexts(tx: Tx, fingerprint: string): Promise<Record<string, string> | null> {
  const row = await tx
    .selectFrom('policies')
    .select('texts')
    .where('fingerprint', '=', fingerprint)
    .executeTakeFirst();
  return row?.texts ?? null;
}
