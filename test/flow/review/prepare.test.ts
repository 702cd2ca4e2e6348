import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { beforeEach, expect, test } from 'vitest';
import type { PersonId } from '../../../src/core/ids.ts';
import { type CampaignPlan, everything } from '../../../src/core/review/campaign.ts';
import { commit } from '../../../src/flow/kernel/commit.ts';
import { byOperator, openCampaign } from '../../../src/flow/review/open.ts';
import { prepareCampaign } from '../../../src/flow/review/prepare.ts';
import { rememberPerson } from '../../../src/store/people.ts';
import { linkPerson } from '../../../src/store/person-links.ts';
import { readCampaign } from '../../../src/store/reviews.ts';
import { decision, target } from '../../core/given.ts';
import { approved, idpPerson, received } from '../../store/given.ts';
import { reviewScene } from './given.ts';

const scene = reviewScene();
beforeEach(async () => {
  scene.book.birthright = null;
  scene.book.inIdp = [idpPerson('olga')];
  for (const table of ['grants', 'baseline_members', 'usage_sources', 'usage_records', 'digest_lines'])
    await sql`delete from ${sql.table(table)}`.execute(scene.db);
});

async function somebodyCalled(login: string): Promise<PersonId> {
  const { id } = await rememberPerson(scene.db, 'okta', idpPerson(login));
  await linkPerson(scene.db, id, 'anypoint', `anypoint-${login}`);
  return id;
}

/** Somebody who has held it for so many days, and last used Anypoint so many days ago. */
async function holder(login: string, heldDays: number, usedDaysAgo: number | null): Promise<PersonId> {
  const id = await somebodyCalled(login);
  await sql`insert into baseline_members (person_id, group_id, group_name, recorded_at)
    values (${id}, ${target.groupId}, 'g', now() - ${heldDays} * interval '1 day')`.execute(scene.db);
  if (usedDaysAgo !== null)
    await sql`insert into usage_records (source, system, external_id, last_at)
      values ('anypointUsers', 'anypoint', ${`anypoint-${login}`}, now() - ${usedDaysAgo} * interval '1 day')`.execute(
      scene.db,
    );
  return id;
}

const signInsKnown = (days: number, checkedHoursAgo: number) =>
  sql`insert into usage_sources (source, system, since, checked_at) values ('anypointUsers', 'anypoint',
    now() - ${days} * interval '1 day', now() - ${checkedHoursAgo} * interval '1 hour')`.execute(scene.db);

async function prepared(scope: Partial<CampaignPlan['scope']> = {}) {
  const plan: CampaignPlan = {
    name: 'November',
    scope: { ...everything, ...scope },
    reviewers: 'owner',
    fallback: [],
    dueSeconds: 86_400,
    overdue: 'escalate',
    extendSeconds: 86_400,
  };
  const id = await openCampaign({ db: scene.db }, plan, byOperator);
  await prepareCampaign(scene.context(), { job: 'prepareCampaign', campaignId: id });
  const { rows } = await sql<{
    login: string;
    decision: string | null;
    insight: string;
    by: string | null;
    what: string | null;
  }>`
    select p.login, l.decision, l.insight, l.decided_by_name as by, l.facts->'counted'->>'what' as what
    from campaign_lines l join people p on p.id = l.person_id where campaign_id = ${id} order by p.login`.execute(
    scene.db,
  );
  return { lines: rows, campaign: await readCampaign(scene.db, id) };
}

async function holders(): Promise<void> {
  await holder('idle', 200, 90);
  await holder('never', 200, null);
  await holder('busy', 200, 10);
  await holder('new', 20, 90);
  const { id } = await rememberPerson(scene.db, 'okta', idpPerson('unlinked'));
  await sql`insert into baseline_members (person_id, group_id, group_name, recorded_at)
    values (${id}, ${target.groupId}, 'g', now() - interval '200 days')`.execute(scene.db);
}

