import { afterAll, beforeAll, expect, test } from 'vitest';
import { renewBirthrights } from '../../src/flow/joiner-mover/birthright.ts';
import { people as seeded } from '../../src/sandbox/seed.ts';
import { crowdPerson } from '../bench/crowd.ts';
import type { Stage } from '../stage.ts';
import { buttonsOf, type Journey, setOut, wordsOf } from './journey.ts';

const GROUP = 'anypoint-dashboards';
const TEAM = 'Dashboard viewers';
/** A newcomer in Support, and one whom policy does not let have anything by rule. */
const mira = { ...crowdPerson(0), key: 'mira', name: 'Mira Vogt', email: 'mira@acme.example' };
const cato = { ...crowdPerson(1), key: 'cato', name: 'Cato Blom', email: 'cato@acme.example' };
const newcomers = [
  { ...mira, title: 'Support engineer', department: 'Support' },
  { ...cato, title: 'Contractor', department: 'Support' },
];

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ people: [...seeded, ...newcomers] }));
  await walk.isQuiet();
});
afterAll(async () => {
  await stage.close();
});

const changesOf = (key: string) =>
  walk.query<{ id: string; state: string; cause: string }>(
    `select c.id, c.state, c.doc->>'cause' as cause from changes c join people p on p.id = c.person_id
   where p.email = $1 order by c.requested_at`,
    [`${key}@acme.example`],
  );

const messagesAbout = (key: string) => walk.messages(key, 'dm');

test('whoever arrives is given what their department has by rule: one message, no card', async () => {
  // when
  await walk.directory.arrives('mira');

  // then
  const given = await walk.until('it is given', async () => (await changesOf('mira'))[0]);
  expect(given.cause).toBe('birthright');
  const change = await walk.becomes(given.id, 'inEffect');
  expect(await walk.isInGroup('mira', GROUP)).toBe(true);
  expect(await walk.isInTeam('mira', TEAM)).toBe(true);
  expect(change.decision?.byName).toBe('rule');
  expect(change.verdict?.grounds[0]).toEqual({
    text: 'birthright: everybody in Support has it',
    clause: 'AC-6',
  });
  const status = await walk.until('mira is told', async () =>
    (await messagesAbout('mira')).find((m) => wordsOf(m).includes('In effect')),
  );
  expect(wordsOf(status)).toContain('everybody in Support has it');
  expect(wordsOf(status)).toContain('I’m done');
  expect(buttonsOf(status)).toEqual(['release']);
  await walk.isQuiet();
  expect(await messagesAbout('mira')).toHaveLength(1);
  expect(await walk.messages('olga', 'access-requests')).toEqual([]);
});

test('what rules give goes on before it ends, without a word', async () => {
  // given its end is near
  await walk.query(
    `update grants g set ends_at = clock_timestamp() + interval '1 hour' from people p
   where p.id = g.person_id and p.email = 'mira@acme.example'`,
  );

  // when
  await renewBirthrights(stage.latchkey.context);
  await renewBirthrights(stage.latchkey.context);

  // then
  const all = await changesOf('mira');
  expect(all.map((c) => c.cause)).toEqual(['birthright', 'renewal']);
  const renewed = await walk.becomes(all[1]?.id ?? '', 'inEffect');
  expect(new Date(renewed.grant?.endsAt ?? 0).getTime()).toBeGreaterThan(Date.now() + 29 * 86_400_000);
  await walk.isQuiet();
  expect(await messagesAbout('mira')).toHaveLength(1);
});

test('who gives it back is rid of it, and does not get it again', async () => {
  // when
  const [status] = await messagesAbout('mira');
  await walk.click('mira', status ?? expect.fail('no message'), 'release');

  // then
  await walk.until('she is out of the group', async () => !(await walk.isInGroup('mira', GROUP)));
  await walk.until('and of the team', async () => !(await walk.isInTeam('mira', TEAM)));
  await walk.isQuiet();
  await renewBirthrights(stage.latchkey.context);
  await walk.isQuiet();
  expect(await walk.isInGroup('mira', GROUP)).toBe(false);
});

test('where policy wants a person to decide, nothing is given by rule', async () => {
  await walk.directory.arrives('cato');
  await walk.until('he is looked at', async () => {
    const rows = await walk.query(
      `select 1 from person_snapshots s join people p on p.id = s.person_id where p.email = 'cato@acme.example'`,
    );
    return rows.length > 0;
  });
  await walk.isQuiet();
  expect(await changesOf('cato')).toEqual([]);
  expect(await walk.isInGroup('cato', GROUP)).toBe(false);
});
