import { namesShown } from '../../core/home/who-may-see.ts';
import { nearest } from '../../core/nearest.ts';
import { type Entitlement, sameEmail } from '../../core/policy/catalogue.ts';
import { type Holder, holdersOf } from '../../store/holders.ts';
import type { Person } from '../../store/people.ts';
import type { Context, Data } from '../kernel/context.ts';
import { type Named, namedByEmail } from '../people/named.ts';
import { peopleOf } from '../request/approver-sources.ts';
import { findEntitlements } from '../request/free-text/search.ts';

/** What somebody who asked who holds something is told. */
export type WhoHolds =
  | { is: 'unknown'; meant: Pick<Entitlement, 'key' | 'title'> | null }
  | { is: 'several'; among: Pick<Entitlement, 'key' | 'title'>[] }
  | {
      is: 'one';
      title: string;
      owner: Named;
      count: number;
      /** `reports`: only their own reports and themselves are named. */
      named: 'all' | 'reports';
      holders: Holder[];
    };

/** More entitlements than this fit what was said: it said nothing. */
const SEVERAL_MAX = 10;

/**
 * The holders of the entitlement that these words name. The entitlement, and whether the asker may know, is looked up
 * now. Throws a Fault when the IdP can't say who its approvers are.
 */
export async function whoHolds(context: Context, asker: Person, words: string): Promise<WhoHolds> {
  const found = entitlementsNamed(context, words);
  const [entitlement] = found;
  if (entitlement === undefined) return { is: 'unknown', meant: nearestTo(context, words) };
  if (found.length > 1) return { is: 'several', among: found.slice(0, SEVERAL_MAX) };
  const status = context.catalogue.status(entitlement.key);
  const groupId = status.status === 'unchecked' ? null : (status.target?.groupId ?? null);
  const all = await holdersOf(context.db, { entitlementKey: entitlement.key, groupId }, context.chat.system);
  const named = namesShown({
    isOwner: sameEmail(entitlement.owner, asker.email),
    isAdmin: context.catalogue.current().admins.some((email) => sameEmail(email, asker.email)),
    isApprover: await isApprover(context, asker, entitlement),
  });
  return {
    is: 'one',
    title: entitlement.title,
    owner: await namedByEmail(context, entitlement.owner),
    count: all.length,
    named,
    holders: named === 'all' ? all : all.filter((holder) => isTheirs(holder, asker)),
  };
}

/** By its key, by its title, or what the words fit best. */
function entitlementsNamed({ catalogue }: Pick<Data, 'catalogue'>, words: string): Entitlement[] {
  const { entitlements } = catalogue.current();
  const said = words.trim().toLowerCase();
  const exact = entitlements.filter(({ key, title }) =>
    [key, title].some((name) => name.toLowerCase() === said),
  );
  if (exact.length > 0) return exact;
  // A key with a slip in it is no search for all that sound alike.
  if (said.includes('-') && nearestTo({ catalogue }, said) !== null) return [];
  const fits = findEntitlements(said, entitlements, entitlements.length);
  const inTitle = fits.filter(({ key, title }) =>
    said.split(/\s+/).every((word) => `${key} ${title}`.toLowerCase().includes(word)),
  );
  return inTitle.length > 0 ? inTitle : fits;
}

function nearestTo({ catalogue }: Pick<Data, 'catalogue'>, words: string) {
  const { entitlements } = catalogue.current();
  const key = nearest(
    words.trim(),
    entitlements.map((e) => e.key),
  );
  return entitlements.find((e) => e.key === key) ?? null;
}

/**
 * Whether they may approve it for somebody: named, on call, in a group; a manager approves for their own reports alone.
 */
async function isApprover(context: Context, asker: Person, entitlement: Entitlement): Promise<boolean> {
  for (const source of entitlement.approvers.stages.flatMap(({ sources }) => sources)) {
    if ('manager' in source) continue;
    const people = await peopleOf(context, source, { entitlement, beneficiary: asker });
    if (people.some(({ id }) => id === asker.id)) return true;
  }
  return false;
}

function isTheirs({ personId, manager }: Holder, asker: Person): boolean {
  if (personId === asker.id) return true;
  return manager !== null && (sameEmail(manager, asker.login) || sameEmail(manager, asker.email));
}
