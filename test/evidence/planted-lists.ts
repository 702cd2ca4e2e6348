import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { sql } from 'kysely';
import { documentHash } from '../../src/audit/entry.ts';
import type { Db } from '../../src/store/postgres/database.ts';
import { type Access, on, POLICY, type Somebody } from './quarter.ts';

/** Somebody's leaving, with the revoke that took their access; it was over an hour late. */
export async function plantLeaver(db: Db, who: Somebody, by: Somebody, revokeId: string): Promise<void> {
  const doc = {
    beganAt: on(60),
    decidedBy: { id: by.id, name: by.name },
    revokes: [revokeId],
    late: { at: on(60, 9, 60), why: 'Anypoint did not answer' },
    closedAt: on(60, 11),
    closing: 'all is gone',
  };
  const id = randomUUID();
  await sql`insert into audit (at, type, actor, data)
    values (${on(60)}, 'offboardingStarted', '{"part":"latchkey"}', ${JSON.stringify({ offboardingId: id, personId: who.id, cause: 'deactivated' })}::jsonb)`.execute(
    db,
  );
  await sql`insert into offboardings (id, person_id, state, version, cause, opened_at, doc)
    values (${id}, ${who.id}, 'closed', 1, 'deactivated', ${on(60)}, ${JSON.stringify(doc)}::jsonb)`.execute(
    db,
  );
}

/** A review of four lines by one reviewer: kept with a rationale, kept in bulk without, taken away, and not decided on. */
export async function plantReview(
  db: Db,
  {
    reviewer,
    people,
    removed,
    kept,
  }: { reviewer: Somebody; people: readonly Somebody[]; removed: Access; kept: Access },
): Promise<void> {
  const campaign = randomUUID();
  const doc = {
    name: 'First quarter',
    startedBy: { name: reviewer.name },
    snapshotAt: on(29),
    startedAt: on(30),
    dueAt: on(44),
    decidedAt: on(31),
    closedAt: on(32),
  };
  await sql`insert into campaigns (id, state, version, opened_at, entitlement_keys, doc)
    values (${campaign}, 'closed', 1, ${on(30)}, '{orders}', ${JSON.stringify(doc)}::jsonb)`.execute(db);
  const submitted = {
    campaignId: campaign,
    by: { id: reviewer.id, name: reviewer.name },
    clickId: null,
    lines: [
      { n: 1, decision: 'keep' },
      { n: 2, decision: 'keep' },
      { n: 3, decision: 'revoke' },
    ],
  };
  await sql`insert into audit (at, type, actor, data)
    values (${on(31, 10)}, 'linesSubmitted', ${JSON.stringify({ person: reviewer.id, name: reviewer.name })}::jsonb, ${JSON.stringify(submitted)}::jsonb)`.execute(
    db,
  );
  const lines = [
    { draft: 'keep', comment: 'on call for the import', seconds: 40, inBulk: false, revokeId: null },
    { draft: 'keep', comment: null, seconds: 41, inBulk: true, revokeId: null },
    {
      draft: 'revoke',
      comment: 'has another job now',
      seconds: 75,
      inBulk: false,
      revokeId: removed.revokeId,
    },
    { draft: null, comment: null, seconds: null, inBulk: false, revokeId: null },
  ];
  for (const [n, { draft, comment, seconds, inBulk, revokeId }] of lines.entries()) {
    const isDecided = draft !== null;
    await sql`insert into campaign_lines (campaign_id, n, kind, person_id, entitlement_key, group_id, facts, reviewer_id, shown_at,
        draft, drafted_at, draft_in_bulk, decision, comment, decided_by, decided_by_name, decided_at, revoke_id, change_id)
      values (${campaign}, ${n + 1}, 'grant', ${people[n]?.id}, 'orders', 'g1', ${JSON.stringify({ person: people[n], tier: 'medium' })}::jsonb,
        ${reviewer.id}, ${on(31)}, ${draft}, ${seconds === null ? null : on(31, 9, seconds)}, ${inBulk}, ${draft}, ${comment},
        ${isDecided ? reviewer.id : null}, ${isDecided ? reviewer.name : null}, ${isDecided ? on(31, 10) : null}, ${revokeId}, ${n === 0 ? kept.id : null})`.execute(
      db,
    );
  }
}

