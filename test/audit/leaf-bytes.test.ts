import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CanonicalBytes } from '../../src/audit/canonical-bytes.ts';
import { leafOf } from '../../src/audit/entry.ts';
import { LeafBytes } from '../../src/audit/leaf-bytes.ts';
import { readEntries, readSeals } from '../../src/store/audit-scan.ts';
import { writeSeals } from '../../src/store/audit-seals.ts';
import { type Db, poolOf } from '../../src/store/postgres/database.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';

let fresh: FreshDatabase;
let db: Db;
beforeAll(async () => {
  fresh = await freshDatabase();
  db = fresh.database.db;
});
afterAll(() => fresh.close());

const json = new CanonicalBytes();
/** Null: declined. */
function canonicalOf(text: string): string | null {
  const bytes = Buffer.from(`.${text}`);
  json.begin(bytes.length);
  return json.json(bytes, 1, bytes.length) ? json.out.toString('utf8', 0, json.at) : null;
}

const storable = fc.jsonValue({ stringUnit: 'binary', maxDepth: 5 }).filter((value) => {
  const text = JSON.stringify(value);
  return !text.includes('\\u0000') && text.isWellFormed();
});

test('what PostgreSQL writes of any JSON is made canonical as RFC 8785 has it, or declined', async () => {
  const values = fc.sample(storable, 3_000);
  const { rows } = await sql<{ text: string }>`
    select value::jsonb::text as text from unnest(${values.map((value) => JSON.stringify(value))}::text[]) value`.execute(
    db,
  );
  const made = rows.map(({ text }) => canonicalOf(text));
  for (const [n, one] of made.entries())
    if (one !== null) expect(one).toBe(canonicalize(JSON.parse(rows[n]?.text ?? '')));
  expect(made.filter((one) => one === null).length).toBeLessThan(made.length / 2);
});

test.each([
  '{"a": 1, "bb": [true, false, null, {}, []], "ab": {"why": "a \\"word\\" with \\n and ö€😀", "n": -0.50}}',
  '{"target": {"groupId": "00g1", "teamId": null}, "seconds": 28800, "by": {"rule": "r", "clauses": ["AC-1"]}, "round": 0}',
  '[1, 10, 0, -3, 1.5, 100000000000000000000000, 12345678901234567890, 0.0000001]',
])('what changes leave is not declined: %s', (text) => {
  expect(canonicalOf(text)).toBe(canonicalize(JSON.parse(text)));
});

test.each([
  // As no jsonb is written.
  '{"a":1}',
  '{"a": 1,"b": 2}',
  '{"a": 1, "a": 2}',
  '{"b": 1, "a": 2, "b": 3}',
  '{"a": 1} ',
  '{"a": 1',
  '{"a" : 1}',
  '"\\/"',
  '"\\u0041"',
  '"a',
  '01',
  '1.',
  'nul',
  '',
  '[1,]',
  '[1, ]',
  // Whose order in UTF-16 is another than in UTF-8.
  '{"\ufb33": 1, "😀": 2}',
  `${'['.repeat(100)}${']'.repeat(100)}`,
])('what it is not sure of it declines: %s', (text) => {
  expect(canonicalOf(text)).toBeNull();
});

test('the leaf of a row as PostgreSQL sends it is that of the entry', async () => {
  const given = fc.sample(
    fc.record({
      at: fc.date({ min: new Date('0001-01-02'), max: new Date('9999-12-30'), noInvalidDate: true }),
      type: fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed() && !text.includes('\0')),
      changeId: fc.option(fc.uuid()),
      actor: storable,
      data: storable,
    }),
    500,
  );
  await db.transaction().execute(async (tx) => {
    for (const { at, type, changeId, actor, data } of given)
      await sql`insert into audit (at, type, change_id, actor, data)
        values (${at}::timestamptz + interval '7 microseconds', ${type}, ${changeId}, ${JSON.stringify(actor)}, ${JSON.stringify(data)})`.execute(
        tx,
      );
    const { rows } = await sql<{ id: string }>`select id from audit order by id`.execute(tx);
    await writeSeals(tx, 1n, {
      auditIds: rows.map(({ id }) => id),
      hashes: rows.map(() => '00'.repeat(32)),
    });
  });
  const bytes = new LeafBytes();
  const leaves = new Map<string, string | null>();
  const expected = new Map<string, string>();
  const seals = await readSeals(poolOf(db), 1, given.length);
  await readEntries(poolOf(db), seals, (entry) => {
    leaves.set(entry.entry().id, bytes.leafOf(entry));
  });
  const { rows } = await sql<Parameters<typeof leafOf>[0]>`
    select id, at, type, change_id as "changeId", actor::text, data::text from audit`.execute(db);
  for (const row of rows) expected.set(row.id, leafOf(row).toString('binary'));
  expect(leaves.size).toBe(given.length);
  expect(new Map([...leaves].sort())).toEqual(new Map([...expected].sort()));
});
