import type { Job } from '../../core/jobs/reactions.ts';
import type { Target } from '../../core/policy/catalogue.ts';
import type { Person } from '../../store/people.ts';
import type { Context, Data } from '../kernel/context.ts';

/** Each ready group once, however many entitlements it carries. */
export function readyTargets(context: Pick<Context, 'catalogue'>): Target[] {
  const targets = new Map<string, Target>();
  for (const { key } of context.catalogue.current().entitlements) {
    const status = context.catalogue.status(key);
    if (status.status === 'ready') targets.set(status.target.groupId, status.target);
  }
  return [...targets.values()];
}

/** Every team that Latchkey manages, made true for this person. */
export function everyTeam(context: Data, person: Pick<Person, 'id'>): Job[] {
  const teams = new Set(context.catalogue.targets().map((target) => target.teamId));
  return [...teams].map((teamId) => ({ job: 'deliverToTeam', personId: person.id, teamId }));
}
