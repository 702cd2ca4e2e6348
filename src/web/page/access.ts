import { decidedBy } from '../../core/wording/deciders.ts';
import type { Context } from '../../flow/kernel/context.ts';
import { PAGE_PATH } from '../../flow/page/sign-in.ts';
import { type Held, listHeld } from '../../store/page/access.ts';
import { html } from '../html.ts';
import { causeWords, titleOf } from './change-words.ts';
import { entitlementFilter, personFilter } from './changes.ts';
import { badge } from './layout.ts';
import { list } from './pages.ts';
import type { Column } from './table.ts';

type Row = Held & { context: Context };

const title = ({ context, entitlementKey, groupName }: Row) =>
  entitlementKey === null ? `group ${groupName ?? ''}` : titleOf(context, entitlementKey);

/** What MuleSoft shows of something that is held. */
function inMuleSoft({ change, ending }: Row): { mood: string; label: string } {
  if (change === null) return { mood: 'over', label: 'there before Latchkey' };
  if (ending !== null && ending.legs.seenAt === null) return { mood: 'moving', label: 'being taken away' };
  if (change.state === 'late') return { mood: 'bad', label: 'late' };
  if (change.state === 'failed') return { mood: 'bad', label: 'failed' };
  return change.legs.seenAt === null
    ? { mood: 'moving', label: 'on the way' }
    : { mood: 'good', label: 'seen in MuleSoft' };
}

/** By what right it is held. */
function right({ change }: Row): string {
  if (change === null) return 'nobody asked: it was there before Latchkey';
  const by = change.decision === null ? '' : `, by ${decidedBy(change, (name) => name)}`;
  return `${causeWords[change.cause]}${by}`;
}

export const accessColumns: readonly Column<Row>[] = [
  { key: 'person', title: 'Person', is: 'text', value: ({ person }) => person.name },
  { key: 'email', title: 'E-mail', is: 'text', value: ({ person }) => person.email, isHidden: true },
  { key: 'department', title: 'Department', is: 'text', value: ({ person }) => person.department },
  {
    key: 'access',
    title: 'Access',
    is: 'text',
    value: title,
    show: (row) =>
      row.change === null
        ? title(row)
        : html`<a href="${PAGE_PATH}/changes/${row.change.id}">${title(row)}</a>`,
  },
  { key: 'since', title: 'Since', is: 'time', value: ({ since }) => since },
  { key: 'until', title: 'Until', is: 'time', value: ({ endsAt }) => endsAt },
  { key: 'right', title: 'By what right', is: 'text', value: right },
  {
    key: 'inMuleSoft',
    title: 'In MuleSoft',
    is: 'text',
    value: (row) => inMuleSoft(row).label,
    show: (row) => badge(inMuleSoft(row).mood, inMuleSoft(row).label),
  },
  { key: 'changeId', title: 'Change', is: 'text', value: ({ change }) => change?.id ?? null, isHidden: true },
];

/** Keys of entitlements by the group that gives each. */
export function entitlementOfGroup({ catalogue }: Pick<Context, 'catalogue'>): Map<string, string> {
  const pairs = catalogue.current().entitlements.flatMap(({ key }) => {
    const status = catalogue.status(key);
    return status.status === 'unchecked' || status.target === null
      ? []
      : [[status.target.groupId, key] as const];
  });
  return new Map(pairs);
}

export const accessPage = list<Row>({
  path: '/access',
  title: 'Who has what',
  about:
    'Access that is held today, the newest first: what Latchkey gave, and what was there before it. What it did not find in MuleSoft yet says so.',
  rule: 'own',
  inMenu: true,
  filters: (context) => [
    personFilter,
    entitlementFilter(context),
    {
      name: 'ends',
      label: 'Ends',
      is: 'choice',
      options: [
        ['ending', 'within 7 days'],
        ['never', 'never: there before Latchkey'],
      ],
    },
  ],
  columns: accessColumns,
  async read({ context, sight, query }, portion) {
    const { person, entitlement, ends } = query;
    const filter = { person, entitlement, ends, groups: entitlementOfGroup(context) };
    const { rows, next } = await listHeld(context.db, sight, filter, portion);
    return { rows: rows.map((row) => ({ ...row, context })), next };
  },
  above: async () =>
    html`<p><a href="${PAGE_PATH}/past-access">Who had what at another moment, and why</a></p>`,
  empty: ({ query, context }) =>
    Object.values(query).some((value) => value !== undefined)
      ? html`<p>Nobody holds anything that fits these filters.</p><p><a href="${PAGE_PATH}/access">Show all</a></p>`
      : html`<p>Nothing is held that you could see.</p><p>Type <code>/access</code> in ${context.chat.name} to ask for access.</p>`,
});
