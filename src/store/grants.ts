import { CompiledQuery, type RawBuilder, type Selectable, sql } from 'kysely';
import { type Change, isByRule } from '../core/change/change.ts';
import type { ChangeEvent } from '../core/change/events.ts';
import { nextWarningAt } from '../core/change/warnings.ts';
import type { GrantId, PersonId } from '../core/ids.ts';
import type { Grant } from '../core/membership/desired.ts';
import { textsOfAnyLength, uuidsOfAnyLength } from './postgres/any-length.ts';
import { askedTogether, inPlaces } from './postgres/asked-together.ts';
import type { Db, Tx } from './postgres/database.ts';
import { later } from './postgres/transaction.ts';
import type { Tables } from './schema/tables.ts';

type Row = Selectable<Tables['grants']>;

function toGrant(row: Row): Grant {
  return {
    id: row.id as GrantId,
    changeId: row.change_id,
    personId: row.person_id as PersonId,
    entitlementKey: row.entitlement_key,
    groupId: row.group_id,
    teamId: row.team_id,
    startsAt: row.starts_at,
    endsAt: row.ends_at,
    endedAt: row.ended_at,
  };
}

/**
 * Grants not ended yet (their time may be over) of a person, narrowed to a group, team or entitlement; oldest first.
 */
export async function unendedGrants(
  db: Db | Tx,
  where: { personId: string; groupId?: string; teamId?: string; entitlementKey?: string },
): Promise<Grant[]> {
  return await unended(db, where);
}

const unended = askedTogether(async (db, keys: readonly Parameters<typeof unendedGrants>[1][]) => {
  const { rows } = await sql<Row & { n: number }>`
    select k.n::int as n, g.*
    from unnest(${uuidsOfAnyLength(keys.map((k) => k.personId))}, ${textsOfAnyLength(keys.map((k) => k.groupId ?? null))},
        ${textsOfAnyLength(keys.map((k) => k.teamId ?? null))}, ${textsOfAnyLength(keys.map((k) => k.entitlementKey ?? null))})
      with ordinality as k (person_id, group_id, team_id, entitlement_key, n)
    join grants g on g.person_id = k.person_id and g.ended_at is null
      and (k.group_id is null or g.group_id = k.group_id) and (k.team_id is null or g.team_id = k.team_id)
      and (k.entitlement_key is null or g.entitlement_key = k.entitlement_key)
    order by k.n, g.starts_at, g.id`.execute(db);
  return inPlaces(keys, rows).map((some) => some.map(toGrant));
});

/** Grants whose time is over but that nobody ended yet, oldest first. */
export async function grantsDueToEnd(db: Db | Tx, now: Date, limit: number): Promise<Grant[]> {
  const rows = await db
    .selectFrom('grants')
    .selectAll()
    .where('ended_at', 'is', null)
    .where('ends_at', '<=', now)
    .orderBy('ends_at')
    .limit(limit)
    .execute();
  return rows.map(toGrant);
}

/** Grants whose end is to be warned of now, most urgent first. */
export async function grantsDueToWarn(db: Db, now: Date, limit: number): Promise<Grant[]> {
  const rows = await db
    .selectFrom('grants')
    .selectAll()
    .where('warn_at', '<=', now)
    .where('ended_at', 'is', null)
    .where('ends_at', '>', now)
    .orderBy('warn_at')
    .limit(limit)
    .execute();
  return rows.map(toGrant);
}

/**
 * Which changes gave something anew, of a table `changes`. Three kinds of change give nothing anew:
 * - access that only goes on (an extension, a renewal, access given again after a return)
 * - access that was put back, for it had been granted before
 * - access that the IdP refused, for it was never given
 *
 * The changes are the record: a grant's row is there for what is held.
 */
export const gaveAnew = sql<boolean>`kind = 'grant' and doc->'grant' <> 'null'::jsonb
  and doc->'failure' = 'null'::jsonb and doc->>'cause' not in ('extension', 'renewal', 'restore', 'loss')`;

/**
 * How many other people hold an entitlement now by a grant, and how many of those are in one department. Also how often
 * it was granted to this person before. A grant that is held now does not count as before.
 */
export async function holding(
  db: Db | Tx,
  who: { entitlementKey: string; personId: string; department: string | null },
  now: Date,
): Promise<{ holders: number; holdersInDepartment: number; earlierGrants: number }> {
  const { rows } = await sql<{ holders: number; inDepartment: number; earlier: number }>`
    select count(distinct g.person_id)::int as holders,
      count(distinct g.person_id) filter (where p.department = ${who.department ?? ''})::int as "inDepartment",
      (${earlierGrants(who, now)}) as earlier
    from grants g join people p on p.id = g.person_id
    where g.entitlement_key = ${who.entitlementKey} and g.person_id <> ${who.personId} and g.ended_at is null
      and g.ends_at > ${now}`.execute(db);
  const [held] = rows;
  return {
    holders: held?.holders ?? 0,
    holdersInDepartment: held?.inDepartment ?? 0,
    earlierGrants: held?.earlier ?? 0,
  };
}

