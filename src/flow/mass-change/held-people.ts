import type { By } from '../../core/offboarding/offboarding.ts';
import type { Following, Unit } from '../kernel/commit.ts';

/**
 * What becomes of the case of somebody who was lost with many: `keep`, they have not left and it is over; `revert`, they
 * have left and it goes on. Given by the steps, for a case is offboarding's. `id`: the case's.
 */
export type DecideHeld = (unit: Unit, id: string, choice: 'keep' | 'revert', by: By) => Promise<Following>;
