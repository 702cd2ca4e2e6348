import { randomUUID } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import { Fault } from '../../core/fault.ts';
import type { IdpPerson } from '../../ports/identity-provider.ts';
import type { TeamMember } from '../../ports/mulesoft.ts';
import { inOneLine } from '../people.ts';
import type { Db } from '../postgres/database.ts';
import { arrayText } from '../postgres/statement.ts';
import type { Place } from './runs.ts';
import type { Listed, Met, SeenPeople } from './seen-people.ts';

/**
 * Nobody waits for the disk. Staged rows are not kept in a crash of PostgreSQL anyway, and the counts beside them show
 * when they are gone. Holds for its own statement.
 */
const unsynced = sql`unsynced as materialized (select set_config('synchronous_commit', 'off', true))`;

/** Where a page stood in its list. */
export type Stretch = { from: string | null; next: string | null };

/** A page of what the IdP lists of a group, or Anypoint of its users. */
export type Page = { system: string; place: Place; stretch: Stretch };

/**
 * Remembers a page of members and where the list goes on, in one statement. Known people are brought up to date where
 * the IdP now says something else. Strangers are remembered first. Found again by the IdP's id only.
 */
export async function stageMembers(
  db: Db,
  page: Page,
  members: readonly Listed[],
  seen: SeenPeople,
): Promise<void> {
  const met: Met[] = [];
  const printed: Exclude<Listed, Met>[] = [];
  for (const member of members) {
    if ('personId' in member) met.push(member);
    else printed.push(member);
  }
  const others = printed.map(({ person }) => person);
  if (others.length === 0) {
    await stageMet(db, page, met);
    moveOn(page.place, members.length, page.stretch);
    return;
  }
  let linked = await stageKnown(db, page, { met, others });
  const strangers = others.filter(({ id }) => !linked.has(id));
  if (strangers.length > 0) {
    await rememberStrangers(db, page.system, strangers);
    linked = await stageKnown(db, page, { met, others });
  }
  for (const { person, print } of printed) {
    const personId = linked.get(person.id);
    if (personId === undefined)
      throw new Fault('store.not_found', 'a link vanished between two statements', { retryable: true });
    seen.remember(print, { id: person.id, personId });
  }
  moveOn(page.place, members.length, page.stretch);
}

/** People given as columns: an array for each, which PostgreSQL reads faster than anything but COPY. */
function columnsOf(people: readonly IdpPerson[]) {
  const column = (value: (person: IdpPerson) => string | null) =>
    sql`${people.map((person) => value(person))}::text[]`;
  return sql.join([
    column((p) => p.id),
    column((p) => p.email),
    column((p) => p.login),
    column((p) => inOneLine(p).name),
    column((p) => p.status),
    column((p) => inOneLine(p).title),
    column((p) => inOneLine(p).department),
    column((p) => p.manager),
    column((p) => p.timeZone),
  ]);
}
const columnNames = sql`external_id, email, login, name, status, title, department, manager, time_zone`;

/** The place's list goes on after this page, if it still stands at it; `also`: and only where this holds. */
function movedOn({ place, stretch: { from, next } }: Omit<Page, 'system'>, count: number, also = sql``) {
  return sql`moved as (
      update reconcile_places set position = ${next}, pages = pages + 1, seen = seen + ${count},
        listed_at = case when ${next}::text is null then clock_timestamp() end
      from unsynced where reconcile_places.id = ${place.id} and position is not distinct from ${from} and listed_at is null
        ${also}
      returning reconcile_places.id
    )`;
}

/** Our ids and the IdP's of people who were met before in this run, as rows. */
function rowsOf(met: readonly Met[]) {
  return sql`unnest(
    ${arrayText(met.map((one) => one.personId))}::uuid[], ${arrayText(met.map((one) => one.id))}::text[]
  ) as m (person_id, external_id)`;
}

/** Stages a page of people who all were met before: nothing is to be looked up of them. */
async function stageMet(db: Db, { place, stretch }: Page, met: readonly Met[]): Promise<void> {
  await sql`
    with ${unsynced}, ${movedOn({ place, stretch }, met.length)}
    insert into reconcile_members (place_id, person_id, external_id)
    select moved.id, m.person_id, m.external_id from moved, ${rowsOf(met)}`.execute(db);
}

/** Stages the page if everybody on it is known; answers our ids of those looked up, by the IdP's. */
async function stageKnown(
  db: Db,
  { system, place, stretch }: Page,
  { met, others }: { met: readonly Met[]; others: readonly IdpPerson[] },
): Promise<Map<string, string>> {
  // `lateral … limit 1`: looked up one by one in the index, whatever the planner would make of a page's size.
  const { rows } = await sql<{ external_id: string; person_id: string }>`
    with ${unsynced}, page as materialized (
      select m.*, l.person_id, l.is_unconfirmed, p.idp, p.differs
      from unnest(${columnsOf(others)}) as m (${columnNames})
      left join lateral (
        select person_id, is_unconfirmed from person_links where system = ${system} and external_id = m.external_id limit 1
      ) l on true
      left join lateral (
        select idp, (p.email, p.login, p.name, p.status, p.title, p.department, p.manager, p.time_zone) is distinct from
            (m.email, m.login, m.name, m.status, m.title, m.department, m.manager, m.time_zone) as differs
        from people p where p.id = l.person_id limit 1
      ) p on true
    ), strangers as (
      select external_id from page where person_id is null
    ), stale as materialized (
      select * from page where idp = ${system} and differs
    ), elsewhere as (
      update person_links l set status = page.status from page
      where page.idp <> ${system} and l.system = ${system} and l.external_id = page.external_id
        and l.status is distinct from page.status
    ), held as materialized (
      select id from people where id in (select person_id from stale) order by id for update
    ), updated as (
      update people p set email = s.email, login = s.login, name = s.name, status = s.status, title = s.title,
        department = s.department, manager = s.manager, time_zone = s.time_zone, updated_at = clock_timestamp()
      from stale s join held h on h.id = s.person_id where p.id = s.person_id
    ), confirmed as (
      update person_links l set is_unconfirmed = false from page
      where page.is_unconfirmed and l.system = ${system} and l.external_id = page.external_id
    ), ${movedOn({ place, stretch }, met.length + others.length, sql`and not exists (select from strangers)`)}, staged as (
      insert into reconcile_members (place_id, person_id, external_id)
      select moved.id, page.person_id, page.external_id from page, moved
      union all
      select moved.id, m.person_id, m.external_id from moved, ${rowsOf(met)}
    )
    select external_id, person_id from page where person_id is not null`.execute(db);
  return new Map(rows.map((row) => [row.external_id, row.person_id]));
}

