import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Journey, setOut } from '../journeys/journey.ts';
import type { Stage } from '../stage.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut());
});
afterAll(() => stage?.close());

const metrics = async () => {
  const answer = await fetch(`${stage.latchkey.url}/metrics`, {
    headers: { authorization: 'Bearer read-token-for-tests' },
  });
  expect(answer.status).toBe(200);
  return await answer.text();
};

/** The sum over all series whose labels hold these. */
function sumOf(text: string, name: string, labels: Record<string, string> = {}): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => Object.entries(labels).every(([key, value]) => line.includes(`${key}="${value}"`)))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

const named = (text: string) =>
  [...text.matchAll(/^# TYPE (latchkey_\w+) \w+$/gm)].map((m) => m[1] as string);

test('what is asked, owed, called and done is counted, by party and lane', async () => {
  // given somebody who has access, and somebody who waits while Okta refuses to be written
  await walk.isGiven('ines', { entitlement: 'orders-api-read', reason: 'To be counted' });
  await walk.asks('erik', { entitlement: 'orders-api-read', reason: 'Waits' });
  const failing = await walk.asks('sam', { entitlement: 'orders-api-read', reason: 'Fails' });
  await walk.fault({ vendor: 'okta', method: 'PUT', path: '/groups/.*/users/', kind: 'status', status: 503 });
  await walk.click('olga', failing.card, 'approve');

  // when
  const text = await walk.until('Okta’s refusals are counted', async () => {
    const now = await metrics();
    return sumOf(now, 'latchkey_work_failing', { party: 'idp' }) > 0 && now;
  });

  // then
  expect(sumOf(text, 'latchkey_requests_pending')).toBe(1);
  expect(sumOf(text, 'latchkey_requests_oldest_pending_seconds')).toBeGreaterThan(0);
  expect(sumOf(text, 'latchkey_work_failing', { party: 'idp', fault: 'unavailable' })).toBe(1);
  expect(sumOf(text, 'latchkey_work_open', { lane: 'idp-okta' })).toBeGreaterThanOrEqual(1);
  expect(sumOf(text, 'latchkey_work_oldest_seconds', { lane: 'idp-okta' })).toBeGreaterThan(0);
  expect(sumOf(text, 'latchkey_work_open', { lane: 'core' })).toBeGreaterThanOrEqual(0);
  for (const system of ['okta', 'anypoint', 'slack', 'model'])
    expect(sumOf(text, 'latchkey_outside_calls_total', { system, outcome: 'ok' }), system).toBeGreaterThan(0);
  expect(
    sumOf(text, 'latchkey_outside_calls_total', { system: 'okta', outcome: 'unavailable' }),
  ).toBeGreaterThan(0);
  expect(sumOf(text, 'latchkey_outside_call_seconds_count', { system: 'okta' })).toBe(
    sumOf(text, 'latchkey_outside_calls_total', { system: 'okta' }),
  );
  expect(sumOf(text, 'latchkey_scim_requests_total', { resource: 'Groups', status: '2xx' })).toBeGreaterThan(
    0,
  );
  expect(
    sumOf(text, 'latchkey_slack_interactions_total', { kind: 'view_submission' }),
  ).toBeGreaterThanOrEqual(3);
  expect(sumOf(text, 'latchkey_slack_interactions_total', { kind: 'block_actions' })).toBeGreaterThanOrEqual(
    2,
  );
  expect(sumOf(text, 'latchkey_model_tokens_total', { direction: 'in' })).toBeGreaterThan(0);
  expect(sumOf(text, 'latchkey_propagation_seconds_count')).toBeGreaterThanOrEqual(1);
  expect(sumOf(text, 'latchkey_queue_away')).toBe(0);
  expect(sumOf(text, 'latchkey_alarms_open', { of: 'late' })).toBe(0);
  expect(sumOf(text, 'process_cpu_seconds_total')).toBeGreaterThan(0);
  expect(sumOf(text, 'nodejs_eventloop_lag_seconds')).toBeGreaterThanOrEqual(0);
});

test('nobody and nothing in particular is named in them, and there are few series', async () => {
  const text = await metrics();
  for (const word of ['acme.example', 'orders', 'Ines', '00u', '/api/v1'])
    expect(text.includes(word), word).toBe(false);
  for (const name of named(text))
    expect(text.split('\n').filter((line) => line.startsWith(name)).length, name).toBeLessThan(250);
});

test('each is in docs/operations.md, and no other, and is named as Prometheus’ users expect', async () => {
  const names = named(await metrics());
  const listed = [...readFileSync('docs/operations.md', 'utf8').matchAll(/^\| `(latchkey_\w+)`/gm)].map(
    (m) => m[1],
  );
  expect(listed.sort()).toEqual(names.sort());
  for (const name of names) expect(name).toMatch(/^latchkey_[a-z_]+[a-z]$/);
});
