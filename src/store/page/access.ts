import { type RawBuilder, sql } from 'kysely';
import type { Change } from '../../core/change/change.ts';
import type { Sight } from '../../core/page/reader.ts';
import { changeOf } from '../changes.ts';
import type { Db } from '../postgres/database.ts';
import {
  allOf,
  type Cursor,
  heldInSight,
  type Listed,
  listed,
  older,
  type Portion,
  peopleLike,
} from './sight.ts';

/** Something that somebody has now. `change` null: they were in the group before Latchkey. */
export type Held = {
  person: { name: string; email: string; department: string | null };
  entitlementKey: string | null;
  groupName: string | null;
  since: Date;
  endsAt: Date | null;
  change: Change | null;
  /** The revoke that is on its way. */
  ending: Change | null;
  cursor: Cursor;
};

/** `groups`: keys of entitlements by the id of their group, for what was there before Latchkey. */
export type HeldFilter = {
  person?: string | undefined;
  personId?: string | undefined;
  entitlement?: string | undefined;
  /** `ending`: within seven days; `never`: there before Latchkey. */
  ends?: string | undefined;
  groups: ReadonlyMap<string, string>;
};

type Row = {
  name: string;
  email: string;
  department: string | null;
  entitlement_key: string | null;
  group_id: string;
  group_name: string | null;
  since: Date;
  ends_at: Date | null;
  doc: Change | null;
  ending: Change | null;
  at: string;
  id: string;
};

/** Who has what now, the newest first. */
export async function listHeld(
  db: Db,
  sight: Sight,
  filter: HeldFilter,
  portion: Portion,
): Promise<Listed<Held>> {
  const people = filter.person === undefined ? null : await peopleLike(db, filter.person);
  const limit = portion.limit + 1;
  const { rows } = await sql<Row>`
    select p.name, p.email, p.department, h.*, h.since::text as at
    from (
      (select g.starts_at as since, g.id, g.person_id, g.entitlement_key, g.group_id, null as group_name,
        g.ends_at, c.doc, e.doc as ending
      from grants g join changes c on c.id = g.change_id left join changes e on e.id = c.revoke_id
      where ${ofGrants(sight, filter, people, portion)}
      order by g.starts_at desc, g.id desc limit ${limit})
      union all
      (select b.recorded_at, md5(b.person_id::text || b.group_id)::uuid, b.person_id, null, b.group_id, b.group_name,
        null, null, null
      from baseline_members b where ${ofBaseline(sight, filter, people, portion)}
      order by 1 desc, 2 desc limit ${limit})
    ) h join people p on p.id = h.person_id
    order by h.since desc, h.id desc limit ${limit}`.execute(db);
  return listed(
    rows.map((row) => toHeld(row, filter)),
    portion,
  );
}

function ofGrants(
  sight: Sight,
  { personId, entitlement, ends }: HeldFilter,
  people: readonly string[] | null,
  portion: Portion,
): RawBuilder<boolean> {
  return allOf([
    sql<boolean>`g.ended_at is null and g.starts_at <= clock_timestamp() and c.doc->>'cause' <> 'canary'`,
    heldInSight(sight, { person: sql`g.person_id`, entitlement: sql`g.entitlement_key` }),
    personId === undefined ? null : sql<boolean>`g.person_id = ${personId}`,
    people === null ? null : sql<boolean>`g.person_id = any(${[...people]}::uuid[])`,
    entitlement === undefined ? null : sql<boolean>`g.entitlement_key = ${entitlement}`,
    ends === 'ending' ? sql<boolean>`g.ends_at < clock_timestamp() + interval '7 days'` : null,
    ends === 'never' ? sql<boolean>`false` : null,
    older(sql`g.starts_at`, sql`g.id`, portion),
  ]);
}

function ofBaseline(
  sight: Sight,
  { personId, entitlement, ends, groups }: HeldFilter,
  people: readonly string[] | null,
  portion: Portion,
): RawBuilder<boolean> {
  const groupsOf = (keys: readonly string[]) =>
    [...groups].filter(([, key]) => keys.includes(key)).map(([group]) => group);
  return allOf([
    sql<boolean>`b.ended_at is null`,
    sight === 'all'
      ? null
      : sql<boolean>`(b.person_id = ${sight.personId} or b.group_id = any(${groupsOf(sight.owns)}::text[]))`,
    personId === undefined ? null : sql<boolean>`b.person_id = ${personId}`,
    people === null ? null : sql<boolean>`b.person_id = any(${[...people]}::uuid[])`,
    entitlement === undefined ? null : sql<boolean>`b.group_id = any(${groupsOf([entitlement])}::text[])`,
    ends === 'ending' ? sql<boolean>`false` : null,
    older(sql`b.recorded_at`, sql`md5(b.person_id::text || b.group_id)::uuid`, portion),
  ]);
}

function toHeld(row: Row, { groups }: HeldFilter): Held {
  return {
    person: { name: row.name, email: row.email, department: row.department },
    entitlementKey: row.entitlement_key ?? groups.get(row.group_id) ?? null,
    groupName: row.group_name,
    since: row.since,
    endsAt: row.ends_at,
    change: row.doc === null ? null : changeOf(row.doc),
    ending: row.ending === null ? null : changeOf(row.ending),
    cursor: { at: row.at, id: row.id },
  };
}
