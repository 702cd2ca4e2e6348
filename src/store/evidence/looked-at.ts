import { sql } from 'kysely';

/** What a review is called by where somebody looked at an access in it; of a campaign `k`. */
export const inReview = sql`'the review “' || (k.doc->>'name') || '”'`;

/** What a digest `g` of a reader `w` is called by. */
export const inDigest = sql`'the weekly digest for ' || w.name || ', ' || to_char(g.week, 'YYYY-MM-DD')`;
