import { legTimes } from '../../core/change/legs.ts';
import { idpName } from '../../flow/idps/idps.ts';
import type { Context } from '../../flow/kernel/context.ts';
import { auditOf } from '../../store/audit.ts';
import type { ListedChange } from '../../store/page/changes.ts';
import { entryInWords } from '../entry-words.ts';
import { changeWords, titleOf } from './change-words.ts';

/** A change as `/api/changes` has it, with its timeline. */
export async function describeChange(context: Context, listed: ListedChange) {
  const { change, person } = listed;
  const now = changeWords(context, listed);
  return {
    id: change.id,
    kind: change.kind,
    cause: change.cause,
    state: change.state,
    endedBy: change.revokeId,
    mood: now.mood,
    label: now.label,
    headline: now.headline,
    detail: [now.detail, now.words ?? ''].join(' ').trim(),
    entitlement: { key: change.entitlementKey, title: titleOf(context, change.entitlementKey) },
    person,
    requestedAt: change.requestedAt,
    endsAt: change.grant?.endsAt ?? null,
    late: change.late,
    legs: legTimes(change.legs, change.signedInAt),
    timeline: (await auditOf(context.db, change.id)).map((entry) => ({
      at: entry.at,
      type: entry.type,
      ...entryInWords(entry, change.target === null ? context.idps.name : idpName(context, change.target)),
    })),
  };
}
