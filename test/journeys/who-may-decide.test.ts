import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Absence } from '../../src/core/delegation/delegates.ts';
import type { ApproverRule, ApproverSource, Entitlement } from '../../src/core/policy/catalogue.ts';
import { createBrowser, signInBy } from '../../src/sandbox/browser.ts';
import { userIdIn } from '../../src/sandbox/consoles.ts';
import { people } from '../../src/sandbox/seed.ts';
import { crowdPerson } from '../bench/crowd.ts';
import { rows as rowsOfDelegates } from '../core/delegation/who-may-decide-rows.ts';
import { rows as rowsOfPlans } from '../core/policy/who-may-decide-rows.ts';
import type { Stage } from '../stage.ts';
import { type Asked, type Journey, setOut, slackIdOf } from './journey.ts';

/*
 * The tables of who may decide, played: each row is a request of its own, asked for in Slack and clicked on there, over
 * the people of the IdP. Rows are left out whose plan needs somebody who is not there, or time.
 */

const source = {
  manager: { manager: true },
  owner: { owner: true },
  officers: { group: 'security-officers' },
  twoOfficers: { group: 'security-officers', quorum: 2 },
} satisfies Record<string, ApproverSource>;
const stage = (of: 'any' | 'all', quorum: number, ...sources: ApproverSource[]) => ({ of, quorum, sources });
const rule = (...stages: ApproverRule['stages']): ApproverRule => ({ stages, distinct: true });

/** By the names of both tables: who approves which entitlement. */
const plans: Record<string, { key: string; approvers: ApproverRule }> = {
  any: { key: 'orders-api-read', approvers: rule(stage('any', 1, source.manager, source.owner)) },
  all: { key: 'orders-api-deploy', approvers: rule(stage('all', 1, source.manager, source.owner)) },
  staged: {
    key: 'payments-api-read',
    approvers: rule(stage('any', 1, source.manager), stage('any', 2, source.owner, source.officers)),
  },
  two: {
    key: 'dashboards-view',
    approvers: rule(stage('any', 2, source.manager, source.owner, { person: 'sam@acme.example' })),
  },
  told: {
    key: 'canary',
    approvers: { ...rule(stage('any', 1, source.manager)), tell: [source.manager, source.officers] },
  },
  // For eight hours: whoever approves signs in afresh, as the example policy's rule says.
  ofGroup: { key: 'platform-admin', approvers: rule(stage('all', 1, source.owner, source.twoOfficers)) },
};
const ofDelegates: Record<string, string> = { either: 'any', both: 'all', twoOf: 'two' };

type Row = { plan: string; before: string[]; who: string; does: 'approve' | 'deny'; verdict: string };
const inPlans: Row[] = rowsOfPlans
  .filter(([plan, before, who]) => plan in plans && plan !== 'ofGroup' && !`${before} ${who}`.includes('kim'))
  // Ines has one request for each of them at a time.
  .filter(([, , who, does]) => who !== 'ines' || does === 'approve')
  .map(([plan, before, who, does, verdict]) => ({
    plan,
    before: before.split(' ').filter(Boolean),
    who,
    does,
    verdict,
  }));

/** Those that need no absence but Tom's, for whom Nadia decides; with what both tables call it. */
const whileTomIsAway: Row[] = rowsOfDelegates
  .filter(
    // Here it is Erik who asks.
    ([who, , plan, absences]) =>
      who !== 'erik' && plan in ofDelegates && absences.length === 1 && isOf(absences, 'tom', 'nadia'),
  )
  .map(([who, does, plan, , given, verdict]) => ({
    plan: ofDelegates[plan] ?? '',
    before: given.map((one) => one.split('/')[0] ?? ''),
    who,
    does,
    verdict: verdict === 'approves' ? 'decides' : verdict,
  }));

function isOf([one]: readonly Absence[], who: string, delegate: string): boolean {
  return (
    one?.person === `person-${who}` && one.delegate.name === delegate && !one.isOver && one.whyNot === null
  );
}

