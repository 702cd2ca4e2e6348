import type { Change } from '../../core/change/change.ts';
import type { Grant } from '../../core/membership/desired.ts';
import { type Refusal, refuse } from '../../core/refusal.ts';
import { readChange } from '../../store/changes.ts';
import { unendedGrants } from '../../store/grants.ts';
import type { Db, Tx } from '../../store/postgres/database.ts';

/**
 * A reviewer may have said that a grant is not to be renewed. Then it can't be extended before it ends. It is asked for
 * anew afterwards. Null: no reviewer said so.
 */
export async function refuseRenewal(db: Db | Tx, grants: readonly Grant[]): Promise<Refusal | null> {
  for (const { changeId } of grants) {
    const declined = (await readChange(db, changeId))?.renewalDeclined;
    if (declined !== undefined)
      return refuse(
        'notRenewed',
        `${declined.name} reviewed this access, and it is not to be renewed.`,
        'It can be asked for anew when it has ended.',
      );
  }
  return null;
}

/**
 * Why an extension, or a start in the future, that was asked for before a reviewer said so can't be given; of anything
 * else null.
 */
export async function refuseWaitingRenewal(
  db: Db | Tx,
  {
    cause,
    personId,
    entitlementKey,
    startsAt,
  }: Pick<Change, 'cause' | 'personId' | 'entitlementKey' | 'startsAt'>,
): Promise<Refusal | null> {
  if (cause !== 'extension' && startsAt === undefined) return null;
  return await refuseRenewal(db, await unendedGrants(db, { personId, entitlementKey }));
}
