import { randomUUID } from 'node:crypto';
import { Command } from 'commander';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { whoCommand } from '../../src/cli/who-command.ts';
import type { ChangeEvent } from '../../src/core/change/events.ts';
import type { ChangeId, PersonId } from '../../src/core/ids.ts';
import type { Catalogue } from '../../src/core/policy/catalogue.ts';
import { commit } from '../../src/flow/kernel/commit.ts';
import { decision, entitlement, target } from '../core/given.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { approved, received, somebody } from '../store/given.ts';

let fresh: FreshDatabase;
let ines: PersonId;
const day = (n: number, hour = 9) => new Date(Date.UTC(2026, 2, n, hour));

beforeAll(async () => {
  fresh = await freshDatabase();
  const { db } = fresh.database;
  ines = await somebody(db, 'ines');
  const olga = await somebody(db, 'olga');
  const omar = await somebody(db, 'omar');
  await sql`insert into baselines (group_id, group_name, members, taken_at) values (${target.groupId}, ${target.groupName}, 1, ${day(1)})`.execute(
    db,
  );
  await sql`insert into baseline_members (person_id, group_id, group_name, recorded_at)
    values (${omar}, ${target.groupId}, ${target.groupName}, ${day(1)})`.execute(db);
  const asked = { ...received(ines, { at: day(2) }), reason: 'month end' };
  const { changeId } = asked;
  const by = { by: olga, byName: 'olga', at: day(2, 10) };
  const revokeId = randomUUID() as ChangeId;
  const base = (at: Date, id = changeId) => ({ changeId: id, at, actor: { part: 'latchkey' } }) as const;
  const events: ChangeEvent[] = [
    asked,
    { ...approved(changeId, day(2, 10), 4 * 86_400), decision: decision('approved', by) },
    { ...base(day(2, 11)), type: 'idpWritten', wrote: 'added' },
    { ...base(day(2, 12)), type: 'changeSeen', note: null },
    {
      ...base(day(6, 10)),
      type: 'grantEnded',
      cause: 'expiry',
      by: null,
      revokeId,
      stillHeld: false,
      stillHeldUntil: null,
    },
    { ...received(ines, { at: day(6, 10) }), changeId: revokeId, kind: 'revoke', cause: 'expiry', target },
    { ...approved(revokeId, day(6, 10)), grant: null },
    { ...base(day(6, 11), revokeId), type: 'idpWritten', wrote: 'removed' },
    { ...base(day(6, 12), revokeId), type: 'changeSeen', note: null },
  ];
  await commit(db, async () => ({ result: null, events }));
});
afterAll(() => fresh.close());

async function run(...words: string[]): Promise<{ said: string; isWell: boolean }> {
  const lines: string[] = [];
  let isWell = true;
  const program = new Command('latchkey').exitOverride();
  whoCommand(program, {
    withDatabase: (work) => work(fresh.database.db),
    catalogue: async () => ({ entitlements: [entitlement()] }) as unknown as Catalogue,
    say: (said) => lines.push(said),
    fail: () => {
      isWell = false;
    },
  });
  for (const command of program.commands)
    command.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
  await program.parseAsync(['who', ...words], { from: 'user' });
  return { said: lines.join('\n'), isWell };
}

test('who held it on a day, and why: what was approved, and what was there before', async () => {
  const { said, isWell } = await run('--at', '2026-03-03', '--entitlement', 'orders');
  expect(isWell).toBe(true);
  expect(said).toContain(
    'ines <ines@acme.example>  orders: held, since 2026-03-02 12:00:00 UTC, until 2026-03-06 10:00:00 UTC',
  );
  expect(said).toContain('asked for by ines: “month end”; approved by olga at 2026-03-02 10:00:00 UTC');
  expect(said).toContain(
    'omar <omar@acme.example>  orders: held: there when Latchkey first looked, or accepted so, since 2026-03-01',
  );
  expect(said).toContain('2026-03-03 00:00:00 UTC: 2 accesses that could be used.');
});

test('what is on its way in or out is said to be; a name will do for a team and a group', async () => {
  for (const asked of [
    ['--team', 'Orders'],
    ['--group', 'anypoint-orders'],
    ['--person', 'ines@acme.example'],
  ]) {
    const at = async (time: string) => (await run('--at', time, ...asked)).said;
    expect(await at('2026-03-02T09:30Z')).not.toContain('ines <');
    expect(await at('2026-03-02T10:30Z')).toContain('approved, and not written yet');
    expect(await at('2026-03-02T11:30Z')).toContain('on its way in');
    expect(await at('2026-03-06T11:30Z')).toContain('on its way out');
    expect(await at('2026-03-06T12:00Z')).not.toContain('ines <');
  }
});

test('as JSON each is a line', async () => {
  const { said } = await run('--at', '2026-03-02T10:30Z', '--person', 'ines@acme.example', '--json');
  expect(JSON.parse(said)).toMatchObject({ couldReach: false, is: 'approved', personId: ines });
});

test.each([
  [[], 'say whose access it is about'],
  [['--entitlement', 'order'], 'there is no entitlement order, and there never was; did you mean orders?'],
  [['--person', 'nobody@acme.example'], 'nobody is known as nobody@acme.example'],
  [['--team', 'Payments'], 'the record knows no team called Payments'],
  [['--at', '2999-01-01', '--entitlement', 'orders'], 'is not over yet'],
])('what can’t be meant is said: %j', async (words, says) => {
  const { said, isWell } = await run(...words);
  expect(said).toContain(says);
  expect(isWell).toBe(false);
});

test.each(['2026-02-30', '3 March', '2026-03-03T14:00', '2026-02-30T10:00Z'])(
  '%s is no time',
  async (time) => {
    await expect(run('--at', time, '--entitlement', 'orders')).rejects.toThrow();
  },
);
