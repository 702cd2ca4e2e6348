/** How long the canary's rounds took, there and back, leg by leg against the objective. */
import { type Html, html } from './html.ts';
import type { Canary, CanaryRound, CanaryTrip } from './sources.ts';
import { legNames, seconds } from './timeline.ts';

const ROUNDS_SHOWN = 30;
/** In units of the drawing, which is scaled to the width there is. */
const WIDTH = 400;
const HEIGHT = 104;
const LEFT = 30;
const FLOOR = 92;
const TOP = 6;
const SLOT = (WIDTH - LEFT) / ROUNDS_SHOWN;
const BAR = SLOT * 0.36;
const THINNEST = 1;

const legWords: Record<string, string> = {
  idpWrite: 'the write to the group',
  scimPush: 'the SCIM push',
  delivery: 'the delivery into Anypoint',
  signIn: 'the first sign-in to Anypoint',
};

/** Up to twice the objective; by the square root, so that a second can be seen beside a minute. */
function scale(objectiveMs: number): (ms: number) => number {
  return (ms) => FLOOR - Math.sqrt(Math.min(ms, objectiveMs * 2) / (objectiveMs * 2)) * (FLOOR - TOP);
}

type Piece = { leg: string; fromMs: number; toMs: number };

/** The legs one upon the other; what was waited for and did not come, or not yet, on top. */
function piecesOf(trip: CanaryTrip, objectiveMs: number): Piece[] {
  let atMs = 0;
  const pieces: Piece[] = [];
  for (const [leg] of legNames) {
    const ms = trip[leg];
    if (ms === null) continue;
    pieces.push({ leg, fromMs: atMs, toMs: atMs + ms });
    atMs += ms;
  }
  if (trip.total === null) {
    const untilMs = trip.soFarMs ?? objectiveMs * 2;
    if (untilMs > atMs)
      pieces.push({ leg: trip.soFarMs === null ? 'missing' : 'open', fromMs: atMs, toMs: untilMs });
  }
  return pieces;
}

function drawTrip(trip: CanaryTrip, x: number, objectiveMs: number): Html {
  const y = scale(objectiveMs);
  return html`${piecesOf(trip, objectiveMs).map(({ leg, fromMs, toMs }) => {
    const bottom = y(fromMs);
    const height = Math.max(THINNEST, bottom - y(toMs));
    return html`<rect class="trip-${leg}" x="${x.toFixed(1)}" y="${(bottom - height).toFixed(1)}" width="${BAR.toFixed(1)}" height="${height.toFixed(1)}"/>`;
  })}`;
}

function tripInWords(name: string, trip: CanaryTrip): string {
  if (trip.total === null) return `${name} not seen${trip.soFarMs === null ? '' : ' yet'}`;
  const legs = legNames.flatMap(([leg, words]) =>
    trip[leg] === null ? [] : [`${words} ${seconds(trip[leg])}`],
  );
  return `${name} in ${seconds(trip.total)} (${legs.join(', ')})`;
}

function roundInWords(round: CanaryRound): string {
  const trips = [
    ...(round.grant === null ? [] : [tripInWords('there', round.grant)]),
    ...(round.revoke === null ? [] : [tripInWords('back', round.revoke)]),
  ];
  const stuck = round.stuck === null ? '' : `; stuck at ${legWords[round.stuck.leg] ?? round.stuck.leg}`;
  return `${round.startedAt.slice(11, 16)} UTC, ${round.result ?? 'under way'}: ${trips.join('; ')}${stuck}`;
}

