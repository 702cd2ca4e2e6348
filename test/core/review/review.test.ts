import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CampaignId, EntitlementKey, PersonId } from '../../../src/core/ids.ts';
import { isRefusal } from '../../../src/core/refusal.ts';
import { dueByCadence } from '../../../src/core/review/cadence.ts';
import {
  type Campaign,
  type CampaignEvent,
  type CampaignPlan,
  everything,
  evolveCampaign,
  overduePolicies,
} from '../../../src/core/review/campaign.ts';
import { certificateCsv } from '../../../src/core/review/certificate.ts';
import { overdueNow, reminderDue } from '../../../src/core/review/due.ts';
import { insightOf } from '../../../src/core/review/insight.ts';
import { choicesOn, type LineFacts, mayKeepInBulk } from '../../../src/core/review/line.ts';
import { reviewerOf } from '../../../src/core/review/reviewers.ts';
import { type DraftedLine, reassign, submitDrafts } from '../../../src/core/review/settle.ts';
import { refuseStart } from '../../../src/core/review/start.ts';
import { seedOfRun } from '../../seed-of-run.ts';

const T0 = new Date('2026-11-02T09:00:00Z');
const DAY = 86_400;
const later = (seconds: number) => new Date(T0.getTime() + seconds * 1_000);
const id = 'campaign-1' as CampaignId;
const someone = (name: string) => ({ id: `person-${name}` as PersonId, name });
const olga = someone('olga');
const tom = someone('tom');
const sam = someone('sam');

const plan: CampaignPlan = {
  name: 'November',
  scope: everything,
  reviewers: 'owner',
  fallback: [],
  dueSeconds: 14 * DAY,
  overdue: 'revoke',
  extendSeconds: 7 * DAY,
};
const prepared = { lines: 3, rules: 0, byRule: 0, counted: 0, withoutReviewer: 0, reviewers: 1, onCards: 0 };
const base = { campaignId: id, at: T0, actor: { part: 'latchkey' } } as const;
const opened: CampaignEvent = { ...base, type: 'campaignOpened', cause: 'person', plan, startedBy: null };
const begun: CampaignEvent[] = [
  opened,
  { ...base, type: 'snapshotTaken', keys: [], lines: 3, comparedAt: T0 },
  { ...base, type: 'campaignPrepared', prepared },
];
const after = (events: readonly CampaignEvent[]): Campaign =>
  events.reduce<Campaign | null>(evolveCampaign, null) as Campaign;
const ready = after(begun);
const open = after([...begun, { ...base, type: 'campaignStarted', dueAt: later(14 * DAY) }]);

const facts = (over: Partial<LineFacts> = {}): LineFacts => ({
  person: {
    name: 'Ines',
    email: 'ines@acme.example',
    department: 'Orders',
    title: 'Intern',
    status: 'active',
  },
  title: 'Orders API: read',
  tier: 'medium',
  group: 'anypoint-orders-read',
  target: null,
  sinceAt: later(-100 * DAY),
  endsAt: later(DAY),
  approved: { by: 'Olga', at: later(-100 * DAY), reason: 'Stuck orders' },
  conflicts: [],
  peers: { holders: 9, inDepartment: 3, department: 8 },
  isNobodys: false,
  counted: null,
  rule: null,
  ...over,
});

describe('a campaign can be started', () => {
  test.each([
    ['as it is', {}, later(60), T0, null],
    ['not while it is prepared', { prepared: null }, later(60), T0, 'notReady'],
    ['not twice', { state: 'open' as const }, later(60), T0, 'alreadySettled'],
    ['not with nothing to review', { prepared: { ...prepared, lines: 0 } }, later(60), T0, 'nothingToReview'],
    [
      'not while a line has nobody',
      { prepared: { ...prepared, withoutReviewer: 1 } },
      later(60),
      T0,
      'noReviewer',
    ],
    ['not before a comparison', {}, later(60), null, 'notFresh'],
    ['not on a comparison older than a day', {}, later(60), later(60 - DAY - 1), 'notFresh'],
    ['on one of a day ago', {}, later(60), later(60 - DAY), null],
    ['not on a snapshot older than a day', {}, later(DAY + 1), later(DAY), 'notFresh'],
  ])('%s', (_, over, at, lastComparedAt, reason) => {
    const refusal = refuseStart({ ...ready, ...over }, { at, lastComparedAt });
    expect(refusal?.reason ?? null).toBe(reason);
  });
});

