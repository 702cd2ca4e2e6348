import { createHash } from 'node:crypto';
import type { TeamRole } from '../ports/mulesoft.ts';

/** Eight hex digits for each role, so that what was added since can be told from it; `none` for a team without. */
export function fingerprintOf(roles: readonly TeamRole[]): string {
  const marks = [...new Set(roles.map(markOf))].sort();
  return marks.length === 0 ? 'none' : marks.join('-');
}

/** Those that the team did not have when it was reviewed. */
export function grownSince(reviewed: string, roles: readonly TeamRole[]): TeamRole[] {
  const before = new Set(reviewed.split('-'));
  return roles.filter((role) => !before.has(markOf(role)));
}

function markOf({ id, orgId, environmentId }: TeamRole): string {
  return createHash('sha256')
    .update(`${id} ${orgId ?? ''} ${environmentId ?? ''}`)
    .digest('hex')
    .slice(0, 8);
}

/** How much a role lets people do, by its name: Anypoint's own roles say it there, and made ones mostly do. */
export function reachOf(name: string): 'administer' | 'change' | 'read' {
  if (/\b(admin\w*|owner|manage organi[sz]ation|super)\b/i.test(name)) return 'administer';
  if (
    /\b(view\w*|read\w*|monitor\w*|audit\w*|list|browse)\b/i.test(name) &&
    !/\b(edit|write|manage)\b/i.test(name)
  )
    return 'read';
  return 'change';
}

/** The "default group" trap: who is let in to look around gets administration too. */
export function mixesAdministration(
  roles: readonly TeamRole[],
): { administer: string[]; read: string[] } | null {
  const named = (reach: ReturnType<typeof reachOf>) => [
    ...new Set(roles.map((role) => role.name).filter((name) => reachOf(name) === reach)),
  ];
  const administer = named('administer');
  const read = named('read');
  return administer.length > 0 && read.length > 0 ? { administer, read } : null;
}
