import { sql } from 'kysely';
import { parseSync } from 'oxc-parser';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { filesIn } from '../structure/source.ts';

type Column = { isNullable: boolean; hasDefault: boolean };
type Table = Record<string, Column>;
/** The part of a syntax tree that is looked at. */
type Node = {
  type: string;
  [key: string]: unknown;
};

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());

test('the types of the tables say what the migrations made of them', async () => {
  const typed = Object.assign(
    {},
    ...filesIn('src/store/schema').map(({ path, text }) => tablesIn(path, text)),
  );
  const { rows } = await sql<{ table: string; column: string; isNullable: boolean; hasDefault: boolean }>`
    select table_name as table, column_name as column, is_nullable = 'YES' as "isNullable",
      is_nullable = 'NO' and (column_default is not null or is_identity = 'YES') as "hasDefault"
    from information_schema.columns where table_schema = 'public'`.execute(fresh.database.db);
  const made: Record<string, Table> = {};
  // The others are read and written by statements that are written out.
  for (const { table, column, ...rest } of rows)
    if (table in typed) {
      made[table] ??= {};
      made[table][column] = rest;
    }
  expect(typed).toEqual(made);
});

/** Every table that a file has a type for, with its columns. */
function tablesIn(path: string, text: string): Record<string, Table> {
  const found: Record<string, Table> = {};
  const { body } = parseSync(path, text).program as unknown as { body: Node[] };
  for (const statement of body) {
    const declared = (statement.declaration ?? statement) as Node;
    if (declared.type !== 'TSTypeAliasDeclaration' || !/Tables$/.test(nameOf(declared.id))) continue;
    for (const table of membersIn(declared.typeAnnotation as Node))
      found[nameOf(table.key)] = Object.fromEntries(
        membersIn((table.typeAnnotation as Node).typeAnnotation as Node).map((column) => {
          const source = text.slice(...rangeOf((column.typeAnnotation as Node).typeAnnotation as Node));
          return [
            nameOf(column.key),
            {
              isNullable: /\bnull\b/.test(source),
              // An insert may leave out a column that may be null, whatever it becomes then.
              hasDefault: source.startsWith('Generated<') && !/\bnull\b/.test(source),
            },
          ];
        }),
      );
  }
  return found;
}

function membersIn(type: Node): Node[] {
  if (type.type === 'TSIntersectionType') return (type.types as Node[]).flatMap(membersIn);
  return type.type === 'TSTypeLiteral' ? (type.members as Node[]) : [];
}

function nameOf(key: unknown): string {
  return (key as { name: string }).name;
}

function rangeOf(node: Node): [number, number] {
  return [node.start as number, node.end as number];
}
