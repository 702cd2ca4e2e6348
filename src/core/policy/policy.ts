import type { Catalogue } from './catalogue.ts';
import type { Rules } from './verdict.ts';

/** The policy in force, whole: the catalogue with the written clauses, and the rules. Swapped as one. */
export type Policy = { catalogue: Catalogue; rules: Rules };
