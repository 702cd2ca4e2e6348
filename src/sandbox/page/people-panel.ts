/** The left of the page: whom one is. */
import { type Html, html } from './html.ts';
import type { SlackSeen } from './sources.ts';

const HUES = 12;
/** Chosen so that the people who act most at Acme differ in colour. */
const HUE_SPREAD = 363;

/** The same person has the same colour everywhere on the page. */
function hueOf(name: string): number {
  let sum = 0;
  for (const character of name) sum = (sum * HUE_SPREAD + (character.codePointAt(0) ?? 0)) % 997;
  return sum % HUES;
}

export function avatar(name: string, size: 'small' | 'medium' = 'medium'): Html {
  const initials = name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => word.charAt(0))
    .join('');
  return html`<span class="avatar avatar-${size} hue-${hueOf(name)}" aria-hidden="true">${initials}</span>`;
}

export function latchkeyMark(size: 'small' | 'medium' | 'large'): Html {
  return html`<span class="mark mark-${size}" aria-hidden="true"><svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><circle cx="8" cy="15" r="4.2"/><path d="M11 12 19.5 3.5M16 7l3 3M13.5 9.5l2 2"/></svg></span>`;
}

export function drawPeople(seen: SlackSeen): Html {
  const { me } = seen;
  return html`<div class="me" data-testid="me">${avatar(me.name)}<div><span class="you-are">You are</span><strong>${me.name}</strong><span class="role">${me.role}</span></div></div>
    <button type="button" class="bk-button my-digest" data-digest="${me.key}" data-testid="my-digest">Send my digest now</button>
    <nav aria-label="Be somebody else" data-testid="person-switcher">
      ${seen.people.map(
        (p) =>
          html`<a href="?as=${p.key}" class="person" data-person="${p.key}" data-latest="${p.latest ?? ''}" data-testid="person-${p.key}"${
            p.key === me.key ? html` aria-current="true"` : null
          }>${avatar(p.name, 'small')}<span class="person-text"><span class="person-name">${p.name}${
            p.slackKind === 'member' ? null : html`<span class="kind">${p.slackKind}</span>`
          }</span><span class="role" title="${p.role}">${p.role}</span></span><span class="unread-dot" aria-label="unread" hidden></span></a>`,
      )}
    </nav>`;
}
