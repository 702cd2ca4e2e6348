import { sql } from 'kysely';
import { beforeEach, expect, test } from 'vitest';
import type { CampaignId, PersonId } from '../../../src/core/ids.ts';
import type { AnswerReceived } from '../../../src/core/jobs/reactions.ts';
import { type CampaignPlan, everything } from '../../../src/core/review/campaign.ts';
import { byOperator, openCampaign, startCampaign } from '../../../src/flow/review/open.ts';
import { prepareCampaign } from '../../../src/flow/review/prepare.ts';
import { settleReviewAnswer, shownAs } from '../../../src/flow/review/settle.ts';
import { runDueCampaigns } from '../../../src/flow/review/timers.ts';
import { type Person, rememberPerson } from '../../../src/store/people.ts';
import { revokesOf } from '../../../src/store/review-carrying.ts';
import { readDrafts } from '../../../src/store/review-lines.ts';
import { reviewersOf } from '../../../src/store/review-progress.ts';
import { readCampaign } from '../../../src/store/reviews.ts';
import { target } from '../../core/given.ts';
import { idpPerson, somebody } from '../../store/given.ts';
import { reviewScene } from './given.ts';

/** What users of other products reported of their access reviews, tried on ours. */
const scene = reviewScene();
let olga: Person;
let tom: Person;
let sam: Person;
beforeEach(async () => {
  scene.book.birthright = null;
  scene.book.inIdp = ['olga', 'tom', 'sam'].map((login) => idpPerson(login));
  [olga, tom, sam] = (await Promise.all(
    scene.book.inIdp.map((one) => rememberPerson(scene.db, 'okta', one)),
  )) as [Person, Person, Person];
  scene.book.inChat = new Map(
    scene.book.inIdp.map(({ login, email }) => [
      login,
      { id: login, kind: 'member', name: login, verifiedEmail: email, timeZone: null },
    ]),
  );
  await sql`delete from baseline_members`.execute(scene.db);
});

async function held(reviewerId: PersonId, groupId = target.groupId) {
  const personId = await somebody(scene.db);
  await sql`insert into baseline_members (person_id, group_id, group_name, recorded_at)
    values (${personId}, ${groupId}, 'g', now())`.execute(scene.db);
  return { kind: 'baseline' as const, personId, reviewerId, target };
}

async function linesOf(id: CampaignId) {
  const { rows } = await sql<{
    reviewer: string;
    decision: string | null;
    personId: string | null;
    revoke: string | null;
  }>`
    select reviewer_id as reviewer, decision, person_id as "personId", revoke_id as revoke from campaign_lines
    where campaign_id = ${id} order by n`.execute(scene.db);
  return rows;
}

async function says(id: CampaignId, who: Person, verb: 'submit' | 'reassign', item: object, clickId: string) {
  const part = (await reviewersOf(scene.db, id, 'slack')).find(({ personId }) => personId === who.id);
  const answer = {
    about: 'review',
    id: part?.id,
    verb,
    item: JSON.stringify(item),
    clickId,
    chatUserId: who.name,
    channel: 'D',
  };
  return await settleReviewAnswer(scene.context(), answer as AnswerReceived, who);
}

/** Chooses on these lines, and submits what was counted. */
async function submits(id: CampaignId, who: Person, drafts: Record<number, string>) {
  for (const [n, draft] of Object.entries(drafts))
    await sql`update campaign_lines set draft = ${draft} where campaign_id = ${id} and n = ${Number(n)}`.execute(
      scene.db,
    );
  const shown = shownAs(await readDrafts(scene.db, { campaignId: id, reviewerId: who.id }));
  return await says(id, who, 'submit', { shown }, `submit:${JSON.stringify(drafts)}`);
}

async function passesDue(id: CampaignId) {
  await runDueCampaigns(scene.context(), (await readCampaign(scene.db, id))?.dueAt ?? undefined);
}

// sailpoint-oss/developer.sailpoint.com#352: what completing by force does to decisions that were made already.
test('overdue, what somebody decided stands; only what nobody decided is taken away', async () => {
  const id = await scene.started([await held(olga.id), await held(olga.id)], { overdue: 'revoke' });
  expect(await submits(id, olga, { 1: 'keep' })).toBeNull();
  await passesDue(id);
  expect(await linesOf(id)).toMatchObject([{ decision: 'keep' }, { decision: 'revoke' }]);
});

// gravitational/teleport#31950 and #63507: what becomes of access that nobody reviewed in time.
test('overdue, access neither stays without a word nor goes against what was written beforehand', async () => {
  const id = await scene.started([await held(olga.id)], { overdue: 'escalate' });
  await passesDue(id);
  expect(await linesOf(id)).toMatchObject([{ decision: null, reviewer: sam.id }]);
  expect((await readCampaign(scene.db, id))?.state).toBe('open');
});

// MicrosoftDocs/azure-docs#108578: does "remove access" remove everybody when nobody answers?
test('overdue, `revoke` takes each line away, and leaves a rule for whole departments to a person', async () => {
  const id = await scene.started([await held(olga.id), { kind: 'rule', reviewerId: olga.id }], {
    overdue: 'revoke',
  });
  await passesDue(id);
  expect(await linesOf(id)).toMatchObject([{ decision: 'revoke' }, { decision: null, reviewer: sam.id }]);
});

