/** SQL that each connection prepares at its first use under this name, and from then on need not parse or plan. */
export type Statement = { name: string; text: string };

/** A statement with the values of its parameters. */
export type Bound = Statement & { values: unknown[] };

/**
 * For the few statements that run at every request. The text must never vary, and its results should name their
 * columns: a prepared `*` breaks when a migration adds one.
 */
export function statement(name: string, text: string): (...values: unknown[]) => Bound {
  return (...values) => ({ name, text, values });
}