function drawRound(round: CanaryRound, slot: number, objectiveMs: number): Html {
  const x = LEFT + slot * SLOT + SLOT * 0.1;
  return html`<g class="round round-${round.result ?? 'open'}" data-key="${round.id}" data-testid="canary-round" data-result="${round.result ?? ''}"><title>${roundInWords(round)}</title>
    <rect class="ground" x="${(LEFT + slot * SLOT).toFixed(1)}" y="${TOP}" width="${SLOT.toFixed(1)}" height="${HEIGHT - TOP}" rx="2"/>
    ${round.grant === null ? null : drawTrip(round.grant, x, objectiveMs)}
    ${round.revoke === null ? null : html`<g class="back">${drawTrip(round.revoke, x + BAR + SLOT * 0.06, objectiveMs)}</g>`}
    <circle cx="${(x + BAR + SLOT * 0.03).toFixed(1)}" cy="98.5" r="2"/></g>`;
}

function drawRule(ms: number, objectiveMs: number, isObjective = false): Html {
  const y = scale(objectiveMs)(ms).toFixed(1);
  return html`<g class="rule${isObjective ? ' rule-objective' : ''}"><line x1="${LEFT}" x2="${WIDTH}" y1="${y}" y2="${y}"/><text x="${LEFT - 5}" y="${y}" dy="3" text-anchor="end">${Math.round(ms / 1_000)}\u00a0s</text></g>`;
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function drawState(canary: Canary): Html {
  const judged = canary.rounds.filter((r) => r.result === 'hit' || r.result === 'miss');
  const hits = judged.filter((r) => r.result === 'hit').length;
  if (canary.alarm !== null) {
    const leg = canary.rounds.findLast((r) => r.stuck !== null)?.stuck?.leg ?? '';
    return html`<span class="state mood-bad" data-testid="canary-state">stuck at ${legWords[leg] ?? leg}</span>`;
  }
  if (judged.length === 0)
    return html`<span class="state mood-moving" data-testid="canary-state">first round</span>`;
  return html`<span class="state ${hits === judged.length ? 'mood-good' : 'mood-waiting'}" data-testid="canary-state">${hits} of ${judged.length} in time</span>`;
}

function drawFigures(rounds: readonly CanaryRound[]): Html {
  const totals = (trip: 'grant' | 'revoke') =>
    rounds.flatMap((r) => (r[trip]?.total == null ? [] : [r[trip].total]));
  const [there, back] = [totals('grant'), totals('revoke')];
  return there.length === 0 || back.length === 0
    ? html``
    : html`median there <b>${seconds(median(there))}</b>, back <b>${seconds(median(back))}</b>`;
}

export function drawCanary(canary: Canary | null): Html {
  if (canary === null) return html`<p class="nobody">Latchkey says nothing of it.</p>`;
  if (canary.status === 'off') return html`<p class="nobody">The catalogue names no canary.</p>`;
  const shown = canary.rounds.slice(-ROUNDS_SHOWN);
  const { objectiveMs } = canary;
  const why = canary.why === null ? null : html`<p class="notice">No rounds: ${canary.why}.</p>`;
  const free = ROUNDS_SHOWN - shown.length;
  const hits = shown.filter((r) => r.result === 'hit').length;
  return html`<div class="canary-head">${drawState(canary)}<span class="canary-figures">${drawFigures(shown)}</span></div>${why}
    <svg class="canary-chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${shown.length} rounds of the canary, ${hits} within ${Math.round(objectiveMs / 1_000)} seconds">
      <defs><pattern id="not-seen" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="4" height="4" class="hatch-ground"/><rect width="1.6" height="4" class="hatch"/></pattern></defs>
      ${drawRule(objectiveMs / 6, objectiveMs)}${drawRule(objectiveMs, objectiveMs, true)}
      <line class="floor" x1="${LEFT}" x2="${WIDTH}" y1="${FLOOR}" y2="${FLOOR}"/>
      ${shown.map((round, i) => drawRound(round, free + i, objectiveMs))}
    </svg>
    <p class="canary-legend">${legNames.map(
      ([leg, name]) => html`<span><i class="leg-${leg}"></i>${name}</span>`,
    )}<span><i class="leg-missing"></i>not seen</span><span>lighter: the way back</span></p>`;
}
