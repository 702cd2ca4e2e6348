declare module 'pg/lib/utils' {
  /** A value as pg sends it: text, or bytes. */
  export function prepareValue(value: unknown): string | Buffer | null;
}
