import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { renewBirthrights } from '../../src/flow/joiner-mover/birthright.ts';
import { people as seeded } from '../../src/sandbox/seed.ts';
import { crowdPerson } from '../bench/crowd.ts';
import type { Stage } from '../stage.ts';
import { type CardSeen, type Journey, setOut, slackIdOf, wordsOf } from './journey.ts';

const GROUP = 'anypoint-dashboards';
/** Newcomers in Support, whom the rules below tell apart by their titles. */
const titles = {
  tara: 'Trainee',
  vito: 'Visitor',
  remo: 'Remote engineer',
  doro: 'Support engineer',
  cato: 'Contractor',
  nils: 'Support engineer',
};
type Key = keyof typeof titles;
const newcomers = Object.entries(titles).map(([key, title], n) => ({
  ...crowdPerson(n),
  key,
  name: `${key} the newcomer`,
  email: `${key}@acme.example`,
  title,
  department: 'Support',
}));

const RULES = `
@id("trainees-are-looked-at")
@clause("AC-8")
@says("somebody looks at what a trainee starts with")
@needs("person")
permit (principal, action == Action::"hold", resource)
when { principal has title && principal.title like "*Trainee*" };

@id("visitors-get-nothing")
@clause("AC-9")
@says("visitors are not given access")
forbid (principal, action == Action::"request", resource)
when { principal has title && principal.title like "*Visitor*" };

@id("remote-from-home-alone")
@clause("AC-8")
@says("remote work is for Germany")
forbid (principal, action == Action::"autoApprove", resource)
when { principal has title && principal.title like "*Remote*" && context.location != "Germany" };
`;

let dir: string;
let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'latchkey-birthrights-'));
  await cp('policy', dir, { recursive: true });
  await appendFile(join(dir, 'requests.cedar'), RULES);
  const catalogue = await readFile(join(dir, 'catalogue.yaml'), 'utf8');
  const apart = catalogue.replace(
    '    team: Dashboard viewers',
    '    team: Dashboard viewers\n    conflicts: [{ with: orders-api-read, because: whoever books does not watch }]',
  );
  expect(apart).not.toBe(catalogue);
  await writeFile(join(dir, 'catalogue.yaml'), apart);
  ({ stage, walk } = await setOut({ policyDir: dir, people: [...seeded, ...newcomers] }));
  await walk.isQuiet();
});
afterAll(async () => {
  await stage?.close();
  await rm(dir, { recursive: true, force: true });
});

const changesOf = (key: Key) =>
  walk.query<{ id: string; state: string; cause: string }>(
    `select c.id, c.state, c.doc->>'cause' as cause from changes c join people p on p.id = c.person_id
     where p.email = $1 and c.kind = 'grant' and c.entitlement_key = 'dashboards-view' order by c.requested_at`,
    [`${key}@acme.example`],
  );
const askedAbout = (key: Key, how = 1) =>
  walk.until(`${key}’s is asked about`, async () => {
    const one = (await changesOf(key))[how - 1];
    return one?.state === 'asking' && one;
  });
const cardOf = (id: string, words = ''): Promise<CardSeen> =>
  walk.until('the card is out', async () =>
    (await walk.messages('sofia', 'access-requests')).find(
      (m) => m.metadata?.event_payload?.marker === `${id}:card` && wordsOf(m).includes(words),
    ),
  );
const withheldFrom = (key: Key) =>
  walk.query<{ data: { grounds: string[]; isRenewal: boolean } }>(
    `select a.data from audit a join people p on p.id::text = a.data->>'personId'
     where a.type = 'birthrightWithheld' and p.email = $1 order by a.id`,
    [`${key}@acme.example`],
  );
const profile = (key: Key, fields: Record<string, string>) => walk.directory.changes(key, fields);
const endIsNear = (key: Key) =>
  walk.query(
    `update grants g set ends_at = clock_timestamp() + interval '1 hour' from people p
     where p.id = g.person_id and p.email = $1`,
    [`${key}@acme.example`],
  );
async function isRenewed() {
  await renewBirthrights(stage.latchkey.context);
  await renewBirthrights(stage.latchkey.context);
  await walk.isQuiet();
}

