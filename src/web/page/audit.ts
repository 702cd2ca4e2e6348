import { PAGE_PATH } from '../../flow/page/sign-in.ts';
import { lastCheckpoint } from '../../store/audit-tree.ts';
import { type ListedEntry, listAudit } from '../../store/page/audit.ts';
import { entryInWords, entryTypes } from '../entry-words.ts';
import { html } from '../html.ts';
import { changeColumn } from './change-words.ts';
import { dayFilters, personFilter } from './changes.ts';
import { list } from './pages.ts';

type Row = ListedEntry & { idp: string };

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Everything that happened, searched. Whoever reads it is in it. */
export const auditPage = list<Row>({
  path: '/audit',
  title: 'Audit',
  about:
    'Everything that happened, the newest first. It is append-only, and sealed in a tree of hashes with signed checkpoints. Reading it is on record too.',
  rule: 'everything',
  inMenu: true,
  isOnRecord: true,
  ids: 'number',
  filters: () => [
    personFilter,
    { name: 'type', label: 'What', is: 'choice', options: entryTypes() },
    { name: 'change', label: 'Change (id)', is: 'text' },
    ...dayFilters,
  ],
  columns: [
    {
      key: 'number',
      title: 'No.',
      is: 'text',
      value: ({ seq }) => seq,
      show: ({ id, seq }) => html`<a href="${PAGE_PATH}/audit/${id}">${seq ?? 'not sealed yet'}</a>`,
    },
    { key: 'at', title: 'When', is: 'time', value: ({ at }) => at, show: ({ at }, { exact }) => exact(at) },
    {
      key: 'what',
      title: 'What happened',
      is: 'text',
      value: (entry) => entryInWords(entry, entry.idp).text,
    },
    { key: 'actor', title: 'By', is: 'text', value: (entry) => entryInWords(entry, entry.idp).actor },
    { key: 'type', title: 'Type', is: 'text', value: ({ type }) => type },
    changeColumn,
    { key: 'id', title: 'Id', is: 'text', value: ({ id }) => id, isHidden: true },
    { key: 'data', title: 'Data', is: 'text', value: ({ data }) => JSON.stringify(data), isHidden: true },
  ],
  async read({ context, query }, portion) {
    const { person, type, change, from, to } = query;
    if (change !== undefined && !UUID.test(change)) return { rows: [], next: null };
    const { rows, next } = await listAudit(context.db, { person, type, change, from, to }, portion);
    return { rows: rows.map((row) => ({ ...row, idp: context.idps.name })), next };
  },
  above: async ({ context, as }) => {
    const last = await lastCheckpoint(context.db);
    return last === null
      ? null
      : html`<p>The newest checkpoint, of ${as.time(last.madeAt)}, covers ${last.size.toLocaleString('en')} entries: <a href="${PAGE_PATH}/audit/checkpoint" download>download it</a>. Kept elsewhere, it shows later that none of them was changed or taken away.</p>`;
  },
  empty: () =>
    html`<p>No entry fits these filters.</p><p>A change has a whole id of 36 letters; days are days in UTC. <a href="${PAGE_PATH}/audit">Show all</a></p>`,
});
