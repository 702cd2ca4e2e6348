import type { By } from '../../core/offboarding/offboarding.ts';
import type { Following, Unit } from '../kernel/commit.ts';

/**
 * Settles the case of a person who was lost with many others:
 * - `keep`: they have not left, and the case is over
 * - `revert`: they have left, and the case goes on
 *
 * Given by the steps, for a case is offboarding's. `id`: the case's.
 */
export type DecideHeld = (unit: Unit, id: string, choice: 'keep' | 'revert', by: By) => Promise<Following>;
