import { scaleBand, scaleSqrt } from 'd3-scale';
import { line } from 'd3-shape';
import { elapsedInWords } from '../../core/duration.ts';
import { alreadyHtml, type Html, html } from '../html.ts';

/** In units of the drawing, which is scaled to the width there is. */
const WIDTH = 900;
const HEIGHT = 300;
/** A bar is no wider, however few there are. */
const BAR_MAX = 44;
const MARGIN = { top: 14, right: 18, bottom: 30, left: 78 };

export type Series = { name: string; values: readonly (number | null)[] };
export type Bar = { parts: readonly number[]; isBad: boolean; title: string };

type Frame = {
  label: string;
  /** In milliseconds. */
  objectiveMs: number;
  /** What stands beneath each place. */
  places: readonly string[];
};

/** Milliseconds as heights: by the square root, so that a second can be seen beside a minute. */
function heights(values: readonly number[], objectiveMs: number) {
  const top = Math.max(objectiveMs * 1.2, ...values);
  const scale = scaleSqrt([0, top], [HEIGHT - MARGIN.bottom, MARGIN.top]);
  return {
    scale,
    ticks: [1, 5, 15, 30, 60, 120, 300, 900, 3_600].map((s) => s * 1_000).filter((ms) => ms <= top),
  };
}

function drawn(
  { label, objectiveMs, places }: Frame,
  { scale, ticks }: ReturnType<typeof heights>,
  within: (band: ReturnType<typeof bands>) => Html,
): Html {
  const band = bands(places);
  const every = Math.ceil(places.length / 12);
  const goal = scale(objectiveMs);
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">
${ticks.map((ms) => html`<line class="grid" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${round(scale(ms))}" y2="${round(scale(ms))}"/><text x="${MARGIN.left - 8}" y="${round(scale(ms) + 4)}" text-anchor="end">${ms < 120_000 ? `${ms / 1_000} s` : `${ms / 60_000} min`}</text>`)}
${places.map((place, i) => i % every === 0 && html`<text${(i / every) % 2 === 1 ? html` class="odd"` : ''} x="${round((band(String(i)) ?? 0) + band.bandwidth() / 2)}" y="${HEIGHT - 8}" text-anchor="middle">${place}</text>`)}
${within(band)}
<line class="goal" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${round(goal)}" y2="${round(goal)}"/><text class="goal-word" x="${WIDTH - MARGIN.right}" y="${round(goal - 6)}" text-anchor="end">objective ${elapsedInWords(objectiveMs)}</text>
</svg>`;
}

function bands(places: readonly string[]) {
  return scaleBand(
    places.map((_, i) => String(i)),
    [MARGIN.left, WIDTH - MARGIN.right],
  ).padding(0.25);
}

/** Lines over places, each series in a colour and named beneath; a place without a value is a gap. */
export function lineChart(frame: Frame, series: readonly Series[]): Html {
  const all = series.flatMap(({ values }) => values.filter((v) => v !== null));
  const by = heights(all, frame.objectiveMs);
  const body = (band: ReturnType<typeof bands>) => {
    const x = (i: number) => (band(String(i)) ?? 0) + band.bandwidth() / 2;
    const path = line<number | null>()
      .defined((v) => v !== null)
      .x((_, i) => round(x(i)))
      .y((v) => round(by.scale(v ?? 0)));
    return html`${series.map(
      ({ values }, n) =>
        html`<path class="line s${n + 1}" d="${path([...values]) ?? ''}"/>${values.map((v, i) => v !== null && html`<circle class="dot s${n + 1}" r="4" cx="${round(x(i))}" cy="${round(by.scale(v))}"/>`)}`,
    )}`;
  };
  return html`<div class="card">${drawn(frame, by, body)}${legend(series.map(({ name }, n) => [`b${n + 1}`, name]))}</div>`;
}

/** Bars of parts upon each other, in milliseconds; one that missed is in the colour of what is bad. */
export function barChart(frame: Frame, parts: readonly string[], bars: readonly Bar[]): Html {
  const sum = (bar: Bar) => bar.parts.reduce((all, part) => all + part, 0);
  const by = heights(bars.map(sum), frame.objectiveMs);
  const body = (band: ReturnType<typeof bands>) =>
    html`${bars.map((bar, i) => {
      let at = 0;
      const width = Math.min(band.bandwidth(), BAR_MAX);
      const pieces = bar.parts.map((ms, n) => {
        const [low, high] = [by.scale(at), by.scale(at + ms)];
        at += ms;
        return html`<rect class="${bar.isBad ? 'bad-bar' : `b${n + 1}`}" x="${round((band(String(i)) ?? 0) + (band.bandwidth() - width) / 2)}" width="${round(width)}" y="${round(high)}" height="${round(Math.max(low - high, 0))}"/>`;
      });
      return html`<g><title>${bar.title}</title>${pieces}</g>`;
    })}`;
  const named = parts.map((name, n) => [`b${n + 1}`, name] as const);
  return html`<div class="card">${drawn(frame, by, body)}${legend([...named, ['bad-bar', 'missed the objective']])}</div>`;
}

function legend(items: readonly (readonly [mark: string, name: string])[]): Html {
  return html`<ul class="legend">${items.map(([mark, name]) => html`<li class="${mark}">${alreadyHtml('<i></i>')}${name}</li>`)}</ul>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
