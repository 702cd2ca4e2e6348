import { sql } from 'kysely';
import { beforeEach, expect, test } from 'vitest';
import type { CampaignId, PersonId } from '../../../src/core/ids.ts';
import { runDueCampaigns } from '../../../src/flow/review/timers.ts';
import { rememberPerson } from '../../../src/store/people.ts';
import { readCampaign } from '../../../src/store/reviews.ts';
import { target } from '../../core/given.ts';
import { idpPerson, somebody } from '../../store/given.ts';
import { reviewScene } from './given.ts';

const DAY_MS = 86_400_000;
const scene = reviewScene();

let sam: PersonId;
beforeEach(async () => {
  const known = idpPerson('sam');
  scene.book.inIdp = [known];
  sam = (await rememberPerson(scene.db, 'okta', known)).id;
});

const leaves = (id: PersonId) =>
  sql`update people set status = 'deprovisioned' where id = ${id}`.execute(scene.db);

async function linesOf(id: CampaignId) {
  const { rows } = await sql<{ reviewer: string; decision: string | null; why: string | null }>`
    select reviewer_id as reviewer, decision, handed_on as why from campaign_lines where campaign_id = ${id} order by n`.execute(
    scene.db,
  );
  return rows;
}

async function afterDue(id: CampaignId, days = 0): Promise<Date> {
  const { dueAt } = (await readCampaign(scene.db, id)) ?? {};
  return new Date((dueAt?.getTime() ?? 0) + days * DAY_MS);
}

async function held(reviewerId: PersonId, personId?: PersonId) {
  const whose = personId ?? (await somebody(scene.db));
  await sql`insert into baseline_members (person_id, group_id, group_name, recorded_at)
    values (${whose}, ${target.groupId}, 'g', now())`.execute(scene.db);
  return { kind: 'baseline' as const, personId: whose, reviewerId, target };
}

test('the last reviewer leaves in the middle: the lines go to the fallback at once, once, and nothing is revoked', async () => {
  // given
  const olga = await somebody(scene.db);
  const id = await scene.started([await held(olga), await held(olga)], { overdue: 'revoke' });

  // when
  await leaves(olga);
  await runDueCampaigns(scene.context());
  await runDueCampaigns(scene.context());

  // then
  const why = 'whoever reviewed it can’t any more';
  expect(await linesOf(id)).toEqual([
    { reviewer: sam, decision: null, why },
    { reviewer: sam, decision: null, why },
  ]);
  const { rows } =
    await sql`select from audit where type = 'linesReassigned' and data->>'campaignId' = ${id}`.execute(
      scene.db,
    );
  expect(rows).toHaveLength(1);
});

test('where the fallback is the person themselves the line stays, and the campaign is not done', async () => {
  const olga = await somebody(scene.db);
  const id = await scene.started([await held(olga, sam)]);
  await leaves(olga);

  await runDueCampaigns(scene.context());

  expect(await linesOf(id)).toEqual([{ reviewer: olga, decision: null, why: null }]);
  expect((await readCampaign(scene.db, id))?.state).toBe('open');
});

test('overdue, `revoke`: what nobody decided is taken away; a rule goes to the fallback', async () => {
  const olga = await somebody(scene.db);
  const id = await scene.started([await held(olga), { kind: 'rule', reviewerId: olga }], {
    overdue: 'revoke',
  });

  await runDueCampaigns(scene.context(), await afterDue(id));

  expect(await linesOf(id)).toMatchObject([{ decision: 'revoke' }, { decision: null, reviewer: sam }]);
});

test('overdue, `extend`: there is more time once, then the lines go to the fallback, and once only', async () => {
  const olga = await somebody(scene.db);
  const id = await scene.started([await held(olga)], { overdue: 'extend' });
  const first = await afterDue(id);

  await runDueCampaigns(scene.context(), first);
  expect(await linesOf(id)).toMatchObject([{ decision: null, reviewer: olga }]);
  const second = await afterDue(id);
  expect(second.getTime() - first.getTime()).toBe(7 * DAY_MS);

  await runDueCampaigns(scene.context(), second);
  await runDueCampaigns(scene.context(), new Date(second.getTime() + DAY_MS));

  expect(await linesOf(id)).toMatchObject([{ decision: null, reviewer: sam }]);
  const { rows } = await sql<{ type: string }>`
    select type from audit where data->>'campaignId' = ${id} and type in ('campaignExtended', 'campaignOverdue') order by id`.execute(
    scene.db,
  );
  expect(rows.map(({ type }) => type)).toEqual(['campaignExtended', 'campaignOverdue']);
});
