import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type Selectable, sql } from 'kysely';
import { invariant } from '../core/fault.ts';
import type { PersonId } from '../core/ids.ts';
import { oneLine } from '../core/storable.ts';
import type { IdpPerson, IdpPersonStatus } from '../ports/identity-provider.ts';
import { isOfIdp } from './idp-systems.ts';
import { isConfirmed, type LinkedSystem } from './person-links.ts';
import { textsOfAnyLength, uuidsOfAnyLength } from './postgres/any-length.ts';
import { askedTogether } from './postgres/asked-together.ts';
import type { Db, Tx } from './postgres/database.ts';
import type { Tables } from './schema/tables.ts';

/** A person as we last read them. */
export type Person = {
  id: PersonId;
  email: string;
  login: string;
  name: string;
  status: IdpPersonStatus;
  isActive: boolean;
  title: string | null;
  department: string | null;
  manager: string | null;
  timeZone: string | null;
  /** When the directory got to know them; null: not told. */
  since: Date | null;
};

type Row = Omit<Selectable<Tables['people']>, 'updated_at' | 'idp'>;

function toPerson(row: Row): Person {
  return {
    id: row.id as PersonId,
    email: row.email,
    login: row.login,
    name: row.name,
    status: row.status as IdpPersonStatus,
    isActive: row.status === 'active',
    title: row.title,
    department: row.department,
    manager: row.manager,
    timeZone: row.time_zone,
    since: row.since,
  };
}

export async function readPerson(db: Db | Tx, id: string): Promise<Person | null> {
  return await personById(db, id);
}

const personById = askedTogether(async (db, ids: readonly string[]) => {
  const rows = await db
    .selectFrom('people')
    .selectAll()
    .where('id', '=', sql<string>`any(${uuidsOfAnyLength([...new Set(ids)])})`)
    .execute();
  const people = new Map(rows.map((row) => [row.id, toPerson(row)]));
  return ids.map((id) => people.get(id) ?? null);
});

/** Holds a person until the transaction ends, against others who do. */
export async function holdPerson(tx: Tx, id: string): Promise<void> {
  await tx.selectFrom('people').select('id').where('id', '=', id).forNoKeyUpdate().execute();
}

export async function personByLink(
  db: Db | Tx,
  system: LinkedSystem,
  externalId: string,
): Promise<Person | null> {
  return (await linkedPerson(db, system, externalId))?.person ?? null;
}

type Linked = {
  person: Person;
  isUnconfirmed: boolean;
  /** This system speaks for the person: their stored profile is its. */
  isHome: boolean;
  /** As this system has them, where another speaks for them. */
  status: string | null;
};

async function linkedPerson(db: Db | Tx, system: LinkedSystem, externalId: string): Promise<Linked | null> {
  return await byLink(db, { system, externalId });
}

const byLink = askedTogether(async (db, keys: readonly { system: LinkedSystem; externalId: string }[]) => {
  const { rows } = await sql<
    Row & { n: number; isUnconfirmed: boolean; isHome: boolean; here: string | null }
  >`
    select k.n::int as n, l.is_unconfirmed as "isUnconfirmed", p.idp = l.system as "isHome", l.status as here,
      p.id, p.email, p.login, p.name, p.status, p.title, p.department, p.manager, p.time_zone, p.since
    from unnest(${textsOfAnyLength(keys.map((k) => k.system))}, ${textsOfAnyLength(keys.map((k) => k.externalId))})
      with ordinality as k (system, external_id, n)
    join person_links l on l.system = k.system and l.external_id = k.external_id
    join people p on p.id = l.person_id`.execute(db);
  const found = new Map(
    rows.map(({ n, isUnconfirmed, isHome, here, ...row }) => [
      n,
      { person: toPerson(row), isUnconfirmed, isHome, status: here },
    ]),
  );
  return keys.map((_, n) => found.get(n + 1) ?? null);
});

export async function linkOf(db: Db | Tx, personId: string, system: LinkedSystem): Promise<string | null> {
  return (await identityOf(db, personId, system))?.id ?? null;
}

/** `isUnconfirmed`: only a push, an event or an e-mail says that somebody has this id; the system has never answered by it. */
export type Identity = {
  id: string;
  isUnconfirmed: boolean;
  /** As this system has them, where another one speaks for the person; null: the person's own. */
  status?: IdpPersonStatus | null;
};

/** The id by which a system knows a person: one that it has answered by, before any that is unconfirmed; then the newest. */
export async function identityOf(
  db: Db | Tx,
  personId: string,
  system: LinkedSystem,
): Promise<Identity | null> {
  return await identity(db, { personId, system });
}

const identity = askedTogether(async (db, keys: readonly { personId: string; system: LinkedSystem }[]) => {
  const { rows } = await sql<Identity & { n: number }>`
    select k.n::int as n, l.external_id as id, l.is_unconfirmed as "isUnconfirmed", l.status
    from unnest(${uuidsOfAnyLength(keys.map((k) => k.personId))}, ${textsOfAnyLength(keys.map((k) => k.system))})
      with ordinality as k (person_id, system, n)
    cross join lateral (select external_id, is_unconfirmed, status from person_links
      where person_id = k.person_id and system = k.system
      order by is_unconfirmed, verified_at desc, external_id limit 1) l`.execute(db);
  const found = new Map(rows.map(({ n, ...one }) => [n, one]));
  return keys.map((_, n) => found.get(n + 1) ?? null);
});

/** A person to be named, with the newest of their accounts in a system. */
export type KnownPerson = { id: string; name: string; email: string; accountId: string | null };

