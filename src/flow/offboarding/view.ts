import type { Change } from '../../core/change/change.ts';
import type { AtAGlance } from '../../core/facts/at-a-glance.ts';
import {
  isWorthTelling,
  type Offboarding,
  type OffboardingItem,
  wasOnlyHeld,
} from '../../core/offboarding/offboarding.ts';
import type { Removed } from '../../core/offboarding/words.ts';
import { sameEmail } from '../../core/policy/catalogue.ts';
import { readChange } from '../../store/changes.ts';
import { leaversAmong, readOffboarding } from '../../store/offboardings.ts';
import { linkOf, type Person, peopleByEmail, readPerson } from '../../store/people.ts';
import { homeOf } from '../../store/person-home.ts';
import { possibleDuplicatesOf } from '../../store/possible-duplicates.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { delegateOf } from '../delegation/delegate.ts';
import { at, idpName } from '../idps/idps.ts';
import type { Context, Data, Parties } from '../kernel/context.ts';
import { type Named, named, namedByEmail } from '../people/named.ts';
import { managerName } from '../people/reports-to.ts';

export type AskedOwner = { to: Named; items: OffboardingItem[]; insteadOf?: Named };

/** Everything the messages about a leaver's case are made of; they are a pure function of this. */
export type OffboardingView = {
  /** The identity provider's name in sentences. */
  idpName: string;
  offboarding: Offboarding;
  person: Named;
  /** As the directory has them; null: that is not shown. */
  who: AtAGlance['who'] | null;
  /** Whether the IdP has them active still: then whoever has left can sign in. */
  isActiveInIdp: boolean;
  admins: Named[];
  /**
   * The people who decide, with their applications. The admins stand in for an owner who can't be reached. `insteadOf`:
   * who is away and has named them.
   */
  owners: AskedOwner[];
  /** The owners whom the applications name, by e-mail. */
  named: Record<string, Named>;
  /** Titles of what was granted, has ended, and has time left. */
  restorable: string[];
  /** Once it is taken back: what was taken away before. */
  removed: Removed;
  /** Active accounts elsewhere that may be theirs, and that nothing shows to be; left out: there are none. */
  perhapsTheirs?: { name: string; idpName: string }[];
  /** What the catalogue still names them for. */
  duties: string[];
  channel: string;
  objectiveMs: number;
};

/** By a possible duplicate of the record: another identity provider has somebody active by their address. */
async function accountsApart(
  context: Context,
  { id }: Person,
): Promise<Pick<OffboardingView, 'perhapsTheirs'>> {
  const found: { name: string; idpName: string }[] = [];
  for (const other of (await possibleDuplicatesOf(context.db, [id])).get(id) ?? []) {
    const [person, home] = [await readPerson(context.db, other), await homeOf(context.db, other)];
    if (person?.isActive === true && home !== null)
      found.push({ name: person.name, idpName: idpName(context, { idp: home.system }) });
  }
  return found.length === 0 ? {} : { perhapsTheirs: found };
}

export async function readOffboardingView(context: Context, id: string): Promise<OffboardingView | null> {
  const offboarding = await readOffboarding(context.db, id);
  const person = offboarding === null ? null : await readPerson(context.db, offboarding.personId);
  if (offboarding === null || person === null) return null;
  const catalogue = context.catalogue.current();
  const admins = await Promise.all(catalogue.admins.map((email) => reach(context, email)));
  return {
    idpName: context.idps.name,
    offboarding,
    person: await named(context, {
      ...person,
      accountId: await linkOf(context.db, person.id, context.chat.system),
    }),
    who: {
      title: person.title,
      department: person.department,
      manager: await managerName(at(context, {}), person),
      since: person.since?.toISOString() ?? null,
    },
    isActiveInIdp: person.status === 'active' && offboarding.cause !== 'deleted',
    admins: admins.filter((admin): admin is Reached => admin !== null),
    ...(await ownersOf(context, offboarding)),
    restorable: (await restorableOf(context, offboarding)).map(({ title }) => title),
    removed: await removedOf(context, offboarding),
    ...(await accountsApart(context, person)),
    duties: dutiesOf(context, person),
    channel: catalogue.channel,
    objectiveMs: context.objectiveMs,
  };
}

/** Changes whose grants ended with the case, were not restored, and have time left. */
export async function restorableOf(
  context: Data,
  offboarding: Offboarding,
): Promise<{ changeId: string; entitlementKey: string; title: string }[]> {
  if (offboarding.state !== 'returned' && offboarding.state !== 'cancelled') return [];
  const now = await databaseNow(context.db);
  const restored = new Set(offboarding.restored.flatMap((one) => one.changeIds as string[]));
  const found = [];
  for (const id of offboarding.ended) {
    const change = restored.has(id) ? null : await readChange(context.db, id);
    const entitlement = change === null ? null : context.catalogue.entitlement(change.entitlementKey);
    if (change?.grant == null || entitlement === null || change.grant.endsAt <= now) continue;
    found.push({ changeId: change.id, entitlementKey: entitlement.key, title: entitlement.title });
  }
  return found;
}

