import { WebClient } from '@slack/web-api';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Change } from '../../src/core/change/change.ts';
import { slotsOf } from '../../src/core/policy/routing.ts';
import { loadCases } from '../../src/eval/case-files.ts';
import { createCatalogueBook } from '../../src/flow/catalogue/catalogue-status.ts';
import { idpsOf } from '../../src/flow/idps/idps.ts';
import type { Context } from '../../src/flow/kernel/context.ts';
import { advise } from '../../src/flow/request/advise.ts';
import { assessRequest } from '../../src/flow/request/assess.ts';
import { receiveRequest } from '../../src/flow/request/receive.ts';
import { settleClick } from '../../src/flow/request/settle.ts';
import { createOkta } from '../../src/idp/okta/okta.ts';
import { createAdviser, noAdviser } from '../../src/model/adviser.ts';
import { defaultPromptsDir } from '../../src/model/prompt.ts';
import { createAnypoint } from '../../src/mulesoft/anypoint.ts';
import { loadPolicy } from '../../src/policy/policy-folder.ts';
import type { Adviser } from '../../src/ports/adviser.ts';
import { sandboxOutside } from '../../src/sandbox/launch.ts';
import { serveModel } from '../../src/sandbox/model/serve.ts';
import { type Person, people as seed } from '../../src/sandbox/seed.ts';
import { type RunningWorld, startWorld } from '../../src/sandbox/world.ts';
import { createSlackDirectory } from '../../src/slack/directory.ts';
import { readChange } from '../../src/store/changes.ts';
import { createModelMemory } from '../../src/store/model-memory.ts';
import { openLocks } from '../../src/store/postgres/locks.ts';
import { readSummary } from '../../src/store/summaries.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { oktaOf } from '../idp/settings-of.ts';
import { seedOfRun } from '../seed-of-run.ts';

const REQUESTS = 600;
const CROWD = 400;
const CHAINS_AT_ONCE = 6;
/** Moments of one decision in four databases. */
const APART_SECONDS_MAX = 30;

const departments = ['Orders', 'Payments', 'Platform', 'Security', 'Marketing'];
const titles = ['Integration engineer', 'Integration intern', 'Contractor', 'Team lead', 'Newcomer'];
const crowd: Person[] = Array.from({ length: CROWD }, (_, i) => ({
  ...(seed[1] as Person),
  key: `p${i}`,
  name: `Person ${String.fromCharCode(65 + (i % 26))}${i}`,
  email: `p${i}@acme.example`,
  title: titles[i % titles.length] as string,
  department: departments[i % departments.length] as string,
  manager: ['tom', 'olga', 'sam'][i % 3] as string,
  slackId: `U1000${String(i).padStart(3, '0')}`,
  oktaId: `00ucrowd${String(i).padStart(12, '0')}`,
  anypointId: null,
  oktaStatus: i % 23 === 22 ? 'SUSPENDED' : 'ACTIVE',
}));

const modes = ['on', 'off', 'slow', 'hostile'] as const;
type Mode = (typeof modes)[number];
type Lane = { context: Context; fresh: FreshDatabase };

/** The parties outside do not change while this runs, so each thing is asked of them once. */
function askedOnce<T extends object>(party: T): T {
  const known = new Map<string, unknown>();
  return new Proxy(party, {
    get(of, name) {
      const method = Reflect.get(of, name);
      if (typeof method !== 'function') return method;
      if (name === 'listMembers') return method.bind(of);
      return (...given: unknown[]) => {
        const key = JSON.stringify([name, given]);
        if (!known.has(key)) known.set(key, method.apply(of, given));
        return known.get(key);
      };
    },
  });
}

let world: RunningWorld;
let lanes: Record<Mode, Lane>;
const closing: (() => Promise<void>)[] = [];

async function adviserOf(mode: Mode, fresh: FreshDatabase): Promise<Adviser> {
  if (mode === 'off') return noAdviser;
  const served = await serveModel(mode === 'on' ? 'scripted' : mode);
  closing.push(served.close);
  return createAdviser({
    ...served,
    budgetMs: mode === 'slow' ? 30 : 20_000,
    memory: createModelMemory(fresh.database.db, null),
  });
}

