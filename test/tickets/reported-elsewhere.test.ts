/** What others' users reported of ticket systems and of what reads them, tried on ours. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type TicketsGiven, ticketsIn } from '../../src/config/tickets.ts';
import { Fault } from '../../src/core/fault.ts';
import { createHttpTickets } from '../../src/tickets/http-tickets.ts';

type Said = { status: number; body: unknown; headers?: Record<string, string> };

let url = '';
let say: Said = { status: 200, body: {} };
let asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(request.url ?? '');
  const { status, body, headers } = say;
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
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

function source(TICKETS_KIND: NonNullable<TicketsGiven['TICKETS_KIND']>, more: TicketsGiven = {}) {
  const missing: string[] = [];
  const settings = ticketsIn({ TICKETS_KIND, TICKETS_TOKEN: 'a-token', TICKETS_URL: url, ...more }, missing);
  expect(missing).toEqual([]);
  return createHttpTickets(settings);
}
const faultOf = async (work: Promise<unknown>) => {
  const error = await work.catch((thrown: unknown) => thrown);
  if (!(error instanceof Fault)) throw new Error(`no fault: ${JSON.stringify(error)}`);
  return error;
};
const issue = (category: string, name: string, more: object = {}) => ({
  fields: {
    status: { name, statusCategory: { key: category } },
    summary: 'Refunds fail',
    assignee: null,
    ...more,
  },
});
const incident = (number: string, active: string, state: string) => ({
  number: { value: number, display_value: number },
  active: { value: active, display_value: active },
  state: { value: '7', display_value: state },
});

// MrRefactoring/jira.js #418: an expired token is answered 200, as to anybody.
test('a login that was not taken is a fault, also where the answer is 200', async () => {
  const headers = { 'x-seraph-loginreason': 'AUTHENTICATED_FAILED' };
  for (const body of [issue('done', 'Done'), issue('new', 'To Do'), {}]) {
    say = { status: 200, body, headers };
    expect((await faultOf(source('jira').read('INC-1'))).code).toBe('tickets.unauthorized');
    expect((await faultOf(source('jira').check())).code).toBe('tickets.unauthorized');
  }
  say = { status: 200, body: issue('new', 'To Do'), headers: { 'x-seraph-loginreason': 'OK' } };
  expect(await source('jira').read('INC-1')).toMatchObject({ is: 'open' });
});

// jenkinsci/jira-plugin #216: three names of a status were taken for done, and a workflow has others.
test.each(['Done', 'Released', 'Won’t fix', 'Geschlossen'])('%s is closed by its category', async (name) => {
  say = { status: 200, body: issue('done', name) };
  expect(await source('jira').read('INC-1')).toMatchObject({ is: 'closed', status: name });
});

// shridhar-tl/jira-assistant #73: a company has renamed its statuses, and nothing worked any more.
test('no name of a status is asked for', async () => {
  say = { status: 200, body: issue('indeterminate', 'Terminado casi') };
  expect(await source('jira').read('INC-1')).toMatchObject({ is: 'open', status: 'Terminado casi' });
  expect(decodeURIComponent(asked.join())).not.toMatch(/closed|done|jql/i);
});

// DefectDojo/django-DefectDojo #14347: without a resolution in the answer nothing was ever closed, or opened again.
test.each([
  ['done', {}, 'closed'],
  ['done', { resolution: null }, 'closed'],
  ['indeterminate', { resolution: { name: 'Fixed' } }, 'open'],
])('category %s with %j is %s', async (category, more, is) => {
  say = { status: 200, body: issue(category, 'Any', more) };
  expect(await source('jira').read('INC-1')).toMatchObject({ is });
});

// ICTU/quality-time #9931: resolved is not done yet for some.
test('who counts only one status as closed can say so', async () => {
  const own = source('jira', { TICKETS_STATUS: 'fields.status.name', TICKETS_CLOSED: ['Closed'] });
  say = { status: 200, body: issue('done', 'Resolved') };
  expect(await own.read('INC-1')).toMatchObject({ is: 'open', status: 'Resolved' });
  say = { status: 200, body: issue('done', 'Closed') };
  expect(await own.read('INC-1')).toMatchObject({ is: 'closed' });
});

// locaweb/python-servicenow #14: a query that was not understood answered with the first incident that there ever was.
test('another incident than the one asked for says nothing of it', async () => {
  say = { status: 200, body: { result: [incident('INC0010001', 'false', 'Closed')] } };
  expect((await faultOf(source('servicenow').read('INC0154516'))).code).toBe('tickets.bad_answer');
});

// ansible-collections/servicenow.itsm #306: an incident that is not there, or not shown, has no result in its answer.
test('no record is absent, and never closed; an answer without a result is a fault', async () => {
  const body = {
    error: {
      message: 'No Record found',
      detail: 'Record doesn’t exist or ACL restricts the record retrieval',
    },
    status: 'failure',
  };
  say = { status: 404, body };
  expect(await source('servicenow').read('INC0010001')).toEqual({ is: 'absent' });
  say = { status: 200, body: { result: [] } };
  expect(await source('servicenow').read('INC0010001')).toEqual({ is: 'absent' });
  say = { status: 200, body };
  expect((await faultOf(source('servicenow').read('INC0010001'))).code).toBe('tickets.bad_answer');
});

// FXinnovation/alertmanager-webhook-servicenow #23: an instance that sleeps answers 200 with a page.
test('a page instead of an answer is no answer, whatever its status', async () => {
  for (const status of [200, 404, 503]) {
    say = {
      status,
      body: '<html><body class="instance-hibernating-page">',
      headers: { 'content-type': 'text/html' },
    };
    expect((await faultOf(source('servicenow').read('INC0010001'))).code).toMatch(
      /^tickets\.(bad_answer|not_found|unavailable)$/,
    );
  }
});

// getsentry/sentry #44454: a ticket that moved to another project has another key, and was lost.
test('a ticket that moved is read by its old key', async () => {
  say = { status: 200, body: { key: 'OPS-9', ...issue('done', 'Done') } };
  expect(await source('jira').read('INC-1')).toMatchObject({ is: 'closed' });
});

// pycontribs/jira #1805: a wait of 0 seconds was taken for “never again”, and a given one for the most and not the least.
test.each([
  ['0', 1_000],
  ['7', 7_000],
  ['soon', 30_000],
])('Retry-After: %s', async (wait, ms) => {
  say = { status: 429, body: {}, headers: { 'retry-after': wait } };
  const fault = await faultOf(source('jira').read('INC-1'));
  expect(fault).toMatchObject({ code: 'tickets.throttled', retryable: true, retryAfterMs: ms });
});

// Systemorph/MeshWeaver #4629: an issue that was transferred is answered as another one of another repository.
test('an issue that was transferred is neither closed nor gone', async () => {
  say = { status: 301, body: { message: 'Moved Permanently' }, headers: { location: `${url}/elsewhere` } };
  expect((await faultOf(source('github').read('OPS-12'))).code).toBe('tickets.bad_answer');
  // The token goes no further.
  expect(asked).toEqual(['/issues/12']);
  say = { status: 200, body: { number: 1_139, state: 'closed', title: 'Another' } };
  expect((await faultOf(source('github').read('OPS-12'))).code).toBe('tickets.bad_answer');
});
