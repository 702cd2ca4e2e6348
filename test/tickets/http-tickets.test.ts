import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TicketsGiven, ticketsIn } from '../../src/config/tickets.ts';
import { Fault } from '../../src/core/fault.ts';
import type { TicketSource } from '../../src/ports/tickets.ts';
import { createHttpTickets } from '../../src/tickets/http-tickets.ts';
import { refuseTemplate, ticketAddress } from '../../src/tickets/ticket-address.ts';

type Said = {
  status: number;
  body?: unknown;
  text?: string;
  headers?: Record<string, string>;
  never?: boolean;
};

let url = '';
/** Stands for that address where it is not known yet. */
const HERE = 'http://here';
let say: Said = { status: 200, body: {} };
let asked: { path: string; authorization: string | undefined }[] = [];
const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  asked.push({ path: request.url ?? '', authorization: request.headers.authorization });
  if (say.never === true) return;
  response.writeHead(say.status, { 'content-type': 'application/json', ...say.headers });
  response.end(say.text ?? JSON.stringify(say.body));
});
beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
});

/** As the environment would set it up. */
function source(given: TicketsGiven, timeoutMs?: number): TicketSource {
  const missing: string[] = [];
  const { TICKETS_URL = '' } = given;
  const at = TICKETS_URL.replace(HERE, url);
  const settings = ticketsIn({ TICKETS_TOKEN: 'a-token', ...given, TICKETS_URL: at }, missing);
  expect(missing).toEqual([]);
  return createHttpTickets({ ...settings, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
}
const plain = (more: TicketsGiven = {}, timeoutMs?: number) =>
  source(
    {
      TICKETS_URL: `${url}/t/{ticket}`,
      TICKETS_STATUS: 'state',
      TICKETS_CLOSED: ['Closed', 'done'],
      ...more,
    },
    timeoutMs,
  );
const faultOf = async (work: Promise<unknown>) => {
  const error = await work.then(
    (seen) => seen,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Fault)) throw new Error(`no fault: ${JSON.stringify(error)}`);
  return { code: error.code, retryable: error.retryable, retryAfterMs: error.retryAfterMs };
};

describe('what an answer means', () => {
  const jira = (category: string, name: string) => ({
    fields: {
      status: { name, statusCategory: { key: category } },
      summary: 'Refunds fail',
      assignee: { displayName: 'Nadia' },
    },
  });
  const snow = (active: string, state: string) => ({
    result: [
      {
        number: { value: 'INC0010001', display_value: 'INC0010001' },
        active: { value: active, display_value: active },
        state: { value: '7', display_value: state },
        short_description: { value: 'Mail', display_value: 'Mail' },
        assigned_to: { value: '', display_value: '' },
      },
    ],
  });
  const about = (kind: TicketsGiven['TICKETS_KIND']) =>
    ({ TICKETS_KIND: kind, TICKETS_URL: HERE }) as TicketsGiven;

  test.each<[string, TicketsGiven, string, Said, unknown]>([
    [
      'Jira, in progress',
      about('jira'),
      'INC-1',
      { status: 200, body: jira('indeterminate', 'In Progress') },
      { is: 'open', status: 'In Progress', title: 'Refunds fail', assignee: 'Nadia' },
    ],
    [
      'Jira, a status of its own in the last category',
      about('jira'),
      'INC-1',
      { status: 200, body: jira('done', 'Won’t do') },
      { is: 'closed', status: 'Won’t do', title: 'Refunds fail', assignee: 'Nadia' },
    ],
    [
      'Jira, a status called Done that is in no last category',
      about('jira'),
      'INC-1',
      { status: 200, body: jira('new', 'Done?') },
      { is: 'open', status: 'Done?', title: 'Refunds fail', assignee: 'Nadia' },
    ],
    [
      'Jira, moved to another project: it answers with the new key',
      about('jira'),
      'INC-1',
      { status: 200, body: { key: 'OPS-9', ...jira('new', 'To Do') } },
      { is: 'open', status: 'To Do', title: 'Refunds fail', assignee: 'Nadia' },
    ],
    [
      'ServiceNow, resolved and still active',
      about('servicenow'),
      'INC0010001',
      { status: 200, body: snow('true', 'Resolved') },
      { is: 'open', status: 'Resolved', title: 'Mail', assignee: null },
    ],
    [
      'ServiceNow, closed',
      about('servicenow'),
      'INC0010001',
      { status: 200, body: snow('false', 'Closed') },
      { is: 'closed', status: 'Closed', title: 'Mail', assignee: null },
    ],
    [
      'ServiceNow, by the words of its own states',
      {
        ...about('servicenow'),
        TICKETS_STATUS: 'result.0.state.display_value',
        TICKETS_CLOSED: ['resolved'],
      },
      'INC0010001',
      { status: 200, body: snow('true', 'Resolved') },
      { is: 'closed', status: 'Resolved', title: 'Mail', assignee: null },
    ],
    [
      'ServiceNow, an empty list',
      about('servicenow'),
      'INC0010009',
      { status: 200, body: { result: [] } },
      { is: 'absent' },
    ],
    [
      'GitHub',
      about('github'),
      'OPS-12',
      { status: 200, body: { number: 12, state: 'closed', title: 'Queue', assignee: null } },
      { is: 'closed', status: 'closed', title: 'Queue', assignee: null },
    ],
    [
      'GitHub, deleted',
      about('github'),
      'OPS-12',
      { status: 410, body: { message: 'gone' } },
      { is: 'absent' },
    ],
    [
      'a value in another case',
      {},
      'T-1',
      { status: 200, body: { state: 'DONE' } },
      { is: 'closed', status: 'DONE', title: null, assignee: null },
    ],
    [
      'a value that only begins so',
      {},
      'T-1',
      { status: 200, body: { state: 'Closed?' } },
      { is: 'open', status: 'Closed?', title: null, assignee: null },
    ],
    [
      'a number as the status',
      { TICKETS_CLOSED: ['7'] },
      'T-1',
      { status: 200, body: { state: 7 } },
      { is: 'closed', status: '7', title: null, assignee: null },
    ],
    ['nothing there, said in JSON', {}, 'T-1', { status: 404, body: { error: 'none' } }, { is: 'absent' }],
  ])('%s', async (_, given, ticket, said, expected) => {
    say = said;
    const tickets = given.TICKETS_KIND === undefined ? plain(given) : source(given);
    expect(await tickets.read(ticket)).toEqual(expected);
    expect(asked).toHaveLength(1);
  });

  test.each<[string, Said, { code: string; retryable: boolean; retryAfterMs?: number }]>([
    ['401', { status: 401, body: {} }, { code: 'tickets.unauthorized', retryable: false }],
    ['403', { status: 403, body: {} }, { code: 'tickets.forbidden', retryable: false }],
    [
      '404 as a page',
      { status: 404, text: '<html>not here</html>' },
      { code: 'tickets.not_found', retryable: false },
    ],
    ['404 with nothing', { status: 404, text: '' }, { code: 'tickets.not_found', retryable: false }],
    [
      '404 to a login that was not taken',
      {
        status: 404,
        body: { errorMessages: [] },
        headers: { 'x-seraph-loginreason': 'AUTHENTICATED_FAILED' },
      },
      { code: 'tickets.unauthorized', retryable: false },
    ],
    [
      '429 with seconds',
      { status: 429, body: {}, headers: { 'retry-after': '7' } },
      { code: 'tickets.throttled', retryable: true, retryAfterMs: 7_000 },
    ],
    [
      '429 without',
      { status: 429, body: {} },
      { code: 'tickets.throttled', retryable: true, retryAfterMs: 30_000 },
    ],
    ['500', { status: 500, body: {} }, { code: 'tickets.unavailable', retryable: true }],
    [
      '503 as a page',
      { status: 503, text: '<html>soon</html>' },
      { code: 'tickets.unavailable', retryable: true },
    ],
    ['400', { status: 400, body: {} }, { code: 'tickets.invalid', retryable: false }],
    [
      'a redirect to a sign-in page',
      { status: 302, text: '', headers: { location: '/login' } },
      { code: 'tickets.bad_answer', retryable: false },
    ],
    [
      '200 as a page',
      { status: 200, text: '<html>Sign in</html>' },
      { code: 'tickets.bad_answer', retryable: true },
    ],
    ['200 with nothing', { status: 200, text: '' }, { code: 'tickets.bad_answer', retryable: false }],
    [
      '200 without a status',
      { status: 200, body: { id: 1 } },
      { code: 'tickets.bad_answer', retryable: false },
    ],
    ['204', { status: 204, text: '' }, { code: 'tickets.bad_answer', retryable: false }],
  ])('%s is neither open nor closed', async (_, said, fault) => {
    say = said;
    expect(await faultOf(plain().read('T-1'))).toMatchObject(fault);
    expect(asked).toHaveLength(1);
  });

  test('another ticket than the one asked for is no answer about it', async () => {
    say = { status: 200, body: snow('false', 'Closed') };
    expect(await faultOf(source(about('servicenow')).read('INC0010002'))).toMatchObject({
      code: 'tickets.bad_answer',
    });
  });

  test('no answer in time, and nobody there', async () => {
    say = { status: 200, never: true };
    expect(await faultOf(plain({}, 60).read('T-1'))).toMatchObject({
      code: 'tickets.timeout',
      retryable: true,
    });
    const nobody = plain({ TICKETS_URL: 'http://127.0.0.1:1/{ticket}' });
    expect(await faultOf(nobody.read('T-1'))).toMatchObject({ code: 'tickets.unavailable', retryable: true });
  });

  test('the token goes as Bearer, and with a user name as Basic', async () => {
    say = { status: 200, body: { state: 'new' } };
    await plain().read('T-1');
    await plain({ TICKETS_USER: 'me@acme.example' }).read('T-1');
    expect(asked.map((one) => one.authorization)).toEqual([
      'Bearer a-token',
      `Basic ${Buffer.from('me@acme.example:a-token').toString('base64')}`,
    ]);
  });

  test('Jira is checked by who we are to it, for a ticket is not there for strangers', async () => {
    say = { status: 200, body: {} };
    await source(about('jira')).check();
    say = { status: 404, body: { error: 'none' } };
    await plain().check();
    expect(asked.map((one) => one.path)).toEqual(['/rest/api/3/myself', '/t/LATCHKEY-0']);
    say = { status: 401, body: {} };
    expect(await faultOf(plain().check())).toMatchObject({ code: 'tickets.unauthorized' });
  });
});

describe('a key that is somebody’s own words', () => {
  test.each([
    '..',
    '.',
    '../admin',
    'T-1/../../x',
    'T-1?x=1',
    'T-1&a=b',
    'T-1#x/../y',
    '%2e%2e',
    'T 1',
    '',
    '@evil.example',
    '//evil.example/x',
    'INC1^ORnumber=INC2',
    'T-1\r\nHost: x',
    'Ｔ-1',
    `T-${'1'.repeat(120)}`,
    '{number}',
    'T-1%00',
  ])('%j is no ticket, and is not asked for', async (key) => {
    say = { status: 200, body: { state: 'Closed' } };
    expect(await plain().read(key)).toEqual({ is: 'absent' });
    expect(asked).toEqual([]);
  });

  test.each([
    ['INC-4711', '/t/INC-4711'],
    ['acme.ops#12', '/t/acme.ops%2312'],
    ['A_b-9', '/t/A_b-9'],
  ])('%s is asked for as one part of the path', async (key, path) => {
    say = { status: 200, body: { state: 'new' } };
    await plain().read(key);
    expect(asked.map((one) => one.path)).toEqual([path]);
  });

  test('where only its number is asked for, it needs one', () => {
    expect(ticketAddress('https://t.example/{number}', 'OPS-0012')).toBe('https://t.example/12');
    expect(ticketAddress('https://t.example/{number}', 'OPS')).toBeNull();
  });

  test.each([
    ['https://t.example/issue', 'must have {ticket}'],
    ['https://{ticket}.example/', 'must not have the ticket’s key in the host'],
    ['https://t.example:{number}/', 'must not have the ticket’s key in the host'],
    ['https://me:secret@t.example/{ticket}', 'no credentials'],
    ['t.example/{ticket}', 'must be a whole address'],
  ])('%s can’t be used as the address', (template, why) => {
    expect(refuseTemplate(template)).toContain(why);
  });

  test('one in path or query can', () => {
    expect(refuseTemplate('https://t.example/a/{ticket}?b={number}')).toBeNull();
  });
});