async function laneOf(mode: Mode): Promise<Lane> {
  const fresh = await freshDatabase();
  const { db } = fresh.database;
  const outside = sandboxOutside(world.url);
  const slack = new WebClient(String(outside.slack.botToken), { slackApiUrl: outside.slack.apiUrl });
  const locks = openLocks(fresh.url);
  closing.push(
    () => locks.close(),
    () => fresh.close(),
  );
  const idp = askedOnce(createOkta({ orgUrl: oktaOf(outside).orgUrl, auth: oktaOf(outside).auth }));
  const mulesoft = createAnypoint(outside.anypoint);
  const log = pino({ level: 'silent' });
  const { catalogue, rules } = await loadPolicy('policy');
  const context: Context = {
    db,
    locks,
    idps: idpsOf(idp),
    mulesoft,
    chat: askedOnce(createSlackDirectory(slack)),
    // Nothing is posted here: this is about what is decided, and by what.
    messenger: {
      post: async () => null,
      update: async () => true,
      find: async () => null,
      whisper: async () => {},
      publishHome: async () => true,
      linkTo: async () => null,
      sendFiles: async () => true,
    },
    queueAway: () => null,
    outsideTroubles: () => [],
    adviser: await adviserOf(mode, fresh),
    catalogue: createCatalogueBook(
      { catalogue, rules },
      { idps: idpsOf(idp), mulesoft, log },
      async () => {},
    ),
    signInUrl: 'https://anypoint.mulesoft.com/login',
    objectiveMs: 60_000,
    measure: () => {},
    pausedUntil: new Map(),
    nudge: () => {},
    reconcileSoon: () => {},
    runNow: () => {},
    log,
  };
  await context.catalogue.check();
  return { context, fresh };
}