/** Three rounds of the canary: two within a minute, and one that missed it. */
export async function plantCanary(db: Db, { id, revokeId }: Access): Promise<void> {
  for (const [n, total] of [12_000, 20_000, 90_000].entries())
    await sql`insert into canary_runs (id, started_at, objective_ms, grant_change_id, revoke_change_id, state, result, stuck, grant_legs, revoke_legs, ended_at)
      values (${randomUUID()}, ${on(5, 9, n * 600)}, 60000, ${id}, ${revokeId}, 'over', ${total > 60_000 ? 'miss' : 'hit'},
        ${total > 60_000 ? JSON.stringify({ leg: 'delivery', why: 'Anypoint did not answer' }) : null}::jsonb,
        ${JSON.stringify({ total: 9_000 })}::jsonb, ${JSON.stringify({ total })}::jsonb, ${on(5, 9, n * 600 + 120)})`.execute(
      db,
    );
}

/** What the model advised on a request, beside it and in the audit. It decides nothing. */
export async function plantAdvice(db: Db, changeId: string, at: Date): Promise<void> {
  const advice = {
    answered: true,
    advice: { headline: 'Routine: the same import as last week', lean: 'approve', risks: [], questions: [] },
    provenance: { model: 'gpt-test', promptId: 'request-summary', promptVersion: 7 },
  };
  const sheet = { facts: [] };
  await sql`insert into summaries (about_id, sheet, plain, advice)
    values (${changeId}, ${JSON.stringify(sheet)}, 'in plain words', ${JSON.stringify(advice)}::jsonb)`.execute(
    db,
  );
  const data = { ...advice, factsSha256: documentHash(sheet) };
  await sql`insert into audit (at, type, change_id, actor, data)
    values (${at}, 'adviceGiven', ${changeId}, '{"part":"model"}', ${JSON.stringify(data)}::jsonb)`.execute(
    db,
  );
}

/** What was in force before the quarter's policy. */
export const POLICY_BEFORE = 'policy-before-the-quarter';

/** The quarter's policy and the one before it, both kept and put in force before the quarter. A rule of it is new. */
export async function plantPolicies(db: Db): Promise<void> {
  const text = async (name: string) => [name, await readFile(`policy/${name}`, 'utf8')] as const;
  const texts = Object.fromEntries(
    await Promise.all(['policy.md', 'catalogue.yaml', 'approvals.cedar', 'requests.cedar'].map(text)),
  );
  const { 'approvals.cedar': _, ...rest } = texts;
  const before = { ...rest, 'policy.md': texts['policy.md']?.replace('Production, reading.', 'Production.') };
  await plantPolicy(db, POLICY_BEFORE, before, null, on(-60));
  await plantPolicy(db, POLICY, texts, POLICY_BEFORE, on(-30));
}

async function plantPolicy(
  db: Db,
  fingerprint: string,
  texts: Readonly<Record<string, string | undefined>>,
  before: string | null,
  at: Date,
): Promise<void> {
  const sha256 = (text = '') => createHash('sha256').update(text).digest('hex');
  const files = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, sha256(text)]));
  await sql`insert into policies (fingerprint, texts, loaded_at) values (${fingerprint}, ${JSON.stringify(texts)}, ${at})`.execute(
    db,
  );
  await sql`insert into audit (at, type, actor, data)
    values (${at}, 'policyLoaded', '{"part":"latchkey"}', ${JSON.stringify({ fingerprint, before, files })}::jsonb)`.execute(
    db,
  );
}

/** Somebody agreed to the quarter's policy, and that was recorded. */
export async function plantAgreement(db: Db, { id, name }: Somebody): Promise<void> {
  const data = {
    fingerprint: POLICY,
    personId: id,
    name,
    on: '2025-12-01',
    where: 'minutes of the security board, item 4',
  };
  await sql`insert into audit (at, type, actor, data)
    values (${on(-29)}, 'policyAgreed', '{"part":"operator Sam"}', ${JSON.stringify(data)}::jsonb)`.execute(
    db,
  );
}
