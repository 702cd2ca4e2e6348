import type { Change } from '../../core/change/change.ts';
import { type HomePages, type Paged, pageOf } from '../../core/home/pages.ts';
import type { PersonId } from '../../core/ids.ts';
import { sameEmail } from '../../core/policy/catalogue.ts';
import { mayApprove } from '../../core/policy/routing.ts';
import type { Refusal } from '../../core/refusal.ts';
import type { Usage } from '../../core/usage/usage.ts';
import { endingOf } from '../../store/changes.ts';
import { heldBy, openAround, overFor, reviewsOf } from '../../store/homes.ts';
import { baselineGroups } from '../../store/offboardings.ts';
import { type Person, peopleWithAccounts } from '../../store/people.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { readUsage } from '../../store/usage.ts';
import type { Context, Data, Parties } from '../kernel/context.ts';
import type { Named } from '../people/named.ts';
import { choices } from '../request/bundles.ts';
import { type HomeAdmin, readHomeAdmin } from './admin.ts';
import { type HomeWaiting, linksOf, readWaiting } from './waiting.ts';

/** Something that the reader has. */
export type HomeAccess = {
  title: string;
  /** The access that it gives, in the catalogue's words; null: the catalogue has it no more. */
  gives: string | null;
  /** The grant that ends last; null: they were in the group before Latchkey, without an end. */
  change: Change | null;
  ending: Change | null;
  /** Since when they have it without a gap, as far as it is known. */
  since: Date | null;
  /** An extension that is asked for and not decided. */
  extension: Change | null;
};

/** A change that is not decided yet, or is on its way, or is over. */
export type HomeChange = {
  change: Change;
  ending: Change | null;
  title: string;
  /** E-mail of the owner; null: the catalogue has it no more. */
  owner: string | null;
  /** Whether the reader may ask for the same again. */
  mayAsk: boolean;
};

/** A review that waits for the reader. */
export type HomeReview = {
  title: string;
  /** How far it is, in plain words. */
  progress: string;
  dueAt: Date | null;
  /** Where it is done; null: not known. */
  url: string | null;
};

/** Everything a Home tab shows; the tab is a pure function of it. */
export type HomeFacts = {
  idpName: string;
  signInUrl: string;
  reader: { id: PersonId; name: string };
  /** Whether there is anything that they may ask for. */
  mayAsk: boolean;
  waiting: Paged<HomeWaiting>;
  reviews: Paged<HomeReview>;
  access: Paged<HomeAccess>;
  /** When they last used Anypoint; no record says which of their accesses they used. */
  usage: Usage;
  requests: Paged<HomeChange>;
  past: Paged<HomeChange>;
  /** For the catalogue's admins; null: the reader is none. */
  admin: HomeAdmin | null;
  /** Everybody whom it names, by our id, and by e-mail in small letters. */
  people: ReadonlyMap<string, Named>;
};

/** The Home of somebody who may not use Latchkey: why, and whom they can turn to. */
export type RefusedHome = { refusal: Refusal; contacts: Named[] };

/** More open requests of one person than this are not counted. */
const REQUESTS_MAX = 200;
/** For so long what is over can be asked for again from the Home tab, in days. */
const OVER_DAYS = 30;

/** What the Home of this person shows now. Asks nobody outside. */
export async function readHomeFacts(context: Context, person: Person, pages: HomePages): Promise<HomeFacts> {
  const { db, catalogue } = context;
  const offered = new Set(choices(context, person).map(({ key }) => key));
  const isAdmin = catalogue.current().admins.some((email) => sameEmail(email, person.email));
  const now = await databaseNow(db);
  const [held, open, over, waiting, baseline, usage, admin] = await Promise.all([
    heldBy(db, person.id),
    openAround(db, person.id, REQUESTS_MAX),
    overFor(db, person.id, OVER_DAYS),
    readWaiting(context, person, { isAdmin, pages }),
    baselineGroups(db, person.id),
    readUsage(db, [person.id], now),
    isAdmin ? readHomeAdmin(context, pages) : null,
  ]);
  const access = await accessOf(context, held, open, baseline);
  const isOpen = (key: string) =>
    held.some(({ change }) => change.entitlementKey === key) ||
    open.some((change) => change.entitlementKey === key && change.personId === person.id);
  // An extension stands with what it extends.
  const requests = open.filter((change) => !access.some(({ extension }) => extension?.id === change.id));
  const asLine = async (change: Change): Promise<HomeChange> => {
    const entitlement = catalogue.entitlement(change.entitlementKey);
    return {
      change,
      ending: await endingOf(db, change),
      title: entitlement?.title ?? change.entitlementKey,
      owner: entitlement?.owner ?? null,
      mayAsk: offered.has(change.entitlementKey),
    };
  };
  const past = pageOf(
    over.filter(({ entitlementKey }) => !isOpen(entitlementKey)),
    'past',
    pages,
  );
  const asked = pageOf(requests, 'requests', pages);
  const reviews = await readReviews(context, person, pages);
  const facts = {
    idpName: context.idps.name,
    signInUrl: context.signInUrl,
    reader: { id: person.id, name: person.name },
    mayAsk: offered.size > 0,
    waiting,
    reviews,
    access: pageOf(access, 'access', pages),
    usage: usage.get(person.id) ?? ({ known: 'unknown', why: '' } as const),
    requests: { ...asked, shown: await Promise.all(asked.shown.map(asLine)) },
    past: { ...past, shown: await Promise.all(past.shown.map(asLine)) },
    admin,
  };
  return { ...facts, people: await peopleIn(context, facts) };
}

