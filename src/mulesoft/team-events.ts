import { z } from 'zod';
import { isStorable, oneLine } from '../core/storable.ts';
import type { TeamEvent } from '../ports/usage.ts';
import type { AuditRow } from './use-records.ts';

/**
 * What an entry of the audit log about a team has besides: JSON in a string (docs-access-management,
 * audit-logging.adoc). Members that are put in come as objects, those that are taken out as ids.
 */
const payloadSchema = z.object({
  subaction: z.string(),
  payload: z.unknown().optional(),
  data: z.unknown().optional(),
});
const membersSchema = z.array(z.union([z.string().min(1), z.object({ id: z.string().min(1) })])).min(1);
const NAME_MAX = 200;
const directions: Readonly<Record<string, TeamEvent['direction']>> = {
  'add members': 'added',
  'remove members': 'removed',
};

/** What one entry tells of teams' members. One that does not say whose membership it was is told without. */
export function teamEventsIn({ timestamp, userId, userName, objects, payload }: AuditRow): TeamEvent[] {
  const told = payloadSchema.safeParse(typeof payload === 'string' ? parsed(payload) : payload).data;
  const direction = directions[told?.subaction.toLowerCase() ?? ''];
  const team = (objects ?? []).find(({ objectType }) => objectType?.toLowerCase() === 'team');
  const at = new Date(timestamp);
  const id = team?.objectId ?? '';
  if (
    told === undefined ||
    direction === undefined ||
    !isStorable(id) ||
    id === '' ||
    Number.isNaN(at.getTime())
  )
    return [];
  const of = {
    team: { id, name: named(team?.objectName) },
    direction,
    actor: { id: named(userId), name: named(userName) },
    at,
  };
  const members = membersSchema.safeParse(told.payload ?? told.data).data;
  if (members === undefined) return [{ ...of, account: null }];
  return members
    .map((member) => (typeof member === 'string' ? member : member.id))
    .map((account) => ({ ...of, account: isStorable(account) ? account : null }));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function named(text: string | null | undefined): string {
  return text != null && isStorable(text) ? oneLine(text).slice(0, NAME_MAX) : '';
}