describe('who reviews', () => {
  const all = { owner: olga, manager: tom, fallback: [sam] };
  test.each([
    ['the owner', 'owner', all, 'person-ines', 'olga', 'owner'],
    ['the manager, where the campaign says so', 'manager', all, 'person-ines', 'tom', 'manager'],
    [
      'the owner for whoever has no manager',
      'manager',
      { ...all, manager: null },
      'person-ines',
      'olga',
      'owner',
    ],
    ['never the owner for themselves', 'owner', all, 'person-olga', 'sam', 'fallback'],
    ['never the manager for themselves', 'manager', all, 'person-tom', 'olga', 'owner'],
    [
      'never the fallback for themselves',
      'owner',
      { ...all, owner: null, fallback: [sam, tom] },
      'person-sam',
      'tom',
      'fallback',
    ],
    ['the owner of a rule, which has no manager', 'manager', all, null, 'olga', 'owner'],
  ] as const)('is %s', (_, rule, candidates, about, name, as) => {
    expect(reviewerOf(rule, candidates, about as PersonId | null)).toMatchObject({ name, as });
  });

  test('is nobody where nobody can', () => {
    expect(reviewerOf('owner', { owner: sam, manager: null, fallback: [sam] }, sam.id)).toBeNull();
  });
});

describe('the insight is the gravest', () => {
  test.each([
    [
      'left',
      {
        person: { ...(facts().person as object), status: 'deprovisioned' } as LineFacts['person'],
        conflicts: ['x'],
      },
    ],
    [
      'conflict',
      { conflicts: ['Administration'], lastUsedAt: later(-90 * DAY), silentSinceAt: later(-200 * DAY) },
    ],
    ['notAPerson', { isNobodys: true }],
    ['unused', { lastUsedAt: later(-60 * DAY), silentSinceAt: later(-200 * DAY) }],
    ['unused', { lastUsedAt: null, silentSinceAt: later(-60 * DAY) }],
    // No record of sign-ins: a use may be there that nobody has seen.
    ['approved', { lastUsedAt: later(-90 * DAY), silentSinceAt: null }],
    ['approved', { lastUsedAt: null, silentSinceAt: later(-59 * DAY) }],
    ['overPrivileged', { tier: 'critical', approved: null }],
    ['outOfLine', { peers: { holders: 9, inDepartment: 0, department: 5 } }],
    ['approved', { peers: { holders: 9, inDepartment: 0, department: 4 } }],
    ['before', { approved: null, endsAt: null }],
    ['none', { approved: null }],
    ['rule', { person: null, rule: { departments: ['Orders'], people: 12 } }],
  ] as const)('%s', (kind, over) => {
    expect(insightOf(facts(over as Partial<LineFacts>), T0).kind).toBe(kind);
  });
});

test('only what is of tier low and has nothing said against it is kept in bulk', () => {
  const one = (tier: LineFacts['tier'], over: Partial<LineFacts> = {}, kind: 'grant' | 'rule' = 'grant') =>
    mayKeepInBulk({ tier, kind, insight: insightOf(facts({ tier, ...over }), T0) });
  expect(one('low')).toBe(true);
  expect([one('medium'), one('high'), one('critical')]).toEqual([false, false, false]);
  expect(one('low', { conflicts: ['x'] })).toBe(false);
  expect(one('low', { lastUsedAt: null, silentSinceAt: later(-90 * DAY) })).toBe(false);
  expect(one('low', { rule: { departments: [], people: 1 } }, 'rule')).toBe(false);
});