/** People of whom the IdP tells for the first time. Whom somebody else stored a moment earlier stands as stored. */
async function rememberStrangers(db: Db, system: string, strangers: readonly IdpPerson[]): Promise<void> {
  const people = [...new Map(strangers.map((person) => [person.id, person])).values()];
  const { rows } = await sql<{ id: string }>`
    with page as materialized (
      select * from unnest(${people.map(() => randomUUID())}::uuid[], ${columnsOf(people)}) as p (id, ${columnNames})
    ), made as (
      insert into people (id, email, login, name, status, title, department, manager, time_zone, idp)
      select id, email, login, name, status, title, department, manager, time_zone, ${system} from page
    ), linked as (
      insert into person_links (system, external_id, person_id)
      select ${system}, external_id, id from page order by external_id
      on conflict (system, external_id) do nothing returning person_id
    )
    select id from page where not exists (select from linked where person_id = page.id)`.execute(db);
  if (rows.length > 0)
    await sql`delete from people where id = any(${rows.map((row) => row.id)}::uuid[])`.execute(db);
}

/** Remembers a page of a team's members and where the list goes on, in one statement. */
export async function stageTeamMembers(
  db: Db,
  place: Place,
  members: readonly TeamMember[],
  stretch: Stretch,
): Promise<void> {
  await sql`
    with ${unsynced}, ${movedOn({ place, stretch }, members.length)}
    insert into reconcile_team_members (place_id, user_id, is_maintainer, is_claimed)
    select moved.id, m.* from moved, unnest(
      ${arrayText(members.map((m) => m.userId))}::text[],
      ${arrayText(members.map((m) => String(m.membershipType === 'maintainer')))}::boolean[],
      ${arrayText(members.map((m) => String(m.isAssignedViaExternalGroups)))}::boolean[]
    ) as m`.execute(db);
  moveOn(place, members.length, stretch);
}

/**
 * Links a page of Anypoint's users to the people whose login, as the IdP itself gives it, is their user name. Only a
 * user who signs in through the IdP: any other user name is chosen by whoever made it. Two people who go, or went, by
 * one login are left alone: asking the IdP tells them apart (flow/membership/anypoint-users.ts). Every link that is
 * there is left alone too. Answers the people whose access is at another user:
 * - people who had another user before
 * - people with a login whose user is noted as another person's, who had that login before
 */
export async function linkUsers(
  db: Db,
  { systems, place, stretch }: Omit<Page, 'system'> & { systems: readonly string[] },
  users: readonly { id: string; username: string; isFederated: boolean }[],
): Promise<string[]> {
  const federated = users.filter((user) => user.isFederated);
  const { rows } = await sql<{ person_id: string }>`
    with ${unsynced}, page as materialized (
      select u.id, u.username
      from unnest(${federated.map((u) => u.id)}::text[], ${federated.map((u) => u.username)}::text[]) as u (id, username)
      where not exists (select from person_links l where l.system = 'anypoint' and l.external_id = u.id)
    ), claimants as materialized (
      select p.id from unnest(${federated.map((u) => u.id)}::text[], ${federated.map((u) => u.username)}::text[]) as u (id, username)
      join person_links l on l.system = 'anypoint' and l.external_id = u.id
      join people noted on noted.id = l.person_id and lower(noted.login) <> lower(u.username)
      cross join lateral (${theOne(sql`u.username`, systems)}) p
    ), linked as (
      insert into person_links (system, external_id, person_id)
      select 'anypoint', page.id, p.id from page cross join lateral (
        ${theOne(sql`page.username`, systems)}
      ) p order by page.id
      on conflict (system, external_id) do nothing returning person_id
    ), ${movedOn({ place, stretch }, users.length)}
    select distinct person_id from linked where exists (
      select from person_links other where other.person_id = linked.person_id and other.system = 'anypoint'
    ) union select id from claimants`.execute(db);
  moveOn(place, users.length, stretch);
  return rows.map((row) => row.person_id);
}

/** The only person whom the IdP has confirmed to go by this login. */
function theOne(login: RawBuilder<unknown>, systems: readonly string[]): RawBuilder<unknown> {
  return sql`select min(p.id::text)::uuid as id from people p
    where lower(p.login) = lower(${login}) and exists (
      select from person_links c where c.person_id = p.id and c.system = any(${[...systems]}::text[]) and not c.is_unconfirmed
    ) having count(*) = 1`;
}

function moveOn(place: Place, rows: number, { next }: Stretch): void {
  place.position = next;
  place.pages += 1;
  place.seen += rows;
  place.isListed = next === null;
}
