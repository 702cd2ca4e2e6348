import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ChangeEvent } from '../../src/core/change/events.ts';
import { rightOfDecision } from '../../src/core/evidence/checks.ts';
import type { EntitlementKey, PersonId } from '../../src/core/ids.ts';
import { commit } from '../../src/flow/kernel/commit.ts';
import { entitlement } from '../core/given.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { type MadePack, packOf } from './made-pack.ts';
import { plantQuarter } from './planted-quarter.ts';
import { access, on, QUARTER, type Somebody, somebodyIn } from './quarter.ts';

let fresh: FreshDatabase;
let pack: MadePack;
const asked = new Map<string, string>();

const entitlements = [entitlement()];

/** A request that is asked for on a day, and what becomes of it on another; null: nothing does. */
type Outcome =
  | 'changeDenied'
  | 'changeWithdrawn'
  | 'requestLapsed'
  | 'requestClosed'
  | 'requestRefused'
  | null;

async function request(
  [who, approver]: readonly [Somebody, Somebody],
  name: string,
  { askedOn, outcome, overOn = askedOn }: { askedOn: number; outcome: Outcome; overOn?: number },
): Promise<void> {
  const { id, events } = access(who, approver, on(askedOn));
  const [received, put] = events as [ChangeEvent, ChangeEvent];
  const base = { changeId: id, at: on(overOn, 12), actor: { part: 'latchkey' } } as const;
  const decision = { by: null, byName: 'rule', at: on(overOn, 12), note: null, clickId: null };
  const refusal = {
    refused: true,
    reason: 'notEligible',
    text: 'Not open to you.',
    next: 'Ask the owner.',
  } as const;
  const last: { [O in NonNullable<Outcome>]: ChangeEvent } = {
    changeDenied: {
      ...base,
      type: 'changeDenied',
      decision: { ...decision, outcome: 'denied', by: approver.id, byName: approver.name },
      revokeId: null,
    },
    changeWithdrawn: {
      ...base,
      type: 'changeWithdrawn',
      decision: { ...decision, outcome: 'withdrawn', by: who.id, byName: who.name },
    },
    requestLapsed: { ...base, type: 'requestLapsed', decision: { ...decision, outcome: 'lapsed' } },
    requestClosed: { ...base, type: 'requestClosed', decision: { ...decision, outcome: 'closed' } },
    requestRefused: { ...base, type: 'requestRefused', refusal },
  };
  const told = [
    received,
    ...(outcome === 'requestRefused' ? [] : [put]),
    ...(outcome === null ? [] : [last[outcome]]),
  ];
  await commit(fresh.database.db, async () => ({ result: null, events: told }));
  asked.set(name, id);
}

beforeAll(async () => {
  fresh = await freshDatabase();
  const { db } = fresh.database;
  await plantQuarter(db);
  const somebody = somebodyIn(db);
  const both = [await somebody('rita'), await somebody('olga')] as const;
  await request(both, 'lapsed, asked before', { askedOn: -3, outcome: 'requestLapsed', overOn: 2 });
  await request(both, 'refused', { askedOn: 5, outcome: 'requestRefused' });
  await request(both, 'refused on its start, asked before', {
    askedOn: -2,
    outcome: 'requestRefused',
    overOn: 1,
  });
  await request(both, 'denied', { askedOn: 6, outcome: 'changeDenied', overOn: 7 });
  await request(both, 'withdrawn', { askedOn: 8, outcome: 'changeWithdrawn' });
  await request(both, 'closed', { askedOn: 9, outcome: 'requestClosed' });
  await request(both, 'denied before', { askedOn: -9, outcome: 'changeDenied', overOn: -8 });
  await request(both, 'open', { askedOn: 88, outcome: null });
  await request(both, 'lapsed after', { askedOn: 89, outcome: 'requestLapsed', overOn: 92 });
  // Asked for in the period, and given after it.
  const late = access(both[0], both[1], on(89, 23, 3_500));
  await commit(db, async () => ({ result: null, events: late.events }));
  asked.set('given after', late.id);
  // A team that a leaver's case took somebody out of, and that no change had given; Anypoint's log has nothing of it.
  const teams = [
    {
      id: 'other',
      name: 'Marketing',
      isManaged: false,
      membershipType: 'member',
      userIds: ['anypoint-lena'],
      kept: null,
    },
    {
      id: 'root',
      name: 'Everybody',
      isManaged: false,
      membershipType: 'member',
      userIds: ['anypoint-lena'],
      kept: 'Anypoint takes nobody out of it',
    },
  ];
  await sql`update offboardings set doc = doc || ${JSON.stringify({ teams, legs: { teams: { at: on(60, 10), count: 1 } } })}::jsonb`.execute(
    db,
  );
  pack = await packOf(db, { entitlements });
});
afterAll(() => fresh.close());