describe('what is submitted', () => {
  const line = (n: number, over: Partial<DraftedLine> = {}): DraftedLine => ({
    n,
    kind: 'grant',
    personId: 'person-ines' as PersonId,
    draft: 'keep',
    comment: null,
    now: 'same',
    ...over,
  });
  const submit = (
    drafts: DraftedLine[],
    over: Partial<Parameters<typeof submitDrafts>[1]> = {},
    campaign = open,
  ) =>
    submitDrafts(campaign, {
      by: olga,
      clickId: 'click',
      drafts,
      isAsShown: true,
      open: 5,
      at: later(60),
      ...over,
    });

  test('is decided as it was drafted', () => {
    const outcome = submit([line(1), line(2, { draft: 'revoke', comment: 'Left the team' })]);
    expect(outcome).toMatchObject({
      changed: [],
      events: [
        {
          type: 'linesSubmitted',
          by: olga,
          lines: [
            { n: 1, decision: 'keep', comment: null },
            { n: 2, decision: 'revoke', comment: 'Left the team' },
          ],
        },
      ],
    });
  });

  test('of what changed since, a "keep" is asked again, and a "revoke" stands; what ended is dropped', () => {
    const outcome = submit([
      line(1, { now: 'changed' }),
      line(2, { now: 'changed', draft: 'revoke' }),
      line(3, { now: 'gone', draft: 'revoke' }),
    ]);
    expect(outcome).toMatchObject({
      changed: [1],
      events: [
        { type: 'linesDropped', lines: [3] },
        { type: 'linesSubmitted', lines: [{ n: 2, decision: 'revoke' }] },
      ],
    });
  });

  test.each([
    ['what is about themselves', submit([line(1, { personId: olga.id })]), 'selfApproval'],
    ['nothing', submit([]), 'nothingToReview'],
    ['what was counted otherwise', submit([line(1)], { isAsShown: false }), 'staleCard'],
    ['what can’t be chosen there', submit([line(1, { kind: 'baseline', draft: 'doNotRenew' })]), 'notReady'],
    ['when all is decided', submit([], { open: 0 }), 'alreadySettled'],
    ['before the start', submit([line(1)], {}, ready), 'notReady'],
    ['once all is decided', submit([line(1)], {}, { ...open, state: 'closing' }), 'alreadySettled'],
    ['once it is cancelled', submit([line(1)], {}, { ...open, state: 'cancelled' }), 'alreadySettled'],
  ])('can’t be %s', (_, outcome, reason) => {
    expect(isRefusal(outcome) && outcome.reason).toBe(reason);
  });

  test('each kind of line has its choices', () => {
    expect(choicesOn({ kind: 'grant' })).toEqual(['keep', 'revoke', 'doNotRenew']);
    expect(choicesOn({ kind: 'baseline' })).toEqual(['keep', 'revoke']);
    expect(choicesOn({ kind: 'rule' })).toEqual(['keep', 'object']);
  });
});

describe('a line is handed on', () => {
  const hand = (to: typeof olga, over: { personId?: PersonId; hops?: number } = {}, lines = 1) =>
    reassign(open, {
      from: olga,
      to,
      lines: lines === 0 ? [] : [{ n: 1, personId: 'person-ines' as PersonId, hops: 0, ...over }],
      why: 'He knows',
      clickId: 'click',
      at: T0,
    });
  test('to somebody else', () => {
    expect(hand(tom)).toMatchObject([
      { type: 'linesReassigned', lines: [1], to: tom, from: olga, why: 'He knows' },
    ]);
  });
  test.each([
    ['to oneself', hand(olga), 'selfApproval'],
    ['to whom it is about', hand(tom, { personId: tom.id }), 'selfApproval'],
    ['for ever', hand(tom, { hops: 3 }), 'alreadySettled'],
    ['when it is decided', hand(tom, {}, 0), 'alreadySettled'],
  ])('not %s', (_, outcome, reason) => {
    expect(isRefusal(outcome) && outcome.reason).toBe(reason);
  });
});

