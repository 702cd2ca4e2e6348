/** What Latchkey itself says of its latest changes, and how long each leg took. */
import { type Html, html } from './html.ts';
import type { Change, Changes, Legs } from './sources.ts';

/** The objective that every change is measured against. */
const OBJECTIVE_MS = 60_000;

const legNames: [Exclude<keyof Legs, 'total'>, string][] = [
  ['decisionToIdp', 'decision → Okta'],
  ['idpToScim', 'Okta → SCIM push'],
  ['scimToDelivery', 'SCIM → Anypoint'],
  ['deliveryToSeen', 'Anypoint → seen'],
];

function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`;
}

function drawLegs(legs: Legs): Html {
  const known = legNames.flatMap(([leg, name]) => {
    const ms = legs[leg];
    return ms === null || ms === undefined ? [] : [{ leg, name, ms }];
  });
  if (known.length === 0) return html``;
  const total = legs.total ?? known.reduce((sum, l) => sum + l.ms, 0);
  // A change that took longer than the objective fills the bar, and the mark of 60 s moves to the left.
  const full = Math.max(OBJECTIVE_MS, total);
  const isLate = total > OBJECTIVE_MS;
  const said = `${legs.total === null ? 'so far ' : ''}${seconds(total)} of 60 s`;
  return html`<div class="legs${isLate ? ' late' : ''}" role="img" aria-label="${said}: ${known.map((l) => `${l.name} ${seconds(l.ms)}`).join(', ')}">
    <div class="bar">${known.map(
      (l) =>
        html`<span class="leg leg-${l.leg}" style="width:${Math.max(0.8, (l.ms / full) * 100).toFixed(2)}%" title="${l.name}: ${seconds(l.ms)}"></span>`,
    )}<span class="objective" style="left:${((OBJECTIVE_MS / full) * 100).toFixed(2)}%"></span></div>
    <span class="total">${said}</span>
  </div>
  <p class="leg-names">${known.map((l) => html`<span><i class="leg-${l.leg}"></i>${l.name} ${seconds(l.ms)}</span>`)}</p>`;
}

function drawTime(at: string): Html {
  const date = new Date(at);
  return html`<time datetime="${at}" data-seconds="${String(date.getTime() / 1_000)}" data-precise>${
    Number.isNaN(date.getTime()) ? '' : date.toISOString().slice(11, 19)
  }</time>`;
}

/** Latchkey writes moments in ISO 8601; people read them in their own time. */
function withTimes(text: string): Html[] {
  return text
    .split(/(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/)
    .map((part, i) =>
      i % 2 === 0
        ? html`${part}`
        : html`<time datetime="${part}" data-seconds="${String(Date.parse(part) / 1_000)}" data-day>${part.slice(0, 16).replace('T', ' ')}</time>`,
    );
}

function drawChange(change: Change, isNewest: boolean): Html {
  const words = change.state
    .replaceAll(/[_-]/g, ' ')
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
  return html`<details class="change" data-key="${change.id}" data-testid="change" data-state="${change.state}"${isNewest ? html` open` : null}>
    <summary><span class="kind-${change.kind}">${change.kind === 'grant' ? '+' : '−'}</span><span class="headline">${change.headline}</span><span class="state" data-testid="change-state">${words}</span></summary>
    <p class="who">${change.person?.name ?? ''}${change.entitlement === null ? null : html` · ${change.entitlement.title}`}${
      change.cause === '' ? null : html` · ${change.cause.replaceAll('_', ' ')}`
    }</p>
    ${change.detail === undefined || change.detail === '' ? null : html`<p class="detail">${withTimes(change.detail)}</p>`}
    ${change.legs === null ? null : drawLegs(change.legs)}
    <ol class="steps">${change.timeline.map(
      (step) =>
        html`<li>${drawTime(step.at)}<span>${step.text}${step.actor === null ? null : html` <em>${step.actor}</em>`}</span></li>`,
    )}</ol>
  </details>`;
}

export function drawTimeline(changes: Changes): Html {
  switch (changes.is) {
    case 'not_installed':
      return html`<p class="notice" data-testid="latchkey-down" role="status"><strong>Latchkey isn’t installed here yet.</strong> You can look around; commands and clicks fail as they would in Slack.</p>`;
    case 'down':
      return html`<p class="notice" data-testid="latchkey-down" role="status"><strong>Latchkey is down</strong> at ${changes.url}: ${changes.why}. The world goes on; commands and clicks fail as they would in Slack.</p>`;
    case 'known':
      return changes.changes.length === 0
        ? html`<p class="nobody">No changes yet. Ask for something with <kbd>/access</kbd>.</p>`
        : html`${changes.changes.map((c, i) => drawChange(c, i === 0))}`;
  }
}
