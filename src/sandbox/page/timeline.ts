/** Latchkey's own word on its latest changes, and how long each leg took. */
import { historyInWords } from '../on-purpose.ts';
import { isInvented } from '../past-requests.ts';
import { people } from '../seed.ts';
import { type Html, html } from './html.ts';
import type { Change, Changes, Legs } from './sources.ts';

/** The objective that every change is measured against. */
const OBJECTIVE_MS = 60_000;
const TODAY_MS = 12 * 60 * 60 * 1_000;

export const legNames: [Exclude<keyof Legs, 'total'>, string][] = [
  ['decisionToIdp', 'decision → group'],
  ['idpToScim', 'group → SCIM push'],
  ['scimToDelivery', 'SCIM → Anypoint'],
  ['deliveryToSeen', 'Anypoint → seen'],
];

export function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`;
}

/** States in which the 60 seconds run. */
const running = ['applying', 'verifying', 'late'];

/** Since the decision or, for who had never signed in, since the first sign-in; null when nothing runs. */
function waitedMs(change: Change, now: number): number | null {
  if (!running.includes(change.state)) return null;
  const began = change.timeline.findLast((s) => s.type === 'signedIn' || s.type === 'changeApproved');
  return began === undefined ? null : Math.max(0, now - Date.parse(began.at));
}

/** `soFarMs`: how long it has been under way; null when it is not. */
function drawLegs(legs: Legs, soFarMs: number | null): Html {
  const known = legNames.flatMap(([leg, name]) => {
    const ms = legs[leg];
    return ms === null || ms === undefined ? [] : [{ leg, name, ms }];
  });
  if (known.length === 0 && soFarMs === null) return html``;
  const gone = known.reduce((sum, l) => sum + l.ms, 0);
  const total = legs.total ?? soFarMs ?? gone;
  const waitingMs = legs.total === null ? Math.max(0, total - gone) : 0;
  // A change that took longer than the objective fills the bar, and the mark of 60 s moves to the left.
  const full = Math.max(OBJECTIVE_MS, total);
  const isLate = total > OBJECTIVE_MS;
  const said =
    legs.total === null ? `so far ${Math.round(total / 1_000)} s of 60 s` : `${seconds(total)} of 60 s`;
  return html`<div class="legs${isLate ? ' late' : ''}" role="img" aria-label="${said}: ${known.map((l) => `${l.name} ${seconds(l.ms)}`).join(', ')}">
    <div class="bar">${known.map(
      (l) =>
        html`<span class="leg leg-${l.leg}" style="width:${Math.max(0.8, (l.ms / full) * 100).toFixed(2)}%" title="${l.name}: ${seconds(l.ms)}"></span>`,
    )}${
      waitingMs === 0
        ? null
        : html`<span class="leg leg-waiting" style="width:${((waitingMs / full) * 100).toFixed(1)}%" title="waiting"></span>`
    }<span class="objective" style="left:${((OBJECTIVE_MS / full) * 100).toFixed(2)}%"></span></div>
    <span class="total">${said}</span>
  </div>
  <p class="leg-names">${known.map((l) => html`<span><i class="leg-${l.leg}"></i>${l.name} ${seconds(l.ms)}</span>`)}</p>`;
}

/** Of today the second counts, of other days the day. */
function drawTime(at: string, now: number): Html {
  const date = new Date(at);
  if (now - date.getTime() > TODAY_MS) return drawDay(at);
  return html`<time datetime="${at}" data-seconds="${String(date.getTime() / 1_000)}" data-precise>${
    Number.isNaN(date.getTime()) ? '' : date.toISOString().slice(11, 19)
  }</time>`;
}

function drawDay(at: string): Html {
  return html`<time datetime="${at}" data-seconds="${String(Date.parse(at) / 1_000)}" data-day>${at.slice(0, 16).replace('T', ' ')}</time>`;
}

/** Latchkey writes moments in ISO 8601; people read them in their own time. */
function withTimes(text: string): Html[] {
  return text
    .split(/(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/)
    .map((part, i) => (i % 2 === 0 ? html`${part}` : drawDay(part)));
}

/** Where the cause says something that the headline does not. */
const causes: Record<string, string> = {
  extension: 'extension',
  finding: 'found, not asked for',
  loss: 'taken out by hand',
};

function drawChange(change: Change, isNewest: boolean, now: number): Html {
  const person = people.find((p) => p.email === change.person?.email);
  const isToSignIn = change.state === 'awaitingSignIn' && person !== undefined;
  return html`<details class="change" data-key="${change.id}" data-testid="change" data-state="${change.state}"${isNewest ? html` open` : null}>
    <summary><span class="kind-${change.kind}">${change.kind === 'grant' ? '+' : '−'}</span><span class="headline">${change.headline}</span><span class="state mood-${change.mood}" data-testid="change-state">${change.label}</span><span class="who">${change.person?.name ?? ''}${change.entitlement === null ? null : html` · ${change.entitlement.title}`}${
      causes[change.cause] === undefined ? null : html` · ${causes[change.cause]}`
    }${isOld(change, now) ? html` · ${drawDay(change.requestedAt as string)}` : null}</span></summary>
    ${change.detail === undefined || change.detail === '' ? null : html`<p class="detail">${withTimes(change.detail)}</p>`}
    ${
      isToSignIn
        ? html`<p class="detail"><button type="button" class="bk-button" data-sign-in="${person.key}" data-testid="sign-in">Sign in to Anypoint as ${person.name}</button></p>`
        : null
    }
    ${change.legs === null ? null : drawLegs(change.legs, waitedMs(change, now))}
    <ol class="steps">${change.timeline.map(
      (step) => html`<li>${drawTime(step.at, now)}<span>${step.text}</span></li>`,
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
      return drawKnown(changes.changes, Date.now());
  }
}

/** Invented changes stand apart, with a word on where they come from. */
function drawKnown(changes: readonly Change[], now: number): Html {
  const made = changes.filter(({ id }) => !isInvented(id));
  const invented = changes.filter(({ id }) => isInvented(id));
  return html`${
    made.length === 0
      ? html`<p class="nobody">No changes yet. Ask for something with <kbd>/access</kbd>.</p>`
      : made.map((change, i) => drawChange(change, i === 0, now))
  }${
    invented.length === 0
      ? null
      : html`<section class="invented" data-key="invented" data-testid="invented"><h3>Before this sandbox was opened <span class="tag">invented</span></h3><p class="on-purpose">${drawCode(historyInWords)}</p>${invented.map((change) => drawChange(change, false, now))}</section>`
  }`;
}

/** Text with code between backquotes. */
function drawCode(text: string): Html[] {
  return text.split('`').map((part, i) => (i % 2 === 0 ? html`${part}` : html`<code>${part}</code>`));
}

function isOld({ requestedAt }: Change, now: number): boolean {
  return requestedAt !== null && now - Date.parse(requestedAt) > TODAY_MS;
}
