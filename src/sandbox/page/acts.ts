/** Acts of people and administrators outside Slack, so that Latchkey has something to find. */
import { systemNames } from '../consoles.ts';
import type { System } from '../emulator.ts';
import { oktaGroups, people, slackUserGroups } from '../seed.ts';
import { type Html, html } from './html.ts';
import type { Sources } from './sources.ts';

type Call = { method: 'POST' | 'DELETE'; path: string; body: Record<string, unknown> };
type Act = { says: string; calls(person: string, group: string): Call[] };

const post = (path: string, body: Record<string, unknown> = {}): Call => ({ method: 'POST', path, body });
const [onCall] = slackUserGroups;

const outsideIdps: Record<string, Act> = {
  openAnypoint: {
    says: 'signs in to Anypoint',
    calls: (person) => [post(`/anypoint/sim/users/${person}/sign-in`, { groups: 'idp' })],
  },
  onCall: {
    says: 'is on call, and nobody else',
    calls: (person) => [post('/slack/sim/user-group', { handle: onCall.handle, members: [person] })],
  },
  offCall: {
    says: 'is off, and nobody is on call',
    calls: () => [post('/slack/sim/user-group', { handle: onCall.handle, members: [] })],
  },
};

/** What one identity provider's console does. */
type Console = Record<'add' | 'remove', (person: string, group: string) => Call> &
  Record<'leave' | 'comeBack', (person: string) => Call> & {
    signIn: (person: string, country: string) => Call;
  };
const consoles: Record<System, Console> = {
  okta: {
    add: (person, group) => post(`/okta/sim/groups/${group}/members/${person}`),
    remove: (person, group) => ({
      method: 'DELETE',
      path: `/okta/sim/groups/${group}/members/${person}`,
      body: {},
    }),
    leave: (person) => post(`/okta/sim/users/${person}/status`, { status: 'DEPROVISIONED' }),
    comeBack: (person) => post(`/okta/sim/users/${person}/status`, { status: 'ACTIVE' }),
    signIn: (person, country) => post(`/okta/sim/users/${person}/sign-in`, { country }),
  },
  entra: {
    add: (person, group) => post('/entra/sim/members', { group, key: person, isMember: true }),
    remove: (person, group) => post('/entra/sim/members', { group, key: person, isMember: false }),
    leave: (person) => post('/entra/sim/users', { key: person, happening: 'deleted' }),
    comeBack: (person) => post('/entra/sim/users', { key: person, happening: 'restored' }),
    signIn: (person, country) =>
      post('/entra/sim/sign-ins', {
        key: person,
        location: { countryOrRegion: country === 'Brazil' ? 'BR' : 'DE' },
      }),
  },
};

/** In each of them with a name of its own, where there are more. */
function inEach(
  systems: readonly System[],
  name: string,
  act: (console: Console, system: System) => { says: string; calls: (person: string, group: string) => Call },
): Record<string, Act> {
  return Object.fromEntries(
    systems.map((system) => {
      const { says, calls } = act(consoles[system], system);
      const key = systems.length === 1 ? name : `${name}-${system}`;
      return [
        key,
        {
          says: systems.length === 1 ? says : says.replace(/ by hand$/, ` by hand in ${systemNames[system]}`),
          calls: (person: string, group: string) => [calls(person, group)],
        },
      ];
    }),
  );
}

const everywhere = (
  systems: readonly System[],
  says: string,
  call: (console: Console, person: string) => Call,
): Act => ({
  says,
  calls: (person) => systems.map((system) => call(consoles[system], person)),
});

function actsIn(systems: readonly System[]): Record<string, Act> {
  return {
    ...inEach(systems, 'add', ({ add }) => ({ says: 'is put into a group by hand', calls: add })),
    ...inEach(systems, 'remove', ({ remove }) => ({
      says: 'is taken out of a group by hand',
      calls: remove,
    })),
    leave: everywhere(systems, 'leaves the company', ({ leave }, person) => leave(person)),
    comeBack: everywhere(systems, 'comes back', ({ comeBack }, person) => comeBack(person)),
    ...inEach(systems, 'signInElsewhere', ({ signIn }, system) => ({
      says: `signs in to ${systemNames[system]} from Brazil`,
      calls: (person) => signIn(person, 'Brazil'),
    })),
    ...inEach(systems, 'signIn', ({ signIn }, system) => ({
      says: `signs in to ${systemNames[system]} from Germany`,
      calls: (person) => signIn(person, 'Germany'),
    })),
    ...outsideIdps,
  };
}

/** The outcome, in a sentence; null: there is no such act, person or group. */
export async function perform(
  { act, person, group }: { act: string; person: string; group: string },
  sources: Sources,
): Promise<{ ok: boolean; said: string } | null> {
  const wanted = actsIn(sources.systems())[act];
  const who = people.find((p) => p.key === person);
  const isGroup = oktaGroups.some((g) => g.name === group);
  if (wanted === undefined || who === undefined || !isGroup) return null;
  let ok = true;
  for (const { method, path, body } of wanted.calls(person, group))
    ok = (await sources.turn(path, body, method)) && ok;
  return { ok, said: ok ? `${who.name} ${wanted.says}.` : `${who.name}: that can’t be done as it stands.` };
}

/** A form with no state of its own on the server: it stays as it was filled in. */
export function drawActs(systems: readonly System[]): Html {
  const option = (value: string, label: string) => html`<option value="${value}">${label}</option>`;
  return html`<form class="act-form" data-testid="acts">
    <label>Who<select name="person" data-testid="act-person">${people
      .filter((p) => p.oktaStatus !== null)
      .map((p) => option(p.key, p.name))}</select></label>
    <label>What happens<select name="act" data-testid="act-what">${Object.entries(actsIn(systems)).map(([name, { says }]) => option(name, says))}</select></label>
    <label>Group, where one is meant<select name="group" data-testid="act-group">${oktaGroups
      .filter((g) => g.name.startsWith('anypoint-'))
      .map((g) => option(g.name, g.name))}</select></label>
    <button type="submit" class="bk-button" data-testid="act-do">Let it happen</button>
    <p class="act-said" role="status" data-testid="act-said"></p>
  </form>`;
}
