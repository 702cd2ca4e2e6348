/** A point in time inside a stored document has a name like one of these, and nothing else has. */
type TimeKey = 'at' | `${string}At` | `${string}Until`;

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
 * null. It is done in the document itself, which was read a moment before: documents are large and read often.
 */
export function revive<T>(doc: Misnamed<T> extends never ? T : never): T {
  reviveIn(doc);
  return doc as T;
}

function reviveIn(value: unknown): void {
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') reviveIn(item);
    return;
  }
  if (typeof value !== 'object' || value === null || value instanceof Date) return;
  const fields = value as Record<string, unknown>;
  for (const key in fields) {
    const held = fields[key];
    if (typeof held === 'object') reviveIn(held);
    else if (typeof held === 'string' && isTimeKey(key)) fields[key] = new Date(held);
  }
}

function isTimeKey(key: string): key is TimeKey {
  return key === 'at' || key.endsWith('At') || key.endsWith('Until');
}
