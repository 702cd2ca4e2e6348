import fc from 'fast-check';
import type { Change } from '../../../src/core/change/change.ts';
import { type ChangeState, lifeCycle } from '../../../src/core/change/life-cycle.ts';
import { type HomeSection, type Paged, pageSizes } from '../../../src/core/home/pages.ts';
import type { PersonId } from '../../../src/core/ids.ts';
import type { MassChange } from '../../../src/core/mass-change/mass-change.ts';
import type { HomeAdmin } from '../../../src/flow/home/admin.ts';
import type { HomeAccess, HomeChange, HomeFacts, HomeReview } from '../../../src/flow/home/facts.ts';
import type { HomeWaiting } from '../../../src/flow/home/waiting.ts';
import { changeAfter, wayTo } from '../../core/given.ts';
import { oddText } from '../odd-text.ts';

const states = Object.keys(lifeCycle) as ChangeState[];
const READER = '00000000-0000-4000-8000-000000000001' as PersonId;

/** The page of a list: as many as it shows, or fewer, of as many as there may be. */
function paged<T>(section: HomeSection, line: fc.Arbitrary<T>): fc.Arbitrary<Paged<T>> {
  const size = pageSizes[section];
  return fc
    .record({
      shown: fc.array(line, { maxLength: size }),
      before: fc.nat({ max: 40 }),
      after: fc.constantFrom(0, 0, 1, 99_999),
    })
    .map(({ shown, before, after }) => {
      const isFull = shown.length === size;
      const from = isFull ? before * size : 0;
      return { shown, from, all: from + shown.length + (isFull ? after : 0) };
    });
}

/** A change in any state, of any cause, with whatever people write in it, and an id of its own. */
const change: fc.Arbitrary<Change> = fc
  .record({
    state: fc.constantFrom(...states),
    id: fc.uuid(),
    reason: oddText(1_000),
    cause: fc.constantFrom<Change['cause'][]>(
      'request',
      'extension',
      'finding',
      'loss',
      'birthright',
      'renewal',
      'restore',
      'move',
      'breakGlass',
    ),
    requestedSeconds: fc.constantFrom(null, 1, 59, 3_600, 604_800),
    isTheirs: fc.boolean(),
    isLapsing: fc.boolean(),
    failure: oddText(2_000),
  })
  .map(({ state, id, reason, cause, requestedSeconds, isTheirs, isLapsing, failure }) => {
    const after = changeAfter(...wayTo[state]);
    return {
      ...after,
      id: id as Change['id'],
      reason,
      cause,
      requestedSeconds,
      personId: isTheirs ? READER : after.personId,
      lapsesAt: isLapsing ? new Date(Date.UTC(2_030, 0, 1)) : null,
      ...(after.failure === null ? {} : { failure: { ...after.failure, text: failure } }),
      ...(after.decision === null ? {} : { decision: { ...after.decision, note: reason, byName: failure } }),
    };
  });

const url = fc.constantFrom(null, 'https://acme.slack.com/archives/C00000001/p1764430000000100');
const title = oddText(300);

const homeChange: fc.Arbitrary<HomeChange> = fc.record({
  change,
  ending: fc.option(change, { nil: null }),
  title,
  owner: fc.constantFrom(null, 'olga@acme.example'),
  mayAsk: fc.boolean(),
});

const access: fc.Arbitrary<HomeAccess> = fc.record({
  title,
  gives: fc.option(oddText(1_000), { nil: null }),
  change: fc.option(change, { nil: null }),
  ending: fc.option(change, { nil: null }),
  since: fc.constantFrom(null, new Date(Date.UTC(2_026, 0, 1))),
  extension: fc.option(change, { nil: null }),
});

const massChange: fc.Arbitrary<MassChange> = fc
  .record({
    kind: fc.constantFrom<MassChange['kind'][]>('finding', 'lost', 'excess', 'deactivated', 'moved'),
    name: oddText(300),
  })
  .map(
    ({ kind, name }) =>
      ({
        id: 'b0000000-0000-4000-8000-000000000001',
        kind,
        scope: 'g1',
        state: 'asking',
        target: { idp: 'okta', groupId: 'g1', groupName: name, teamId: 't1', teamName: name },
        moved: { personId: READER, from: name, to: name },
        plan: null,
      }) as unknown as MassChange,
  );

const waiting: fc.Arbitrary<HomeWaiting> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      change,
      title,
      gives: fc.option(oddText(1_000), { nil: null }),
      summary: fc.option(oddText(2_000), { nil: null }),
      url,
    }),
  },
  fc.record({
    kind: fc.constant('massChange' as const),
    massChange,
    title,
    open: fc.nat({ max: 100_000 }),
    personId: fc.constantFrom(null, READER),
    url,
  }),
  fc.record({ kind: fc.constant('leaver' as const), personId: fc.constant(READER), url }),
  fc.record({
    kind: fc.constant('applications' as const),
    personId: fc.constant(READER),
    count: fc.integer({ min: 1, max: 500 }),
    url,
  }),
);

const review: fc.Arbitrary<HomeReview> = fc.record({
  title,
  progress: oddText(500),
  dueAt: fc.constantFrom(null, new Date(Date.UTC(2_026, 5, 1))),
  url,
});

const named = fc.record({ name: oddText(200), accountId: fc.constantFrom(null, 'U0000001', 'U0000009') });

const admin: fc.Arbitrary<HomeAdmin> = fc.record({
  troubles: fc.array(oddText(2_000), { maxLength: 8 }),
  ready: fc.nat({ max: 500 }),
  entitlements: fc.nat({ max: 500 }),
  findings: fc.nat({ max: 100_000 }),
  massChanges: fc.nat({ max: 100_000 }),
  late: fc.nat({ max: 100_000 }),
  failed: fc.nat({ max: 100_000 }),
  cases: paged(
    'cases',
    fc.record({
      person: named,
      state: fc.constantFrom('asking', 'held', 'underway', 'appsOpen') as fc.Arbitrary<
        HomeAdmin['cases']['shown'][number]['state']
      >,
      isLate: fc.boolean(),
      url,
    }),
  ),
});

/** Any Home tab that can come about, and some that are fuller than any will be. */
export const homeFacts: fc.Arbitrary<HomeFacts> = fc.record({
  idpName: fc.constant('Okta'),
  signInUrl: fc.constant('https://eu1.anypoint.mulesoft.com/login'),
  reader: fc.record({ id: fc.constant(READER), name: oddText(200) }),
  mayAsk: fc.boolean(),
  waiting: paged('waiting', waiting),
  reviews: paged('reviews', review),
  access: paged('access', access),
  usage: fc.constantFrom<HomeFacts['usage'][]>(
    { known: 'unknown', why: 'x' },
    {
      known: 'used',
      at: new Date(Date.UTC(2_026, 2, 2)),
      source: 'idpSignIns',
      what: null,
      checkedAt: null,
    },
    { known: 'not since', since: new Date(Date.UTC(2_026, 2, 2)), checkedAt: new Date() },
  ),
  requests: paged('requests', homeChange),
  past: paged('past', homeChange),
  admin: fc.option(admin, { nil: null }),
  people: fc
    .option(named, { nil: null })
    .map((one) => new Map(one === null ? [] : [[READER as string, one]])),
});
