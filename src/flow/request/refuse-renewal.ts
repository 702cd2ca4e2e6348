import type { Grant } from '../../core/membership/desired.ts';
import { type Refusal, refuse } from '../../core/refusal.ts';
import { readChange } from '../../store/changes.ts';
import type { Tx } from '../../store/postgres/database.ts';

/**
 * A reviewer may have said that a grant is not to be renewed. Then it can't be extended before it ends. It is asked for
 * anew afterwards. Null: no reviewer said so.
 */
export async function refuseRenewal(tx: Tx, grants: readonly Grant[]): Promise<Refusal | null> {
  for (const { changeId } of grants) {
    const declined = (await readChange(tx, changeId))?.renewalDeclined;
    if (declined !== undefined)
      return refuse(
        'notRenewed',
        `${declined.name} reviewed this access, and it is not to be renewed.`,
        'Ask for it anew when it has ended, if you still need it then.',
      );
  }
  return null;
}
