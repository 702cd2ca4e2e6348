import type { Job } from '../../core/jobs/reactions.ts';
import type { Target } from '../../core/policy/catalogue.ts';
import type { IdentityProvider } from '../../ports/identity-provider.ts';
import type { Person } from '../../store/people.ts';
import type { Context, Data, Parties } from '../kernel/context.ts';

/** Each ready group once, however many entitlements it carries. */
export function readyTargets(context: Pick<Context, 'catalogue'>): Target[] {
  const targets = new Map<string, Target>();
  for (const { key } of context.catalogue.current().entitlements) {
    const status = context.catalogue.status(key);
    if (status.status === 'ready') targets.set(status.target.groupId, status.target);
  }
  return [...targets.values()];
}

/** The identity provider that a group of the catalogue is in. */
export function idpOfGroup(context: Data & Parties, groupId: string): IdentityProvider {
  const target = context.catalogue.targets().find((one) => one.groupId === groupId);
  return target === undefined ? context.idps.first : context.idps.of(target.idp);
}

/** Every team that Latchkey manages, made true for this person. */
export function everyTeam(context: Data, person: Pick<Person, 'id'>): Job[] {
  const teams = new Set(context.catalogue.targets().map((target) => target.teamId));
  return [...teams].map((teamId) => ({ job: 'deliverToTeam', personId: person.id, teamId }));
}
