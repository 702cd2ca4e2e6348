import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { entitlement } from '../core/given.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { type MadePack, packOf } from './made-pack.ts';
import { plantQuarter } from './planted-quarter.ts';
import { POLICY } from './quarter.ts';

let fresh: FreshDatabase;
let pack: MadePack;

beforeAll(async () => {
  fresh = await freshDatabase();
  await plantQuarter(fresh.database.db);
  pack = await packOf(fresh.database.db, { entitlements: [entitlement()] });
});
afterAll(() => fresh.close());

const ofDuties = async (of: MadePack) =>
  (await of.list('exceptions')).filter(({ kind }) => String(kind).startsWith('duties'));

test('one person who is owner, approver, reviewer and agreed to the policy is told with all of it', async () => {
  expect(await pack.list('duties')).toEqual([
    {
      person: 'olga',
      email: 'olga@acme.example',
      entitlement: 'orders',
      tier: 'medium',
      parts: ['owner', 'approver', 'reviewer', 'agreed to the policy'],
      accessesApproved: 15,
      approvedAlone: 15,
      linesReviewed: 3,
      reviewedOfOwnApprovals: 1,
      agreedToPolicies: [POLICY],
    },
  ]);
  expect(pack.page.includes('owner; approver; reviewer; agreed to the policy')).toBe(true);
});

test('that the owner alone approved an access and alone reviewed it is an exception, also in its story', async () => {
  const [found, ...others] = await ofDuties(pack);
  expect(others).toEqual([]);
  expect(found).toMatchObject({
    kind: 'duties: the owner alone approved it, and alone reviewed it',
    what: 'line 1 of the review “First quarter”, decided by olga',
  });
  const story = pack.samples.flatMap(({ stories }) => stories).find(({ id }) => id === found?.change);
  expect(story?.facts.find(({ label }) => label === 'Exceptions')?.value).toContain(
    'duties: the owner alone',
  );
});

test('an approver who reviewed it and does not own it is told as that; who asks for themselves is nothing of the kind', async () => {
  const other = await packOf(fresh.database.db, {
    entitlements: [entitlement({ owner: 'sam@acme.example' })],
  });
  expect(await ofDuties(other)).toMatchObject([{ kind: 'duties: reviewed by who had approved it' }]);
  expect(await other.list('duties')).toMatchObject([
    { parts: ['approver', 'reviewer', 'agreed to the policy'] },
  ]);
  // Ines asked for her own accesses, and has no other part.
  expect((await other.list('duties')).map(({ person }) => person)).toEqual(['olga']);
});

test('where another person reviews, nobody is in several parts but by the policy', async () => {
  const { db } = fresh.database;
  await sql`update campaign_lines set decided_by = (select id from people where name = 'mona'), decided_by_name = 'mona' where decided_by is not null`.execute(
    db,
  );
  const again = await packOf(db, { entitlements: [entitlement({ owner: 'sam@acme.example' })] });
  expect(await ofDuties(again)).toEqual([]);
  expect(await again.list('duties')).toMatchObject([
    { person: 'olga', parts: ['approver', 'agreed to the policy'] },
  ]);
});

test('who began a review is told: a person, its cadence, or an operator', async () => {
  const { db } = fresh.database;
  const put = (cause: string) =>
    sql`update campaigns set doc = doc || ${JSON.stringify({ startedBy: null, cause })}::jsonb`.execute(db);
  const startedBy = async () => {
    const again = await packOf(db, { entitlements: [entitlement()] });
    return (await again.list('reviews')).map((one) => one.startedBy);
  };
  expect((await pack.list('reviews')).map((one) => one.startedBy)).toEqual(['olga']);
  await put('cadence');
  expect(await startedBy()).toEqual(['by its cadence']);
  await put('person');
  expect(await startedBy()).toEqual(['an operator, by the command line']);
});

test('whose key signed the certificate of a review is not among those of the audit, and the page says where it is', () => {
  expect(pack.page).toContain('That key stands in the certificate itself (<code>jwk</code>)');
});
