import { type Emergency, reviewDueAt } from '../../core/break-glass/break-glass.ts';
import type { Change } from '../../core/change/change.ts';
import { mayApprove } from '../../core/policy/routing.ts';
import { readChange } from '../../store/changes.ts';
import { readEmergency } from '../../store/emergencies.ts';
import { peopleWithAccounts } from '../../store/people.ts';
import type { Context } from '../kernel/context.ts';
import { adminContacts } from '../people/admins.ts';
import { type Named, named } from '../people/named.ts';
import { owedBy } from './owed.ts';

/** Everything the messages about an emergency are made of; they are a pure function of this. */
export type EmergencyView = {
  emergency: Emergency;
  change: Change;
  title: string;
  gives: string;
  person: Named;
  /** Who may approve this access otherwise. */
  approvers: Named[];
  admins: Named[];
  channel: string;
  reviewDueAt: Date;
  /** Those who are asked too because nobody has reviewed it in time. */
  askedToo: Named[];
  /** The people of the last reminder. */
  reminded: Named[];
};

export async function readEmergencyView(context: Context, changeId: string): Promise<EmergencyView | null> {
  const [emergency, change] = await Promise.all([
    readEmergency(context.db, changeId),
    readChange(context.db, changeId),
  ]);
  if (emergency === null || change === null) return null;
  const approvers = change.plan === null ? [] : mayApprove(change.plan);
  const reminded = emergency.clock?.reminders.at(-1)?.people ?? [];
  const isApprover = (id: string) => approvers.some((one) => one.id === id);
  const askedToo = await askedByRungs(context, emergency, change);
  const known = await peopleWithAccounts(context.db, {
    ids: [change.personId, ...approvers.map(({ id }) => id), ...reminded.map(({ id }) => id)],
    emails: [],
    system: context.chat.system,
  });
  const person = known.find(({ id }) => id === change.personId);
  if (person === undefined) return null;
  const entitlement = context.catalogue.entitlement(change.entitlementKey);
  return {
    emergency,
    change,
    title: entitlement?.title ?? change.entitlementKey,
    gives: entitlement?.gives ?? '',
    person: await named(context, person),
    approvers: await Promise.all(
      known.filter(({ id }) => id !== change.personId && isApprover(id)).map((one) => named(context, one)),
    ),
    askedToo,
    reminded: await Promise.all(
      known.filter(({ id }) => reminded.some((one) => one.id === id)).map((one) => named(context, one)),
    ),
    ...(await adminContacts(context)),
    reviewDueAt: reviewDueAt(emergency.openedAt),
  };
}

/** Nobody has to be looked up before the first rung is asked. */
async function askedByRungs(context: Context, emergency: Emergency, change: Change): Promise<Named[]> {
  if (emergency.clock?.climbed == null || emergency.review !== null) return [];
  const { people, ofRung } = await owedBy(context, change, emergency.clock);
  const rung = people.filter(({ id }) => ofRung.has(id));
  const known = await peopleWithAccounts(context.db, {
    ids: rung.map(({ id }) => id),
    emails: [],
    system: context.chat.system,
  });
  return await Promise.all(known.map((one) => named(context, one)));
}
