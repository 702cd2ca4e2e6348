import { afterAll, beforeAll, expect, test } from 'vitest';
import { people as seeded } from '../../src/sandbox/seed.ts';
import { crowdPerson } from '../bench/crowd.ts';
import { type Journey, setOut } from '../journeys/journey.ts';
import { PATIENCE_MS, type StormWalk, walkInStorms } from '../journeys/mass-change-walk.ts';
import type { Stage } from '../stage.ts';

/** Less than one batch, so that the broken one is in it. */
const CROWD = 40;
const READERS = { group: 'anypoint-orders-read', team: 'Orders API readers' };
const people = Array.from({ length: CROWD }, (_, n) => crowdPerson(n));
const crowd = people.map((person) => person.key);

let stage: Stage;
let walk: Journey;
let storms: StormWalk;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ people: [...seeded, ...people] }));
  storms = walkInStorms(walk, stage.latchkey.url);
  await walk.isQuiet();
  await storms.provision(people);
}, PATIENCE_MS);
afterAll(async () => {
  await stage.close();
});

test('one whose commit fails holds up none of those on the same card, and is carried out once it is mended', {
  timeout: 2 * PATIENCE_MS,
}, async () => {
  // given
  await storms.storm(READERS.group, crowd);
  const card = await storms.massCard(READERS.group, `${CROWD} people were put into`);
  await walk.query(`
    create function refuse_one() returns trigger language plpgsql as $$
    begin
      if new.person_id = (select id from people where login like 'crowd%' order by login offset 7 limit 1) then
        raise exception 'broken on purpose';
      end if;
      return new;
    end $$`);
  await walk.query(
    'create trigger refuse_one before insert on changes for each row execute function refuse_one()',
  );

  // when
  await walk.click('olga', card, 'mass_revert');

  // then
  const open = () =>
    walk.query(`select item_key from mass_change_items where mass_change_id = $1 and outcome is null`, [
      card.id,
    ]);
  await walk.until('all others are carried out', async () => (await open()).length === 1);
  expect((await storms.masses()).map(({ state }) => state)).toEqual(['decided']);

  // when
  await walk.query('drop trigger refuse_one on changes');

  // then
  await walk.until('all are carried out', async () => (await open()).length === 0);
  await storms.isDone(card.id);
});
