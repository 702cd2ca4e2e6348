import type { OffboardingCause } from '../../core/offboarding/offboarding.ts';
import { isOffboardingOpen } from '../../core/offboarding/offboarding.ts';
import { PAGE_PATH } from '../../flow/page/sign-in.ts';
import { type ListedCase, listCases } from '../../store/page/cases.ts';
import { html } from '../html.ts';
import { dayFilters, personFilter } from './changes.ts';
import { badge } from './layout.ts';
import { list } from './pages.ts';

const causes: Readonly<Record<OffboardingCause, string>> = {
  deprovisioned: 'switched off in the directory',
  deleted: 'deleted in the directory',
  lostApp: 'MuleSoft app switched off',
  byHand: 'an admin said so',
};

const states: Readonly<Record<ListedCase['case']['state'], string>> = {
  asking: 'waits for a decision',
  held: 'held: many at once',
  underway: 'being taken away',
  appsOpen: 'applications are left',
  returned: 'came back',
  cancelled: 'taken back',
  closed: 'closed',
};

/** Leavers, each with what was taken away when. */
export const casesPage = list<ListedCase>({
  path: '/cases',
  title: 'Leavers',
  about:
    'A case for everybody who left: when their groups and teams were gone, and what they own that is still to be handed over.',
  rule: 'everything',
  inMenu: true,
  filters: () => [
    personFilter,
    { name: 'is', label: 'Cases', is: 'choice', options: [['open', 'open']] },
    ...dayFilters,
  ],
  columns: [
    { key: 'openedAt', title: 'Since', is: 'time', value: (row) => row.case.openedAt },
    {
      key: 'person',
      title: 'Person',
      is: 'text',
      value: ({ person }) => person.name,
      show: (row) => html`<a href="${PAGE_PATH}/cases/${row.case.id}">${row.person.name}</a>`,
    },
    { key: 'email', title: 'E-mail', is: 'text', value: ({ person }) => person.email, isHidden: true },
    { key: 'cause', title: 'Why', is: 'text', value: (row) => causes[row.case.cause] },
    {
      key: 'state',
      title: 'State',
      is: 'text',
      value: (row) => states[row.case.state],
      show: ({ case: { state, late } }) =>
        badge(
          late !== null && late.clearedAt === null ? 'bad' : isOffboardingOpen(state) ? 'waiting' : 'over',
          states[state],
        ),
    },
    {
      key: 'groupsGoneAt',
      title: 'Groups gone',
      is: 'time',
      value: (row) => row.case.legs.groups?.at ?? null,
    },
    { key: 'teamsGoneAt', title: 'Teams gone', is: 'time', value: (row) => row.case.legs.teams?.at ?? null },
    {
      key: 'applications',
      title: 'Applications',
      is: 'number',
      value: (row) => row.case.items.length,
    },
    {
      key: 'late',
      title: 'Late',
      is: 'text',
      value: ({ case: { late } }) => (late === null ? null : late.why),
    },
    { key: 'closedAt', title: 'Closed', is: 'time', value: (row) => row.case.closedAt },
    { key: 'id', title: 'Id', is: 'text', value: (row) => row.case.id, isHidden: true },
  ],
  async read({ context, query }, portion) {
    const { person, is, from, to } = query;
    return await listCases(context.db, { person, isOpen: is === 'open', from, to }, portion);
  },
  empty: ({ query }) =>
    query.is === 'open'
      ? html`<p>No leaver’s case is open.</p>`
      : html`<p>Nobody who had anything has left${Object.values(query).some((value) => value !== undefined) ? ', as far as these filters reach' : ''}.</p><p>When the directory switches somebody off, a case opens here within seconds.</p>`,
});
