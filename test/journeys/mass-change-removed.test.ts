import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reconcile } from '../../src/flow/drift/reconcile.ts';
import { people as seeded } from '../../src/sandbox/seed.ts';
import { crowdPerson } from '../bench/crowd.ts';
import type { Stage } from '../stage.ts';
import { type Journey, setOut, wordsOf } from './journey.ts';
import { PATIENCE_MS, type StormWalk, walkInStorms } from './mass-change-walk.ts';

/**
 * Access that can't be given back once it is taken away waits for a decision when it is many. These are the teams of
 * people who were there before.
 */
const PAYMENTS = { group: 'anypoint-payments-read', team: 'Payments API readers' };
const READERS = { group: 'anypoint-orders-read', team: 'Orders API readers' };

const people = Array.from({ length: 24 }, (_, n) => crowdPerson(n));
const crowd = people.map((person) => person.key);

const DEPLOYERS = { group: 'anypoint-orders-deploy', team: 'Orders API deployers' };
const NOT_FOR_HER_FRIEND = `
@id("not-for-her-friend")
@clause("AC-2")
@says("whoever shares a flat decides on nothing for the other")
forbid (principal == Person::"olga@acme.example", action == Action::"approve", resource)
when { context.beneficiaryEmail == "${people[5]?.email}" && resource.key == "orders-api-deploy" };

@id("two-for-her-friend")
@clause("AC-4")
@says("a friend of the owner")
@needs("secondApprover")
permit (principal, action == Action::"hold", resource)
when { principal.email == "${people[5]?.email}" && resource.key == "orders-api-deploy" };
`;

let policyDir: string;
let stage: Stage;
let walk: Journey;
let storms: StormWalk;
beforeAll(async () => {
  policyDir = await mkdtemp(join(tmpdir(), 'latchkey-held-'));
  await cp('policy', policyDir, { recursive: true });
  const path = join(policyDir, 'catalogue.yaml');
  // The people found in the group of Payments are recorded as if they had always been there.
  const team = `    team: ${PAYMENTS.team}\n`;
  const catalogue = (await readFile(path, 'utf8')).replace(team, `${team}    finding: accept\n`);
  await writeFile(path, catalogue.replace(/^canary: .*$/m, ''));
  await appendFile(join(policyDir, 'approvals.cedar'), NOT_FOR_HER_FRIEND);
  ({ stage, walk } = await setOut({ people: [...seeded, ...people], policyDir }));
  storms = walkInStorms(walk, stage.latchkey.url);
  await walk.isQuiet();
  await storms.provision(people);
  await storms.storm(PAYMENTS.group, crowd);
  await walk.until(
    'all are recorded and have the team',
    async () =>
      (await recorded()) === crowd.length && (await storms.inBoth(PAYMENTS)).anypoint === crowd.length,
    PATIENCE_MS,
  );
}, PATIENCE_MS);
afterAll(async () => {
  await stage?.close();
  await rm(policyDir, { recursive: true, force: true });
});

/** How many are recorded as having been in the group before Latchkey. */
const recorded = async () =>
  (
    await walk.query(`select 1 from baseline_members p join people on people.id = p.person_id
      where p.ended_at is null and p.group_name = '${PAYMENTS.group}' and login like 'crowd%'`)
  ).length;

test('many who were there before Latchkey, taken out at once, keep their teams until their owner decides on one card', {
  timeout: 2 * PATIENCE_MS,
}, async () => {
  // when
  await storms.storm(PAYMENTS.group, crowd, 'DELETE');

  // then nothing is taken away
  const card = await storms.massCard(PAYMENTS.group, '24 people were taken out of');
  expect(wordsOf(card)).toContain('who were in it before Latchkey, and nobody asked for it here');
  expect(wordsOf(card)).toContain('Until this is decided, whoever still has the team in MuleSoft keeps it');
  await walk.isQuiet();
  await reconcile(stage.latchkey.context);
  await walk.isQuiet();
  expect(await storms.inBoth(PAYMENTS)).toEqual({ directory: 0, anypoint: 24 });
  expect((await storms.masses()).map((m) => m.kind)).toEqual(['lost']);

  // when they are put back
  await walk.click('sam', card, 'mass_keep');

  // then it is as before
  await storms.isDone(card.id);
  expect(await storms.inBoth(PAYMENTS)).toEqual({ directory: 24, anypoint: 24 });
  expect(await recorded()).toBe(24);
  await storms.nothingElseIsTold();
});

