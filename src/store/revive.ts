/** A point in time inside a stored document has a name like one of these, and nothing else has. */
type TimeKey = 'at' | `${string}At` | `${string}Until`;
const TIME_KEY = /(^a|A)t$|Until$/;

type Plain = string | number | boolean | null | undefined;

/** The keys of a document by which JSON's text could not be told from a point in time; never: there are none. */
export type Misnamed<T> = T extends Plain | Date
  ? never
  : T extends readonly (infer Item)[]
    ? Misnamed<Item>
    : {
        [K in keyof T & string]: NonNullable<T[K]> extends Date
          ? K extends TimeKey
            ? never
            : K
          : K extends TimeKey
            ? K
            : Misnamed<T[K]>;
      }[keyof T & string];

/**
 * A document as it was before it was stored. JSON has no dates, so a value that is named as a point in time becomes
 * one. The type refuses a document with a date under another name, or something else under such a name. Null stays
 * null.
 */
export function revive<T>(doc: Misnamed<T> extends never ? T : never): T {
  return revived(doc) as T;
}

function revived(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revived);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, held]) => [
      key,
      typeof held === 'string' && TIME_KEY.test(key) ? new Date(held) : revived(held),
    ]),
  );
}