/** Everybody with one of these ids, and everybody whom the IdP gives one of these e-mails, in one query. */
export async function peopleWithAccounts(
  db: Db | Tx,
  who: { ids: readonly (string | null)[]; emails: readonly string[]; system: LinkedSystem },
): Promise<KnownPerson[]> {
  const ids = who.ids.filter((id) => id !== null);
  const emails = who.emails.map((email) => email.toLowerCase());
  const { rows } = await sql<KnownPerson>`
    select p.id, p.name, p.email, (
      select l.external_id from person_links l where l.person_id = p.id and l.system = ${who.system}
      order by l.verified_at desc, l.external_id limit 1
    ) as "accountId"
    from people p where p.id = any(${uuidsOfAnyLength(ids)})
      or (lower(p.email) = any(${textsOfAnyLength(emails)}) and ${isConfirmed(sql`p.id`)})
    order by p.id`.execute(db);
  return rows;
}

/** Everybody whom the IdP gives this e-mail, in any case and whatever their status; not who is known by an unconfirmed record alone. */
export async function peopleByEmail(db: Db | Tx, email: string): Promise<Person[]> {
  const { rows } = await sql<Row>`
    select id, email, login, name, status, title, department, manager, time_zone, since
    from people where lower(email) = ${email.toLowerCase()} and ${isConfirmed(sql`people.id`)} order by id`.execute(
    db,
  );
  return rows.map(toPerson);
}

/** Whether somebody we know goes by this login. */
export async function isLoginKnown(db: Db | Tx, login: string): Promise<boolean> {
  const { rows } = await sql`select from people where lower(login) = lower(${login}) limit 1`.execute(db);
  return rows.length > 0;
}

/** Every account of a person in a system, by id, e.g. the Anypoint users that a changed user name has left behind. */
export async function linksOf(db: Db | Tx, personId: string, system: LinkedSystem): Promise<string[]> {
  const rows = await db
    .selectFrom('person_links')
    .select('external_id')
    .where('person_id', '=', personId)
    .where('system', '=', system)
    .orderBy('external_id')
    .execute();
  return rows.map((r) => r.external_id);
}

/** People's names, as they are kept and shown everywhere: one line of characters that are seen. */
export function inOneLine(from: Pick<IdpPerson, 'displayName' | 'login' | 'title' | 'department'>): {
  name: string;
  title: string | null;
  department: string | null;
} {
  const given = (text: string | null) => oneLine(text ?? '') || null;
  return {
    name: given(from.displayName) ?? given(from.login) ?? 'somebody without a name',
    title: given(from.title),
    department: given(from.department),
  };
}

/**
 * Stores what the IdP says of a person, under our own id; found again by the IdP's id only. `isUnconfirmed`: not the IdP
 * itself says so, which changes nothing of what the IdP has said. Of somebody for whom another IdP speaks only the
 * status is kept; the answer is the person as this one has them.
 */
export async function rememberPerson(
  db: Db | Tx,
  system: string,
  from: IdpPerson,
  isUnconfirmed = false,
): Promise<Person> {
  const { name, title, department } = inOneLine(from);
  const values = {
    email: from.email,
    login: from.login,
    name,
    status: from.status,
    title,
    department,
    manager: from.manager,
    time_zone: from.timeZone,
  };
  const linked = await linkedPerson(db, system, from.id);
  if (linked !== null) {
    const known = linked.person;
    if (isUnconfirmed && !linked.isUnconfirmed) return known;
    const read = toPerson({ id: known.id, ...values, since: from.since ?? known.since });
    if (!linked.isHome) {
      if (linked.status !== from.status) await noteStatus(db, { system, id: from.id }, from.status);
    } else if (!isDeepStrictEqual(read, known))
      await db
        .updateTable('people')
        .set({ ...values, since: read.since, updated_at: sql<Date>`clock_timestamp()` })
        .where('id', '=', known.id)
        .execute();
    if (!isUnconfirmed && linked.isUnconfirmed)
      await db
        .updateTable('person_links')
        .set({ is_unconfirmed: false })
        .where('system', '=', system)
        .where('external_id', '=', from.id)
        .execute();
    return read;
  }
  const id = randomUUID();
  const since = from.since ?? null;
  await db
    .insertInto('people')
    .values({ id, ...values, since, idp: system })
    .execute();
  const made = await db
    .insertInto('person_links')
    .values({ system, external_id: from.id, person_id: id, is_unconfirmed: isUnconfirmed })
    .onConflict((c) => c.columns(['system', 'external_id']).doNothing())
    .returning('person_id')
    .executeTakeFirst();
  if (made !== undefined) return toPerson({ id, ...values, since });
  // Somebody stored the same person a moment earlier: theirs stands.
  await db.deleteFrom('people').where('id', '=', id).execute();
  const first = await personByLink(db, system, from.id);
  invariant(first !== null, 'a link vanished between two statements');
  return first;
}

async function noteStatus(
  db: Db | Tx,
  { system, id }: { system: string; id: string },
  status: IdpPersonStatus,
): Promise<void> {
  await db
    .updateTable('person_links')
    .set({ status })
    .where('system', '=', system)
    .where('external_id', '=', id)
    .execute();
}

/** The one active person with this e-mail whom an identity provider has confirmed; null: none, or several. */
export async function confirmedByEmail(db: Db | Tx, email: string): Promise<string | null> {
  const [person, second] = await db
    .selectFrom('people')
    .select('id')
    // A person made up by a push may carry anybody's e-mail.
    .where(sql<boolean>`lower(email) = lower(${email}) and status = 'active' and exists (
        select from person_links l where l.person_id = people.id and ${isOfIdp('l.system')} and not l.is_unconfirmed)`)
    .limit(2)
    .execute();
  return person === undefined || second !== undefined ? null : person.id;
}
