import { setTimeout as sleep } from 'node:timers/promises';
import { commit } from '../../src/flow/kernel/commit.ts';
import { createOkta } from '../../src/idp/okta/okta.ts';
import { createAnypoint } from '../../src/mulesoft/anypoint.ts';
import { sandboxOutside } from '../../src/sandbox/launch.ts';
import { credentials } from '../../src/sandbox/seed.ts';
import { createVisitor } from '../../src/sandbox/visitor.ts';
import { openDatabase } from '../../src/store/postgres/database.ts';
import { oktaOf } from '../idp/settings-of.ts';
import { scimUserOf } from '../journeys/scim-wire.ts';
import { absolute, type Figure } from './figure.ts';
import { peakMb } from './program.ts';
import { type ProcessorTime, type Scene, setScene } from './scene.ts';
import { createScimClient } from './scim-client.ts';
import { inWords } from './statements-in-words.ts';
import { stormPeople } from './storm-crowd.ts';
import { abreast } from './traveller.ts';

const WHOLE = 5_000;
const SMALL = 250;
/** As many at once as Latchkey's lanes take. */
const WIDTH = 8;
const PATIENCE_MS = 1_800_000;
const POLL_MS = 25;
const CLICK_AGAIN_MS = 3_000;

/** A person reads the card within a minute of the storm, as they would of one request. */
const CARD_WITHIN_S = 60;
/** Of each person a write to Okta, and to Anypoint and a look that proves it together with others. */
const SETTLED_MS_EACH = 8;
const WITHIN_MB = 300;

const READERS = { group: 'anypoint-orders-read', team: 'Orders API readers', owner: 'olga' };
const PAYMENTS = { group: 'anypoint-payments-read', team: 'Payments API readers', owner: 'sam' };
type Place = typeof READERS;

/**
 * A group is replaced by 5,000 others twice: once by SCIM and reverted, once so that only comparing finds it, and kept.
 * Each must be one card. Beside it bare loops that make the same writes to Okta and Anypoint.
 */
export async function storm(say: (line: string) => void, isSmall: boolean): Promise<Figure[]> {
  const count = isSmall ? SMALL : WHOLE;
  const scene = await setScene({ stormPeople: count });
  try {
    const pid = await scene.latchkeyPid();
    say(`${count} people are provisioned…`);
    const scimIds = await provision(scene, count);
    await nothingOwed(scene);
    const restMb = await peakMb(pid);

    say('a group is replaced over SCIM…');
    await silence(scene, true);
    await inOkta(scene, READERS, count);
    await silence(scene, false);
    const replacedAt = performance.now();
    await replaceByScim(scene, READERS, scimIds);
    const pushed = await cardOf(scene, READERS, count, replacedAt);
    say(`one card after ${Math.round(pushed.ms)} ms; it is reverted…`);
    const reverted = await costing(scene, count, () => decided(scene, pushed.id, READERS, 'mass_revert'));
    await expectMembers(scene, READERS, 0);

    say('another is replaced, and nothing tells of it…');
    await nothingOwed(scene);
    await silence(scene, true);
    await inOkta(scene, PAYMENTS, count);
    const askedAt = performance.now();
    await askToReconcile(scene);
    const found = await cardOf(scene, PAYMENTS, count, askedAt);
    say(`one card after ${Math.round(found.ms)} ms; all are kept…`);
    await silence(scene, false);
    await scene.world('POST', '/okta/sim/push-now', { group: PAYMENTS.group });
    // Nothing tells who did it, so it takes another one than the owner too.
    await answered(scene, found.id, 'sofia', 'mass_keep');
    const kept = await costing(scene, count, () => decided(scene, found.id, PAYMENTS, 'mass_keep'));
    await expectMembers(scene, PAYMENTS, count);
    const peak = await peakMb(pid);
    const cards = await cardsPosted(scene);

    say('bare loops…');
    await scene.world('POST', '/okta/sim/push', { drop: 'all' });
    const bare = await bareWrites(scene, count);
    return figures(count, { pushed: pushed.ms, found: found.ms, reverted, kept, bare, cards, restMb, peak });
  } finally {
    await scene.close();
  }
}

/** What one of many costs: the processor's time of each process in milliseconds, and trips to PostgreSQL. */
type Cost = { ms: number; each: ProcessorTime; trips: number };

