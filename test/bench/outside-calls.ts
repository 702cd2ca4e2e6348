import type { Call } from '../../src/outbound/call.ts';
import { call } from '../../src/outbound/call.ts';
import { SCRIPTED_MODEL } from '../../src/sandbox/model/emulator.ts';
import { company, credentials, type Person } from '../../src/sandbox/seed.ts';
import type { BenchIdp, IdpKind, IdpSession } from './idp.ts';
import { slackIdOf } from './slack-sender.ts';

/**
 * The kinds of outside calls that a change makes, by how the world's record of requests shows them. Those of the
 * identity provider are with it.
 */
const kinds = {
  whoIs: ['slack', 'POST', /users\.info$/],
  findAccount: ['slack', 'POST', /users\.lookupByEmail$/],
  openDirect: ['slack', 'POST', /conversations\.open$/],
  post: ['slack', 'POST', /chat\.postMessage$/],
  update: ['slack', 'POST', /chat\.update$/],
  findUser: ['anypoint', 'GET', /\/users$/],
  readMembers: ['anypoint', 'GET', /\/members$/],
  addToTeam: ['anypoint', 'PUT', /\/members\//],
  advise: ['model', 'POST', /./],
} as const;
type OtherKind = keyof typeof kinds;
export type Kind = OtherKind | IdpKind;
export type Counts = Record<Kind, number>;

type Seen = { vendor: string; method: string; path: string };

/** How many calls of each kind the world saw. */
export function countCalls(seen: readonly Seen[], idp: BenchIdp): Counts {
  const all = [
    ...Object.entries(kinds),
    ...Object.entries(idp.kinds).map(([kind, shown]) => [kind, [idp.system, ...shown]] as const),
  ];
  const counts = Object.fromEntries(all.map(([kind]) => [kind, 0])) as Counts;
  for (const request of seen)
    for (const [kind, [vendor, method, path]] of all)
      if (request.vendor === vendor && request.method === method && path.test(request.path)) {
        counts[kind as Kind] += 1;
        break;
      }
  return counts;
}

export type Where = {
  worldUrl: string;
  idp: IdpSession;
  anypointToken: string;
  groupId: string;
  teamId: string;
};
/** Whom a call is about. `nth`: which one it is of those that are made at once. */
export type About = { person: Person; message: Message; nth: number };

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
export async function makeCall(kind: Kind, where: Where, about: About): Promise<unknown> {
  const asked = isOther(kind)
    ? request(kind, where, about)
    : where.idp.request(kind, { ...about, groupId: where.groupId });
  const answer = await call('idp', { ...asked, timeoutMs: 10_000 });
  const body = answer.body as { ok?: boolean; error?: string } | null;
  if (answer.status >= 300 || body?.ok === false)
    throw new Error(`${kind}: ${answer.status} ${JSON.stringify(body)}`);
  return body;
}

/** What a message would hold: about as much as a card. */
export type Message = { channel: string; ts: string | null };

function isOther(kind: Kind): kind is OtherKind {
  return kind in kinds;
}

function request(kind: OtherKind, where: Where, { person, message }: About): Omit<Call, 'timeoutMs'> {
  const slack = (method: string, body: unknown) => ({
    method: 'POST' as const,
    url: `${where.worldUrl}/slack/api/${method}`,
    headers: {
      authorization: `Bearer ${credentials.slackBotToken}`,
      'content-type': 'application/json; charset=utf-8',
    },
    body,
  });
  const anypoint = (method: 'GET' | 'PUT', path: string, body?: unknown) => ({
    method,
    url: `${where.worldUrl}/anypoint/accounts/api/organizations/${company.anypointOrgId}${path}`,
    headers: { authorization: `Bearer ${where.anypointToken}` },
    ...(body === undefined ? {} : { body }),
  });
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
