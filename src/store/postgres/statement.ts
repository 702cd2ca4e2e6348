export type Value = string | number | boolean | Date | null | readonly (string | null)[];

/** SQL that each connection prepares at its first use under this name, with the values of its parameters. */
export type Bound = { name: string; text: string; values: readonly Value[] };

/**
 * For the few statements that run at every request: PostgreSQL parses and plans them once. The text must never vary,
 * and its results must name their columns: a prepared `*` breaks when a migration adds one.
 */
export function statement(name: string, text: string): (...values: Value[]) => Bound {
  return (...values) => ({ name, text, values });
}
