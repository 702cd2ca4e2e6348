import { CompiledQuery } from 'kysely';
import type { Tx } from './database.ts';

/** SQL that each connection prepares at its first use under this name, and from then on need not parse or plan. */
export type Statement = { name: string; text: string };

const names = new Map<string, string>();

/**
 * For the few statements that run at every request. The text must never vary, and its results should name their
 * columns: a prepared `*` breaks when a migration adds one.
 */
export function statement(name: string, text: string): Statement {
  names.set(text, name);
  return { name, text };
}

/** The name under which a text is prepared; undefined for all others. */
export function nameOf(text: string): string | undefined {
  return names.get(text);
}

export async function run<Row>(tx: Tx, { text }: Statement, values: readonly unknown[]): Promise<Row[]> {
  return (await tx.executeQuery<Row>(CompiledQuery.raw(text, [...values]))).rows;
}