const names = async (list: string) => {
  const byId = new Map([...asked].map(([name, id]) => [id, name]));
  return (await pack.list(list)).map(({ change }) => byId.get(String(change)) ?? 'another').sort();
};

// gravitational/teleport#16301, #68308, #47945: a request that nobody decided on in time is gone from every list.
test('what was asked for before the period and lapsed in it is in its population, and what was denied before is not', async () => {
  expect(await names('requests-not-granted')).toEqual(
    [
      'closed',
      'denied',
      'lapsed, asked before',
      'refused',
      'refused on its start, asked before',
      'withdrawn',
    ].sort(),
  );
});

test('of an entitlement whose group was never looked at it is not said that nobody holds it', async () => {
  const { db } = fresh.database;
  const everyone = entitlement({
    key: 'everyone-view' as EntitlementKey,
    idpGroup: 'anypoint-everyone',
    team: 'Everyone',
  });
  const held = async () => {
    const all = await (await packOf(db, { entitlements: [...entitlements, everyone] })).list('entitlements');
    const row = all.find((one) => one.entitlement === 'everyone-view');
    return [row?.heldAtStart, row?.givenInPeriod, row?.heldAtEnd];
  };
  expect(await held()).toEqual(['not looked at', 0, 'not looked at']);
  await sql`insert into baselines (group_id, group_name, members, taken_at) values ('g-all', 'Anypoint-Everyone', 0, ${on(30)})`.execute(
    db,
  );
  expect(await held()).toEqual(['not looked at', 0, 0]);
});

test('who decided on what was not given is told as it was: nobody in time, by a right, or not at all', async () => {
  const told = (name: string) => {
    const story = pack.samples.flatMap(({ stories }) => stories).find(({ id }) => id === asked.get(name));
    const fact = (of: string) => story?.facts.find(({ label }) => label === of)?.value;
    return [fact('Decided')?.replace(/ at .*/, ''), fact('By what right'), fact('Decided by somebody else')];
  };
  expect(told('lapsed, asked before')).toEqual([
    'lapsed (nobody decided in time)',
    'none',
    'nobody decided in time',
  ]);
  expect(told('withdrawn')).toEqual([
    'withdrawn (rita)',
    'whoever asked for it, or gets it, may withdraw it',
    'nobody decided: it was withdrawn',
  ]);
  expect(told('denied')).toEqual([
    'denied (olga)',
    'owner',
    'yes: who decided neither asked for it nor gets it (by their ids)',
  ]);
  expect(
    (await pack.list('requests-not-granted')).find(
      ({ change }) => change === asked.get('lapsed, asked before'),
    ),
  ).toMatchObject({ decidedBy: 'nobody decided in time' });
  const removal = pack.samples.find(({ of }) => of === 'removals')?.stories[0];
  const decided = removal?.facts.find(({ label }) => label === 'Decided')?.value;
  expect(decided).toMatch(/^to be taken away \(no person: a rule decided\) at /);
});

test('a card of many is named only where something was decided on one', () => {
  const by = { by: 'olga' as PersonId, outcome: 'denied' } as const;
  const of = { kind: 'grant', cause: 'finding' } as const;
  expect(rightOfDecision({ ...of, stages: null, decision: by })).toBe('a card of many');
  const stages = [
    { of: 'any', quorum: 1, escalated: false, slots: [{ source: 'owner', people: [], pinged: true }] },
  ] as const;
  expect(rightOfDecision({ ...of, stages: stages as never, decision: by })).toBe(
    'an approver whose right is not kept',
  );
  expect(
    rightOfDecision({ ...of, cause: 'restore', stages: null, decision: { ...by, outcome: 'approved' } }),
  ).toBe('whoever may give back what a leaver had');
});

test('what was open at the end of the period has a population, with what became of it since', async () => {
  expect(await names('requests-open')).toEqual(['given after', 'lapsed after', 'open']);
  const open = await pack.list('requests-open');
  expect(open.find(({ change }) => change === asked.get('lapsed after'))).toMatchObject({
    person: 'rita',
    stateSince: 'lapsed',
    decidedSinceAt: on(92, 12).toISOString(),
  });
  expect(open.find(({ change }) => change === asked.get('open'))).toMatchObject({
    stateSince: 'asking',
    decidedSinceAt: null,
  });
});

