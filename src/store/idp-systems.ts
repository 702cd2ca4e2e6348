import { type RawBuilder, sql } from 'kysely';

/**
 * Whether a link's `system` is an identity provider's. It is where it is none of the others: the chat, Anypoint, and a
 * directory that only tells.
 */
export function isOfIdp(system: string): RawBuilder<boolean> {
  return sql`${sql.ref(system)} not in ('slack', 'anypoint', 'graph')`;
}