async function costing(scene: Scene, count: number, work: () => Promise<number>): Promise<Cost> {
  await scene.trips();
  const before = await scene.processorTime();
  const ms = await work();
  const after = await scene.processorTime();
  const { trips, statements } = await scene.trips();
  if (process.env.TRIPS_SHOWN !== undefined) process.stderr.write(`${inWords(statements, count)}\n`);
  const of = (name: keyof ProcessorTime) => (after[name] - before[name]) / count;
  const each = { latchkey: of('latchkey'), postgres: of('postgres'), world: of('world'), bench: of('bench') };
  return { ms, each, trips: trips / count };
}

async function provision(scene: Scene, count: number): Promise<string[]> {
  const client = createScimClient(scene.latchkeyUrl, credentials.scimToken);
  const ids: string[] = [];
  await abreast(stormPeople(count), WIDTH, async (person) => {
    const { id } = await client.ask<{ id: string }>('POST', '/Users', scimUserOf(person));
    ids.push(id);
  });
  client.close();
  return ids;
}

/** While it is silent what happens in Okta is told by nothing: pushes and hooks are lost, and its log is behind. */
async function silence(scene: Scene, isSilent: boolean): Promise<void> {
  await scene.world('POST', '/okta/sim/push', { drop: isSilent ? 'all' : 'none' });
  await scene.world('POST', '/okta/sim/hooks', { lose: isSilent });
  await scene.world('POST', '/okta/sim/log', { lagMs: isSilent ? 3_600_000 : 0 });
}

async function inOkta(scene: Scene, { group }: Place, count: number): Promise<void> {
  await abreast(stormPeople(count), WIDTH, ({ key }) =>
    scene.world('POST', `/okta/sim/groups/${group}/members/${key}`),
  );
}

async function replaceByScim(scene: Scene, { group }: Place, scimIds: readonly string[]): Promise<void> {
  const client = createScimClient(scene.latchkeyUrl, credentials.scimToken);
  const { rows } = await scene.db.query<{ id: string }>(
    'select id from scim_groups where display_name = $1',
    [group],
  );
  await client.send('PUT', `/Groups/${rows[0]?.id}`, {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
    displayName: group,
    members: scimIds.map((value) => ({ value })),
  });
  client.close();
}

/** As `latchkey reconcile` asks for it. */
async function askToReconcile(scene: Scene): Promise<void> {
  const database = await openDatabase(scene.databaseUrl);
  await commit(database.db, async () => ({ result: null, jobs: [{ job: 'beginReconcile' }] }));
  await database.close();
}

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; !(await look()); await sleep(POLL_MS))
    if (performance.now() > end) throw new Error(`not in time: ${what}`);
}

/** When the card with all of them on it was posted, from when it began. */
async function cardOf(
  scene: Scene,
  { group }: Place,
  count: number,
  since: number,
): Promise<{ id: string; ms: number }> {
  let id = '';
  await until(`the card of ${group}`, async () => {
    const { rows } = await scene.db.query<{ id: string }>(
      `select m.id from mass_changes m join messages c on c.about_id = m.id and c.key = 'card' and c.ts is not null
       where m.doc->'target'->>'groupName' = $1 and m.state = 'asking'
         and (select count(*) from mass_change_items i where i.mass_change_id = m.id and outcome is null) = $2`,
      [group, count],
    );
    id = rows[0]?.id ?? '';
    return id !== '';
  });
  return { id, ms: performance.now() - since };
}

/** Somebody's answer to the card, counted and waiting for another. */
async function answered(scene: Scene, id: string, by: string, button: string): Promise<void> {
  const visitor = createVisitor(scene.worldUrl, 60_000);
  let clickedAt = 0;
  await until('the answer is counted', async () => {
    // An answer counts to what the card showed: while it still grows, it is given again.
    if (performance.now() - clickedAt > CLICK_AGAIN_MS) {
      clickedAt = performance.now();
      const card = await visitor.card(by, (m) => m.metadata?.event_payload?.marker === `${id}:card`);
      await visitor.click(by, card, button);
    }
    const { rows } = await scene.db.query(
      "select 1 from mass_changes where id = $1 and jsonb_array_length(doc->'answers') = 1 and doc->'plan'->'author'->>'is' = 'untold'",
      [id],
    );
    return rows.length > 0;
  });
}

/** From the click to the moment when all of it is seen in Anypoint. */
async function decided(scene: Scene, id: string, { owner }: Place, button: string): Promise<number> {
  const visitor = createVisitor(scene.worldUrl, 60_000);
  const card = await visitor.card(owner, (m) => m.metadata?.event_payload?.marker === `${id}:card`);
  const since = performance.now();
  const acked = await visitor.click(owner, card, button);
  if (!acked.ok) throw new Error(`the click was not taken: ${JSON.stringify(acked)}`);
  await until('all of it is done', async () => {
    const { rows } = await scene.db.query("select 1 from mass_changes where id = $1 and state = 'done'", [
      id,
    ]);
    return rows.length > 0;
  });
  return performance.now() - since;
}