test('what was open and what came is as much as was given, was not and is open: the sum stands in the page', async () => {
  const row = (cells: (string | number)[]) => `<tr>${cells.map((one) => `<td>${one}</td>`).join('')}</tr>`;
  expect(pack.page.includes(row(['Asked for by somebody', 2, 21, 14, 2, 1, 1, 1, 1, 3]))).toBe(true);
  expect(pack.page).toContain(row(['Found in the directory, or found missing', 0, 2, 2, 0, 0, 0, 0, 0, 0]));
  expect(pack.page).toContain('They are, and each sum is as long as its list.');
  expect(pack.limits.join()).not.toContain('not as much as');
});

test('a removal that is in Anypoint alone has a population of its own', async () => {
  expect(
    (await pack.list('removals-in-anypoint')).map(({ person, team, source, because, removedAt }) => ({
      person,
      team,
      source,
      because,
      removedAt,
    })),
  ).toEqual([
    {
      person: 'mona',
      team: 'Orders',
      source: 'anypointAudit',
      because: 'puts right what was made around Latchkey',
      removedAt: on(14, 9, 240).toISOString(),
    },
    {
      person: 'lena',
      team: 'Marketing',
      source: 'latchkey',
      because: 'a leaver’s case took them out; Anypoint’s log, as far as it is known, does not have it',
      removedAt: on(60, 10).toISOString(),
    },
  ]);
  // Each removal of Anypoint's log is a change of Latchkey's, or is here.
  const removed = (await pack.list('team-events')).filter(({ direction }) => direction === 'removed');
  expect(removed.filter(({ matched }) => matched !== 'change')).toHaveLength(1);
});

const byLog = async (of: MadePack, name: string) =>
  (await of.list(name))
    .filter(({ status }) => String(status).startsWith('there by a log'))
    .map(({ person, group, team, since, why }) => ({ person, group, team, since, why }));

const stranger = {
  person: 'anypoint-stranger',
  group: null,
  team: 'Orders',
  since: on(16).toISOString(),
  why: 'put there by Anypoint administrator, as anypointAudit has it',
};

test('who is in a group or a team by a log, and by nothing in the record, is among the holders', async () => {
  const month = await packOf(fresh.database.db, { entitlements, period: { ...QUARTER, to: on(31, 0) } });
  expect(await byLog(month, 'holders')).toEqual([
    {
      person: 'mona',
      group: 'anypoint-orders',
      team: null,
      since: on(12).toISOString(),
      why: 'put there by mallory, as oktaLog has it',
    },
    {
      person: 'mona',
      group: null,
      team: 'Orders',
      since: on(15).toISOString(),
      why: 'put there by Anypoint administrator, as anypointAudit has it',
    },
    stranger,
  ]);
  // Somebody in the group and in its team holds the entitlement once; ines has it by Latchkey.
  expect(await month.list('entitlements')).toMatchObject([{ entitlement: 'orders', heldAtEnd: 3 }, {}]);
  // Later she was taken out of both: the stranger never was.
  expect(await byLog(pack, 'holders')).toEqual([stranger]);
  expect(await byLog(pack, 'holders-at-start')).toEqual([]);
});

test('who holds by a log what is privileged is among those who held something privileged', async () => {
  const critical = await packOf(fresh.database.db, { entitlements: [entitlement({ tier: 'critical' })] });
  expect(
    (await critical.list('privileged')).filter(({ change }) => change === null).map(({ person }) => person),
  ).toEqual(['anypoint-stranger']);
});

test('somebody whom the record has as found, and nobody has decided on, is told once', async () => {
  const { db } = fresh.database;
  const found = randomUUID();
  const { rows } = await sql<{ id: string }>`select id from people where name = 'mona'`.execute(db);
  await sql`insert into mass_changes (id, kind, scope, state, version, opened_at, doc)
    values (${found}, 'finding', 'g1', 'asking', 1, ${on(12, 10)}, ${JSON.stringify({ entitlementKey: 'orders', target: { groupId: 'g1', groupName: 'anypoint-orders', teamId: 't1', teamName: 'Orders' } })}::jsonb)`.execute(
    db,
  );
  await sql`insert into mass_change_items (mass_change_id, item_key, person_id) values (${found}, 'mona', ${rows[0]?.id})`.execute(
    db,
  );
  const month = { ...QUARTER, to: on(14, 0) };
  const holders = await (await packOf(db, { entitlements, period: month })).list('holders');
  expect(holders.filter(({ person }) => person === 'mona').map(({ status }) => status)).toEqual([
    'there, and not decided on yet',
  ]);
  await sql`delete from mass_change_items where mass_change_id = ${found}`.execute(db);
  await sql`delete from mass_changes where id = ${found}`.execute(db);
});
