import type { MassChange } from '../../core/mass-change/mass-change.ts';
import { type Entitlement, mayRequest } from '../../core/policy/catalogue.ts';
import { conflictsOf } from '../../core/policy/separation.ts';
import type { RequestFacts } from '../../core/policy/verdict.ts';
import { heldByAll } from '../../store/holdings.ts';
import { type ItemPerson, itemPeople } from '../../store/mass-changes.ts';
import type { Context } from '../kernel/context.ts';
import { clockOf, dutiesFrom } from '../request/request-facts.ts';

/** People read at once. */
const CHUNK = 1_000;

/**
 * The facts that rules may ask about, of everything that is to be decided on one card. One item stands for all items
 * that differ in nothing that a rule looks at. Slack and the IdP are not asked whether each of so many people is on
 * call. Each is there twice, on call and not. So the rules' answer to either counts.
 */
export async function factsOnCard(
  context: Pick<Context, 'db' | 'catalogue'>,
  mass: MassChange,
): Promise<RequestFacts[]> {
  const { looksAt } = context.catalogue.rules();
  const kinds = new Map<string, RequestFacts>();
  const items = (await itemPeople(context.db, mass.id)).flatMap((item) => {
    const entitlement = context.catalogue.entitlement(item.entitlementKey ?? mass.entitlementKey ?? '');
    return entitlement === null ? [] : [{ item, entitlement }];
  });
  for (let at = 0; at < items.length; at += CHUNK) {
    const chunk = items.slice(at, at + CHUNK);
    const held = await heldByAll(
      context.db,
      [...new Set(chunk.map(({ item }) => item.personId))],
      [...new Set(chunk.map(({ entitlement }) => entitlement.key))],
    );
    for (const { item, entitlement } of chunk) {
      const known = held.get(item.personId);
      if (known === undefined) continue;
      const facts = factsOf(context, entitlement, item, { held: known, at: mass.openedAt });
      const kind = kindOf(facts, looksAt);
      if (!kinds.has(kind)) kinds.set(kind, facts);
    }
  }
  const all = [...kinds.values()];
  return looksAt.has('onCall')
    ? [true, false].flatMap((isOnCall) => all.map((facts) => ({ ...facts, isOnCall })))
    : all;
}

type HeldOne = NonNullable<Awaited<ReturnType<typeof heldByAll>> extends Map<string, infer H> ? H : never>;

/** What was found is nobody's request. */
function factsOf(
  context: Pick<Context, 'catalogue'>,
  entitlement: Entitlement,
  { email, department, title, status, timeZone }: ItemPerson,
  { held, at }: { held: HeldOne; at: Date },
): RequestFacts {
  const duties = dutiesFrom(context, entitlement, held);
  return {
    entitlement,
    beneficiary: { email, department, title, isActive: status === 'active' },
    requestedSeconds: entitlement.defaultSeconds,
    isForSomebodyElse: true,
    isAskedFor: false,
    hasTicket: false,
    isExtension: false,
    earlierGrants: held.earlierGrants.get(entitlement.key) ?? 0,
    ...clockOf(at, timeZone),
    duties,
    conflicts: conflictsOf(context.catalogue.current(), entitlement, duties),
  };
}

/** Facts by the names that rules call them by; one that no rule looks at makes no difference. */
function kindOf(facts: RequestFacts, looksAt: ReadonlySet<string>): string {
  const { entitlement, beneficiary, hour, weekday, earlierGrants, conflicts = [] } = facts;
  const those = (how: string) => conflicts.filter((c) => c.how === how).map((c) => c.with);
  const { email, department, title, isActive } = beneficiary;
  const floor = isActive && mayRequest(entitlement.requestableBy, beneficiary);
  const named = {
    email,
    department,
    title,
    beneficiaryEmail: email,
    beneficiaryDepartment: department,
    beneficiaryTitle: title,
    hour,
    weekday,
    earlierGrants,
    conflictsHeld: [...those('held'), ...those('scheduled')],
    conflictsPending: those('pending'),
    conflictsInherited: those('inherited'),
  };
  return JSON.stringify([
    entitlement.key,
    floor,
    Object.entries(named).filter(([name]) => looksAt.has(name)),
  ]);
}
