import DataLoader from 'dataloader';
import { Fault } from '../../core/fault.ts';
import type { Db, Tx } from './database.ts';

/** Things asked for in one statement, at most. */
const TOGETHER_MAX = 200;

type Read<Key, Value> = (db: Db | Tx, keys: readonly Key[]) => Promise<readonly Value[]>;

/**
 * A read of one thing. What several pieces of work ask for at the same time is one statement; `read` answers in the order
 * of the keys. A key that PostgreSQL takes for no value fails alone.
 */
export function askedTogether<Key, Value>(read: Read<Key, Value>): (db: Db | Tx, key: Key) => Promise<Value> {
  const asking = new WeakMap<Db | Tx, DataLoader<Key, Value>>();
  return (db, key) => {
    const known = asking.get(db);
    if (known !== undefined) return known.load(key);
    const made = new DataLoader<Key, Value>((keys) => readEach(read, db, keys), {
      cache: false,
      maxBatchSize: TOGETHER_MAX,
    });
    asking.set(db, made);
    return made.load(key);
  };
}

async function readEach<Key, Value>(
  read: Read<Key, Value>,
  db: Db | Tx,
  keys: readonly Key[],
): Promise<(Value | Error)[]> {
  try {
    return [...(await read(db, keys))];
  } catch (error) {
    if (keys.length === 1 || !isOfOneValue(error)) return keys.map(() => error as Error);
    return (await Promise.all(keys.map((key) => readEach(read, db, [key])))).flat();
  }
}

/** PostgreSQL's classes of errors of one value: data that it does not take (22), or that breaks a constraint (23). */
function isOfOneValue(error: unknown): boolean {
  return !(error instanceof Fault) && /^2[23]/.test(String((error as { code?: unknown }).code ?? ''));
}

/** Rows that say by `n`, from 1, to which key they belong: those of each, in the order of the keys. */
export function inPlaces<Row extends { n: number }>(keys: readonly unknown[], rows: readonly Row[]): Row[][] {
  const byKey = Map.groupBy(rows, ({ n }) => n);
  return keys.map((_, at) => byKey.get(at + 1) ?? []);
}
