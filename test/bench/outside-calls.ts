import type { Call } from '../../src/outbound/call.ts';
import { call } from '../../src/outbound/call.ts';
import { SCRIPTED_MODEL } from '../../src/sandbox/model/emulator.ts';
import { company, credentials, type Person } from '../../src/sandbox/seed.ts';
import { slackIdOf } from './slack-sender.ts';

/** The kinds of outside calls that a change makes, by how the world's record of requests shows them. */
const kinds = {
  whoIs: ['slack', 'POST', /users\.info$/],
  findAccount: ['slack', 'POST', /users\.lookupByEmail$/],
  openDirect: ['slack', 'POST', /conversations\.open$/],
  post: ['slack', 'POST', /chat\.postMessage$/],
  update: ['slack', 'POST', /chat\.update$/],
  searchPeople: ['okta', 'GET', /\/users$/],
  readPerson: ['okta', 'GET', /\/users\/[^/]+$/],
  readGroups: ['okta', 'GET', /\/users\/[^/]+\/groups$/],
  addToGroup: ['okta', 'PUT', /\/groups\//],
  findUser: ['anypoint', 'GET', /\/users$/],
  readMembers: ['anypoint', 'GET', /\/members$/],
  addToTeam: ['anypoint', 'PUT', /\/members\//],
  advise: ['model', 'POST', /./],
} as const;
export type Kind = keyof typeof kinds;
export type Counts = Record<Kind, number>;

type Seen = { vendor: string; method: string; path: string };

/** How many calls of each kind the world saw. */
export function countCalls(seen: readonly Seen[]): Counts {
  const counts = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, 0])) as Counts;
  for (const request of seen)
    for (const [kind, [vendor, method, path]] of Object.entries(kinds))
      if (request.vendor === vendor && request.method === method && path.test(request.path)) {
        counts[kind as Kind] += 1;
        break;
      }
  return counts;
}

export type Where = { worldUrl: string; anypointToken: string; groupId: string; teamId: string };

export async function anypointToken(worldUrl: string): Promise<string> {
  const answer = await call('mulesoft', {
    method: 'POST',
    url: `${worldUrl}/anypoint/accounts/api/v2/oauth2/token`,
    body: {
      grant_type: 'client_credentials',
      client_id: credentials.anypointClientId,
      client_secret: credentials.anypointClientSecret,
    },
    timeoutMs: 10_000,
  });
  return (answer.body as { access_token: string }).access_token;
}

/** One call of a kind, for one person; answers its parsed body. Throws when it is refused. */
export async function makeCall(kind: Kind, where: Where, person: Person, message: Message): Promise<unknown> {
  const answer = await call('idp', { ...request(kind, where, person, message), timeoutMs: 10_000 });
  const body = answer.body as { ok?: boolean; error?: string } | null;
  if (answer.status >= 300 || body?.ok === false)
    throw new Error(`${kind}: ${answer.status} ${JSON.stringify(body)}`);
  return body;
}

/** What a message would hold: about as much as a card. */
export type Message = { channel: string; ts: string | null };

function request(kind: Kind, where: Where, person: Person, message: Message): Omit<Call, 'timeoutMs'> {
  const slack = (method: string, body: unknown) => ({
    method: 'POST' as const,
    url: `${where.worldUrl}/slack/api/${method}`,
    headers: {
      authorization: `Bearer ${credentials.slackBotToken}`,
      'content-type': 'application/json; charset=utf-8',
    },
    body,
  });
  const okta = (method: 'GET' | 'PUT', path: string) => ({
    method,
    url: `${where.worldUrl}/okta/api/v1${path}`,
    headers: { authorization: `SSWS ${credentials.oktaApiToken}` },
  });
  const anypoint = (method: 'GET' | 'PUT', path: string, body?: unknown) => ({
    method,
    url: `${where.worldUrl}/anypoint/accounts/api/organizations/${company.anypointOrgId}${path}`,
    headers: { authorization: `Bearer ${where.anypointToken}` },
    ...(body === undefined ? {} : { body }),
  });
  const search = new URLSearchParams({ search: `profile.email eq "${person.email}"`, limit: '200' });
  switch (kind) {
    case 'whoIs':
      return {
        ...slack('users.info', new URLSearchParams({ user: person.slackId })),
        headers: { authorization: `Bearer ${credentials.slackBotToken}` },
      };
    case 'findAccount':
      return {
        ...slack('users.lookupByEmail', new URLSearchParams({ email: person.email })),
        headers: { authorization: `Bearer ${credentials.slackBotToken}` },
      };
    case 'openDirect':
      return slack('conversations.open', { users: person.slackId });
    case 'post':
      return slack('chat.postMessage', {
        channel: message.channel,
        ...content(person),
        ...(message.ts === null ? {} : { thread_ts: message.ts }),
      });
    case 'update':
      return slack('chat.update', { channel: message.channel, ts: message.ts, ...content(person) });
    case 'searchPeople':
      return okta('GET', `/users?${search}`);
    case 'readPerson':
      return okta('GET', `/users/${person.oktaId}`);
    case 'readGroups':
      return okta('GET', `/users/${person.oktaId}/groups`);
    case 'addToGroup':
      return okta('PUT', `/groups/${where.groupId}/users/${person.oktaId}`);
    case 'findUser':
      return anypoint('GET', `/users?type=all&limit=500&offset=0&search=${encodeURIComponent(person.email)}`);
    case 'readMembers':
      return anypoint(
        'GET',
        `/teams/${where.teamId}/members?identity_type=user&limit=500&offset=0&member_ids=${person.anypointId}`,
      );
    case 'addToTeam':
      return anypoint('PUT', `/teams/${where.teamId}/members/${person.anypointId}`, {
        membership_type: 'member',
      });
    case 'advise':
      return {
        method: 'POST',
        url: `${where.worldUrl}/model/v1/chat/completions`,
        headers: { authorization: `Bearer ${credentials.modelApiKey}` },
        body: {
          model: SCRIPTED_MODEL,
          messages: [{ role: 'user', content: JSON.stringify({ facts: [], clauses: [] }) }],
        },
      };
  }
}

function content(person: Person) {
  const text = `${person.name} asks for access, approved by <@${slackIdOf('tom')}>`;
  return {
    text,
    blocks: ['a', 'b', 'c', 'd'].map(() => ({ type: 'section', text: { type: 'mrkdwn', text } })),
  };
}
