import type { Change } from '../../core/change/change.ts';
import { type HomePages, type Paged, pageOf } from '../../core/home/pages.ts';
import type { MassChange } from '../../core/mass-change/mass-change.ts';
import { type OffboardingItem, openItemsOf } from '../../core/offboarding/offboarding.ts';
import { sameEmail } from '../../core/policy/catalogue.ts';
import { changesById, inOrderOfLapse, placesOf } from '../../store/homes.ts';
import { progressOf, readMassChange } from '../../store/mass-changes.ts';
import { openCases, waitingFor } from '../../store/offboardings.ts';
import { linkOf, type Person } from '../../store/people.ts';
import { readSummary } from '../../store/summaries.ts';
import type { Context, Parties } from '../kernel/context.ts';

/** Something that waits for the reader's decision. `url`: where its card is; null: not known. */
export type HomeWaiting = { url: string | null } & (
  | { kind: 'change'; change: Change; title: string; gives: string | null; summary: string | null }
  | { kind: 'massChange'; massChange: MassChange; title: string; open: number; personId: string | null }
  /** Whether somebody has left the company. */
  | { kind: 'leaver'; personId: string }
  /** What somebody who has left owned. */
  | { kind: 'applications'; personId: string; count: number }
);

/** More open cases than this at once are a mass of leavers, on one card. */
export const CASES_MAX = 500;

type Found =
  | { of: 'change'; id: string }
  | { of: 'massChange'; id: string }
  | { of: 'offboarding'; line: HomeWaiting };

/** What waits for this person: as approver, as admin, and as whoever is asked about a leaver's applications. */
export async function readWaiting(
  context: Context,
  person: Person,
  { isAdmin, pages }: { isAdmin: boolean; pages: HomePages },
): Promise<Paged<HomeWaiting>> {
  const [{ changeIds, massChangeIds }, leavers] = await Promise.all([
    waitingFor(context.db, person.id),
    aboutLeavers(context, person, isAdmin),
  ]);
  const inOrder = await inOrderOfLapse(context.db, changeIds, person.id);
  const found: Found[] = [
    ...massChangeIds.map((id) => ({ of: 'massChange', id }) as const),
    ...leavers.map((line) => ({ of: 'offboarding', line }) as const),
    ...inOrder.map((id) => ({ of: 'change', id }) as const),
  ];
  const page = pageOf(found, 'waiting', pages);
  const idsOf = (of: 'change' | 'massChange') =>
    page.shown.flatMap((one) => (one.of === of && 'id' in one ? [one.id] : []));
  const [changes, massChanges, links] = await Promise.all([
    changeLines(context, idsOf('change')),
    massLines(context, idsOf('massChange')),
    linksOf(context, [...idsOf('change'), ...idsOf('massChange')], 'card'),
  ]);
  const lines = new Map([...changes, ...massChanges]);
  return {
    ...page,
    shown: page.shown.flatMap((one): HomeWaiting[] => {
      if (one.of === 'offboarding') return [one.line];
      const line = lines.get(one.id);
      return line === undefined ? [] : [{ ...line, url: links.get(one.id) ?? null }];
    }),
  };
}

async function changeLines(context: Context, ids: readonly string[]): Promise<[string, HomeWaiting][]> {
  const changes = await changesById(context.db, ids);
  return await Promise.all(
    changes.map(async (change): Promise<[string, HomeWaiting]> => {
      const entitlement = context.catalogue.entitlement(change.entitlementKey);
      return [
        change.id,
        {
          kind: 'change',
          change,
          title: entitlement?.title ?? change.entitlementKey,
          gives: entitlement?.gives ?? null,
          summary: (await readSummary(context.db, change.id))?.plain ?? null,
          url: null,
        },
      ];
    }),
  );
}

async function massLines(context: Context, ids: readonly string[]): Promise<[string, HomeWaiting][]> {
  const found = await Promise.all(
    ids.map(async (id): Promise<[string, HomeWaiting][]> => {
      const [massChange, progress] = await Promise.all([
        readMassChange(context.db, id),
        progressOf(context.db, id),
      ]);
      if (massChange === null) return [];
      const { entitlementKey: key, moved } = massChange;
      const title = key === null ? '' : (context.catalogue.entitlement(key)?.title ?? key);
      const line = { kind: 'massChange', massChange, title, open: progress.open, url: null } as const;
      return [[id, { ...line, personId: moved?.personId ?? null }]];
    }),
  );
  return found.flat();
}

/** What is asked about people who have left. What this person decided already, or what is about them, waits for others. */
async function aboutLeavers(context: Context, person: Person, isAdmin: boolean): Promise<HomeWaiting[]> {
  const { cases } = await openCases(context.db, CASES_MAX);
  const isTheirs = ({ decision, agreed = [], owners }: OffboardingItem) =>
    decision === null &&
    !agreed.some(({ by }) => by.id === person.id) &&
    (owners.length === 0 ? isAdmin : owners.some((email) => sameEmail(email, person.email)));
  const asked = cases.flatMap((offboarding): { id: string; line: HomeWaiting }[] => {
    const { id, personId, state } = offboarding;
    if (personId === person.id) return [];
    const count = openItemsOf(offboarding).filter(isTheirs).length;
    return [
      ...(state === 'asking' && isAdmin
        ? [{ id, line: { kind: 'leaver', personId, url: null } as const }]
        : []),
      ...(count > 0 ? [{ id, line: { kind: 'applications', personId, count, url: null } as const }] : []),
    ];
  });
  if (asked.length === 0) return [];
  const ids = asked.map(({ id }) => id);
  const account = await linkOf(context.db, person.id, context.chat.system);
  const [cards, toThem] = await Promise.all([
    linksOf(context, ids, 'card'),
    linksOf(context, ids, `applications:${account}`),
  ]);
  return asked.map(({ id, line }) => {
    const own = line.kind === 'applications' ? toThem.get(id) : undefined;
    return { ...line, url: own ?? cards.get(id) ?? null };
  });
}

/** Addresses of the messages about these that have this key. */
export async function linksOf(
  context: Pick<Context, 'db'> & Pick<Parties, 'messenger'>,
  ids: readonly string[],
  key: string,
): Promise<Map<string, string>> {
  const places = await placesOf(context.db, ids, key);
  const links = await Promise.all(
    [...places].map(async ([id, place]) => [id, await context.messenger.linkTo(place)] as const),
  );
  return new Map(links.flatMap(([id, url]) => (url === null ? [] : [[id, url] as const])));
}
