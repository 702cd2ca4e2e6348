import { type RawBuilder, sql } from 'kysely';
import type { ChangeEvent } from '../../core/change/events.ts';
import { type Reach, type ReachEvent, reachAfter, reachEvents } from '../../core/evidence/reach.ts';
import type { EntitlementKey, PersonId } from '../../core/ids.ts';
import type { Catalogue } from '../../core/policy/catalogue.ts';
import type { Db, Tx } from '../postgres/database.ts';
import { revive } from '../revive.ts';
import { unfinishedMass } from '../states.ts';

/**
 * Whose access is asked about: every part that is given narrows it, and of several values one has to fit. Nothing given:
 * everybody's to everything.
 */
export type ReachScope = {
  personId?: OneOrSeveral;
  entitlementKey?: OneOrSeveral;
  /** Ids as the identity provider and Anypoint have them. */
  groupId?: OneOrSeveral;
  teamId?: OneOrSeveral;
};

type OneOrSeveral = string | readonly string[];

/** People looked at in one go. */
const PEOPLE_AT_ONCE = 500;

/** A part of the people. `after`: those behind this one; null: from the first. `atOnce`: how many are looked at in one go, at first. */
export type ReachPart = { after: string | null; atOnce: number };

export type NamedReach = Reach & { name: string; email: string; requester: string | null };

/** What the catalogue says of a group, by its name: so those are known too whom no change ever gave it. */
export type KnownGroup = { entitlementKey: string; groupName: string };

export function knownGroups({ entitlements }: Pick<Catalogue, 'entitlements'>): KnownGroup[] {
  return entitlements.map(({ key, idpGroup }) => ({ entitlementKey: key, groupName: idpGroup }));
}

/**
 * Who could reach something at a moment, and why, from the record: what became of every change by then is read from its
 * audit entries, which nobody changes. Ordered by person; some people at a time. The canary's are left out.
 */
export async function* reachAt(
  db: Db | Tx,
  at: Date,
  scope: ReachScope,
  { known = [], part }: { known?: readonly KnownGroup[]; part?: ReachPart } = {},
): AsyncGenerator<NamedReach> {
  const places = await placesOfBaseline(db, known);
  const asked: Asked = { at, scope, places, groups: groupsIn(places, scope) };
  let atOnce = part?.atOnce ?? PEOPLE_AT_ONCE;
  let after = part?.after ?? null;
  for (;;) {
    const some = await peopleAfter(db, asked, { after, atOnce });
    const [events, others] = await Promise.all([
      eventsUntil(db, some, asked),
      withoutChange(db, some, asked),
    ]);
    const found = [...reachAfter(events), ...others].filter((one) => isInScope(one, scope));
    yield* await named(
      db,
      found.toSorted((a, b) => (a.personId < b.personId ? -1 : a.personId > b.personId ? 1 : 0)),
    );
    after = some.at(-1) ?? null;
    if (some.length < atOnce) return;
    // Where few of them had anything then, more are looked at in one go.
    atOnce = Math.max(atOnce, Math.min(2 * atOnce, PEOPLE_AT_ONCE));
  }
}

type Asked = { at: Date; scope: ReachScope; places: ReadonlyMap<string, Place>; groups: readonly string[] };

/** What a group of the baseline gives. */
type Place = {
  groupName: string;
  entitlementKey: string | null;
  teamId: string | null;
  teamName: string | null;
};

async function placesOfBaseline(db: Db | Tx, known: readonly KnownGroup[]): Promise<Map<string, Place>> {
  const { rows } = await sql<Place & { groupId: string }>`
    select b.group_id as "groupId", b.group_name as "groupName", c.entitlement_key as "entitlementKey",
      c.team_id as "teamId", c.doc->'target'->>'teamName' as "teamName"
    from (select group_id, min(group_name) as group_name from baseline_members group by group_id) b
    left join (select distinct on (group_id) group_id, id from changes where group_id in (select group_id from baseline_members)
      order by group_id, requested_at desc) latest on latest.group_id = b.group_id
    left join changes c on c.id = latest.id`.execute(db);
  const byName = new Map(known.map(({ groupName, entitlementKey }) => [groupName, entitlementKey]));
  return new Map(
    rows.map(({ groupId, ...place }) => [
      groupId,
      { ...place, entitlementKey: byName.get(place.groupName) ?? place.entitlementKey },
    ]),
  );
}