test('what a rule holds is put to the owner on a card, once, and given when they agree', async () => {
  // when
  await walk.directory.arrives('tara');

  // then
  const asked = await askedAbout('tara');
  const card = await cardOf(asked.id, 'by rule, if you agree');
  expect(wordsOf(card)).toContain(
    'A person has to decide:* somebody looks at what a trainee starts with (AC-8)',
  );
  expect(wordsOf(card)).toContain('everybody in Support has it');
  expect(wordsOf(card)).toContain(`<@${slackIdOf('olga')}>`);
  expect(await walk.isInGroup('tara', GROUP)).toBe(false);
  const entry = (await walk.audit(asked.id)).find((e) => e.type === 'approversAsked');
  expect(entry?.data.verdict).toMatchObject({ holds: [{ rule: 'trainees-are-looked-at', clause: 'AC-8' }] });
  const told = await walk.statusOf('tara', asked.id);
  expect(wordsOf(told)).toContain('Whether you get it is for a person to decide first');
  expect(wordsOf(told)).not.toContain('Take it back');
  await isRenewed();
  expect(await changesOf('tara')).toHaveLength(1);

  // when
  await walk.click('olga', card, 'approve');

  // then
  const given = await walk.becomes(asked.id, 'inEffect');
  expect(given.decision?.byName).toBe('Olga Brandt');
  expect(await walk.isInGroup('tara', GROUP)).toBe(true);
});

test('and so at its renewal: it stays while that is asked, and what the owner denies is not asked again', async () => {
  // when
  await endIsNear('tara');
  await isRenewed();

  // then
  const asked = await askedAbout('tara', 2);
  expect(asked.cause).toBe('renewal');
  const card = await cardOf(asked.id, 'has it by rule: may it go on');
  expect(await walk.isInGroup('tara', GROUP)).toBe(true);

  // when
  await walk.clickAndFill('olga', card, 'deny', { reason: { reason: 'The training is over' } });

  // then
  await walk.becomes(asked.id, 'denied');
  const told = await walk.until('tara is told', async () => {
    const status = await walk.statusOf('tara', asked.id);
    return wordsOf(status).includes('The training is over') && status;
  });
  expect(wordsOf(told)).toContain('by rule, until it ends');
  await isRenewed();
  expect(await changesOf('tara')).toHaveLength(2);
  expect(await walk.isInGroup('tara', GROUP)).toBe(true);
});

test('what a rule forbids is withheld, with the grounds in the audit once, and given once it is allowed', async () => {
  // when
  await walk.directory.arrives('vito');
  await walk.directory.arrives('cato');

  // then
  const because = async (key: Key) =>
    walk.until('it is noted', async () => (await withheldFrom(key))[0]?.data.grounds.join('; '));
  expect(await because('vito')).toBe('visitors are not given access (AC-9)');
  expect(await because('cato')).toContain('for contractors a person decides, whatever it is (AC-9)');
  await isRenewed();
  for (const key of ['vito', 'cato'] as const) {
    expect(await withheldFrom(key)).toHaveLength(1);
    expect(await changesOf(key)).toEqual([]);
    expect(await walk.isInGroup(key, GROUP)).toBe(false);
  }

  // when
  await profile('vito', { title: 'Support engineer' });
  await walk.isQuiet();
  await isRenewed();

  // then
  const [given] = await changesOf('vito');
  await walk.becomes(given?.id ?? '', 'inEffect');

  // when he is a visitor again, and what he has ends soon
  await profile('vito', { title: 'Visitor' });
  await walk.isQuiet();
  await endIsNear('vito');
  await isRenewed();

  // then
  expect(await changesOf('vito')).toHaveLength(1);
  expect((await withheldFrom('vito')).map((one) => one.data.isRenewal)).toEqual([false, true]);
  await walk.receives(
    'vito',
    'that it ends',
    (m) => wordsOf(m).includes('Policy does not let it go on by rule'),
    'dm',
  );
});

test('what can’t be evaluated is put to the owner; who has moved meanwhile is given nothing', async () => {
  // when
  await walk.directory.arrives('remo');

  // then
  const asked = await askedAbout('remo');
  const card = await cardOf(asked.id);
  expect(wordsOf(card)).toContain(
    '*A rule can’t be evaluated*, so it is yours to judge: remote-from-home-alone',
  );

  // when
  await profile('remo', { department: 'Sales' });

  // then
  const closed = await walk.becomes(asked.id, 'closed');
  expect(closed.decision?.note).toBe('rules do not give it in Sales');
  expect(await walk.isInGroup('remo', GROUP)).toBe(false);
});

test('what must be kept apart from what they have is put to people, not given beside it', async () => {
  // given
  await walk.isGiven('doro', { entitlement: 'orders-api-read', reason: 'Doro books' });

  // when the directory first tells of her
  await profile('doro', { title: 'Senior support engineer' });

  // then
  const asked = await askedAbout('doro');
  const card = await cardOf(asked.id);
  expect(wordsOf(card)).toContain('*Separation of duties:* holds Orders API: read logs and messages in prod');
  expect(wordsOf(card)).toContain('*Two people have to approve:*');
  expect(await walk.isInGroup('doro', GROUP)).toBe(false);
});

test('the others are given it as ever: no card', async () => {
  await walk.directory.arrives('nils');
  const given = await walk.until('it is given', async () => (await changesOf('nils'))[0]);
  const change = await walk.becomes(given.id, 'inEffect');
  expect(change.decision?.byName).toBe('rule');
  expect(change.plan).toBeNull();
});
