import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { keepCadence } from '../../../src/flow/review/cadence.ts';
import { prepareCampaign } from '../../../src/flow/review/prepare.ts';
import { rememberPerson } from '../../../src/store/people.ts';
import { unfinishedCampaigns } from '../../../src/store/reviews.ts';
import { target } from '../../core/given.ts';
import { idpPerson, somebody } from '../../store/given.ts';
import { reviewScene } from './given.ts';

const scene = reviewScene();
const later = (days: number) => new Date(Date.now() + days * 86_400_000);
/** As the timers do: whoever comes second while it is held leaves it. */
const look = (at: Date) =>
  scene.context().locks.tryLock('review cadence', () => keepCadence(scene.context(), at));

test('a campaign begins by its cadence, once for all replicas, with who was there before, and starts by itself', async () => {
  // given somebody who was in the group before Latchkey, which looked at it 89 days ago
  const olga = idpPerson('olga');
  await rememberPerson(scene.db, 'okta', olga);
  scene.book.inIdp = [olga];
  scene.book.birthright = null;
  scene.book.reviewEverySeconds = 90 * 86_400;
  const before = await somebody(scene.db);
  await sql`insert into baselines (group_id, group_name, members, taken_at) values (${target.groupId}, 'g', 1, now() - interval '89 days')`.execute(
    scene.db,
  );
  await sql`insert into baseline_members (person_id, group_id, group_name, recorded_at)
    values (${before}, ${target.groupId}, 'g', now() - interval '89 days')`.execute(scene.db);
  await sql`insert into reconcile_runs (cause, started_at, finished_at, found)
    values ('everything', now(), now(), '{"allAgree": true}')`.execute(scene.db);

  // when it is not due yet, then nothing begins
  await look(new Date());
  expect(await unfinishedCampaigns(scene.db)).toEqual([]);

  // when it is due, and three replicas look
  await Promise.all([look(later(2)), look(later(2)), look(later(2))]);

  // then there is one
  const begun = await unfinishedCampaigns(scene.db);
  expect(begun.map(({ cause, state }) => [cause, state])).toEqual([['cadence', 'preparing']]);

  // when it is prepared, then it starts by itself, and none begins beside it
  const id = begun[0]?.id ?? '';
  await prepareCampaign(scene.context(), { job: 'prepareCampaign', campaignId: id });
  await Promise.all([look(new Date()), look(new Date())]);
  expect((await unfinishedCampaigns(scene.db)).map(({ state }) => state)).toEqual(['open']);
  await look(later(3));
  const { rows } = await sql<{ kind: string; person: string }>`
    select kind, person_id as person from campaign_lines where campaign_id = ${id}`.execute(scene.db);
  expect(rows).toEqual([{ kind: 'baseline', person: before }]);
  expect(await unfinishedCampaigns(scene.db)).toHaveLength(1);
});
