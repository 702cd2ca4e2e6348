import type { Note, Unit } from '../flow/kernel/commit.ts';
import { MAX_NOTED_IDS } from '../store/scim/member-moves.ts';
import type { Scim } from './endpoint.ts';
import type { Difference } from './members.ts';

export type Named = { id: string; display_name: string };

export function groupNote(
  scim: Scim,
  unit: Unit,
  row: Named,
  what: { did: 'created' | 'changed' | 'deleted' } | { did: 'renamed'; formerName: string },
): Note {
  return {
    type: 'scimGroupChanged',
    at: unit.now,
    actor: scim.client,
    changeId: null,
    data: {
      scimGroupId: row.id,
      groupName: row.display_name,
      ...what,
    },
  };
}

/** No note where no member moved. */
export function memberNotes(scim: Scim, unit: Unit, row: Named, difference: Difference): Note[] {
  const { added, removed } = difference;
  return membersNote(scim, unit, row, { added: [...added.keys()], removed: [...removed.keys()] });
}

/** No note where no member moved. */
export function membersNote(
  scim: Scim,
  unit: Unit,
  row: Named,
  { added, removed }: { added: string[]; removed: string[] },
): Note[] {
  if (added.length === 0 && removed.length === 0) return [];
  const data = {
    scimGroupId: row.id,
    groupName: row.display_name,
    addedCount: added.length,
    removedCount: removed.length,
    added: added.slice(0, MAX_NOTED_IDS),
    removed: removed.slice(0, MAX_NOTED_IDS),
  };
  return [{ type: 'scimMembersChanged', at: unit.now, actor: scim.client, changeId: null, data }];
}
