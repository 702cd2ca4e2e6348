import { type RawBuilder, sql } from 'kysely';
import { nameKey } from '../../core/name-key.ts';

/** A condition on SCIM resources, every value in it a parameter. */
export type Condition = RawBuilder<boolean>;

/** One value that can be compared. */
export type Column = {
  sql: RawBuilder<unknown>;
  type: 'text' | 'boolean' | 'time' | 'uuid';
  /** Only for text: upper and lower case differ. */
  caseExact: boolean;
  /** Only for a name with an index: its `nameKey`, by which it is unique, and so compared. */
  key?: RawBuilder<unknown>;
};

type Equality = 'eq' | 'ne';
type Order = 'gt' | 'ge' | 'lt' | 'le';

export const always: Condition = sql<boolean>`true`;
export const never: Condition = sql<boolean>`false`;

export function all(conditions: readonly Condition[]): Condition {
  return joined(conditions, sql` and `);
}

export function any(conditions: readonly Condition[]): Condition {
  return joined(conditions, sql` or `);
}

function joined(conditions: readonly Condition[], by: RawBuilder<unknown>): Condition {
  const parts = conditions.map((part) => sql`(${part})`);
  return sql<boolean>`${sql.join(parts, by)}`;
}

/** True as well where the condition is null: in SQL a comparison with an absent value is neither true nor false. */
export function notTrue(condition: Condition): Condition {
  return sql<boolean>`not coalesce((${condition}), false)`;
}

/** For a condition that is never null. */
export function not(condition: Condition): Condition {
  return sql<boolean>`not (${condition})`;
}

/** Whether there is a value; an empty text is none. */
export function hasValue(column: Column): Condition {
  return column.type === 'text'
    ? sql<boolean>`coalesce(${column.sql}, '') <> ''`
    : sql<boolean>`${column.sql} is not null`;
}

export function compareText(
  op: Equality | Order | 'co' | 'sw' | 'ew',
  column: Omit<Column, 'type'>,
  value: string,
): Condition {
  const left = comparable(column);
  const right = comparable({
    sql: sql`${value}::text`,
    caseExact: column.caseExact,
    ...(column.key === undefined ? {} : { key: sql`${nameKey(value)}::text` }),
  });
  switch (op) {
    case 'eq':
      return sql<boolean>`${left} = ${right}`;
    case 'ne':
      return sql<boolean>`${left} is distinct from ${right}`;
    case 'co':
      return sql<boolean>`strpos(${left}, ${right}) > 0`;
    case 'sw':
      return sql<boolean>`starts_with(${left}, ${right})`;
    case 'ew':
      return sql<boolean>`right(${left}, length(${right})) = ${right}`;
    default:
      return sql<boolean>`${left} collate "C" ${order[op]} ${right} collate "C"`;
  }
}

/** A text as it is compared and sorted: as it is, by its key, or composed (NFC) and in small letters. */
export function comparable({ sql: text, caseExact, key }: Omit<Column, 'type'>): RawBuilder<unknown> {
  if (caseExact) return text;
  return key ?? sql`lower(normalize(${text}, NFC))`;
}

const order = { gt: sql`>`, ge: sql`>=`, lt: sql`<`, le: sql`<=` } as const;

export function compareBoolean(op: Equality, column: Column, value: boolean): Condition {
  return op === 'eq'
    ? sql<boolean>`${column.sql} = ${value}`
    : sql<boolean>`${column.sql} is distinct from ${value}`;
}

/** Times are shown in milliseconds, so they are compared by them. */
export function compareTime(op: Equality | Order, column: Column, at: Date): Condition {
  const left = sql`date_trunc('milliseconds', ${column.sql})`;
  if (op === 'eq') return sql<boolean>`${left} = ${at}`;
  if (op === 'ne') return sql<boolean>`${left} <> ${at}`;
  return sql<boolean>`${left} ${order[op]} ${at}`;
}

/** `id` is a UUID. */
export function compareId(op: Equality, column: Column, id: string): Condition {
  return op === 'eq' ? sql<boolean>`${column.sql} = ${id}::uuid` : sql<boolean>`${column.sql} <> ${id}::uuid`;
}

/** An id as the text that it is written as. */
export function asText(column: Column): Column {
  return { sql: sql`${column.sql}::text`, type: 'text', caseExact: true };
}