/** A figure counts only if both Okta and Anypoint are as decided. */
async function expectMembers(scene: Scene, { group, team }: Place, count: number): Promise<void> {
  type Listed = { name: string; members: { key: string | null }[] }[];
  const groups = await scene.world<Listed>('GET', '/okta/sim/groups');
  const teams = await scene.world<Listed>('GET', '/anypoint/sim/teams');
  const inIt = (listed: Listed, name: string) =>
    listed.find((one) => one.name === name)?.members.filter(({ key }) => key?.startsWith('storm')).length;
  const found = [inIt(groups, group), inIt(teams, team)];
  if (found.some((n) => n !== count))
    throw new Error(`${found.join(' and ')} are in ${group} and ${team}, not ${count}`);
}

async function cardsPosted({ db }: Scene): Promise<number> {
  const { rows } = await db.query<{ n: number }>(
    "select count(*)::int as n from messages where key = 'card'",
  );
  return rows[0]?.n ?? 0;
}

async function nothingOwed({ db }: Scene): Promise<void> {
  await until('nothing is owed', async () => {
    const { rows } = await db.query<{ n: number }>(
      `select (select count(*) from outbox where done_at is null)::int
         + (select count(*) from observed where processed_at is null)::int as n`,
    );
    return rows[0]?.n === 0;
  });
}

/** The writes that keeping and reverting need, and nothing else: Okta's groups, Anypoint's teams. In milliseconds. */
async function bareWrites(scene: Scene, count: number): Promise<{ revert: number; keep: number }> {
  const outside = sandboxOutside(scene.worldUrl);
  const okta = createOkta(oktaOf(outside));
  const anypoint = createAnypoint(outside.anypoint);
  const group = await okta.findGroup(READERS.group);
  const team = await anypoint.findTeam(READERS.team);
  if (group === null || team === null) throw new Error('the sandbox has lost its groups');
  const timed = async (write: (ids: { oktaId: string; anypointId: string | null }) => Promise<void>) => {
    const since = performance.now();
    await abreast(stormPeople(count), WIDTH, write);
    return performance.now() - since;
  };
  const keep = await timed(async ({ anypointId }) => await anypoint.addMember(team.id, anypointId ?? ''));
  await inOkta(scene, READERS, count);
  const revert = await timed(async ({ oktaId, anypointId }) => {
    await okta.removeMember(group.id, oktaId);
    await anypoint.removeMember(team.id, anypointId ?? '');
  });
  return { revert, keep };
}

type Times = Record<'pushed' | 'found' | 'cards' | 'restMb' | 'peak', number> & {
  reverted: Cost;
  kept: Cost;
  bare: { revert: number; keep: number };
};

function figures(count: number, times: Times): Figure[] {
  const figure = absolute('storm');
  const card = (how: string, ms: number) =>
    figure(`${how}: until the card, s`, ms / 1_000, `< ${CARD_WITHIN_S} s`, ms / 1_000 < CARD_WITHIN_S);
  const settledWithin = (count * SETTLED_MS_EACH) / 1_000;
  const costs = (how: string, { each, trips }: Cost): Figure[] => [
    ...(['latchkey', 'postgres', 'world', 'bench'] as const).map((of) =>
      figure(`${how}: processor time each (ms): ${of}`, each[of], 'shown only', true),
    ),
    figure(`${how}: trips to PostgreSQL each`, trips, 'shown only', true),
  ];
  const settled = (how: string, { ms }: Cost, bareMs: number): Figure => ({
    ...figure(
      `${how}: from the click until all is seen, s`,
      ms / 1_000,
      `< ${settledWithin} s`,
      ms / 1_000 < settledWithin,
    ),
    baseline: 'bare writes to Okta and Anypoint',
    baselineValue: bareMs / 1_000,
    ratio: ms / bareMs,
  });
  return [
    card(`${count} replaced over SCIM`, times.pushed),
    settled(`${count} reverted`, times.reverted, times.bare.revert),
    ...costs('reverted', times.reverted),
    card(`${count} replaced unseen, found by comparing`, times.found),
    settled(`${count} kept`, times.kept, times.bare.keep),
    ...costs('kept', times.kept),
    figure('cards for the two storms', times.cards, '= 2', times.cards === 2),
    {
      ...figure('peak memory, MB', times.peak, `< ${WITHIN_MB} MB`, times.peak < WITHIN_MB),
      baseline: 'before the storms',
      baselineValue: times.restMb,
      ratio: times.peak / times.restMb,
    },
  ];
}
