import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Change } from '../../src/core/change/change.ts';
import { seenWords } from '../../src/core/storable.ts';
import { loadCases } from '../../src/eval/case-files.ts';
import { defaultPromptsDir } from '../../src/model/prompt.ts';
import { serveModel } from '../../src/sandbox/model/serve.ts';
import { type Person, people as seed } from '../../src/sandbox/seed.ts';
import { createSlackSender } from '../bench/slack-sender.ts';
import { oktaConsole } from '../sandbox/okta-console.ts';
import { seedOfRun } from '../seed-of-run.ts';
import type { Stage } from '../stage.ts';
import { type Journey, setOut, slackIdOf } from './journey.ts';

const CROWD = 20;
const REQUESTS = 44;
const PATIENCE_MS = 60_000;

const departments = ['Orders', 'Payments', 'Platform', 'Security', 'Marketing'];
const titles = ['Integration engineer', 'Contractor', 'Team lead', 'Integration intern'];
const crowd: Person[] = Array.from({ length: CROWD }, (_, i) => ({
  ...(seed[1] as Person),
  key: `p${i}`,
  name: `Person ${i}`,
  email: `p${i}@acme.example`,
  title: titles[i % titles.length] as string,
  department: departments[i % departments.length] as string,
  manager: ['tom', 'olga', 'sam'][i % 3] as string,
  slackId: `U10000${String(i).padStart(2, '0')}`,
  oktaId: `00ucrowd${String(i).padStart(12, '0')}`,
  anypointId: `a0000000-0000-4000-8000-1000000000${String(i).padStart(2, '0')}`,
  oktaStatus: i % 19 === 18 ? 'SUSPENDED' : 'ACTIVE',
}));
const groups = ['orders-read', 'orders-deploy', 'payments-read', 'platform-admin', 'dashboards'];
const teams = [
  'Orders API readers',
  'Orders API deployers',
  'Payments API readers',
  'Platform admins',
  'Dashboard viewers',
];

const modes = ['on', 'off', 'slow', 'hostile'] as const;
type Mode = (typeof modes)[number];
const walks = new Map<Mode, { stage: Stage; walk: Journey }>();
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  for (const mode of modes) {
    const served = mode === 'off' ? null : await serveModel(mode === 'on' ? 'scripted' : mode);
    if (served !== null) closing.push(served.close);
    const set = await setOut({
      people: [...seed, ...crowd],
      outside: { model: served },
      modelBudgetMs: mode === 'slow' ? 100 : 20_000,
      // One that is given by rule.
      catalogue: (catalogue) => ({
        ...catalogue,
        entitlements: catalogue.entitlements.map((e) =>
          e.key === 'dashboards-view' ? { ...e, autoApprove: true } : e,
        ),
      }),
    });
    closing.push(() => set.stage.close());
    walks.set(mode, set);
    // Who asks from nowhere known is given nothing by rule.
    const okta = oktaConsole(set.stage.world.url);
    for (const { key } of crowd) await okta.signIn(key, 'Germany');
    await set.walk.isQuiet();
  }
}, 120_000);
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

const attempts = loadCases(defaultPromptsDir)
  .attempts.map((a) => a.text.slice(0, 900))
  .filter((text) => text.trim() !== '' && !text.includes('\0'));
const request = fc.record({
  by: fc.nat(CROWD - 1),
  entitlement: fc.constantFrom(
    'orders-api-read',
    'orders-api-read',
    'orders-api-deploy',
    'payments-api-read',
    'platform-admin',
    'dashboards-view',
    'dashboards-view',
  ),
  reason: fc.oneof(fc.constantFrom('Trace the stuck orders', 'fix'), fc.constantFrom(...attempts)),
  /** The owners, the managers of the crowd, and somebody who may not. */
  clicks: fc.array(fc.constantFrom('olga', 'tom', 'sam', 'sofia', 'p3'), { maxLength: 3 }),
});
type FreeText = typeof request extends fc.Arbitrary<infer T> ? T : never;
type Request = FreeText & { n: number };

/**
 * The ends that may be left to no chance: in effect, waiting, refused by rule (p5 is a contractor), and given by rule.
 */
const ofEveryEnd: FreeText[] = [
  { by: 0, entitlement: 'orders-api-read', reason: 'fix', clicks: ['p3', 'olga'] },
  { by: 2, entitlement: 'orders-api-read', reason: 'fix', clicks: [] },
  { by: 5, entitlement: 'platform-admin', reason: 'fix', clicks: ['olga'] },
  { by: 3, entitlement: 'dashboards-view', reason: 'fix', clicks: [] },
];

