import { sql } from 'kysely';
import type {
  Digest,
  DigestLine,
  LineAnswer,
  LineFacts,
  SecurityFigures,
  ZoneFrom,
} from '../core/digest/digest.ts';
import type { ChangeId, PersonId } from '../core/ids.ts';
import { askedTogether, inPlaces } from './postgres/asked-together.ts';
import type { Db, Tx } from './postgres/database.ts';
import { revive } from './revive.ts';

export async function readDigest(db: Db | Tx, id: string): Promise<Digest | null> {
  const { rows } = await sql<Digest>`
    select d.id, d.kind, d.person_id as "personId", p.name as "personName", d.week::text as week, d.made_at as "madeAt",
      d.asked_at as "askedAt", d.time_zone as "timeZone", d.zone_from as "zoneFrom", d.counts, d.doc as facts
    from digests d join people p on p.id = d.person_id where d.id = ${id}`.execute(db);
  return rows[0] ?? null;
}

type LineRow = {
  place: number;
  kinds: DigestLine['kinds'];
  personId: PersonId;
  personName: string;
  entitlementKey: DigestLine['entitlementKey'];
  changeId: ChangeId | null;
  facts: LineFacts;
  answer: LineAnswer | null;
  state: DigestLine['state'];
};

const lineColumns = sql`l.place, l.kinds, l.person_id as "personId", p.name as "personName",
  l.entitlement_key as "entitlementKey", l.change_id as "changeId", l.doc as facts, l.answer, (
    select c.state from changes c where c.id = coalesce((l.answer->>'revokeId')::uuid, l.change_id)
  ) as state`;

function lineOf(row: LineRow): DigestLine {
  return {
    ...row,
    facts: revive<LineFacts>(row.facts),
    answer: row.answer && revive<LineAnswer>(row.answer),
  };
}

/** Lines in their order, from a place on. */
export async function readLines(
  db: Db | Tx,
  digestId: string,
  { after, limit }: { after: number; limit: number },
): Promise<DigestLine[]> {
  const { rows } = await sql<LineRow>`
    select ${lineColumns} from digest_lines l join people p on p.id = l.person_id
    where l.digest_id = ${digestId} and l.place > ${after} order by l.place limit ${limit}`.execute(db);
  return rows.map(lineOf);
}

/** Lines whose holders were asked whether they still need it. */
export async function linesAsked(db: Db | Tx, digestId: string): Promise<DigestLine[]> {
  const { rows } = await sql<LineRow>`
    select ${lineColumns} from digest_lines l join people p on p.id = l.person_id
    where l.digest_id = ${digestId} and l.answer->>'verb' = 'ask' order by l.place`.execute(db);
  return rows.map(lineOf);
}

export async function countLines(
  db: Db | Tx,
  digestId: string,
): Promise<{ lines: number; answered: number }> {
  const { rows } = await sql<{ lines: number; answered: number }>`
    select count(*)::int as lines, count(answer)::int as answered from digest_lines where digest_id = ${digestId}`.execute(
    db,
  );
  return rows[0] ?? { lines: 0, answered: 0 };
}

/** Reads a line and holds it until the transaction ends. */
export async function lockLine(tx: Tx, digestId: string, place: number): Promise<DigestLine | null> {
  await sql`select from digest_lines where digest_id = ${digestId} and place = ${place} for update`.execute(
    tx,
  );
  const [line] = await readLines(tx, digestId, { after: place - 1, limit: 1 });
  return line?.place === place ? line : null;
}

export async function writeAnswer(
  tx: Tx,
  { digestId, place }: { digestId: string; place: number },
  answer: LineAnswer,
): Promise<void> {
  await sql`update digest_lines set answer = ${JSON.stringify(answer)}::jsonb
    where digest_id = ${digestId} and place = ${place}`.execute(tx);
}

/** Digests that show this change: what became of it is told where it was decided. */
export async function digestsShowing(tx: Tx, changeId: string): Promise<string[]> {
  return await showing(tx, changeId);
}

const showing = askedTogether(async (tx, changeIds: readonly string[]) => {
  const { rows } = await sql<{ id: string; n: number }>`
    select k.n::int as n, l.digest_id as id from unnest(${[...changeIds]}::text[]) with ordinality as k (id, n)
    join digest_lines l on l.kinds[1] = 'found' and l.change_id = k.id::uuid
    union select k.n::int, l.digest_id from unnest(${[...changeIds]}::text[]) with ordinality as k (id, n)
    join digest_lines l on l.answer is not null and l.answer->>'revokeId' = k.id`.execute(tx);
  return inPlaces(changeIds, rows).map((some) => some.map(({ id }) => id));
});

/** Stores the picture of the week for an admin. False: they have it already. */
export async function makeSecurityDigest(
  tx: Tx,
  digest: {
    id: string;
    personId: string;
    week: string;
    zone: string;
    zoneFrom: ZoneFrom;
    dueAt: Date;
    askedAt: Date | null;
  },
  facts: SecurityFigures,
  now: Date,
): Promise<boolean> {
  const { rows } = await sql`
    insert into digests (id, kind, person_id, week, time_zone, zone_from, due_at, made_at, asked_at, counts, doc)
    values (${digest.id}, 'security', ${digest.personId}, ${digest.week}, ${digest.zone}, ${digest.zoneFrom}, ${digest.dueAt}, ${now},
      ${digest.askedAt}, '{}', ${JSON.stringify(facts)}::jsonb)
    on conflict (person_id, kind, week) where asked_at is null do nothing returning id`.execute(tx);
  return rows.length > 0;
}
