import { sql } from 'kysely';
import type { Db, Tx } from './database.ts';

/** What a person has and has asked for, by entitlement, and in which groups they were before Latchkey. */
export type Held = { granted: string[]; pending: string[]; groupNames: string[] };

/**
 * What a person holds now, beside one change and whatever was asked for after it: of two requests that wait, the
 * later one has to know of the earlier, not the other way about. Somebody who was found in a group has what it gives.
 */
export async function heldBeside(
  db: Db | Tx,
  personId: string,
  change: { id: string; requestedAt: Date } | null,
): Promise<Held> {
  const { rows } = await sql<{ kind: keyof Held; name: string }>`
    select 'granted' as kind, entitlement_key as name from grants
    where person_id = ${personId} and ended_at is null and ends_at > clock_timestamp()
    union
    select 'granted', entitlement_key from changes
    where person_id = ${personId} and kind = 'grant' and state in ('received', 'asking')
      and doc->>'cause' = 'finding' and id is distinct from ${change?.id ?? null}::uuid
    union
    select 'pending', entitlement_key from changes
    where person_id = ${personId} and kind = 'grant' and state in ('received', 'asking')
      and doc->>'cause' <> 'finding'
      and (${change === null} or (requested_at, id) < (${change?.requestedAt ?? null}::timestamptz, ${change?.id ?? null}::uuid))
    union
    select 'groupNames', group_name from preexisting where person_id = ${personId} and ended_at is null
    order by kind, name`.execute(db);
  const named = (kind: keyof Held) => rows.filter((row) => row.kind === kind).map((row) => row.name);
  return { granted: named('granted'), pending: named('pending'), groupNames: named('groupNames') };
}