/** How often this person was given this access before, what they hold now left out. */
export async function countEarlierGrants(
  db: Db | Tx,
  who: { entitlementKey: string; personId: string },
  now: Date,
): Promise<number> {
  return await earlier(db, { ...who, now });
}

const earlier = askedTogether(
  async (db, keys: readonly { personId: string; entitlementKey: string; now: Date }[]) => {
    const { rows } = await sql<{ earlier: number }>`
      select (${earlierGrants({ personId: sql`k.person_id`, entitlementKey: sql`k.entitlement_key` }, sql`k.now`)}) as earlier
      from unnest(${uuidsOfAnyLength(keys.map((k) => k.personId))}, ${textsOfAnyLength(keys.map((k) => k.entitlementKey))},
          ${textsOfAnyLength(keys.map((k) => k.now.toISOString()))}::timestamptz[])
        with ordinality as k (person_id, entitlement_key, now, n)
      order by k.n`.execute(db);
    return rows.map((row) => row.earlier);
  },
);

function earlierGrants(
  { personId, entitlementKey }: Record<'personId' | 'entitlementKey', string | RawBuilder<unknown>>,
  now: Date | RawBuilder<unknown>,
) {
  return sql`select greatest(0, count(*) - (exists (
      select from grants where person_id = ${personId} and entitlement_key = ${entitlementKey}
        and ended_at is null and ends_at > ${now}))::int)::int as earlier
    from changes where person_id = ${personId} and entitlement_key = ${entitlementKey} and ${gaveAnew}`;
}

type Holder = Pick<Change, 'personId' | 'entitlementKey' | 'cause' | 'grant' | 'ticket' | 'endsWithTicket'>;
type Step = { event: ChangeEvent; after: Holder };

/** What events mean for grants, in their order; those that are given one after the other in one statement. */
export async function writeGrants(tx: Tx, steps: readonly Step[]): Promise<void> {
  let given: Record<string, unknown>[] = [];
  const insertGiven = async () => {
    if (given.length > 0) await later(tx, CompiledQuery.raw(insert, [JSON.stringify(given)]));
    given = [];
  };
  for (const { event, after } of steps) {
    const row = rowOf(event, after);
    if (row !== null) given.push(row);
    else if (movesGrant.has(event.type)) {
      await insertGiven();
      await moveGrant(tx, event, after);
    }
  }
  await insertGiven();
}

/** One text for any number of grants, so that it is prepared once. */
const insert = `insert into grants (id, change_id, person_id, entitlement_key, group_id, team_id, starts_at, ends_at,
    warn_at, ticket)
  select n.* from jsonb_to_recordset($1::jsonb) as n (id uuid, change_id uuid, person_id uuid, entitlement_key text,
    group_id text, team_id text, starts_at timestamptz, ends_at timestamptz, warn_at timestamptz, ticket text)`;

function rowOf(event: ChangeEvent, who: Holder): Record<string, unknown> | null {
  if (event.type !== 'changeApproved' || event.grant === null) return null;
  return {
    id: event.grant.id,
    change_id: event.changeId,
    person_id: who.personId,
    entitlement_key: who.entitlementKey,
    group_id: event.target.groupId,
    team_id: event.target.teamId,
    starts_at: event.grant.startsAt,
    ends_at: event.grant.endsAt,
    // A grant that goes on by rule is renewed, so there is no end to warn of.
    warn_at: isByRule(who) ? null : nextWarningAt(event.grant, null),
    ticket: who.endsWithTicket === true ? who.ticket : null,
  };
}

const movesGrant: ReadonlySet<ChangeEvent['type']> = new Set([
  'endingWarned',
  'endAgreed',
  'ticketChanged',
  'grantEnded',
  'applyFailed',
  'decisionReopened',
]);

async function moveGrant(tx: Tx, event: ChangeEvent, who: Holder): Promise<void> {
  if (event.type === 'endingWarned' || event.type === 'endAgreed') {
    const isMore = event.type === 'endingWarned' && who.grant !== null && !isByRule(who);
    const next = isMore && who.grant !== null ? nextWarningAt(who.grant, event.at) : null;
    await later(
      tx,
      tx.updateTable('grants').set({ warn_at: next }).where('change_id', '=', event.changeId).compile(),
    );
  }
  if (event.type === 'ticketChanged' && who.grant !== null)
    await later(
      tx,
      tx
        .updateTable('grants')
        // What was said of the ticket is the warning of this end.
        .set({
          ends_at: event.endsAt,
          warn_at: event.is === 'closed' ? null : nextWarningAt(who.grant, event.at),
        })
        .where('change_id', '=', event.changeId)
        .where('ended_at', 'is', null)
        .compile(),
    );
  // A grant that the IdP refuses was never given; it must not count as held.
  if (event.type === 'grantEnded' || event.type === 'applyFailed' || event.type === 'decisionReopened')
    await later(
      tx,
      tx
        .updateTable('grants')
        .set({ ended_at: event.at })
        .where('change_id', '=', event.changeId)
        .where('ended_at', 'is', null)
        .compile(),
    );
}
