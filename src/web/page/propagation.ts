import type { LegTimes } from '../../core/change/legs.ts';
import { elapsedInWords } from '../../core/duration.ts';
import type { Context } from '../../flow/kernel/context.ts';
import { type LegWeek, propagationByWeek } from '../../store/page/propagation.ts';
import { html } from '../html.ts';
import { lineChart } from './chart.ts';
import { badge } from './layout.ts';
import { list } from './pages.ts';
import type { Column } from './table.ts';

const WEEKS = 13;

const legWords = ({ idps }: Pick<Context, 'idps'>): Readonly<Record<keyof LegTimes, string>> => ({
  total: 'the whole way',
  decisionToIdp: `decision → written in ${idps.name}`,
  idpToScim: `written → pushed by ${idps.name}`,
  scimToDelivery: 'pushed → put into the team',
  deliveryToSeen: 'put into the team → seen in MuleSoft',
});

type Row = LegWeek & { title: string };

const timeColumn = (key: 'p50' | 'p95' | 'p99'): Column<Row> => ({
  key: `${key}Ms`,
  title: key,
  is: 'number',
  value: (row) => (row[key] === null ? null : Math.round(row[key])),
  show: (row) => (row[key] === null ? '–' : elapsedInWords(row[key])),
});

/** This week's figures are good for so long, in milliseconds: a page that many leave open asks for them each minute. */
const KEPT_MS = 30_000;
const kept = new WeakMap<Context, { at: number; rows: Promise<LegWeek[]> }>();

/** The weeks by leg, as of some seconds ago at most. */
export async function latestWeeks(context: Context): Promise<LegWeek[]> {
  const latest = kept.get(context);
  if (latest !== undefined && performance.now() - latest.at < KEPT_MS) return await latest.rows;
  const { db, objectiveMs } = context;
  const rows = propagationByWeek(db, { weeks: WEEKS, objectiveMs });
  kept.set(context, { at: performance.now(), rows });
  rows.catch(() => kept.delete(context));
  return await rows;
}

async function weeksOf(context: Context): Promise<Row[]> {
  const words = legWords(context);
  return (await latestWeeks(context)).map((row) => ({ ...row, title: words[row.leg] }));
}

/** How long it takes from the decision until MuleSoft shows it, week by week. */
export const propagationPage = list<Row>({
  path: '/propagation',
  title: 'Propagation',
  about: `How long changes took from the decision until they were read in MuleSoft: by the week in which they were seen (from Monday, UTC), of the last ${WEEKS} weeks. Half of them took no longer than p50, 95 % no longer than p95.`,
  rule: 'everything',
  inMenu: true,
  filters: ({ idps }) => [
    { name: 'leg', label: 'Leg', is: 'choice', options: Object.entries(legWords({ idps })) },
  ],
  columns: [
    { key: 'week', title: 'Week of', is: 'text', value: ({ week }) => week },
    { key: 'leg', title: 'Leg', is: 'text', value: ({ leg }) => leg, show: ({ title }) => title },
    { key: 'changes', title: 'Changes', is: 'number', value: ({ n }) => n },
    timeColumn('p50'),
    timeColumn('p95'),
    timeColumn('p99'),
    {
      key: 'overObjective',
      title: 'Over the objective',
      is: 'number',
      value: ({ overObjective }) => overObjective,
      show: ({ overObjective }) => (overObjective === 0 ? '0' : badge('bad', String(overObjective))),
    },
  ],
  async read({ context, query }) {
    const rows = await weeksOf(context);
    const shown = rows.filter(({ leg }) => query.leg === undefined || leg === query.leg);
    return { rows: shown.toReversed(), next: null };
  },
  async above({ context, query }) {
    const leg = (query.leg ?? 'total') as keyof LegTimes;
    const rows = (await weeksOf(context)).filter((row) => row.leg === leg);
    if (rows.length === 0) return null;
    const places = rows.map(({ week }) => week.slice(5));
    const label = `p50, p95 and p99 of ${legWords(context)[leg]} by week, against the objective of ${elapsedInWords(context.objectiveMs)}; the table beneath has the figures`;
    return lineChart(
      { label, objectiveMs: context.objectiveMs, places },
      (['p50', 'p95', 'p99'] as const).map((name) => ({ name, values: rows.map((row) => row[name]) })),
    );
  },
  empty: ({ context }) =>
    html`<p>No change has been seen in MuleSoft yet in these weeks.</p><p>Approve a request in ${context.chat.name}, or set up <a href="/web/canary">the canary</a>, which times the way by itself.</p>`,
});