/** Every request in turn; what each came to, without what differs from one Latchkey to another: ids and moments. */
async function travel(mode: Mode, requests: readonly Request[]) {
  const { stage, walk } = walks.get(mode) as { stage: Stage; walk: Journey };
  const slack = createSlackSender(stage.latchkey.url);
  const settled = async () =>
    (
      await walk.query(
        `select 1 from outbox where done_at is null and job in ('assessRequest', 'settleClick')`,
      )
    ).length === 0;
  const ids: (string | null)[] = [];
  try {
    for (const { n, by, entitlement, reason, clicks } of requests) {
      const marked = `${n}: ${reason}`;
      const { status, body } = await slack.ask((crowd[by] as Person).slackId, entitlement, marked);
      expect(status).toBe(200);
      const change = await walk.changeBecause(seenWords(marked).trim());
      expect(change === null, `${mode}: ${body}`).toBe(body !== '');
      ids.push(change?.id ?? null);
      if (change === null) continue;
      await walk.until('it is asked of somebody, or decided', settled, PATIENCE_MS);
      for (const who of clicks) {
        const slackId = who.startsWith('p')
          ? (crowd[Number(who.slice(1))] as Person).slackId
          : slackIdOf(who);
        await slack.approve(slackId, change.id);
        await walk.until('the click is dealt with', settled, PATIENCE_MS);
      }
    }
  } finally {
    slack.close();
  }
  await walk.until(
    'all that was approved has arrived, and all advice is in',
    async () =>
      (await walk.query(`select 1 from changes where state in ('received', 'applying', 'verifying')`))
        .length === 0 &&
      (await walk.query(`select 1 from outbox where done_at is null and job = 'advise'`)).length === 0,
    PATIENCE_MS,
  );
  const outcomes = [];
  for (const id of ids) outcomes.push(id === null ? null : await outcomeOf(walk, await walk.change(id)));
  const advised = await walk.query<{ why: string | null }>(
    `select advice->>'why' as why from summaries where advice is not null`,
  );
  return {
    outcomes,
    members: Object.fromEntries(
      await Promise.all(
        [...crowd.keys()].map(async (i) => [i, await whereIs(walk, crowd[i] as Person)] as const),
      ),
    ),
    answered: advised.filter(({ why }) => why === null).length,
    unanswered: advised.filter(({ why }) => why !== null).length,
  };
}

async function outcomeOf(walk: Journey, change: Change) {
  const types = (await walk.auditTypes(change.id)).filter((type) => type !== 'adviceGiven');
  return {
    state: change.state,
    effect: change.verdict?.effect,
    grounds: change.verdict?.grounds,
    holds: change.verdict?.holds,
    refusal: change.refusal,
    approvals: change.approvals.map((a) => a.name),
    decision: change.decision && [change.decision.outcome, change.decision.byName, change.decision.note],
    // The ways into Anypoint are side by side, so their order is not the same each time.
    audit: types.sort(),
  };
}

async function whereIs(walk: Journey, { key }: Person): Promise<string[]> {
  const found: string[] = [];
  for (const group of groups) if (await walk.isInGroup(key, `anypoint-${group}`)) found.push(group);
  for (const team of teams) if (await walk.isInTeam(key, team)) found.push(team);
  return found;
}

test('over the whole road, from Slack to MuleSoft, the same is decided and arrives with the model on, off, slow and hostile', async () => {
  const seed = seedOfRun('any model');
  const requests: Request[] = [...ofEveryEnd, ...fc.sample(request, { numRuns: REQUESTS, seed })].map(
    (r, n) => ({ ...r, n }),
  );
  const [on, off, slow, hostile] = await Promise.all(modes.map((mode) => travel(mode, requests)));
  for (const [i, other] of [off, slow, hostile].entries()) {
    const what = `${modes[i + 1]}, seed ${seed}`;
    for (const [n, outcome] of (other?.outcomes ?? []).entries())
      expect(outcome, `${what}: ${JSON.stringify(requests[n])}`).toEqual(on?.outcomes[n]);
    expect(other?.members, what).toEqual(on?.members);
  }
  // Otherwise this would prove nothing: every mode did what it is for, and requests came to every end.
  expect(on?.answered).toBeGreaterThan(10);
  expect([off?.answered, slow?.answered]).toEqual([0, 0]);
  expect(slow?.unanswered).toBeGreaterThan(10);
  const states = on?.outcomes.map((outcome) => outcome?.state) ?? [];
  for (const state of ['inEffect', 'asking', 'refused'])
    expect(states.filter((one) => one === state).length, state).toBeGreaterThan(0);
  expect(on?.outcomes.some((outcome) => outcome?.effect === 'autoApprove')).toBe(true);
  expect(on?.members[0]).toEqual(expect.arrayContaining(['orders-read', 'Orders API readers']));
}, 400_000);
