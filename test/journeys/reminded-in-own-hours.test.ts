import { afterAll, beforeAll, expect, test } from 'vitest';
import { attendToApprovers } from '../../src/flow/request/attend.ts';
import type { Stage } from '../stage.ts';
import { type Journey, setOut, slackIdOf } from './journey.ts';

const HOUR = 3_600;
const office = { from: 9 * 60, to: 17 * 60, days: [1, 2, 3, 4, 5], timeZone: 'Asia/Tokyo' };
/**
 * Latchkey knows no clock but the database's. From its next connection on it finds this one before PostgreSQL's own. It
 * is that one, set on by what the table says.
 */
const CLOCK = `create schema told;
  create table told.ahead (by interval);
  insert into told.ahead values ('0');
  create function told.clock_timestamp() returns timestamptz language sql volatile as
    'select pg_catalog.clock_timestamp() + (select by from told.ahead)';
  create function told.transaction_timestamp() returns timestamptz language sql volatile as
    'select pg_catalog.transaction_timestamp() + (select by from told.ahead)';
  create function told.statement_timestamp() returns timestamptz language sql volatile as
    'select pg_catalog.statement_timestamp() + (select by from told.ahead)';
  do $$ begin
    execute format('alter database %I set search_path = told, public, pg_catalog', current_database());
  end $$;`;

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut({
    catalogue: (catalogue) => ({
      ...catalogue,
      canary: null,
      workingHours: office,
      remindSeconds: HOUR,
      lapseSeconds: 30 * 24 * HOUR,
      entitlements: catalogue.entitlements.map((e) => ({ ...e, escalation: [] })),
    }),
  }));
  await walk.query(CLOCK);
  await stage.restart();
  await livesIn('tom', 'America/New_York');
  await livesIn('olga', 'Europe/Berlin');
  await walk.isQuiet();
});
afterAll(() => stage?.close());

/** The directory says so. */
const livesIn = (key: string, timezone: string) => walk.directory.changes(key, { timezone });

const itIs = (at: string) =>
  walk.query(`update told.ahead set by = $1::timestamptz - pg_catalog.clock_timestamp()`, [at]);

test('each approver is reminded when the day begins where the directory says they are, over a change of the clocks', async () => {
  // given a request to Tom in New York and Olga in Berlin, on a Friday, before anybody there works
  await itIs('2027-03-12T06:00:00Z');
  const asked = await walk.asks('erik', { entitlement: 'orders-api-deploy', reason: 'In their own hours' });
  const reminded = async () =>
    (await walk.audit(asked.id))
      .filter(({ type }) => type === 'approversReminded')
      .map(({ at, data }) => ({
        at: at.toISOString().slice(0, 16),
        who: (data.people as { name: string }[]).map(({ name }) => name),
      }));
  let seen = 0;
  /** The time goes on to then, and what is due is looked for. Answers who has been reminded since. */
  const reads = async (at: string) => {
    await itIs(at);
    await walk.query('update changes set look_at = null where id = $1', [asked.id]);
    await attendToApprovers(stage.latchkey.context, new Date(at), 100);
    const now = (await reminded()).slice(seen);
    seen += now.length;
    return now;
  };

  // then an hour later it is seven in Berlin, and at nine there Olga is reminded; in New York it is three
  expect(await reads('2027-03-12T07:59:00Z')).toEqual([]);
  expect(await reads('2027-03-12T08:00:00Z')).toEqual([{ at: '2027-03-12T08:00', who: ['Olga Brandt'] }]);
  // and Tom at nine in New York, in winter time
  expect(await reads('2027-03-12T13:59:00Z')).toEqual([{ at: '2027-03-12T13:59', who: ['Olga Brandt'] }]);
  expect(await reads('2027-03-12T14:00:00Z')).toEqual([{ at: '2027-03-12T14:00', who: ['Tom Okafor'] }]);
  expect(await reads('2027-03-12T21:59:00Z')).toEqual([{ at: '2027-03-12T21:59', who: ['Tom Okafor'] }]);
  // Nobody at the weekend, though both are due again.
  expect(await reads('2027-03-13T15:00:00Z')).toEqual([]);
  // On Sunday the clocks of New York go on, and those of Berlin two weeks later: nine is an hour earlier for Tom alone.
  expect(await reads('2027-03-15T07:59:00Z')).toEqual([]);
  expect(await reads('2027-03-15T08:00:00Z')).toEqual([{ at: '2027-03-15T08:00', who: ['Olga Brandt'] }]);
  expect(await reads('2027-03-15T12:59:00Z')).toEqual([]);
  expect(await reads('2027-03-15T13:00:00Z')).toEqual([{ at: '2027-03-15T13:00', who: ['Tom Okafor'] }]);
  // and under the card each of them is mentioned
  for (const key of ['olga', 'tom'])
    await walk.receives(
      key,
      'a reminder',
      (m) => m.text.includes('Please decide: ') && m.text.includes(`<@${slackIdOf(key)}>`),
      'access-requests',
    );
});
