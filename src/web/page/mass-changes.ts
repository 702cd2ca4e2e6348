import { isOpen, type MassKind } from '../../core/mass-change/mass-change.ts';
import { massHead } from '../../core/mass-change/words.ts';
import { capital } from '../../core/text.ts';
import type { Context } from '../../flow/kernel/context.ts';
import { PAGE_PATH } from '../../flow/page/sign-in.ts';
import {
  type ListedItem,
  type ListedMass,
  listMassChanges,
  listMassItems,
} from '../../store/page/mass-changes.ts';
import { html } from '../html.ts';
import { changeColumn, titleOf } from './change-words.ts';
import { dayFilters, personFilter } from './changes.ts';
import { badge } from './layout.ts';
import { list } from './pages.ts';

type Row = ListedMass & { context: Context };

const kinds: Readonly<Record<MassKind, string>> = {
  finding: 'put into a group',
  lost: 'taken out of a group',
  excess: 'found in a team',
  deactivated: 'switched off at once',
  moved: 'somebody moved',
};

const states: Readonly<Record<ListedMass['mass']['state'], readonly [mood: string, label: string]>> = {
  received: ['moving', 'facts are gathered'],
  asking: ['waiting', 'held: waits for a decision'],
  decided: ['moving', 'decided, being worked off'],
  done: ['good', 'done'],
  closed: ['over', 'closed: nothing was left'],
};

const verbs = { keep: 'keep all', revert: 'take all away', choose: 'one by one' } as const;

function what({ mass, count, mover, context }: Row): string {
  const { entitlementKey, target, scope } = mass;
  return capital(
    massHead(mass, count, {
      title: entitlementKey === null ? 'no entitlement' : titleOf(context, entitlementKey),
      group: target?.groupName ?? scope,
      team: target?.teamName ?? scope,
      deciders: '',
      mover: mover ?? 'Somebody',
      idp: context.idps.name,
      safe: (text) => text,
    }),
  );
}

/** Many at once are held until somebody decides: nothing is done to hundreds by itself. */
export const massChangesPage = list<Row>({
  path: '/mass-changes',
  title: 'Many at once',
  about:
    'What happened to many people at once is held, and decided on one card in chat: so a mistake in the directory does not take everybody’s access away, and nobody is let in by the hundred.',
  rule: 'own',
  inMenu: true,
  filters: () => [
    { name: 'kind', label: 'What', is: 'choice', options: Object.entries(kinds) },
    { name: 'is', label: 'Cards', is: 'choice', options: [['open', 'not worked off yet']] },
    ...dayFilters,
  ],
  columns: [
    { key: 'openedAt', title: 'Since', is: 'time', value: ({ mass }) => mass.openedAt },
    {
      key: 'what',
      title: 'What',
      is: 'text',
      value: what,
      show: (row) => html`<a href="${PAGE_PATH}/mass-change-items?card=${row.mass.id}">${what(row)}</a>`,
    },
    { key: 'kind', title: 'Kind', is: 'text', value: ({ mass }) => mass.kind, isHidden: true },
    {
      key: 'state',
      title: 'Where it stands',
      is: 'text',
      value: ({ mass }) => states[mass.state][1],
      show: ({ mass }) => badge(...states[mass.state]),
    },
    { key: 'count', title: 'People', is: 'number', value: ({ count }) => count },
    { key: 'open', title: 'Open', is: 'number', value: ({ open }) => open },
    { key: 'kept', title: 'Kept', is: 'number', value: ({ kept }) => kept },
    { key: 'reverted', title: 'Taken away', is: 'number', value: ({ reverted }) => reverted },
    {
      key: 'decision',
      title: 'Decision',
      is: 'text',
      value: ({ mass: { decision, state } }) =>
        decision === null
          ? isOpen(state)
            ? null
            : 'none needed'
          : `${verbs[decision.verb]}, by ${decision.byName}`,
    },
    { key: 'decidedAt', title: 'Decided', is: 'time', value: ({ mass }) => mass.decision?.at ?? null },
    { key: 'id', title: 'Id', is: 'text', value: ({ mass }) => mass.id, isHidden: true },
  ],
  async read({ context, sight, query }, portion) {
    const { kind, is, from, to } = query;
    const filter = { kind, isOpen: is === 'open', from, to };
    const { rows, next } = await listMassChanges(context.db, sight, filter, portion);
    return { rows: rows.map((row) => ({ ...row, context })), next };
  },
  empty: ({ query }) =>
    query.is === 'open'
      ? html`<p>Nothing is held now.</p><p><a href="${PAGE_PATH}/mass-changes">What was held before</a></p>`
      : html`<p>Nothing has happened to many at once${Object.values(query).some((value) => value !== undefined) ? ' that fits these filters' : ''}.</p><p>From how many on it is held stands in the catalogue: <code>docs/what-the-directory-says.md</code> says how.</p>`,
});

const outcomes = {
  open: 'not decided',
  kept: 'kept',
  reverted: 'taken away',
  dropped: 'agreed by itself',
} as const;
const moods = { open: 'waiting', kept: 'good', reverted: 'no', dropped: 'over' } as const;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const outcomeOf = ({ outcome }: ListedItem) => (outcome ?? 'open') as keyof typeof outcomes;

/** What is on one card. */
export const massItemsPage = list<ListedItem & { context: Context }>({
  path: '/mass-change-items',
  title: 'Who is on the card',
  about: 'Everybody whom one card is about, and what became of each.',
  rule: 'own',
  inMenu: false,
  ids: 'number',
  filters: () => [
    { name: 'card', label: 'Card (id)', is: 'text' },
    personFilter,
    { name: 'outcome', label: 'What became of it', is: 'choice', options: Object.entries(outcomes) },
  ],
  columns: [
    { key: 'person', title: 'Person', is: 'text', value: ({ person }) => person.name },
    { key: 'email', title: 'E-mail', is: 'text', value: ({ person }) => person.email, isHidden: true },
    {
      key: 'access',
      title: 'Access',
      is: 'text',
      value: ({ context, entitlementKey }) =>
        entitlementKey === null ? null : titleOf(context, entitlementKey),
    },
    {
      key: 'outcome',
      title: 'What became of it',
      is: 'text',
      value: (row) => outcomes[outcomeOf(row)],
      show: (row) => badge(moods[outcomeOf(row)], outcomes[outcomeOf(row)]),
    },
    { key: 'note', title: 'Note', is: 'text', value: ({ note }) => note },
    changeColumn,
  ],
  async read({ context, sight, query }, portion) {
    const { card = '', outcome, person } = query;
    if (!UUID.test(card)) return { rows: [], next: null };
    const { rows, next } = await listMassItems(context.db, sight, { card, outcome, person }, portion);
    return { rows: rows.map((row) => ({ ...row, context })), next };
  },
  empty: ({ query }) =>
    query.card === undefined
      ? html`<p>Choose a card first.</p><p><a href="${PAGE_PATH}/mass-changes">All cards</a></p>`
      : html`<p>Nobody on this card fits, or it is not yours to see.</p><p><a href="${PAGE_PATH}/mass-changes">All cards</a></p>`,
});
