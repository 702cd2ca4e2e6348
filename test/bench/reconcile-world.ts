import { createServer, type ServerResponse } from 'node:http';
import {
  anypointMember,
  anypointUser,
  GROUP_SIZE,
  GROUPS,
  groupId,
  groupName,
  memberAt,
  oktaUser,
  PEOPLE,
  teamId,
  teamName,
} from './reconcile-crowd.ts';

/**
 * Okta's and Anypoint's lists over HTTP, for the reconcile bench. Pages are as long as asked for. They are made once
 * and then sent as they are, so that this process takes little of the machine. `POST /differ` moves people behind
 * Latchkey's back. `node reconcile-world.ts <port>`
 */
const port = Number(process.argv[2]);
const OKTA_PAGE = 1_000;
const ANYPOINT_PAGE = 500;

type Pages = Map<string, Buffer>;
const pages: Pages = new Map();
function made(key: string, make: () => unknown): Buffer {
  const known = pages.get(key);
  if (known !== undefined) return known;
  const page = Buffer.from(JSON.stringify(make()));
  pages.set(key, page);
  return page;
}

/** Rows `from`… of a group by number; a moved list has lost its first member and gained a stranger to it. */
const moved = { groups: new Set<number>(), teams: new Set<number>() };
function numbers(g: number, from: number, limit: number, isMoved: boolean): number[] {
  return Array.from({ length: Math.min(limit, GROUP_SIZE - from) }, (_, i) =>
    isMoved && from + i === 0 ? memberAt(g, GROUP_SIZE + 1) : memberAt(g, from + i),
  );
}

/** Pages of unmoved groups of the same people are the same bytes. */
const block = (g: number, isMoved: boolean) => (isMoved ? `moved ${g}` : String(memberAt(g, 0)));

function send(response: ServerResponse, body: Buffer, headers: Record<string, string> = {}): void {
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': body.length,
    'x-rate-limit-limit': '1000000',
    'x-rate-limit-remaining': '999999',
    'x-rate-limit-reset': String(Math.ceil(Date.now() / 1_000) + 60),
    ...headers,
  });
  response.end(body);
}
const json = (value: unknown) => Buffer.from(JSON.stringify(value));

createServer((request, response) => {
  request.resume();
  const url = new URL(request.url ?? '/', `http://127.0.0.1:${port}`);
  const { pathname, searchParams } = url;
  const limit = Number(searchParams.get('limit') ?? 0);

  const members = /^\/api\/v1\/groups\/00gbench(\d+)\/users$/.exec(pathname);
  if (members !== null) {
    const g = Number(members[1]);
    const from = Number(searchParams.get('after') ?? 0);
    const shown = Math.min(limit, OKTA_PAGE);
    const isMoved = moved.groups.has(g);
    const body = made(`okta ${block(g, isMoved)} ${from} ${shown}`, () =>
      numbers(g, from, shown, isMoved).map(oktaUser),
    );
    if (from + shown >= GROUP_SIZE) return send(response, body);
    url.searchParams.set('after', String(from + shown));
    return send(response, body, { link: `<${url.href}>; rel="next"` });
  }
  const team = /\/teams\/d0000000-0000-4000-8000-(\d+)\/members$/.exec(pathname);
  const offset = Number(searchParams.get('offset') ?? 0);
  const most = Math.min(limit, ANYPOINT_PAGE);
  if (team !== null) {
    const g = Number(team[1]);
    const isMoved = moved.teams.has(g);
    return send(
      response,
      made(`team ${block(g, isMoved)} ${offset} ${most}`, () => ({
        data: numbers(g, offset, most, isMoved).map(anypointMember),
        total: GROUP_SIZE,
      })),
    );
  }
  if (/\/organizations\/[^/]+\/users$/.test(pathname))
    return send(
      response,
      made(`users ${offset} ${most}`, () => ({
        data: Array.from({ length: Math.min(most, PEOPLE - offset) }, (_, i) => anypointUser(offset + i)),
        total: PEOPLE,
      })),
    );
  if (pathname === '/api/v1/groups/rules') return send(response, json([]));
  if (pathname === '/api/v1/groups') {
    const g = Number(/bench-group-(\d+)"/.exec(searchParams.get('search') ?? '')?.[1]);
    return send(
      response,
      json([{ id: groupId(g), type: 'OKTA_GROUP', profile: { name: groupName(g), description: null } }]),
    );
  }
  if (/\/teams$/.test(pathname)) {
    const g = Number(/Bench team (\d+)/.exec(searchParams.get('search') ?? '')?.[1]);
    return send(response, json({ data: [{ team_id: teamId(g), team_name: teamName(g) }], total: 1 }));
  }
  if (pathname.endsWith('/oauth2/token'))
    return send(response, json({ access_token: 'bench', expires_in: 3_600 }));
  if (pathname === '/differ') {
    for (let g = 0; g < 3; g++) moved.groups.add(g);
    for (let g = GROUPS / 10 - 2; g < GROUPS / 10; g++) moved.teams.add(g);
  }
  return send(response, json(null));
}).listen(port, '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
