import { Fault, type Trouble } from '../core/fault.ts';
import { type Answer, call } from '../outbound/call.ts';
import { retryAfterMs } from '../outbound/retry-after.ts';
import type { TicketSeen, TicketSource } from '../ports/tickets.ts';
import { type GivenSecret, secretOf, withSecret } from '../secrets/secret.ts';
import type { TicketPaths } from './kinds.ts';
import { ticketAddress } from './ticket-address.ts';

export type TicketSettings = {
  /** As people call it. */
  name: string;
  /** Where a ticket is read, with `{ticket}` or `{number}` in its path or query. */
  template: string;
  /** Answers only to good credentials; null: a ticket that is not there is read. */
  checkUrl: string | null;
  token: GivenSecret;
  /** With a user name it is Basic (RFC 7617), without Bearer (RFC 6750). */
  user: string | null;
  paths: TicketPaths;
  /** Values of the status that mean closed, in any case. */
  closed: readonly string[];
  /** For the whole call, in milliseconds. */
  timeoutMs?: number;
};

/** Nobody waits for it so long: a request goes to a person before. */
const DEFAULT_TIMEOUT_MS = 5_000;
/** When a throttled answer does not say. */
const DEFAULT_WAIT_MS = 30_000;
/** No ticket has this key; a system that works says so. */
const NO_TICKET = 'LATCHKEY-0';

/** A ticket system that answers JSON over HTTP. Redirects are not followed: the token goes to one host only. */
export function createHttpTickets(settings: TicketSettings): TicketSource {
  const { template, checkUrl } = settings;

  async function read(ticket: string): Promise<TicketSeen> {
    const url = ticketAddress(template, ticket);
    if (url === null) return { is: 'absent' };
    const answer = await get(settings, url);
    return isAbsent(answer) ? { is: 'absent' } : ticketIn(settings, answer.body, ticket);
  }

  return {
    name: settings.name,
    read,
    async check() {
      if (checkUrl === null) return void (await read(NO_TICKET));
      const answer = await get(settings, checkUrl);
      if (answer.status !== 200) throw faultOf(settings.name, answer);
    },
  };
}

/** Answers 200, or what says that nothing is there. Throws the fault of everything else. */
async function get(settings: TicketSettings, url: string): Promise<Answer> {
  const { name, user, timeoutMs } = settings;
  return await withSecret(secretOf(settings.token), async (token) => {
    const basic = () => `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;
    const answer = await call('tickets', {
      method: 'GET',
      url,
      headers: { authorization: user === null ? `Bearer ${token}` : basic(), 'user-agent': 'latchkey' },
      timeoutMs: timeoutMs ?? DEFAULT_TIMEOUT_MS,
      redirect: 'manual',
    });
    if ((answer.status === 200 && !isLoginRefused(answer.headers)) || isAbsent(answer)) return answer;
    throw faultOf(name, answer);
  });
}

/**
 * A page that is not found is JSON where the system says so of a ticket. A proxy's page, or an empty one, says it of
 * the address, and is no word about the ticket.
 */
function isAbsent({ status, body, headers }: Answer): boolean {
  if (isLoginRefused(headers)) return false;
  return (status === 404 || status === 410) && typeof body === 'object' && body !== null;
}

/** Jira goes on without a login that it did not take, with 200 or 404 for strangers, and says so here alone. */
function isLoginRefused(headers: Headers): boolean {
  return /FAILED|DENIED/i.test(headers.get('x-seraph-loginreason') ?? '');
}

function ticketIn({ name, paths, closed }: TicketSettings, body: unknown, ticket: string): TicketSeen {
  const status = valueAt(body, paths.status);
  if (status === 'nobody') return { is: 'absent' };
  const key = paths.key === undefined ? null : textAt(body, paths.key);
  if (key !== null && !isKeyOf(ticket, key))
    throw bad(name, 'it answers with another ticket than the one that was asked for');
  const text = textOf(status);
  if (text === null) throw bad(name, `its answer has no ${paths.status}`);
  const isClosed = closed.some((value) => value.toLowerCase() === text.toLowerCase());
  return {
    is: isClosed ? 'closed' : 'open',
    status: (paths.shown === undefined ? null : textAt(body, paths.shown)) ?? text,
    title: paths.title === undefined ? null : textAt(body, paths.title),
    assignee: paths.assignee === undefined ? null : textAt(body, paths.assignee),
  };
}

/** A key that is only a number is that at the end of ours. */
function isKeyOf(ticket: string, key: string): boolean {
  return (
    key.toLowerCase() === ticket.toLowerCase() ||
    (/^\d+$/.test(key) && Number(/\d+$/.exec(ticket)?.[0]) === Number(key))
  );
}

/** `nobody`: a list on the way is empty, so nothing was found. */
function valueAt(body: unknown, path: string): unknown {
  let at: unknown = body;
  for (const part of path.split('.')) {
    if (Array.isArray(at) && at.length === 0) return 'nobody';
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined;
    at = (at as Record<string, unknown>)[part];
  }
  return at;
}

function textAt(body: unknown, path: string): string | null {
  return textOf(valueAt(body, path));
}

/** Longer than this is no status and no title; it is cut. */
const TEXT_MAX = 200;

function textOf(value: unknown): string | null {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, TEXT_MAX) : null;
}

function bad(name: string, why: string): Fault {
  return new Fault('tickets.bad_answer', `${name}: ${why}`, { retryable: false });
}

function faultOf(name: string, { status, headers }: Answer): Fault {
  const trouble = isLoginRefused(headers) ? 'unauthorized' : troubleOf(status);
  return new Fault(`tickets.${trouble}`, `${name}: ${status}`, {
    retryable: trouble === 'unavailable' || trouble === 'throttled',
    ...(trouble === 'throttled' ? { retryAfterMs: retryAfterMs(headers) ?? DEFAULT_WAIT_MS } : {}),
    vendorCode: String(status),
  });
}

function troubleOf(status: number): Trouble {
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404 || status === 410) return 'not_found';
  if (status === 429) return 'throttled';
  // A redirect goes to a sign-in page, or to where the ticket moved: neither is an answer.
  if (status < 400) return 'bad_answer';
  return status >= 500 ? 'unavailable' : 'invalid';
}
