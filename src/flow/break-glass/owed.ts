import type { Change } from '../../core/change/change.ts';
import type { PersonId } from '../../core/ids.ts';
import { type ApproverClock, rungsAsked } from '../../core/policy/ladder.ts';
import { mayApprove } from '../../core/policy/routing.ts';
import type { Context } from '../kernel/context.ts';
import { freshPerson } from '../people/identify.ts';
import { byEmail, peopleOf } from '../request/approver-sources.ts';
import { decidedBy } from '../request/deciders.ts';

export type Owing = { id: PersonId; name: string; email: string };

/** Those who owe an emergency its review now; of a rung: those who were asked when the ladder was climbed last. */
export type OwedBy = { people: Owing[]; ofRung: ReadonlySet<PersonId> };

/**
 * The people who may say now whether an emergency was right. They are the approvers of the access with their delegates,
 * the catalogue's admins, and those of the rungs that were asked because the review is overdue. Never who took it.
 */
export async function owedBy(context: Context, change: Change, clock: ApproverClock | null): Promise<OwedBy> {
  const entitlement = context.catalogue.entitlement(change.entitlementKey);
  const beneficiary = await freshPerson(context, change.personId);
  const admins = await Promise.all(
    context.catalogue.current().admins.map((email) => byEmail(context, email)),
  );
  const found: Owing[] = [];
  let lastRung: readonly Owing[] = [];
  if (entitlement !== null && beneficiary !== null) {
    found.push(...mayApprove((await decidedBy(context, { entitlement, beneficiary, change })).plan));
    const rungs = (entitlement.escalation ?? []).slice(0, clock === null ? 0 : rungsAsked(clock, 0));
    for (const { to } of rungs) {
      const about = { entitlement, beneficiary };
      lastRung = (await Promise.all(to.map((source) => peopleOf(context, source, about)))).flat();
      found.push(...lastRung);
    }
  }
  found.push(...admins.flat());
  const people = new Map<PersonId, Owing>();
  for (const { id, name, email } of found)
    if (id !== change.personId && !people.has(id)) people.set(id, { id, name, email });
  return { people: [...people.values()], ofRung: new Set(lastRung.map(({ id }) => id)) };
}