describe('time', () => {
  test.each([
    [-8 * DAY, null],
    [-7 * DAY, 'week'],
    [-3 * DAY, 'threeDays'],
    [-DAY, 'day'],
    [0, 'due'],
    [DAY, 'late1'],
    [9 * DAY, 'late9'],
  ])('%i seconds from the due date reminds of %s', (seconds, which) => {
    expect(reminderDue(open, later(14 * DAY + seconds))).toBe(which);
  });
  test('reminds once of each, and of none that came before the start', () => {
    expect(reminderDue({ ...open, reminders: ['week'] }, later(7 * DAY + 60))).toBeNull();
    expect(reminderDue({ ...open, dueAt: later(DAY / 2) }, later(60))).toBeNull();
  });
  test.each([
    ['revoke', {}, 14 * DAY, 'revoke'],
    ['revoke', {}, 14 * DAY - 1, null],
    ['extend', {}, 14 * DAY, 'extend'],
    ['extend', { extendedAt: later(14 * DAY), dueAt: later(21 * DAY) }, 21 * DAY, 'escalate'],
    ['escalate', { overdueAt: later(14 * DAY) }, 20 * DAY, null],
  ] as const)('overdue by %s', (overdue, over, seconds, then) => {
    expect(overdueNow({ ...open, overdue, ...over }, later(seconds))).toBe(then);
  });
});

test('whenever it is looked at, each reminder comes once, and what is overdue is settled once', () => {
  const order = ['week', 'threeDays', 'day', 'due'];
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 90 }),
      fc.constantFrom(...overduePolicies),
      (steps, dueDays, overdue) => {
        let now = T0;
        let campaign: Campaign = { ...open, overdue, startedAt: T0, dueAt: later(dueDays * DAY) };
        const settled: string[] = [];
        for (const hours of steps) {
          now = new Date(now.getTime() + hours * 3_600_000);
          const at = { campaignId: id, at: now, actor: { part: 'latchkey' } } as const;
          const which = reminderDue(campaign, now);
          if (which !== null) {
            // Never twice, and after one that came late none of the earlier ones.
            expect(campaign.reminders).not.toContain(which);
            const place = (name: string) =>
              order.includes(name) ? order.indexOf(name) : order.length + Number(name.slice(4));
            expect(campaign.reminders.every((earlier) => place(earlier) < place(which))).toBe(true);
            campaign = evolveCampaign(campaign, { ...at, type: 'reviewersReminded', which, reviewers: [] });
            expect(reminderDue(campaign, now)).toBeNull();
          }
          const then = overdueNow(campaign, now);
          if (then === null) continue;
          expect(now.getTime()).toBeGreaterThanOrEqual(campaign.dueAt?.getTime() ?? 0);
          settled.push(then);
          campaign = evolveCampaign(
            campaign,
            then === 'extend'
              ? { ...at, type: 'campaignExtended', dueAt: new Date(now.getTime() + 7 * DAY * 1_000) }
              : { ...at, type: 'campaignOverdue', then },
          );
          expect(overdueNow(campaign, now)).toBeNull();
        }
        const all = overdue === 'extend' ? ['extend', 'escalate'] : [overdue];
        expect(settled).toEqual(all.slice(0, settled.length));
        if (now >= later((dueDays + 7 + 9) * DAY)) expect(settled.length).toBeGreaterThan(0);
      },
    ),
    { numRuns: 300, seed: seedOfRun('clocks of a campaign') },
  );
});