async function removedOf(context: Data, o: Offboarding): Promise<Removed> {
  const removed: Removed = { gone: [], left: [] };
  if (o.cancelled === null) return removed;
  const now = await databaseNow(context.db);
  const stopped = new Set<string>(o.cancelled.stopped);
  const restored = new Set<string>(o.restored.flatMap((one) => one.changeIds));
  const titleOf = (change: Change) =>
    context.catalogue.entitlement(change.entitlementKey)?.title ??
    change.target?.groupName ??
    change.entitlementKey;
  const granted = new Set<string>();
  for (const id of o.ended) {
    const change = await readChange(context.db, id);
    if (change?.grant == null) continue;
    if (change.revokeId !== null) granted.add(change.revokeId);
    const isThere = restored.has(id) || stopped.has(change.revokeId ?? '');
    if (!isThere && change.grant.endsAt > now)
      removed.gone.push({ title: titleOf(change), until: change.grant.endsAt });
  }
  for (const id of o.revokes) {
    const change = stopped.has(id) || !granted.has(id) ? await readChange(context.db, id) : null;
    if (change === null) continue;
    if (stopped.has(id)) removed.left.push(change.target?.groupName ?? titleOf(change));
    else removed.gone.push({ title: titleOf(change), until: null });
  }
  return removed;
}

/**
 * The people who decide on an application: the owners of the APIs that it calls, and the admins where one of those has
 * none here.
 */
async function ownersOf(
  context: Data & Parties,
  offboarding: Offboarding,
): Promise<Pick<OffboardingView, 'owners' | 'named'>> {
  const byAccount = new Map<string, AskedOwner & { to: Reached }>();
  const reached = new Map<string, Reached | null>();
  const of = async (email: string) => {
    const known = reached.get(email) ?? (await reach(context, email));
    reached.set(email, known);
    return known?.accountId == null ? null : known;
  };
  const all = async (emails: readonly string[]) => {
    const people = await Promise.all(emails.map(of));
    return people.filter((one): one is Reached => one !== null);
  };
  for (const item of offboarding.items) {
    const owners = await all(item.owners);
    const isOwned = owners.length > 0 && item.contracts.every(({ owner }) => owner !== null);
    const admins = isOwned && !isForAdmins(item) ? [] : await all(context.catalogue.current().admins);
    const asked = new Map([...owners, ...admins].map((one) => [one.accountId, one]));
    for (const to of asked.values()) {
      const key = to.accountId as string;
      const mine = byAccount.get(key) ?? { to, items: [] };
      mine.items.push(item);
      byAccount.set(key, mine);
    }
  }
  const known = [...reached].flatMap(([email, one]) => (one === null ? [] : [[email, one] as const]));
  const owners = [...byAccount.values()];
  return { owners: await withTheirDelegates(context, owners), named: Object.fromEntries(known) };
}

/** With those who decide in the stead of an owner or admin who is away, each once. */
async function withTheirDelegates(
  context: Data & Parties,
  asked: readonly (AskedOwner & { to: Reached })[],
): Promise<AskedOwner[]> {
  const all = new Map<string, AskedOwner>(
    asked.map((one) => [one.to.accountId ?? '', { ...one, items: [...one.items] }]),
  );
  for (const { to, items } of asked) {
    const delegate = to.personId === null ? null : await delegateOf(context, to.personId);
    if (delegate?.accountId == null) continue;
    const theirs = all.get(delegate.accountId);
    if (theirs === undefined) all.set(delegate.accountId, { to: delegate, items: [...items], insteadOf: to });
    else theirs.items.push(...items.filter((item) => !theirs.items.includes(item)));
  }
  return [...all.values()];
}

/** Whether only an admin is left to say so: whoever would get it is the only one who has a say in it. */
function isForAdmins({ agreed = [], decision, settled }: OffboardingItem): boolean {
  return decision === null && settled === null && agreed.some(({ by, to }) => by.id === to.id);
}

/** `personId` null: only their e-mail is known. */
type Reached = Named & { personId: string | null };

/** The person with this e-mail, as far as they are here; null: they have left. */
async function reach(context: Data & Parties, email: string): Promise<Reached | null> {
  const known = await peopleByEmail(context.db, email);
  const leavers = await leaversAmong(
    context.db,
    known.map((p) => p.id),
  );
  const person = known.find((p) => p.isActive && !leavers.has(p.id));
  if (person === undefined && known.length > 0) return null;
  if (person === undefined) return { ...(await namedByEmail(context, email)), personId: null };
  const accountId = await linkOf(context.db, person.id, context.chat.system);
  return { ...(await named(context, { ...person, accountId })), personId: person.id };
}

function dutiesOf(context: Data, person: Person): string[] {
  const { admins, entitlements } = context.catalogue.current();
  const owned = entitlements
    .filter((e) => sameEmail(e.owner, person.email))
    .map((e) => `owner of ${e.title}`);
  return [...(admins.some((email) => sameEmail(email, person.email)) ? ['admin'] : []), ...owned];
}

/** The content of its messages. Null: it is not worth a word, or is told on a card with many others. */
export async function toldOffboarding(context: Context, id: string): Promise<OffboardingView | null> {
  const view = await readOffboardingView(context, id);
  if (view === null || !isWorthTelling(view.offboarding)) return null;
  return wasOnlyHeld(view.offboarding) ? null : view;
}