beforeAll(async () => {
  world = await startWorld({ port: 0, stateFile: null, latchkey: null, people: [...seed, ...crowd] });
  const send = (method: string, path: string, body: unknown) =>
    fetch(`${world.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  await send('POST', '/slack/sim/limits', { enabled: false });
  await send('POST', '/okta/sim/rate-limit', { perMinute: 10_000_000 });
  lanes = Object.fromEntries(
    await Promise.all(modes.map(async (mode) => [mode, await laneOf(mode)] as const)),
  ) as Record<Mode, Lane>;
}, 120_000);
afterAll(async () => {
  for (const close of closing.reverse()) await close().catch(() => {});
  await world?.close();
});

const attempts = loadCases(defaultPromptsDir)
  .attempts.map((a) => a.text)
  .filter((text) => text.trim() !== '' && !text.includes('\0'));
const click = fc.record({
  /** The owner and the managers of the crowd, the security officer, and somebody who may not. */
  by: fc.constantFrom('olga', 'tom', 'sam', 'sofia', 'p3', 'self'),
  verb: fc.constantFrom('approve' as const, 'approve' as const, 'deny' as const),
  less: fc.boolean(),
});
const request = fc.record({
  beneficiary: fc.nat(CROWD - 1),
  isForThem: fc.constantFrom(true, true, true, false),
  entitlement: fc.oneof(
    { weight: 4, arbitrary: fc.constant('orders-api-read') },
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        'orders-api-deploy',
        'payments-api-read',
        'platform-admin',
        'platform-admin',
        'everyone-view',
        'no-such',
      ),
    },
  ),
  seconds: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(3_600, 60, 28_800) },
    { weight: 1, arbitrary: fc.constantFrom(86_400, 172_800, 604_800, 604_801) },
  ),
  reason: fc.oneof(
    fc.constantFrom('Trace the stuck orders', 'fix', 'Release 4.2'),
    fc.constantFrom(...attempts),
    fc.string({ minLength: 1, maxLength: 40 }).map((text) => `x${text.replaceAll('\0', '')}`),
  ),
  ticket: fc.option(fc.constantFrom('INC-4711', 'CHG-1', 'approve this'), { nil: null }),
  extend: fc.boolean(),
  clicks: fc.array(click, { maxLength: 3 }),
  /** Before, between or after the clicks. */
  adviceAfter: fc.nat(3),
});
type Request = (typeof request extends fc.Arbitrary<infer T> ? T : never) & { n: number };

const slackIdOf = (key: string) => [...seed, ...crowd].find((p) => p.key === key)?.slackId as string;

/** All that is decided about a request, without what differs from database to database: ids and moments. */
async function decisionOf({ context }: Lane, r: Request) {
  const own = (crowd[r.beneficiary] as Person).slackId;
  const accountId = r.isForThem ? own : slackIdOf('erik');
  const received = await receiveRequest(context, {
    idempotencyKey: `request-${r.n}`,
    accountId,
    forAccountId: r.isForThem ? null : own,
    entitlementKey: r.entitlement,
    seconds: r.seconds,
    reason: r.reason.slice(0, 1_000),
    ticket: r.ticket,
    extend: r.extend,
    via: 'slack',
  });
  if (!received.received)
    return {
      refused: 'refusal' in received ? received.refusal : 'held',
      seconds: null,
      hour: null,
      advice: null,
    };
  const changeId = received.changeId;
  const adviseAgain = () => advise(context, { job: 'advise', changeId });
  await assessRequest(context, { job: 'assessRequest', changeId });
  if (r.adviceAfter === 0) await adviseAgain();
  for (const [i, c] of r.clicks.entries()) {
    const round = (await readChange(context.db, changeId))?.round ?? 0;
    await settleClick(
      context,
      {
        job: 'settleClick',
        clickKey: `${r.n}:${i}`,
        click: {
          clickId: `${r.n}:${i}`,
          changeId,
          round,
          chatUserId: c.by === 'self' ? accountId : slackIdOf(c.by),
          channel: 'C1',
          act:
            c.verb === 'deny'
              ? { verb: 'deny', reason: 'No.' }
              : { verb: 'approve', seconds: c.less ? 60 : null },
        },
      },
      0,
    );
    if (r.adviceAfter === i + 1) await adviseAgain();
  }
  if (r.adviceAfter > r.clicks.length) await adviseAgain();
  const change = (await readChange(context.db, changeId)) as Change;
  const summary = await readSummary(context.db, changeId);
  const people = (plan: Change['plan']) =>
    plan?.stages.flatMap(slotsOf).map((s) => [s.source, s.pinged, s.people.map((p) => p.email).sort()]);
  return {
    state: change.state,
    cause: change.cause,
    verdict: change.verdict,
    refusal: change.refusal,
    plan: [
      change.plan?.stages.map(({ of, quorum, escalated }) => [of, quorum, escalated]),
      people(change.plan),
    ],
    approvals: change.approvals.map((a) => [a.name, a.seconds]),
    decision:
      change.decision === null
        ? null
        : [change.decision.outcome, change.decision.byName, change.decision.note],
    // How many hold it depends on how far other people's requests have come.
    plain: summary?.plain.replace(/(?:Nobody holds|\d+ (?:person|people)).*?;/, ''),
    seconds:
      change.grant === null
        ? null
        : (change.grant.endsAt.getTime() - change.grant.startsAt.getTime()) / 1_000,
    hour: change.verdict?.facts?.hour ?? null,
    advice: summary?.advice ?? null,
  };
}

test(`verdicts and decisions of ${REQUESTS} generated requests are the same with the model on, off, slow and hostile`, async () => {
  const ofRun = seedOfRun('same decisions');
  const requests: Request[] = fc
    .sample(request, { numRuns: REQUESTS, seed: ofRun })
    .map((r, n) => ({ ...r, n }));
  // A person's earlier requests bear on their next ones, so those are in order. People are side by side.
  const chains = [...Map.groupBy(requests, (r) => r.beneficiary).values()];
  const tally = new Map<string, number>();
  const count = (what: string) => tally.set(what, (tally.get(what) ?? 0) + 1);

  await Promise.all(
    Array.from({ length: CHAINS_AT_ONCE }, async () => {
      for (let chain = chains.pop(); chain !== undefined; chain = chains.pop())
        for (const r of chain) {
          const all = await Promise.all(modes.map((mode) => decisionOf(lanes[mode], r)));
          const [first, ...others] = all.map(({ seconds: _s, advice: _a, hour: _h, ...decided }) => decided);
          // On the stroke of an hour the facts themselves may differ; nothing is to be learnt from that, nor from what
          // follows.
          if (new Set(all.map((d) => d.hour)).size > 1) {
            count('cut short by the hour');
            break;
          }
          for (const [i, other] of others.entries())
            expect(other, `${modes[i + 1]} differs, seed ${ofRun}: ${JSON.stringify(r)}`).toEqual(first);
          const lengths = all.map((d) => d.seconds ?? 0);
          expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThan(APART_SECONDS_MAX);
          for (const [i, { advice }] of all.entries())
            count(`${modes[i]}: ${advice === null ? 'none' : advice.answered ? 'answered' : advice.why}`);
          count(first !== undefined && 'state' in first ? `is ${first.state}` : 'not taken');
        }
    }),
  );
  const seen = (what: string) => tally.get(what) ?? 0;
  // The hour turns once at most while this runs, and then only for those under way.
  expect(seen('cut short by the hour')).toBeLessThanOrEqual(CHAINS_AT_ONCE);
  // Otherwise this would prove nothing: every mode did what it is for, and requests came to every end.
  expect(seen('on: answered')).toBeGreaterThan(120);
  expect(seen('off: not configured')).toBeGreaterThan(120);
  expect(seen('slow: slow') + seen('slow: down')).toBeGreaterThan(120);
  expect(seen('hostile: nothing left after checking')).toBeGreaterThan(120);
  for (const state of ['asking', 'applying', 'denied', 'refused'])
    expect(seen(`is ${state}`), JSON.stringify([...tally])).toBeGreaterThan(4);
}, 600_000);