test('a few go as they came; those who trickle out beyond that are on one card, the first of them too', {
  timeout: 2 * PATIENCE_MS,
}, async () => {
  // when every event source tells of one after the other
  for (const key of crowd.slice(0, 6)) await walk.directory.removes(PAYMENTS.group, key);
  await walk.until('they are gone', async () => (await storms.inBoth(PAYMENTS)).anypoint === 18);
  expect(await recorded()).toBe(18);
  for (const key of crowd.slice(6, 15)) {
    await walk.directory.removes(PAYMENTS.group, key);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const card = await storms.massCard(PAYMENTS.group, '15 people were taken out of');

  // when they are let go
  await walk.click('sam', card, 'mass_revert');

  // then
  await storms.isDone(card.id);
  expect(await storms.inBoth(PAYMENTS)).toEqual({ directory: 9, anypoint: 9 });
  expect(await recorded()).toBe(9);
  await storms.nothingElseIsTold();
});

test('more in a team than the guard lets go stay in it until the owner decides, who is told on one card what to do', {
  timeout: 2 * PATIENCE_MS,
}, async () => {
  // given the teams were looked at
  await reconcile(stage.latchkey.context);
  const inTeam = (method: 'POST' | 'DELETE', key: string) =>
    walk.request(
      method,
      `/anypoint/sim/teams/${encodeURIComponent(READERS.team)}/members/${key}`,
      method === 'POST' ? {} : undefined,
    );

  // when somebody puts people into one in Anypoint itself
  for (const key of crowd.slice(0, 13)) await inTeam('POST', key);
  const evidence = await reconcile(stage.latchkey.context);

  // then
  expect(evidence?.teams).toMatchObject({ extra: 13, held: 13 });
  const card = await storms.massCard(READERS.team, '13 people are in the Anypoint team');
  expect(wordsOf(card)).toContain('nothing gives it to any of them');
  expect(wordsOf(card)).toContain('find out who or what put them into the team in Anypoint itself');
  expect(wordsOf(card)).toContain('Waiting for <@U0000004>');
  expect(await storms.inBoth(READERS)).toEqual({ directory: 0, anypoint: 13 });

  // when some are taken out there again, the card says so; looked at again, it is the same card
  for (const key of crowd.slice(0, 2)) await inTeam('DELETE', key);
  await reconcile(stage.latchkey.context);
  await storms.massCard(READERS.team, '11 people are in the Anypoint team');

  // when the owner has them taken out
  await walk.click('olga', card, 'mass_revert');
  await storms.isDone(card.id);
  expect(await storms.inBoth(READERS)).toEqual({ directory: 0, anypoint: 0 });
  await storms.massCard(READERS.team, '11 of 11 gone in MuleSoft');

  // when it happens again and they are kept
  for (const key of crowd.slice(12, 24)) await inTeam('POST', key);
  await reconcile(stage.latchkey.context);
  const second = await storms.massCard(READERS.team, '12 people are in the Anypoint team');
  await walk.click('olga', second, 'mass_keep');

  // then it takes another one: nothing tells who put them there, and it may have been the owner
  const waiting = await storms.massCard(READERS.team, 'Olga Brandt: Keep all');
  expect(wordsOf(waiting)).toContain('Not known who did it');
  await walk.click('sam', waiting, 'mass_keep');

  // then each holds it by a grant
  await storms.isDone(second.id);
  expect(await storms.inBoth(READERS)).toEqual({ directory: 12, anypoint: 12 });
  await storms.nothingElseIsTold();
});

test('whom a rule does not let approve one of the people on a card does not decide on it: the admins do', {
  timeout: 2 * PATIENCE_MS,
}, async () => {
  // when
  await storms.storm(DEPLOYERS.group, crowd.slice(0, 12));

  // then the card says why the owner is not asked
  const card = await storms.massCard(DEPLOYERS.group, '12 people were put into');
  expect(wordsOf(card)).toContain(
    '*Not asked:* Olga Brandt, whoever shares a flat decides on nothing for the other (AC-2)',
  );
  expect(wordsOf(card)).toMatch(/Waiting for .*<@U0000006>/);

  // when she presses all the same
  await walk.click('olga', card, 'mass_revert');
  await walk.until('olga is told', async () =>
    (await walk.whispers('olga')).some((text) => text.includes('Policy does not let you decide on this')),
  );
  expect((await storms.masses()).find((m) => m.id === card.id)?.state).toBe('asking');

  // when an admin does
  await walk.click('sofia', card, 'mass_revert');
  await storms.isDone(card.id);
  expect(await storms.inBoth(DEPLOYERS)).toEqual({ directory: 0, anypoint: 0 });

  // when they come again and are to be kept, which of one of them takes two
  await storms.storm(DEPLOYERS.group, crowd.slice(0, 12));
  const second = await storms.massCard(DEPLOYERS.group, /12 people were put into[\s\S]*Waiting for/);
  expect(wordsOf(second)).toContain(
    '*It takes 2 people to keep them, one to take them away:* of some, a friend of the owner (AC-4)',
  );
  await walk.click('sofia', second, 'mass_keep');
  await storms.massCard(DEPLOYERS.group, 'It takes 2 of one mind to keep, 1 to take away');
  await walk.click('sam', second, 'mass_keep');

  // then all of them hold it
  await storms.isDone(second.id);
  expect(await storms.inBoth(DEPLOYERS)).toEqual({ directory: 12, anypoint: 12 });
  await storms.nothingElseIsTold();
});