const signedIn: (Row & { as?: string; how?: 'password' })[] = [
  { plan: 'ofGroup', before: [], who: 'olga', does: 'approve', verdict: 'waits' },
  { plan: 'ofGroup', before: [], who: 'olga', as: 'olga', does: 'approve', verdict: 'counts' },
  { plan: 'ofGroup', before: [], who: 'olga', as: 'sam', does: 'approve', verdict: 'otherPerson' },
  {
    plan: 'ofGroup',
    before: [],
    who: 'sam',
    as: 'sam',
    how: 'password',
    does: 'approve',
    verdict: 'tooWeak',
  },
  { plan: 'ofGroup', before: [], who: 'tom', does: 'approve', verdict: 'notAnApprover' },
  { plan: 'ofGroup', before: [], who: 'erik', does: 'approve', verdict: 'selfApproval' },
  { plan: 'ofGroup', before: [], who: 'sofia', does: 'deny', verdict: 'denies' },
  {
    plan: 'ofGroup',
    before: ['olga', 'sam'],
    who: 'sofia',
    as: 'sofia',
    does: 'approve',
    verdict: 'decides',
  },
  { plan: 'ofGroup', before: ['olga'], who: 'olga', does: 'approve', verdict: 'alreadyApprovedByYou' },
];
/** Policy keeps this tier from delegates. */
const whileOlgaIsAway: Row[] = [
  { plan: 'ofGroup', before: [], who: 'nadia', does: 'approve', verdict: 'notAnApprover' },
  { plan: 'ofGroup', before: [], who: 'nadia', does: 'deny', verdict: 'notAnApprover' },
  { plan: 'any', before: [], who: 'nadia', does: 'approve', verdict: 'decides' },
  { plan: 'all', before: ['nadia'], who: 'tom', does: 'approve', verdict: 'decides' },
  { plan: 'staged', before: [], who: 'nadia', does: 'approve', verdict: 'notYourTurn' },
  { plan: 'staged', before: ['tom', 'nadia'], who: 'sam', does: 'approve', verdict: 'decides' },
  { plan: 'staged', before: ['tom', 'nadia'], who: 'olga', does: 'approve', verdict: 'counts' },
];

/** One beneficiary for each row, all of them interns of Tom’s. */
const intern = (n: number) => ({ ...crowdPerson(400 + n), name: `Intern ${n}`, anypointId: null });
const ALL = inPlans.length + whileTomIsAway.length + signedIn.length + whileOlgaIsAway.length;
const interns = Array.from({ length: ALL }, (_, n) => intern(n));
let taken = 0;

let world: Stage;
let walk: Journey;
beforeAll(async () => {
  const byKey = new Map(Object.values(plans).map(({ key, approvers }) => [key, approvers]));
  ({ stage: world, walk } = await setOut({
    people: [...people, ...interns],
    catalogue: (catalogue) => ({
      ...catalogue,
      canary: null,
      delegation: { notFor: ['critical'] },
      entitlements: catalogue.entitlements.flatMap((e): Entitlement[] => {
        const approvers = byKey.get(e.key);
        return approvers === undefined
          ? []
          : [
              {
                ...e,
                approvers,
                owner: 'olga@acme.example',
                requestableBy: 'everyone',
                birthright: null,
                conflicts: [],
                escalation: [],
              },
            ];
      }),
      bundles: [],
    }),
  }));
  await walk.isQuiet();
}, 60_000);
afterAll(() => world?.close());

/** What an entry of the audit means in the words of the tables. */
const SAYS: Record<string, (data: Record<string, unknown>) => string> = {
  clickRefused: ({ reason }) => String(reason),
  changeApproved: () => 'decides',
  changeDenied: () => 'denies',
  stageOpened: () => 'opens',
  stepUpAsked: () => 'waits',
  stepUpEnded: ({ why }) => String(why),
  approvalGiven: () => 'counts',
};

/** What is on record by now of each click, the weightiest last. */
async function onRecord({ id }: Asked): Promise<string[]> {
  const entries = (await walk.audit(id)).filter(({ type }) => type in SAYS);
  return entries.map(({ type, data }) => SAYS[type]?.(data) ?? '');
}

async function presses(who: string, does: 'approve' | 'deny', asked: Asked): Promise<string> {
  const before = (await onRecord(asked)).length;
  if (does === 'approve') await walk.click(who, asked.card, 'approve');
  else await walk.clickAndFill(who, asked.card, 'deny', { reason: { reason: 'Not needed' } });
  const came = await walk.until(`${who}’s click is on record`, async (saw) => {
    const now = saw(await onRecord(asked)).slice(before);
    return now.length > 0 && now;
  });
  return came.find((one) => one === 'decides') ?? came.find((one) => one === 'opens') ?? (came[0] as string);
}

