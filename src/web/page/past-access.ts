import { couldReach, type ReachState } from '../../core/evidence/reach.ts';
import { whyInWords } from '../../core/evidence/words.ts';
import type { Sight } from '../../core/page/reader.ts';
import type { Context } from '../../flow/kernel/context.ts';
import { PAGE_PATH } from '../../flow/page/sign-in.ts';
import { placesNamed } from '../../store/evidence/places.ts';
import { knownGroups, type NamedReach, type ReachScope, reachAt } from '../../store/evidence/reach.ts';
import { type Listed, type Portion, peopleLike } from '../../store/page/sight.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { html } from '../html.ts';
import { titleOf } from './change-words.ts';
import { entitlementFilter, personFilter } from './changes.ts';
import { momentOf, timeOf } from './filters.ts';
import { badge } from './layout.ts';
import { type Asked, list } from './pages.ts';

type Row = NamedReach & { context: Context };

/** The colour of each state, and its name. */
const stood: Readonly<Record<ReachState, readonly [mood: string, label: string]>> = {
  approved: ['waiting', 'approved, not given yet'],
  arriving: ['moving', 'on its way in'],
  held: ['good', 'held'],
  leaving: ['moving', 'on its way out'],
  found: ['bad', 'there, not decided on yet'],
  missing: ['bad', 'taken away around Latchkey'],
  before: ['over', 'there before Latchkey'],
};

const what = ({ context, entitlementKey, target }: Row) =>
  entitlementKey === null
    ? (target.groupName ?? target.teamName ?? target.groupId ?? 'a team')
    : titleOf(context, entitlementKey);

/** Who could reach what at any moment, from the record; a bookmark of it never changes. */
export const pastAccessPage = list<Row>({
  path: '/past-access',
  title: 'Who had what',
  about:
    'Who could reach what at a moment of the past, and why, read from the audit. Without a moment it is now. What was on its way counts as there, for MuleSoft may have had it.',
  rule: 'own',
  inMenu: true,
  filters: (context) => [
    { name: 'at', label: 'At (UTC)', is: 'moment' },
    personFilter,
    entitlementFilter(context),
    { name: 'group', label: 'Group', is: 'text', hint: 'Its name or id' },
    { name: 'team', label: 'Anypoint team', is: 'text', hint: 'Its name or id' },
  ],
  columns: [
    { key: 'person', title: 'Person', is: 'text', value: ({ name }) => name },
    { key: 'email', title: 'E-mail', is: 'text', value: ({ email }) => email, isHidden: true },
    {
      key: 'access',
      title: 'Access',
      is: 'text',
      value: what,
      show: (row) =>
        row.changeId === null
          ? what(row)
          : html`<a href="${PAGE_PATH}/changes/${row.changeId}">${what(row)}</a>`,
    },
    {
      key: 'stood',
      title: 'How it stood',
      is: 'text',
      value: ({ is }) => stood[is][1],
      show: ({ is }) => badge(...stood[is]),
    },
    {
      key: 'couldReach',
      title: 'Could use it',
      is: 'text',
      value: (row) => (couldReach(row) ? 'yes' : 'no'),
      isHidden: true,
    },
    { key: 'since', title: 'So since', is: 'time', value: ({ since }) => since },
    { key: 'until', title: 'Until', is: 'time', value: ({ until }) => until },
    { key: 'why', title: 'Why', is: 'text', value: (row) => whyInWords(row, row.requester) },
    { key: 'entitlement', title: 'Key', is: 'text', value: (row) => row.entitlementKey, isHidden: true },
    { key: 'group', title: 'Group', is: 'text', value: ({ target }) => target.groupName, isHidden: true },
    { key: 'team', title: 'Team', is: 'text', value: ({ target }) => target.teamName, isHidden: true },
    { key: 'changeId', title: 'Change', is: 'text', value: ({ changeId }) => changeId, isHidden: true },
  ],
  read: listReach,
  empty: ({ query, now }) =>
    (momentOf(query.at ?? '') ?? now) > now
      ? html`<p>That moment is not over yet: nobody knows who can reach what then.</p>`
      : html`<p>Nobody could reach anything then that fits these filters and is yours to see.</p><p>Groups and teams are found by their whole name or id. <a href="${PAGE_PATH}/past-access">Start anew</a></p>`,
});

/** Whole people, some at a time, until there are enough rows. */
async function listReach(asked: Asked, portion: Portion): Promise<Listed<Row>> {
  const { context, sight, query } = asked;
  const now = await databaseNow(context.db);
  // A list goes on at the moment at which it began.
  const at = momentOf(query.at ?? '') ?? (portion.after === null ? now : timeOf(portion.after));
  const scope = at > now ? null : await scopeOf(asked);
  if (scope === null) return { rows: [], next: null };
  const { entitlements } = context.catalogue.current();
  const part = { after: portion.after?.id ?? null, atOnce: portion.limit };
  const rows: Row[] = [];
  for await (const one of reachAt(context.db, at, scope, { known: knownGroups({ entitlements }), part })) {
    const last = rows.at(-1);
    if (last !== undefined && rows.length >= portion.limit && one.personId !== last.personId)
      return { rows: byName(rows), next: { at: cursorTime(at), id: last.personId } };
    if (isInSight(sight, one)) rows.push({ ...one, context });
  }
  return { rows: byName(rows), next: null };
}

/** Within a portion; people come in the order of their ids, which is quickly found. */
function byName(rows: readonly Row[]): Row[] {
  return rows.toSorted((a, b) => a.name.localeCompare(b.name));
}

const cursorTime = (at: Date) => at.toISOString().replace('T', ' ').replace('Z', '+00');

function isInSight(sight: Sight, { personId, entitlementKey }: NamedReach): boolean {
  return (
    sight === 'all' ||
    personId === sight.personId ||
    (entitlementKey !== null && sight.owns.includes(entitlementKey))
  );
}

/** Null: nothing can fit. Whoever says nothing and does not see all asks about themselves. */
async function scopeOf({ context, sight, query }: Asked): Promise<ReachScope | null> {
  const { person, entitlement } = query;
  const { db } = context;
  const scope: ReachScope = {};
  if (person !== undefined) scope.personId = await peopleLike(db, person);
  if (entitlement !== undefined) scope.entitlementKey = entitlement;
  const [groups, teams] = await Promise.all([
    placesOf(context, 'group', query.group),
    placesOf(context, 'team', query.team),
  ]);
  if (groups !== null) scope.groupId = groups;
  if (teams !== null) scope.teamId = teams;
  if (sight !== 'all' && (sight.owns.length === 0 || Object.keys(scope).length === 0))
    scope.personId =
      scope.personId === undefined || scope.personId.includes(sight.personId) ? sight.personId : [];
  return Object.values(scope).some((ids) => ids.length === 0) ? null : scope;
}

/** Ids of what has this name or id by the catalogue, or had it by the record. Null: none is asked about. */
async function placesOf(
  { catalogue, db }: Pick<Context, 'catalogue' | 'db'>,
  kind: 'group' | 'team',
  name: string | undefined,
): Promise<readonly string[] | null> {
  if (name === undefined) return null;
  const now = catalogue.current().entitlements.flatMap(({ key }) => {
    const status = catalogue.status(key);
    if (status.status === 'unchecked' || status.target === null) return [];
    const { groupId, groupName, teamId, teamName } = status.target;
    const [id, called] = kind === 'group' ? [groupId, groupName] : [teamId, teamName];
    return id === name || called.toLowerCase() === name.toLowerCase() ? [id] : [];
  });
  return now.length > 0 ? now : await placesNamed(db, kind, name);
}
