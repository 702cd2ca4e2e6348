/** Acts of people and administrators outside Slack, so that Latchkey has something to find. */
import { oktaGroups, people, slackUserGroups } from '../seed.ts';
import { type Html, html } from './html.ts';
import type { Sources } from './sources.ts';

type Call = { method: 'POST' | 'DELETE'; path: string; body: Record<string, unknown> };
type Act = { says: string; calls(person: string, group: string): Call };

const post = (path: string, body: Record<string, unknown> = {}): Call => ({ method: 'POST', path, body });
const memberOf = (group: string, person: string) => `/okta/sim/groups/${group}/members/${person}`;
const [onCall] = slackUserGroups;

const acts: Record<string, Act> = {
  add: { says: 'is put into a group by hand', calls: (person, group) => post(memberOf(group, person)) },
  remove: {
    says: 'is taken out of a group by hand',
    calls: (person, group) => ({ method: 'DELETE', path: memberOf(group, person), body: {} }),
  },
  leave: {
    says: 'leaves the company',
    calls: (person) => post(`/okta/sim/users/${person}/status`, { status: 'DEPROVISIONED' }),
  },
  comeBack: {
    says: 'comes back',
    calls: (person) => post(`/okta/sim/users/${person}/status`, { status: 'ACTIVE' }),
  },
  signInElsewhere: {
    says: 'signs in to Okta from Brazil',
    calls: (person) => post(`/okta/sim/users/${person}/sign-in`, { country: 'Brazil' }),
  },
  signIn: {
    says: 'signs in to Okta from Germany',
    calls: (person) => post(`/okta/sim/users/${person}/sign-in`, { country: 'Germany' }),
  },
  openAnypoint: {
    says: 'signs in to Anypoint',
    calls: (person) => post(`/anypoint/sim/users/${person}/sign-in`, { groups: 'idp' }),
  },
  onCall: {
    says: 'is on call, and nobody else',
    calls: (person) => post('/slack/sim/user-group', { handle: onCall.handle, members: [person] }),
  },
  offCall: {
    says: 'is off, and nobody is on call',
    calls: () => post('/slack/sim/user-group', { handle: onCall.handle, members: [] }),
  },
};

/** The outcome, in a sentence; null: there is no such act, person or group. */
export async function perform(
  { act, person, group }: { act: string; person: string; group: string },
  sources: Sources,
): Promise<{ ok: boolean; said: string } | null> {
  const wanted = acts[act];
  const who = people.find((p) => p.key === person);
  const isGroup = oktaGroups.some((g) => g.name === group);
  if (wanted === undefined || who === undefined || !isGroup) return null;
  const { method, path, body } = wanted.calls(person, group);
  const ok = await sources.turn(path, body, method);
  return { ok, said: ok ? `${who.name} ${wanted.says}.` : `${who.name}: that can’t be done as it stands.` };
}

/** A form with no state of its own on the server: it stays as it was filled in. */
export function drawActs(): Html {
  const option = (value: string, label: string) => html`<option value="${value}">${label}</option>`;
  return html`<form class="act-form" data-testid="acts">
    <label>Who<select name="person" data-testid="act-person">${people
      .filter((p) => p.oktaStatus !== null)
      .map((p) => option(p.key, p.name))}</select></label>
    <label>What happens<select name="act" data-testid="act-what">${Object.entries(acts).map(([name, { says }]) => option(name, says))}</select></label>
    <label>Okta group, where one is meant<select name="group" data-testid="act-group">${oktaGroups
      .filter((g) => g.name.startsWith('anypoint-'))
      .map((g) => option(g.name, g.name))}</select></label>
    <button type="submit" class="bk-button" data-testid="act-do">Let it happen</button>
    <p class="act-said" role="status" data-testid="act-said"></p>
  </form>`;
}