test('the cadence takes what is due, and what is nearly due with it', () => {
  const one = (key: string, last: number | null, looked: number | null, every = 90 * DAY) => ({
    key: key as EntitlementKey,
    everySeconds: every,
    lastReviewedAt: last === null ? null : later(last),
    firstLookedAt: looked === null ? null : later(looked),
  });
  expect(dueByCadence([one('a', -89 * DAY, null), one('b', -10 * DAY, null)], T0)).toEqual([]);
  expect(
    dueByCadence([one('a', -90 * DAY, null), one('b', -82 * DAY, null), one('c', -10 * DAY, null)], T0),
  ).toEqual(['a', 'b']);
  // Who was there before is in the first one.
  expect(dueByCadence([one('a', null, -90 * DAY), one('b', null, null)], T0)).toEqual(['a']);
});

describe('the certificate’s table', () => {
  /** RFC 4180, read by somebody else than who wrote it. */
  function cellsOf(csv: string): string[][] {
    const rows: string[][] = [[]];
    const cell = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n|$)/gy;
    for (let found = cell.exec(csv); found !== null && cell.lastIndex <= csv.length; found = cell.exec(csv)) {
      const [, text = '', end] = found;
      rows.at(-1)?.push(text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text);
      if (end === '\r\n') rows.push([]);
      if (cell.lastIndex >= csv.length) break;
    }
    return rows.filter((row) => row.length > 0);
  }
  const table = (over: object) => {
    const csv = certificateCsv({ lines: [{ line: 1, ...over } as never] });
    return cellsOf(csv.slice(1));
  };
  const cellNamed = (over: object, column: string) => {
    const [head, row] = table(over);
    return row?.[head?.indexOf(column) ?? -1];
  };

  test.each([
    ['=HYPERLINK("http://evil.example","x")'],
    ['+1+1'],
    ['-2+3+cmd|’ /C calc’!A0'],
    ['@SUM(1+1)'],
    ['\t=1+1'],
    ['\r=1+1'],
    ['\n=1+1'],
    [' =1+1'],
    ['\u00a0=1+1'],
    ['\ufeff=1+1'],
    ['＝1+1'],
    ['＋1'],
    ['－1'],
    ['＠SUM(1)'],
    ['|calc'],
  ])('%j is a text in it, and whole', (hostile) => {
    expect(cellNamed({ person: hostile }, 'person')).toBe(`'${hostile}`);
    expect(cellNamed({ comment: hostile }, 'comment')).toBe(`'${hostile}`);
    expect(cellNamed({ conflicts: [hostile, 'b'] }, 'conflicts')).toBe(`'${hostile}; b`);
  });

  test.each([['a, "b"\nc'], ['","=1+1'], ['a;=1+1'], ['a\r\n=1+1,'], ['"'], ['Ina-Maria O’Neil']])(
    '%j stays in its cell',
    (text) => {
      const [head, row] = table({ comment: text, reviewer: 'Olga' });
      expect(row).toHaveLength(head?.length ?? 0);
      expect(cellNamed({ comment: text, reviewer: 'Olga' }, 'comment')).toBe(text);
      expect(cellNamed({ comment: text, reviewer: 'Olga' }, 'reviewer')).toBe('Olga');
    },
  );

  // nextcloud/tables#1236, exceljs/exceljs#1254 (kinds of it): Excel reads UTF-8 without the mark as the machine's own set.
  // glpi-project/glpi#24086, highcharts/export-csv#27: without the mark Excel showed Ã© for é.
  test('says at its beginning, and nowhere else, that it is UTF-8', () => {
    const csv = certificateCsv({ lines: [{ line: 1, person: 'José O’Neil' } as never] });
    expect(csv).toMatch(/^\ufeffline,kind,person,[^\ufeff]*José O’Neil[^\ufeff]*\r\n$/);
  });

  test('a semicolon country splits no cell, and a number stays a number', () => {
    expect(certificateCsv({ lines: [{ line: 1, comment: 'a;=1' } as never] })).toContain('"a;=1"');
    expect(cellNamed({ secondsTaken: -1 }, 'secondsTaken')).toBe('-1');
  });
});
