import { pendingStates } from '../../core/change/states.ts';
import type { Context } from '../../flow/kernel/context.ts';
import { PAGE_PATH } from '../../flow/page/sign-in.ts';
import { type ListedChange, listChanges } from '../../store/page/changes.ts';
import { countOpenMass } from '../../store/page/mass-changes.ts';
import { html } from '../html.ts';
import { changeColumns, dayFilters, entitlementFilter, personFilter } from './changes.ts';
import { badge } from './layout.ts';
import { list } from './pages.ts';

const STATES = {
  open: { label: 'waits for its owner', states: pendingStates },
  kept: { label: 'kept', states: ['inEffect', 'ended', 'superseded'] },
  takenAway: { label: 'not kept', states: ['denied', 'closed', 'refused', 'withdrawn', 'lapsed'] },
} as const;

/** What was found and nobody had asked for. */
export const findingsPage = list<ListedChange & { context: Context }>({
  path: '/findings',
  title: 'Findings',
  about:
    'Memberships that were changed around Latchkey: somebody was put into a group and nobody had asked for it, or taken out of one. The owner decides on each in chat.',
  rule: 'own',
  inMenu: true,
  filters: (context) => [
    personFilter,
    entitlementFilter(context),
    {
      name: 'is',
      label: 'What became of it',
      is: 'choice',
      options: Object.entries(STATES).map(([value, { label }]) => [value, label]),
    },
    ...dayFilters,
  ],
  columns: changeColumns,
  async read({ context, sight, query }, portion) {
    const { person, entitlement, is, from, to } = query;
    const states = is === undefined ? undefined : STATES[is as keyof typeof STATES].states;
    const filter = { person, entitlement, from, to, states, found: true };
    const { rows, next } = await listChanges(context.db, sight, filter, portion);
    return { rows: rows.map((row) => ({ ...row, context })), next };
  },
  above: async ({ context, sight }) => {
    const held = await countOpenMass(context.db, sight);
    return held === 0
      ? null
      : html`<p class="card">${badge('waiting', 'held')} ${held === 1 ? 'One more card is' : `${held} more cards are`} about many at once, each decided as a whole: <a href="${PAGE_PATH}/mass-changes?is=open">see who is on ${held === 1 ? 'it' : 'them'}</a>.</p>`;
  },
  empty: ({ query }) =>
    query.is === 'open'
      ? html`<p>No finding waits for anybody: everything that is in the groups was asked for, or somebody decided on it.</p>`
      : html`<p>Nothing was found around Latchkey${Object.values(query).some((value) => value !== undefined) ? ' that fits these filters' : ''}.</p><p>Latchkey compares every group and team by itself, and is told of changes at once where the identity provider tells: see <a href="/web/health">health</a>.</p>`,
});
