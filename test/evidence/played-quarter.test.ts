import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PlayedQuarter, playQuarter } from './played/played-quarter.ts';
import { faketime } from './played/put-forward-clock.ts';

/** Its first weeks, in which all is that was planted; `play-quarter.ts` plays all of it. */
const DAYS = 30;
/** A minute on a machine of its own; on one with much else beside, several times as long. */
const PLAYS_WITHIN_MS = 1_500_000;

// On a machine without libfaketime it steps aside, and the end of the run says so.
describe.runIf(faketime !== null)('a quarter that was played', () => {
  let quarter: PlayedQuarter;
  let folder: string;
  beforeAll(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'played-pack-')), 'pack');
    quarter = await playQuarter(folder, { days: DAYS });
  }, PLAYS_WITHIN_MS);
  afterAll(async () => {
    await quarter?.world.close();
    await rm(join(folder, '..'), { recursive: true, force: true });
  });

  type Row = Record<string, string | number | boolean | null>;
  const list = async (name: string): Promise<Row[]> =>
    JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8'));
  const told = async (name: string, columns: readonly string[]) =>
    (await list(name)).map((row) => columns.map((column) => row[column] ?? '–').join(' | ')).sort();

  test('the pack is as it was made, and signed', () => {
    expect(quarter.said).toMatch(/^right: \d+ files/m);
  });

  test('the audit is as it was sealed, and no entry of it is older than the one before', async () => {
    expect(await quarter.world.latchkey('audit', 'verify')).toContain('as they were sealed');
    const back = await quarter.world.query(
      `select * from (select a.id, a.type, a.at, lag(a.at) over (order by s.seq) as before, lag(a.type) over (order by s.seq) as after
         from audit_seals s join audit a on a.id = s.audit_id) x where at < before - interval '5 seconds'`,
    );
    expect(back).toEqual([]);
  });

  test('every gap that was planted is among the exceptions, and nothing else is', async () => {
    const exceptions = await told('exceptions', ['kind', 'person', 'entitlement']);
    const isAround = (row: string) => row.startsWith('made around');
    // Olga, who owns it, alone approved what she looked at in her review.
    const isOfDuties = (row: string) => row.startsWith('duties');
    expect(new Set(exceptions.filter(isOfDuties).map((row) => row.split(' | ')[0]))).toEqual(
      new Set(['duties: the owner alone approved it, and alone reviewed it']),
    );
    // A machine with much else to do, and a clock that leaps, look to Latchkey as if the queue did not answer.
    const isOfTheMachine = (row: string) => row.startsWith('alarm: the queue was away');
    const planted = exceptions.filter((row) => !isAround(row) && !isOfDuties(row) && !isOfTheMachine(row));
    expect(planted).toEqual(
      [
        'break-glass | Erik Lind | orders-api-deploy',
        'canary: days without a round | – | –',
        'overridden: approved against the model’s advice | Ines Moreau | orders-api-read',
        'policy: in force before anybody agreed to it | – | –',
        'privileged: standing, approved by nobody that Latchkey knows | Olga Brandt | platform-admin',
        'removal was late | Ines Moreau | orders-api-read',
        'review: kept without a rationale | Tom Okafor | orders-api-read',
        'sign-in for an approval failed | Olga Brandt | platform-admin',
      ].sort(),
    );
    expect(new Set(exceptions.filter(isAround).map((row) => row.split(' | ')[1]))).toEqual(
      new Set(['Tom Okafor']),
    );
  });

  test('what was made around Latchkey is in its list and among the violations, and nothing else is', async () => {
    expect(await told('violations', ['kind', 'person', 'entitlement', 'madeBy'])).toEqual(
      [
        'thereBeforeApproval | Tom Okafor | orders-api-read | Okta administrator',
        'thereBeforeApproval | Tom Okafor | orders-api-read | Sofia Ricci',
        'approvedByAuthor | Tom Okafor | orders-api-read | Sofia Ricci',
      ].sort(),
    );
    const around = await list('made-around-latchkey');
    expect(new Set(around.map(({ person, team, group }) => `${person} ${group ?? team}`))).toEqual(
      new Set([
        'Tom Okafor anypoint-orders-read',
        'Tom Okafor Orders API readers',
        'Tom Okafor Payments API readers',
      ]),
    );
  });

  test('the canary had a round every day, but for the days on which Latchkey stood still', async () => {
    const days = new Set((await list('canary')).map(({ startedAt }) => String(startedAt).slice(0, 10)));
    const first = new Date(`${quarter.from}T00:00:00Z`).getTime();
    const without = Array.from({ length: DAYS }, (_, n) => n).filter(
      (n) => !days.has(new Date(first + n * 86_400_000).toISOString().slice(0, 10)),
    );
    expect(without).toEqual([12, 13]);
  });

  test('what was given ended at its end, and a removal belongs to what it ended', async () => {
    const ends = await quarter.world.query<{ late: number; person: boolean; cause: string }>(
      `select extract(epoch from (c.doc->'ended'->>'at')::timestamptz - (c.doc->'grant'->>'endsAt')::timestamptz)::float8 as late,
         r.person_id = c.person_id and r.entitlement_key = c.entitlement_key as person, r.doc->>'cause' as cause
       from changes c join changes r on r.id = c.revoke_id
       where c.doc->'ended'->>'cause' = 'expiry' and c.doc->>'cause' <> 'canary'`,
    );
    expect(ends.length).toBeGreaterThan(5);
    // One of them ends while Anypoint refuses to take anybody out, and time goes by in larger steps.
    for (const { late, person, cause } of ends) {
      expect(late).toBeLessThan(180);
      expect({ person, cause }).toEqual({ person: true, cause: 'expiry' });
    }
  });

  test('who left lost both accesses by the leaver’s case, within a minute', async () => {
    const [left, second] = await list('terminations');
    expect(second).toBeUndefined();
    expect(left).toMatchObject({
      person: 'Erik Lind',
      cause: 'deprovisioned',
      state: 'closed',
      revokes: 2,
      notSeenGone: 0,
    });
    expect(left?.secondsToGone).toBeLessThan(60);
    const removals = (await list('removals')).filter(({ cause }) => cause === 'leaver');
    expect(removals.map(({ person, entitlement }) => `${person} ${entitlement}`).sort()).toEqual([
      'Erik Lind orders-api-read',
      'Erik Lind payments-api-read',
    ]);
  });

  test('each line of a review fits what was held when it began, and the removal that it called for', async () => {
    const lines = (await list('review-lines')).filter(({ entitlement }) => entitlement === 'orders-api-read');
    expect(lines.map(({ person, decision, rationale }) => [person, decision, rationale])).toEqual(
      expect.arrayContaining([
        ['Ines Moreau', 'revoke', 'She has found it'],
        ['Erik Lind', 'keep', 'He is at it until Friday'],
        ['Tom Okafor', 'keep', null],
      ]),
    );
    const grants = new Map((await list('grants')).map((row) => [row.change, row]));
    const removals = new Map((await list('removals')).map((row) => [row.change, row]));
    for (const { person, change, decision, revoke } of lines) {
      expect(grants.get(change ?? '')?.person).toBe(person);
      expect(revoke === null).toBe(decision === 'keep');
      if (revoke !== null) expect(removals.get(revoke ?? '')).toMatchObject({ person, cause: 'review' });
    }
  });

  test('two policies were in force, and it is on record who agreed to each', async () => {
    const policies = await list('policies');
    const agreed = new Map(policies.map(({ fingerprint, agreedBy }) => [fingerprint, String(agreedBy)]));
    expect([...agreed.values()].sort()).toEqual(['Sam Whitaker', 'Sofia Ricci']);
  });
});
