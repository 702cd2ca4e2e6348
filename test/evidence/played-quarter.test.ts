import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PlayedQuarter, playQuarter } from './played/played-quarter.ts';
import { faketime } from './played/put-forward-clock.ts';

const PLAYS_WITHIN_MS = 900_000;

// On a machine without libfaketime it steps aside, and the end of the run says so.
describe.runIf(faketime !== null)('a quarter that was played', () => {
  let quarter: PlayedQuarter;
  let folder: string;
  beforeAll(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'played-pack-')), 'pack');
    quarter = await playQuarter(folder, { days: 30 });
  }, PLAYS_WITHIN_MS);
  afterAll(async () => {
    await quarter?.world.close();
    await rm(join(folder, '..'), { recursive: true, force: true });
  });

  type Row = Record<string, string | number | boolean | null>;
  const list = async (name: string): Promise<Row[]> =>
    JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8'));

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

  test('nothing is out of the ordinary but what was planted', async () => {
    expect(await list('exceptions')).toEqual([]);
    expect(await list('violations')).toEqual([]);
    expect(await list('made-around-latchkey')).toEqual([]);
  });

  test('what was given ended at its end, and was seen gone within a minute', async () => {
    const ends = await quarter.world.query<{ late: number }>(
      `select extract(epoch from (doc->'ended'->>'at')::timestamptz - (doc->'grant'->>'endsAt')::timestamptz)::float8 as late
       from changes where doc->'ended'->>'cause' = 'expiry' and doc->>'cause' <> 'canary'`,
    );
    expect(ends.length).toBeGreaterThan(0);
    for (const { late } of ends) expect(late).toBeLessThan(30);
  });
});