test('`unused` takes who has held it for so long and used nothing, and nobody of whom that can’t be said', async () => {
  await holders();
  await signInsKnown(300, 1);

  const { lines } = await prepared({ unusedDays: 60 });

  expect(lines).toMatchObject([
    { login: 'idle', insight: 'unused' },
    { login: 'never', insight: 'unused' },
  ]);
});

test.each([
  ['is not read any more', 300, 30],
  ['does not go back so far', 30, 1],
])(
  '`unused` takes nobody whose silence is not certain: the record of sign-ins %s',
  async (_, days, hours) => {
    await holder('never', 200, null);
    await signInsKnown(days, hours);
    const { lines, campaign } = await prepared({ unusedDays: 60 });
    expect(lines).toEqual([]);
    // Nothing to review is never "reviewed": it can't be started.
    expect(campaign).toMatchObject({ state: 'ready', prepared: { lines: 0 } });
  },
);

test('a campaign is narrowed by tier, person, department and end; each leaves out who does not fit', async () => {
  // given
  const orders = await holder('in.orders', 200, null);
  const sales = await holder('in.sales', 200, null);
  await sql`update people set department = 'Sales' where id = ${sales}`.execute(scene.db);
  await sql`update people set department = 'Orders' where id = ${orders}`.execute(scene.db);
  const who = async (scope: Partial<CampaignPlan['scope']>) =>
    (await prepared(scope)).lines.map(({ login }) => login);

  // when, then
  expect(await who({})).toEqual(['in.orders', 'in.sales']);
  expect(await who({ tiers: [scene.book.tier] })).toEqual(['in.orders', 'in.sales']);
  expect(await who({ tiers: ['critical'] })).toEqual([]);
  expect(await who({ people: [idpPerson('in.sales').email] })).toEqual(['in.sales']);
  expect(await who({ departments: ['Orders'] })).toEqual(['in.orders']);
  // What was there before Latchkey has no end.
  expect(await who({ ends: 'permanent' })).toEqual(['in.orders', 'in.sales']);
  expect(await who({ ends: 'temporary' })).toEqual([]);
});

/** A grant that somebody decided on; `cause`: a request, or a membership that was found. */
async function granted(login: string, cause: 'request' | 'finding', daysAgo: number) {
  const personId = await somebodyCalled(login);
  const request = { ...received(personId), cause };
  const at = new Date(Date.now() - daysAgo * 86_400_000);
  const yes = approved(request.changeId, at, 400 * 86_400);
  await commit(scene.db, async () => ({
    result: null,
    events: [request, { ...yes, decision: decision('approved', { byName: 'Olga', at }) }],
  }));
  return { personId, changeId: request.changeId };
}

async function keptAtMove({ personId, changeId }: { personId: PersonId; changeId: string }, daysAgo: number) {
  const id = randomUUID();
  const at = new Date(Date.now() - daysAgo * 86_400_000);
  await sql`insert into mass_changes (id, kind, scope, state, version, opened_at, doc)
    values (${id}, 'moved', ${id}, 'closed', 1, now(), ${JSON.stringify({ decision: { byName: 'Tom', at } })}::jsonb)`.execute(
    scene.db,
  );
  await sql`insert into mass_change_items (mass_change_id, item_key, person_id, outcome)
    values (${id}, ${changeId}, ${personId}, 'kept')`.execute(scene.db);
}

test('what a card asked about and somebody kept is said instead of asked again; what is older is asked', async () => {
  // given
  await granted('asked', 'request', 5);
  await granted('found', 'finding', 5);
  await granted('found-long-ago', 'finding', 120);
  await keptAtMove(await granted('moved', 'request', 50), 3);
  await keptAtMove(await granted('moved-long-ago', 'request', 200), 120);

  // when
  const { lines, campaign } = await prepared();

  // then
  expect(lines.map(({ login, decision: said, by, what }) => [login, said, by, what])).toEqual([
    ['asked', null, null, null],
    ['found', 'counted', 'Olga', 'finding'],
    ['found-long-ago', null, null, null],
    ['moved', 'counted', 'Tom', 'move'],
    ['moved-long-ago', null, null, null],
  ]);
  expect(campaign?.prepared).toMatchObject({ lines: 5, counted: 2 });
});
