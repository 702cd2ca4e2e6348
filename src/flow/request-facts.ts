import type { Entitlement } from '../core/catalogue.ts';
import type { Change } from '../core/change.ts';
import type { EntitlementKey } from '../core/ids.ts';
import { conflictsOf, type Duties, type Holding, withInherited } from '../core/separation.ts';
import { type RequestFacts, type Weekday, weekdays } from '../core/verdict.ts';
import type { Db, Tx } from '../store/database.ts';
import { holding } from '../store/grants.ts';
import { heldBeside } from '../store/holdings.ts';
import type { Person } from '../store/people.ts';
import type { Road } from './road.ts';

/** Everything that is known of a request and that rules may ask about. */
export async function requestFacts(
  road: Pick<Road, 'catalogue'>,
  db: Db | Tx,
  asked: {
    entitlement: Entitlement;
    beneficiary: Person;
    /** Null: nobody asked. */
    change: Pick<Change, 'id' | 'cause' | 'requesterId' | 'requestedSeconds' | 'requestedAt' | 'ticket'>;
  },
): Promise<RequestFacts> {
  const { entitlement, beneficiary, change } = asked;
  const duties = await dutiesOf(road, db, entitlement, beneficiary.id, change);
  const { earlierGrants } = await holding(
    db,
    { entitlementKey: entitlement.key, personId: beneficiary.id, department: beneficiary.department },
    change.requestedAt,
  );
  const { email, department, title, isActive } = beneficiary;
  return {
    entitlement,
    beneficiary: { email, department, title, isActive },
    requestedSeconds: change.requestedSeconds ?? entitlement.defaultSeconds,
    isForSomebodyElse: change.requesterId !== beneficiary.id,
    hasTicket: change.ticket !== null,
    isExtension: change.cause === 'extension',
    earlierGrants,
    ...clockOf(change.requestedAt, beneficiary.timeZone),
    duties,
    conflicts: conflictsOf(road.catalogue.current(), entitlement, duties),
  };
}

/** What the person has or is about to have, by name, and what the entitlement brings with it. */
async function dutiesOf(
  road: Pick<Road, 'catalogue'>,
  db: Db | Tx,
  entitlement: Entitlement,
  personId: string,
  change: { id: string; requestedAt: Date } | null,
): Promise<Duties> {
  const { catalogue } = road;
  const held = await heldBeside(db, personId, change);
  const before = catalogue
    .current()
    .entitlements.filter((e) => held.groupNames.includes(e.idpGroup))
    .map((e) => e.key as string);
  const of = (keys: readonly string[], how: Holding['how']) =>
    [...new Set(keys)]
      .sort()
      .filter((key) => key !== entitlement.key)
      .map((key): Holding => ({ entitlementKey: key as EntitlementKey, how, through: null }));
  const holdings = [...of([...held.granted, ...before], 'held'), ...of(held.pending, 'pending')];
  return { holdings: withInherited(holdings, catalogue.brings), brings: catalogue.brings(entitlement.key) };
}

/** Hour and day by the clock of a person; of whom it is not known where they are, nothing. */
export function clockOf(
  at: Date,
  timeZone: string | null,
): { hour: number; weekday: Weekday } | Record<string, never> {
  if (timeZone === null || !isTimeZone(timeZone)) return {};
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hour: 'numeric',
    weekday: 'long',
    hourCycle: 'h23',
  }).formatToParts(at);
  const part = (type: string) => parts.find((p) => p.type === type)?.value ?? '';
  const weekday = weekdays.find((day) => day === part('weekday').toLowerCase());
  return weekday === undefined ? {} : { hour: Number(part('hour')), weekday };
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