/** The lines that the reader is to review, each with the message in which it is done. */
async function readReviews(context: Context, { id }: Person, pages: HomePages): Promise<Paged<HomeReview>> {
  const page = pageOf(await reviewsOf(context.db, id), 'reviews', pages);
  const links = await linksOf(
    context,
    page.shown.map((part) => part.id),
    'card',
  );
  return {
    ...page,
    shown: page.shown.map((part) => ({
      title: part.name,
      progress: `${part.decided} of ${part.lines} lines submitted.`,
      dueAt: part.dueAt,
      url: links.get(part.id) ?? null,
    })),
  };
}

/** The access held by grants, the one that ends first before the others. Then the access from before Latchkey. */
async function accessOf(
  context: Data,
  held: readonly { change: Change; since: Date }[],
  open: readonly Change[],
  baseline: readonly string[],
): Promise<HomeAccess[]> {
  const byGrant = await Promise.all(
    held.map(async ({ change, since }): Promise<HomeAccess> => {
      const entitlement = context.catalogue.entitlement(change.entitlementKey);
      const isSame = (other: Change) =>
        other.entitlementKey === change.entitlementKey &&
        other.personId === change.personId &&
        other.startsAt === undefined;
      return {
        title: entitlement?.title ?? change.entitlementKey,
        gives: entitlement?.gives ?? null,
        change,
        ending: await endingOf(context.db, change),
        since,
        extension: open.find(isSame) ?? null,
      };
    }),
  );
  const endOf = ({ change }: HomeAccess) => change?.grant?.endsAt.getTime() ?? Number.POSITIVE_INFINITY;
  const isHeld = new Set(held.map(({ change }) => change.target?.groupId));
  const before = context.catalogue.current().entitlements.flatMap(({ key, title, gives }): HomeAccess[] => {
    const status = context.catalogue.status(key);
    const groupId = status.status === 'unchecked' ? undefined : status.target?.groupId;
    if (groupId === undefined || !baseline.includes(groupId) || isHeld.has(groupId)) return [];
    return [{ title, gives, change: null, ending: null, since: null, extension: null }];
  });
  return [...byGrant.sort((a, b) => endOf(a) - endOf(b)), ...before];
}

/** The people who are named on it, as the chat knows them by what is stored. Nobody outside is asked. */
async function peopleIn(
  context: Data & Parties,
  { access, requests, past, waiting }: Omit<HomeFacts, 'people'>,
): Promise<Map<string, Named>> {
  const changes = [
    ...access.shown.flatMap(({ change, extension }) => [change, extension]),
    ...[...requests.shown, ...past.shown].map(({ change }) => change),
    ...waiting.shown.map((line) => (line.kind === 'change' ? line.change : null)),
  ].filter((change) => change !== null);
  const ids = new Set<string>(
    changes.flatMap(({ personId, requesterId, plan }) => [
      personId,
      ...(requesterId === null ? [] : [requesterId]),
      ...(plan === null ? [] : mayApprove(plan)).map(({ id }) => id),
    ]),
  );
  for (const line of waiting.shown)
    if (line.kind !== 'change' && line.personId !== null) ids.add(line.personId);
  const owners = [...requests.shown, ...past.shown].flatMap(({ owner }) => owner ?? []);
  const known = await peopleWithAccounts(context.db, {
    ids: [...ids],
    emails: owners,
    system: context.chat.system,
  });
  return new Map(
    known.flatMap(({ id, name, email, accountId }) => {
      const named = { name, accountId };
      return [
        [id, named],
        [email.toLowerCase(), named],
      ] as const;
    }),
  );
}
