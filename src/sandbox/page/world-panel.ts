/** The right of the page: the identity providers, Anypoint, and ways to make them misbehave. */
import { systemNames } from '../consoles.ts';
import { refusedGroups } from '../on-purpose.ts';
import { type Html, html } from './html.ts';
import { avatar } from './people-panel.ts';
import type { AnypointTeam, GroupsOfIdp, IdpGroup, Member } from './sources.ts';
import type { SwitchState } from './switches.ts';

function drawMember(member: Member): Html {
  const isOnItsWay = member.visibleAt !== undefined;
  return html`<li class="chip${isOnItsWay ? ' chip-late' : ''}" data-key="${member.key ?? member.name}" data-testid="member-${member.key ?? ''}" title="${
    isOnItsWay ? `${member.name}: the API shows it later` : member.name
  }">${avatar(member.name, 'small')}<span>${member.name}</span>${
    member.membershipType === 'maintainer' ? html`<small>maintainer</small>` : null
  }${isOnItsWay ? html`<small>not visible yet</small>` : null}</li>`;
}

function drawMembers(members: readonly Member[]): Html {
  return members.length === 0
    ? html`<p class="nobody">nobody</p>`
    : html`<ul class="chips">${members.map(drawMember)}</ul>`;
}

export function drawGroups(all: readonly GroupsOfIdp[]): Html {
  return html`${all.map(
    (one) =>
      html`<div class="idp-groups" data-key="${one.system}" data-testid="groups-${one.system}"><h2><span class="vendor ${one.system}" aria-hidden="true"></span>${systemNames[one.system]} groups</h2>${drawGroupsOf(one)}</div>`,
  )}`;
}

/** How their types are called on the page; a group like most has none. */
const typeWords: Record<string, string> = { BUILT_IN: 'built in', APP_GROUP: 'app', SYNCED: 'synced' };

function drawGroupsOf({ system, groups }: GroupsOfIdp): Html {
  if (groups.length === 0) return html`<p class="nobody">${systemNames[system]} isn’t there.</p>`;
  const pushed = groups.filter((g) => g.pushed);
  const others = groups.filter((g) => !g.pushed);
  const one = (g: IdpGroup) =>
    html`<div class="bag" data-key="${g.id}" data-testid="group-${g.name}"><h4>${g.name}${
      g.ruled === true ? html`<span class="tag">rule</span>` : null
    }${typeWords[g.type] === undefined ? null : html`<span class="tag">${typeWords[g.type]}</span>`}</h4>${drawMembers(g.members)}${
      refusedGroups[g.name] === undefined
        ? null
        : html`<p class="on-purpose" data-testid="on-purpose-${g.name}"><span class="tag">on purpose</span> ${refusedGroups[g.name]}</p>`
    }</div>`;
  return html`${pushed.map(one)}<details class="more" data-key="others"><summary>${others.length} more groups, not pushed</summary>${others.map(one)}</details>`;
}

export function drawTeams(teams: readonly AnypointTeam[]): Html {
  if (teams.length === 0) return html`<p class="nobody">Anypoint isn’t there.</p>`;
  return html`${teams.map(
    (t) =>
      html`<div class="bag" data-key="${t.id}" data-testid="team-${t.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}"><h4>${t.name}</h4>${drawMembers(t.members)}${
        t.leaving.length === 0
          ? null
          : html`<p class="leaving">removed, still shown by the API: ${t.leaving.map((l) => l.key ?? '?').join(', ')}</p>`
      }</div>`,
  )}`;
}

export function drawSwitches(switches: readonly SwitchState[]): Html {
  const isAnyOn = switches.some((s) => s.isOn);
  return html`<div class="switches">${switches.map(
    (s) =>
      html`<button type="button" role="switch" aria-checked="${s.isOn ? 'true' : 'false'}" class="switch" data-switch="${s.name}" data-testid="switch-${s.name}"><span class="knob" aria-hidden="true"></span><span class="switch-text"><strong>${s.title}</strong><small>${s.means}</small></span></button>`,
  )}</div>
  <button type="button" class="normal${isAnyOn ? ' needed' : ''}" data-switch="normal" data-testid="switch-normal"${isAnyOn ? null : html` disabled`}>Back to normal</button>`;
}
