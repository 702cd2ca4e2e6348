import type { LegTimes } from '../../core/change/legs.ts';
import { elapsedInWords } from '../../core/duration.ts';
import { canaryStatusText } from '../../flow/canary/canary.ts';
import { openAlarm } from '../../store/canary.ts';
import { type ListedRound, listRounds } from '../../store/page/rounds.ts';
import { html } from '../html.ts';
import { dayFilters } from './changes.ts';
import { type Bar, barChart } from './chart.ts';
import { badge } from './layout.ts';
import { type AskedByReader, list } from './pages.ts';

const ROUNDS_DRAWN = 60;
const PARTS = ['written', 'pushed', 'put into the team', 'seen'] as const;

const partsOf = ({ decisionToIdp, idpToScim, scimToDelivery, deliveryToSeen }: LegTimes): number[] =>
  [decisionToIdp, idpToScim, scimToDelivery, deliveryToSeen].map((ms) => ms ?? 0);

const words = (ms: number | null | undefined) => (ms == null ? '–' : elapsedInWords(ms));
const results = { hit: 'in time', miss: 'missed', void: 'says nothing' } as const;
const moods = { hit: 'good', miss: 'bad', void: 'over' } as const;

function barOf({ round }: ListedRound): Bar {
  const parts = round.grantLegs === null ? [0] : partsOf(round.grantLegs);
  const isBad = round.result === 'miss';
  const whole = isBad && round.grantLegs?.total == null ? [round.objectiveMs] : parts;
  return {
    parts: whole,
    isBad,
    title: `${round.startedAt.toISOString().slice(0, 16)}: there ${words(round.grantLegs?.total)}`,
  };
}

/** The canary: its latest rounds drawn, whether it flies, and every round. */
async function above({ context, as }: AskedByReader) {
  const [status, alarm, { rows }] = await Promise.all([
    canaryStatusText(context),
    openAlarm(context.db),
    listRounds(context.db, {}, { limit: ROUNDS_DRAWN, after: null }),
  ]);
  const state =
    status.status === 'ready'
      ? html`<p>${badge('good', 'flies')} A round every ${context.catalogue.current().canary?.everySeconds ?? ''} seconds.</p>`
      : html`<p>${badge(status.status === 'off' ? 'over' : 'bad', status.status)} ${'why' in status ? status.why : ''}</p>`;
  const alarmed =
    alarm === null
      ? ''
      : html`<p>${badge('bad', 'alarm')} Rounds miss the objective since ${as.time(alarm.since)}: the newest rounds beneath say at which leg.</p>`;
  const drawn = rows.toReversed();
  const label = `How long the latest ${drawn.length} rounds took until the grant was seen in MuleSoft; the table beneath has the figures`;
  const places = drawn.map(({ round }) => round.startedAt.toISOString().slice(11, 16));
  return html`<div class="card">${state}${alarmed}</div>${drawn.length === 0 ? '' : barChart({ label, objectiveMs: context.objectiveMs, places }, PARTS, drawn.map(barOf))}`;
}

export const canaryPage = list<ListedRound>({
  path: '/canary',
  title: 'Canary',
  about:
    'A person is given an access and loses it again, every few minutes, by the way of every change. So a way that is broken is known before somebody needs it.',
  rule: 'everything',
  inMenu: true,
  hasOwnJson: true,
  filters: () => [
    {
      name: 'result',
      label: 'Result',
      is: 'choice',
      options: Object.entries(results).map(([value, label]) => [value, label]),
    },
    ...dayFilters,
  ],
  columns: [
    {
      key: 'startedAt',
      title: 'Round of',
      is: 'time',
      value: ({ round }) => round.startedAt,
      show: ({ round }, { exact }) => exact(round.startedAt),
    },
    {
      key: 'result',
      title: 'Result',
      is: 'text',
      value: ({ round }) => round.result,
      show: ({ round: { result } }) =>
        result === null ? badge('moving', 'under way') : badge(moods[result], results[result]),
    },
    {
      key: 'thereMs',
      title: 'There',
      is: 'number',
      value: ({ round }) => round.grantLegs?.total ?? null,
      show: ({ round }) => words(round.grantLegs?.total),
    },
    {
      key: 'backMs',
      title: 'Back',
      is: 'number',
      value: ({ round }) => round.revokeLegs?.total ?? null,
      show: ({ round }) => words(round.revokeLegs?.total),
    },
    {
      key: 'stuckAt',
      title: 'Stuck at',
      is: 'text',
      value: ({ round }) => (round.stuck === null ? null : `${round.stuck.leg}: ${round.stuck.why}`),
    },
  ],
  read: async ({ context, query }, portion) =>
    await listRounds(context.db, { result: query.result, from: query.from, to: query.to }, portion),
  above,
  empty: () =>
    html`<p>No round has been made yet, or none fits.</p><p>The canary is set in the catalogue: <code>canary: { person, entitlement, every }</code>.</p>`,
});