// gravitational/teleport#51194: opening the review in another view proposed to remove every member.
test('a submission decides the lines that were chosen on, and no other', async () => {
  const id = await scene.started([await held(olga.id), await held(olga.id), await held(olga.id)]);
  expect(await submits(id, olga, {})).toMatchObject({ reason: 'nothingToReview' });
  expect(await submits(id, olga, { 2: 'keep' })).toBeNull();
  expect((await linesOf(id)).map(({ decision }) => decision)).toEqual([null, 'keep', null]);
});

const planned: CampaignPlan = {
  name: 'N',
  reviewers: 'owner',
  fallback: [],
  dueSeconds: 86_400,
  overdue: 'escalate',
  extendSeconds: 60,
  scope: everything,
};
async function prepared(): Promise<CampaignId> {
  await sql`insert into reconcile_runs (cause, started_at, finished_at, found)
    values ('everything', now(), now(), '{"allAgree": true}')`.execute(scene.db);
  const id = await openCampaign({ db: scene.db }, planned, byOperator);
  await prepareCampaign(scene.context(), { job: 'prepareCampaign', campaignId: id });
  return id;
}

// gravitational/teleport#67807: owners are asked to review lists with no members.
test('where nobody holds anything nobody is asked', async () => {
  const id = await prepared();
  expect(await startCampaign({ db: scene.db }, id, byOperator)).toMatchObject({ reason: 'nothingToReview' });
  expect(await reviewersOf(scene.db, id, 'slack')).toEqual([]);
});

// gravitational/teleport#43176: a member is told that they have to review.
test('whoever holds it is not told to review it, not even where they own it', async () => {
  await held(olga.id);
  await sql`insert into baseline_members (person_id, group_id, group_name, recorded_at)
    values (${olga.id}, ${target.groupId}, 'g', now())`.execute(scene.db);
  const id = await prepared();
  const about = new Map((await linesOf(id)).map(({ personId, reviewer }) => [personId, reviewer]));
  expect(about.size).toBe(2);
  expect(about.get(olga.id)).toBe(sam.id);
  expect(new Set((await reviewersOf(scene.db, id, 'slack')).map(({ name }) => name))).toEqual(
    new Set(['olga', 'sam']),
  );
});

// gravitational/teleport#60587: a list showed the members of lists whose names begin with its own.
test('a group whose id begins like another one’s is another group', async () => {
  const inIt = await held(olga.id);
  await held(olga.id, `${target.groupId}0`);
  expect((await linesOf(await prepared())).map(({ personId }) => personId)).toEqual([inIt.personId]);
});

// yannick-beot-sp/vscode-sailpoint-identitynow#118: each line handed on made one more part for the same reviewer.
test('lines handed to the same person one by one are one part and one message', async () => {
  const id = await scene.started([await held(olga.id), await held(olga.id), await held(tom.id)]);
  for (const n of [1, 2])
    expect(await says(id, olga, 'reassign', { n, toAccountId: 'tom', why: 'Knows' }, `hand:${n}`)).toBeNull();
  const parts = await reviewersOf(scene.db, id, 'slack');
  expect(parts.filter(({ personId }) => personId === tom.id)).toMatchObject([{ lines: 3 }]);
});

// MicrosoftDocs/azure-docs#107307: the owner changes in the middle of a review.
test('the lines of an owner who is one no more stay with whoever was asked, until they can’t review', async () => {
  const id = await scene.started([await held(tom.id)]);
  await runDueCampaigns(scene.context());
  expect(await linesOf(id)).toMatchObject([{ reviewer: tom.id }]);
  await sql`update people set status = 'suspended' where id = ${tom.id}`.execute(scene.db);
  await runDueCampaigns(scene.context());
  expect(await linesOf(id)).toMatchObject([{ reviewer: sam.id }]);
});

// MicrosoftDocs/azure-docs#74310: a denied member of a dynamic group stays, and nobody is told.
test('what the directory refuses to take away keeps the review open, and is counted', async () => {
  const id = await scene.started([await held(olga.id)]);
  await submits(id, olga, { 1: 'revoke' });
  await scene.settled(id);
  await scene.isState((await linesOf(id))[0]?.revoke ?? '', 'failed');
  expect(await scene.settled(id)).toBe('closing');
  expect(await revokesOf(scene.db, id)).toMatchObject({ all: 1, seen: 0, failed: 1 });
});

// SailPoint IdentityIQ wiki, ta-p/71291: the access is gone, and its revocation is shown as open for ever.
test('what MuleSoft shows to be gone is gone at the next look, and the review closes', async () => {
  const id = await scene.started([await held(olga.id)]);
  await submits(id, olga, { 1: 'revoke' });
  expect(await scene.settled(id)).toBe('closing');
  await scene.isSeen((await linesOf(id))[0]?.revoke ?? '');
  expect(await scene.settled(id)).toBe('closed');
});
