import { DateTime } from 'luxon';
import { elapsedInWords } from '../../core/duration.ts';
import { seesAll } from '../../core/page/reader.ts';
import { capital } from '../../core/text.ts';
import { PAGE_PATH } from '../../flow/page/sign-in.ts';
import { listHeld } from '../../store/page/access.ts';
import { listChanges } from '../../store/page/changes.ts';
import { type Counts, countNow } from '../../store/page/overview.ts';
import type { LegWeek } from '../../store/page/propagation.ts';
import { type Html, html } from '../html.ts';
import { accessColumns, entitlementOfGroup } from './access.ts';
import { changeColumns } from './changes.ts';
import { figures } from './layout.ts';
import type { AskedByReader, OtherPage } from './pages.ts';
import { latestWeeks } from './propagation.ts';
import { tableHtml } from './table.ts';

const SHOWN = 8;
/** How often a page that is left open is asked for anew, in seconds. */
const REFRESH_SECONDS = 60;

/** What somebody sees first: what there is to worry about, and what is theirs. */
export const overviewPage: OtherPage = {
  is: 'page',
  path: '/',
  title: 'Now',
  rule: 'own',
  inMenu: true,
  async html(asked) {
    const { context, sight, query, reader } = asked;
    const isWatched = query.watch === 'on';
    const [counts, week, trouble, latest, own] = await Promise.all([
      countNow(context.db, sight),
      seesAll(reader) ? thisWeek(asked) : undefined,
      troubleHtml(asked),
      latestHtml(asked),
      ownHtml(asked),
    ]);
    const watch = isWatched
      ? html`This page is asked for anew every minute. <a href="${PAGE_PATH}">Stop</a>`
      : html`<a href="${PAGE_PATH}?watch=on">Keep this page up to date</a>`;
    const title = counts.late > 0 ? `${counts.late} late` : 'Now';
    return {
      title,
      body: html`<p class="bar"><span>${watch}</span><span>as of ${asked.as.time(asked.now)}</span></p>
${figures(figuresOf(counts, asked, week))}${trouble}${latest}${own}`,
      ...(isWatched ? { refreshSeconds: REFRESH_SECONDS } : {}),
    };
  },
};

function figuresOf(
  counts: Counts,
  { reader, context }: AskedByReader,
  week: LegWeek | undefined,
): Parameters<typeof figures>[0] {
  const { waiting, underway, late, findings, held, cases, reviews } = counts;
  const whose = seesAll(reader) ? 'everybody' : reader.role === 'owner' ? 'you and what you own' : 'you';
  const mood = (count: number, there: string) => (count === 0 ? 'good' : there);
  return [
    {
      label: 'Late',
      value: late,
      note: `not in MuleSoft after ${elapsedInWords(context.objectiveMs)}`,
      mood: mood(late, 'bad'),
      to: '/changes?is=late',
    },
    {
      label: 'Waiting for a decision',
      value: waiting,
      mood: mood(waiting, 'waiting'),
      to: '/changes?is=waiting',
    },
    { label: 'On the way', value: underway, to: '/changes?is=underway' },
    {
      label: 'Open findings',
      value: findings,
      note: 'access that nobody asked for, or that was lost',
      mood: mood(findings, 'waiting'),
      to: '/findings?is=open',
    },
    { label: 'Access held', value: held, note: `by ${whose}`, to: '/access' },
    ...(seesAll(reader)
      ? [
          { label: 'Open leaver cases', value: cases, mood: mood(cases, 'waiting'), to: '/cases?is=open' },
          { label: 'Running access reviews', value: reviews, to: '/reviews' },
          {
            label: '95 % seen within, this week',
            value: week?.p95 == null ? '–' : elapsedInWords(week.p95),
            note: `of ${week?.n ?? 0} ${week?.n === 1 ? 'change' : 'changes'}; the objective is ${elapsedInWords(context.objectiveMs)}`,
            mood: (week?.p95 ?? 0) <= context.objectiveMs ? 'good' : 'bad',
            to: '/propagation',
          },
        ]
      : []),
  ];
}

/** The whole way of what was seen since Monday; undefined: nothing was. */
async function thisWeek({ context, now }: AskedByReader): Promise<LegWeek | undefined> {
  const monday = DateTime.fromJSDate(now, { zone: 'utc' }).startOf('week').toISODate();
  return (await latestWeeks(context)).find(({ leg, week }) => leg === 'total' && week === monday);
}

/** What does not work now, with what mends it; for those who can have it mended. */
async function troubleHtml({ reader, report }: AskedByReader): Promise<Html | null> {
  if (!seesAll(reader)) return null;
  const { cannot } = await report();
  if (cannot.length === 0) return null;
  return html`<h2>Does not work now</h2><ul class="card">${cannot.map((line) => html`<li>${capital(line)}</li>`)}</ul><p><a href="${PAGE_PATH}/health">Health of all parts</a></p>`;
}

async function latestHtml({ context, sight, as }: AskedByReader): Promise<Html> {
  const { rows } = await listChanges(context.db, sight, {}, { limit: SHOWN, after: null });
  if (rows.length === 0)
    return html`<h2>Latest changes</h2><div class="empty"><p>Nothing has been asked for yet.</p><p>Type <code>/access</code> in ${context.chat.name}: the request appears here at once.</p></div>`;
  const shown = rows.map((row) => ({ ...row, context }));
  return html`<h2>Latest changes</h2>${tableHtml('Latest changes', changeColumns, shown, as)}<p class="bar"><a href="${PAGE_PATH}/changes">All changes</a></p>`;
}

async function ownHtml({ context, reader, as }: AskedByReader): Promise<Html | null> {
  const filter = { personId: reader.personId, groups: entitlementOfGroup(context) };
  const { rows } = await listHeld(context.db, 'all', filter, { limit: SHOWN, after: null });
  if (rows.length === 0) return null;
  const columns = accessColumns.filter(({ key }) => key !== 'person' && key !== 'department');
  const shown = rows.map((row) => ({ ...row, context }));
  return html`<h2>Your access</h2>${tableHtml('Your access', columns, shown, as)}`;
}