function groupsIn(
  places: ReadonlyMap<string, Place>,
  { entitlementKey, groupId, teamId }: ReachScope,
): string[] {
  return [...places].flatMap(([id, place]) =>
    fits(entitlementKey, place.entitlementKey) && fits(groupId, id) && fits(teamId, place.teamId) ? [id] : [],
  );
}

/** An entitlement that was narrowed was another's at first. */
function isInScope({ entitlementKey, target }: Reach, scope: ReachScope): boolean {
  const { groupId, teamId } = target;
  return (
    fits(scope.entitlementKey, entitlementKey) && fits(scope.groupId, groupId) && fits(scope.teamId, teamId)
  );
}

function fits(asked: OneOrSeveral | undefined, value: string | null): boolean {
  return asked === undefined || (value !== null && severalOf(asked).includes(value));
}

function severalOf(asked: OneOrSeveral): readonly string[] {
  return typeof asked === 'string' ? [asked] : asked;
}

function within(scope: ReachScope, columns: { [K in keyof ReachScope]?: string }): RawBuilder<unknown> {
  const asked = (Object.keys(columns) as (keyof ReachScope)[]).flatMap((key) => {
    const type = sql.raw(key === 'personId' ? 'uuid[]' : 'text[]');
    const given = scope[key];
    return given === undefined
      ? []
      : [sql`${sql.ref(columns[key] as string)} = any(${[...severalOf(given)]}::${type})`];
  });
  return asked.length === 0 ? sql`true` : sql.join(asked, sql` and `);
}

const ofChange = {
  personId: 'c.person_id',
  entitlementKey: 'c.entitlement_key',
  groupId: 'c.group_id',
  teamId: 'c.team_id',
};

/**
 * Changes that may have given or taken something at that moment. More than that is harmless: their entries say. What
 * ended without a revoke went on under another, whose place it tells.
 */
function mayBear(at: Date): RawBuilder<unknown> {
  const seen = sql`(c.doc->'legs'->>'seenAt')::timestamptz`;
  const decided = sql`(c.doc->'decision'->>'at')::timestamptz`;
  return sql`c.requested_at <= ${at} and c.doc->>'cause' <> 'canary' and (
    (c.kind = 'revoke' and (${seen} is null or ${seen} > ${at}))
    or exists (select from grants g where g.change_id = c.id and (g.ended_at is null or g.ended_at > ${at} or c.revoke_id is null))
    or (c.doc->>'cause' = 'finding' and (${decided} is null or ${decided} > ${at}))
    or (c.doc->>'cause' = 'loss' and (${seen} is null or ${seen} > ${at})))`;
}

const foundOnCards = sql`mass_change_items i
  join mass_changes m on m.id = i.mass_change_id and m.kind in ('finding', 'excess') left join changes k on k.id = i.change_id`;

/** Found with many others, and not decided on by then. What fell off its card agreed by itself. */
function wasOnCard(at: Date): RawBuilder<unknown> {
  return sql`m.opened_at <= ${at} and i.outcome is distinct from 'dropped'
    and ((i.outcome is null and m.state in ${unfinishedMass}) or k.requested_at > ${at})`;
}

function wasBefore({ at, groups }: Asked): RawBuilder<unknown> {
  return sql`b.group_id = any(${[...groups]}::text[]) and b.recorded_at <= ${at} and (b.ended_at is null or b.ended_at > ${at})`;
}

/**
 * The next people in the order of their ids whom something may concern: everybody who had a change by then. That is asked
 * of an index, a few at a time; what they had at that moment their entries say.
 */
