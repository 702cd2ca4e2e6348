export type Value = string | number | boolean | Date | null | readonly (string | null)[];

/** SQL with the values of its parameters. Each connection prepares it at its first use under this name; '': not. */
export type Bound = { name: string; text: string; values: readonly unknown[] };

/**
 * For the few statements that run at every request: PostgreSQL parses and plans them once. The text must never vary,
 * and its results must name their columns: a prepared `*` breaks when a migration adds one.
 */
export function statement(name: string, text: string): (...values: Value[]) => Bound {
  return (...values) => ({ name, text, values });
}