/** The address of the newest sign-in that this person was asked for. */
async function signsIn(who: string, as: string, asked: Asked, how?: 'password'): Promise<string> {
  const before = (await onRecord(asked)).length;
  const link = await walk.until('the link is whispered', async () => {
    const mine = (await walk.messages(who, 'access-requests')).filter((m) => m.ephemeral);
    const found = [...JSON.stringify(mine.at(-1)?.blocks ?? '').matchAll(/"url":"([^"]+\/step-up\/[^"]+)"/g)];
    const url = found.at(-1)?.[1];
    return url !== undefined && !used.has(url) && url;
  });
  used.add(link);
  await signInBy(createBrowser(), link, {
    user: userIdIn(walk.directory.system, as),
    ...(how === undefined ? {} : { how }),
  });
  const came = await walk.until('what came of the sign-in', async (saw) => {
    const now = saw(await onRecord(asked)).slice(before);
    return now.length > 0 && now;
  });
  return came.includes('decides') ? 'decides' : (came[0] as string);
}
const used = new Set<string>();

async function play(row: Row & { as?: string; how?: 'password' }): Promise<string> {
  const own = interns[taken++] as (typeof interns)[number];
  const isErik = row.who === 'erik' || row.who === 'ines';
  const asked = await walk.asks(isErik ? 'erik' : own.key, {
    entitlement: plans[row.plan]?.key ?? '',
    ...(isErik ? { for: row.who === 'ines' ? slackIdOf('ines') : own.slackId } : {}),
    reason: `Row of ${own.name}`,
    ...(row.plan === 'ofGroup' ? { seconds: 28_800 } : {}),
  });
  for (const one of row.before) {
    const who = one.split('@')[0] ?? '';
    if ((await presses(who, 'approve', asked)) === 'waits') await signsIn(who, who, asked);
  }
  const verdict = await presses(row.who, row.does, asked);
  return row.as === undefined ? verdict : await signsIn(row.who, row.as, asked, row.how);
}

async function goesAway(as: string, delegate: string) {
  const before = (await walk.workspace(as)).views.at(-1);
  await walk.request('POST', '/slack/sim/command', { as, command: '/access', text: 'away' });
  const view = await walk.until(`${as} has the form`, async () => {
    const now = (await walk.workspace(as)).views.at(-1);
    return now?.id !== before?.id && now;
  });
  const until = String(Math.floor(Date.now() / 1_000) + 3 * 86_400);
  await walk.submit(as, view, {
    delegate: { delegate: slackIdOf(delegate) },
    until: { until },
    usual: { usual: [] },
  });
  await walk.until(
    'the absence has begun',
    async () => (await walk.query(`select 1 from delegations where state = 'active'`)).length === 1,
  );
  // What waits already is put to them too.
  await walk.until(
    'all of it was',
    async (saw) =>
      saw(await walk.query(`select 1 from outbox where job = 'assessRequest' and done_at is null`)).length ===
      0,
    60_000,
  );
}
const isBack = async (as: string) => {
  await walk.request('POST', '/slack/sim/command', { as, command: '/access', text: 'back' });
  await walk.until(
    'it is over',
    async () => (await walk.query(`select 1 from delegations where state <> 'ended'`)).length === 0,
  );
};

const titled = (row: Row & { as?: string; how?: 'password' }) => ({
  ...row,
  title: `${row.plan}, approved by "${row.before.join(' ')}": ${row.who}${row.as === undefined ? '' : `, who signs in as ${row.as} (${row.how ?? 'two factors'})`}`,
});

test('there are as many rows of each kind as there were', () => {
  expect(inPlans.length).toBeGreaterThanOrEqual(35);
  expect(whileTomIsAway.length).toBeGreaterThanOrEqual(11);
});

describe('by the plan alone', () => {
  test.concurrent.each(inPlans.map(titled))('$title may $does: $verdict', async (row) => {
    expect(await play(row)).toBe(row.verdict);
  });
});

describe('with a fresh sign-in', () => {
  test.each(signedIn.map(titled))('$title may $does: $verdict', async (row) => {
    expect(await play(row)).toBe(row.verdict);
  });
});

describe('while Tom is away and Nadia decides in his stead', () => {
  beforeAll(() => goesAway('tom', 'nadia'), 90_000);
  afterAll(() => isBack('tom'));
  test.concurrent.each(whileTomIsAway.map(titled))('$title may $does: $verdict', async (row) => {
    expect(await play(row)).toBe(row.verdict);
  });
});

describe('while Olga is away and Nadia decides in her stead, but not on what is critical', () => {
  beforeAll(() => goesAway('olga', 'nadia'), 90_000);
  afterAll(() => isBack('olga'));
  test.each(whileOlgaIsAway.map(titled))('$title may $does: $verdict', async (row) => {
    expect(await play(row)).toBe(row.verdict);
  });
});
