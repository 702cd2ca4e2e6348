import { legTimes } from '../../core/change/legs.ts';
import type { ChangeState } from '../../core/change/life-cycle.ts';
import { notBegunStates, pendingStates, underway } from '../../core/change/states.ts';
import { elapsedInWords } from '../../core/duration.ts';
import { capital } from '../../core/text.ts';
import { decidedBy } from '../../core/wording/deciders.ts';
import type { Context } from '../../flow/kernel/context.ts';
import { PAGE_PATH } from '../../flow/page/sign-in.ts';
import { type ListedChange, listChanges } from '../../store/page/changes.ts';
import { html } from '../html.ts';
import { causeWords, changeWords, titleOf } from './change-words.ts';
import { describeChange } from './changes-api.ts';
import type { Filter } from './filters.ts';
import { badge } from './layout.ts';
import { list } from './pages.ts';
import type { Column } from './table.ts';

/** Groups of states that people ask for, by their name in the address. */
const stateGroups: Readonly<Record<string, { label: string; states: readonly ChangeState[] }>> = {
  waiting: { label: 'waiting for a decision', states: pendingStates },
  scheduled: { label: 'approved for later', states: notBegunStates.filter((state) => state === 'scheduled') },
  underway: { label: 'on the way', states: underway },
  late: { label: 'late now', states: ['late'] },
  inEffect: { label: 'in effect', states: ['inEffect'] },
  ended: { label: 'ended', states: ['ended', 'superseded'] },
  notGiven: { label: 'not given', states: ['refused', 'denied', 'withdrawn', 'lapsed', 'closed'] },
  failed: { label: 'failed', states: ['failed'] },
};

/** The entitlements of the catalogue, to choose from. */
export function entitlementFilter({ catalogue }: Pick<Context, 'catalogue'>): Filter {
  const options = catalogue.current().entitlements.map(({ key, title }) => [key, title] as const);
  return { name: 'entitlement', label: 'Access', is: 'choice', options };
}

export const personFilter: Filter = { name: 'person', label: 'Person', is: 'text', hint: 'Name or address' };
export const dayFilters: readonly Filter[] = [
  { name: 'from', label: 'From (UTC day)', is: 'day' },
  { name: 'to', label: 'To', is: 'day' },
];

const took = ({ change }: ListedChange) => legTimes(change.legs, change.signedInAt).total;
type InContext = ListedChange & { context: Context };

/** Columns of a list of changes. */
export const changeColumns: readonly Column<InContext>[] = [
  {
    key: 'requestedAt',
    title: 'When',
    is: 'time',
    value: ({ change }) => change.requestedAt,
    show: ({ change }, { time }) =>
      html`<a href="${PAGE_PATH}/changes/${change.id}">${time(change.requestedAt)}</a>`,
  },
  { key: 'person', title: 'Person', is: 'text', value: ({ person }) => person.name },
  { key: 'email', title: 'E-mail', is: 'text', value: ({ person }) => person.email, isHidden: true },
  {
    key: 'access',
    title: 'Access',
    is: 'text',
    value: ({ context, change }) => titleOf(context, change.entitlementKey),
  },
  { key: 'kind', title: 'Kind', is: 'text', value: ({ change }) => change.kind, isHidden: true },
  {
    key: 'cause',
    title: 'Why',
    is: 'text',
    value: ({ change }) => causeWords[change.cause],
    show: ({ change }) => capital(causeWords[change.cause]),
  },
  {
    key: 'state',
    title: 'Where it stands',
    is: 'text',
    value: (row) => changeWords(row.context, row).label,
    show: (row) => {
      const { mood, label } = changeWords(row.context, row);
      return badge(mood, label);
    },
  },
  {
    key: 'decidedBy',
    title: 'Decided by',
    is: 'text',
    value: ({ change }) => (change.decision === null ? null : decidedBy(change, (name) => name)),
  },
  {
    key: 'seenAfterMs',
    title: 'Seen after',
    is: 'number',
    value: took,
    show: (row) => {
      const ms = took(row);
      return ms === null ? '–' : elapsedInWords(ms);
    },
  },
  {
    key: 'late',
    title: 'Was late',
    is: 'text',
    value: ({ change }) => (change.late === null ? 'no' : 'yes'),
    isHidden: true,
  },
  { key: 'id', title: 'Id', is: 'text', value: ({ change }) => change.id, isHidden: true },
];

export const changesPage = list<InContext>({
  path: '/changes',
  title: 'Changes',
  about: 'Every request and every membership that was given or taken away, the newest first.',
  rule: 'own',
  inMenu: true,
  json: describeChange,
  filters: (context) => [
    personFilter,
    entitlementFilter(context),
    {
      name: 'is',
      label: 'Where it stands',
      is: 'choice',
      options: Object.entries(stateGroups).map(([value, { label }]) => [value, label]),
    },
    {
      name: 'cause',
      label: 'Why',
      is: 'choice',
      options: Object.entries(causeWords).map(([value, label]) => [value, label]),
    },
    { name: 'late', label: 'Late', is: 'choice', options: [['yes', 'was late once']] },
    ...dayFilters,
  ],
  columns: changeColumns,
  async read({ context, sight, query }, portion) {
    const { person, entitlement, is, cause, late, from, to } = query;
    const filter = {
      person,
      entitlement,
      from,
      to,
      late: late === 'yes',
      states: is === undefined ? undefined : stateGroups[is]?.states,
      cause,
    };
    const { rows, next } = await listChanges(context.db, sight, filter, portion);
    return { rows: rows.map((row) => ({ ...row, context })), next };
  },
  empty: ({ query, context }) =>
    Object.values(query).some((value) => value !== undefined)
      ? html`<p>No change fits these filters.</p><p>Take one out, or <a href="${PAGE_PATH}/changes">show all</a>.</p>`
      : html`<p>Nothing has been asked for yet that you could see.</p><p>Type <code>/access</code> in ${context.chat.name} to ask for access: it appears here at once.</p>`,
});