async function peopleAfter(db: Db | Tx, asked: Asked, { after, atOnce }: ReachPart): Promise<string[]> {
  const { at, scope } = asked;
  const next = (person: string) =>
    sql`${sql.ref(person)} > ${after ?? NOBODY}::uuid order by ${sql.ref(person)} limit ${atOnce}`;
  const { rows } = await sql<{ id: string }>`
    (select distinct c.person_id as id from changes c
      where ${within(scope, ofChange)} and c.requested_at <= ${at} and ${next('c.person_id')})
    union (select distinct b.person_id from baseline_members b
      where ${within(scope, { personId: 'b.person_id' })} and ${wasBefore(asked)} and ${next('b.person_id')})
    union (select distinct i.person_id from ${foundOnCards}
      where ${within(scope, ofItem)} and ${wasOnCard(at)} and ${next('i.person_id')})
    order by id limit ${atOnce}`.execute(db);
  return rows.map(({ id }) => id);
}

/** Before everybody. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

const ofItem = { personId: 'i.person_id' };

type EntryRow = { change_id: string; at: Date; type: string; actor: unknown; data: Record<string, unknown> };

async function eventsUntil(
  db: Db | Tx,
  people: readonly string[],
  { at, scope }: Asked,
): Promise<ReachEvent[]> {
  const { rows } = await sql<EntryRow>`
    select a.change_id, a.at, a.type, a.actor, a.data from changes c
    join audit a on a.change_id = c.id and a.at <= ${at} and a.type = any(${[...reachEvents]}::text[])
    where c.person_id = any(${[...people]}::uuid[]) and ${within(scope, ofChange)} and ${mayBear(at)}
    order by a.id`.execute(db);
  return rows.map(eventOf);
}

/** The event that an audit entry of a change was made of. */
function eventOf({ change_id, at, type, actor, data }: EntryRow): ReachEvent {
  const event = { ...data, changeId: change_id, at, type, actor } as unknown as ReachEvent;
  return revive<ChangeEvent>(event) as ReachEvent;
}

type OtherRow = Reach['target'] & {
  personId: string;
  entitlementKey: string | null;
  is: 'found' | 'before';
  since: Date;
};

/** What no change of its own tells of: the baseline, and what waited on a card on many. */
async function withoutChange(db: Db | Tx, people: readonly string[], asked: Asked): Promise<Reach[]> {
  const { at, places } = asked;
  const { rows } = await sql<OtherRow>`
    select b.person_id as "personId", null as "entitlementKey", b.group_id as "groupId", b.group_name as "groupName",
      null as "teamId", null as "teamName", 'before' as "is", b.recorded_at as since
    from baseline_members b where b.person_id = any(${[...people]}::uuid[]) and ${wasBefore(asked)}
    union all
    select i.person_id, m.doc->>'entitlementKey', m.doc->'target'->>'groupId', m.doc->'target'->>'groupName',
      case m.kind when 'excess' then m.scope else m.doc->'target'->>'teamId' end, m.doc->'target'->>'teamName', 'found', m.opened_at
    from ${foundOnCards} where i.person_id = any(${[...people]}::uuid[]) and ${wasOnCard(at)}
    order by since`.execute(db);
  return rows.map(({ personId, entitlementKey, is, since, ...target }) => {
    const place = is === 'before' ? places.get(target.groupId ?? '') : undefined;
    return {
      changeId: null,
      personId: personId as PersonId,
      entitlementKey: (place?.entitlementKey ?? entitlementKey) as EntitlementKey | null,
      target: place === undefined ? target : { ...target, teamId: place.teamId, teamName: place.teamName },
      is,
      since,
      until: null,
      why: {
        cause: is === 'before' ? 'baseline' : 'finding',
        requesterId: null,
        reason:
          is === 'before' ? 'there when Latchkey first looked, or accepted so' : 'found with many others',
        approvals: [],
        decision: null,
      },
    };
  });
}

async function named(db: Db | Tx, reaches: readonly Reach[]): Promise<NamedReach[]> {
  const ids = new Set(reaches.flatMap(({ personId, why }) => [personId, why.requesterId ?? personId]));
  const rows = await db
    .selectFrom('people')
    .select(['id', 'name', 'email'])
    .where('id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .execute();
  const people = new Map(rows.map((row) => [row.id, row]));
  return reaches.map((one) => ({
    ...one,
    name: people.get(one.personId)?.name ?? 'somebody',
    email: people.get(one.personId)?.email ?? '',
    requester: one.why.requesterId === null ? null : (people.get(one.why.requesterId)?.name ?? 'somebody'),
  }));
}
