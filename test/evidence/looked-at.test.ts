import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commit } from '../../src/flow/kernel/commit.ts';
import { entitlement } from '../core/given.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { type MadePack, packOf } from './made-pack.ts';
import { plantQuarter } from './planted-quarter.ts';
import { type Access, access, on, somebodyIn } from './quarter.ts';

let fresh: FreshDatabase;
let pack: MadePack;
let inDigest: Access;
let inReview: Access;
let digest: string;

beforeAll(async () => {
  fresh = await freshDatabase();
  const { db } = fresh.database;
  await plantQuarter(db);
  const somebody = somebodyIn(db);
  const [rita, olga] = [await somebody('rita'), await somebody('olga')];
  const plant = async (at: Date) => {
    const one = access(rita, olga, at, { endedBy: { cause: 'review', by: olga } });
    await commit(db, async () => ({ result: null, events: one.events }));
    return one;
  };
  inDigest = await plant(on(22));
  inReview = await plant(on(30));
  // Olga's digest of that week has three lines: she took one away, kept one, and asked about one.
  digest = randomUUID();
  await sql`insert into digests (id, kind, person_id, week, time_zone, due_at, made_at, counts, doc)
    values (${digest}, 'personal', ${olga.id}, '2026-01-26', 'UTC', ${on(25)}, ${on(25)}, '{}', '{}')`.execute(
    db,
  );
  const answers = [
    { verb: 'revoke', revokeId: inDigest.revokeId },
    { verb: 'keep' },
    { verb: 'ask' },
    // Of after the quarter.
    { verb: 'keep', at: on(91) },
  ];
  for (const [place, answer] of answers.entries()) {
    const said = { by: olga.id, byName: olga.name, at: on(25, 9, 600), clickId: `c${place}`, ...answer };
    await sql`insert into digest_lines (digest_id, place, kinds, person_id, entitlement_key, change_id, doc, answer)
      values (${digest}, ${place}, '{new}', ${rita.id}, 'orders', ${inDigest.id}, '{}', ${JSON.stringify(said)}::jsonb)`.execute(
      db,
    );
  }
  await sql`update campaign_lines set revoke_id = ${inReview.revokeId}, person_id = ${rita.id}, group_id = (select group_id from changes where id = ${inReview.revokeId}) where n = 3`.execute(
    db,
  );
  pack = await packOf(db, { entitlements: [entitlement()] });
});
afterAll(() => fresh.close());

test('a removal that a reviewer called for names the review or the weekly digest in which they looked at it', async () => {
  const removals = (await pack.list('removals')).filter(({ cause }) => cause === 'review');
  expect(removals.map(({ change, lookedAtIn }) => [change, lookedAtIn])).toEqual(
    [
      [inDigest.revokeId, 'the weekly digest for olga, 2026-01-26'],
      [inReview.revokeId, 'the review “First quarter”'],
    ].toSorted(),
  );
  expect(
    new Set((await pack.list('removals')).map(({ cause, lookedAtIn }) => `${cause}: ${lookedAtIn}`)),
  ).toContain('expiry: null');
});

test('each removal of a reviewer is among the lines of reviews; so is what was kept by a digest, and no question', async () => {
  const lines = await pack.list('review-lines');
  const removed = (await pack.list('removals')).filter(({ cause }) => cause === 'review');
  for (const { change } of removed) expect(lines.map(({ revoke }) => revoke)).toContain(change);
  expect(lines.filter(({ campaign }) => campaign === digest)).toMatchObject([
    {
      line: 0,
      lookedAtIn: 'the weekly digest for olga, 2026-01-26',
      person: 'rita',
      decision: 'revoke',
      reviewer: 'olga',
      decidedAt: on(25, 9, 600).toISOString(),
      accessApprovedBy: ['olga'],
      reviewerApprovedIt: true,
      decidedOnThemselves: false,
      revoke: inDigest.revokeId,
      seenGoneAt: expect.stringMatching(/^2026-01-26/),
    },
    { line: 1, decision: 'keep', revoke: null },
  ]);
  expect(lines).toHaveLength(6);
});
