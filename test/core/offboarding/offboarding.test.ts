import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fault } from '../../../src/core/fault.ts';
import type { ChangeId, OffboardingId, PersonId } from '../../../src/core/ids.ts';
import type { OffboardingEvent } from '../../../src/core/offboarding/events.ts';
import { evolveOffboarding } from '../../../src/core/offboarding/evolve.ts';
import { agreedInWords, type HandOverWord } from '../../../src/core/offboarding/hand-over.ts';
import {
  nextOffboardingState,
  type OffboardingState,
  offboardingLifeCycle,
} from '../../../src/core/offboarding/life-cycle.ts';
import {
  countsAsLeft,
  hasLeft,
  isOffboardingOpen,
  isWorthTelling,
  type LeftTeam,
  namesOfTeamsLeft,
  type Offboarding,
  type OffboardingItem,
  openItemsOf,
  restsOnAWord,
  teamsTaken,
  wasOnlyHeld,
} from '../../../src/core/offboarding/offboarding.ts';
import { leftInWords, refuseForLeaver, refuseLeaver } from '../../../src/core/offboarding/refusals.ts';
import { outcomeOf, reportOf, settleApplication } from '../../../src/core/offboarding/settle-application.ts';
import {
  causeOfOffboarding,
  itemInWords,
  itemStatusText,
  lateInWords,
  offboardingLines,
  offboardingStatusText,
  spanInWords,
  takenBackLines,
} from '../../../src/core/offboarding/words.ts';
import { isRefusal } from '../../../src/core/refusal.ts';
import { NEVER, whatIsSigned } from '../signed-table.ts';

const T0 = new Date('2026-03-02T09:00:00Z');
const later = (seconds: number) => new Date(T0.getTime() + seconds * 1_000);
const leaver = 'tom' as PersonId;
const sam = { id: 'sam' as PersonId, name: 'Sam Whitaker' };
const base = { offboardingId: 'case-1' as OffboardingId, at: T0, actor: { part: 'latchkey' } } as const;

const item: OffboardingItem = {
  key: 'clientApplication:1',
  kind: 'clientApplication',
  id: '1',
  name: 'orders-dashboard',
  contracts: [{ api: 'Orders API v1', environment: 'Production', status: 'APPROVED' }],
  owners: ['olga@acme.example'],
  coOwners: 0,
  isOurOwn: false,
  decision: null,
  trouble: null,
  settled: null,
};
const team: LeftTeam = {
  id: 'team-1',
  name: 'Orders API readers',
  isManaged: true,
  membershipType: 'member',
  userIds: ['u1'],
  kept: null,
};
const decision = { verb: 'revoke', by: sam, at: T0, clickId: 'click-1', to: null } as const;

/** An example of every event. Typed so that a new event must get one. */
const events: { [T in OffboardingEvent['type']]: Extract<OffboardingEvent, { type: T }> } = {
  offboardingStarted: {
    ...base,
    type: 'offboardingStarted',
    personId: leaver,
    cause: 'deprovisioned',
    startedBy: null,
    reason: null,
    state: 'underway',
  },
  leaverConfirmed: { ...base, type: 'leaverConfirmed', by: sam, cause: 'lostApp' },
  offboardingDismissed: { ...base, type: 'offboardingDismissed', by: sam },
  requestsClosed: { ...base, type: 'requestsClosed', changeIds: ['c1' as ChangeId] },
  approvalsRerouted: {
    ...base,
    type: 'approvalsRerouted',
    changeIds: ['c2' as ChangeId],
    massChangeIds: [],
  },
  accessEnded: {
    ...base,
    type: 'accessEnded',
    ended: ['c3' as ChangeId],
    revokes: ['r1' as ChangeId],
    given: ['Payments API readers'],
  },
  groupsGone: { ...base, type: 'groupsGone' },
  teamsLeft: { ...base, type: 'teamsLeft', teams: [team] },
  lookalikesFound: { ...base, type: 'lookalikesFound', lookalikes: [] },
  teamsGone: { ...base, type: 'teamsGone', note: null },
  applicationsFound: { ...base, type: 'applicationsFound', items: [item] },
  handOverAgreed: {
    ...base,
    type: 'handOverAgreed',
    key: item.key,
    word: {
      by: sam,
      email: 'sam@acme.example',
      to: { id: 'erik' as PersonId, name: 'Erik Lind', anypointUserId: 'u-erik' },
      at: T0,
      clickId: 'click-0',
    },
  },
  applicationDecided: { ...base, type: 'applicationDecided', key: item.key, decision },
  applicationFailed: { ...base, type: 'applicationFailed', key: item.key, why: 'Anypoint said no' },
  applicationSettled: { ...base, type: 'applicationSettled', key: item.key, outcome: 'revoked' },
  ownersReminded: { ...base, type: 'ownersReminded' },
  offboardingLate: { ...base, type: 'offboardingLate', leg: 'delivery', why: 'still shown' },
  offboardingCaughtUp: { ...base, type: 'offboardingCaughtUp' },
  accessGone: { ...base, type: 'accessGone' },
  offboardingReported: {
    ...base,
    type: 'offboardingReported',
    report: {
      cause: 'deprovisioned',
      startedBy: 'the identity provider',
      legs: { requests: 0, approvals: 0, groups: 0, teams: 0, applications: null },
      requests: 0,
      approvals: 0,
      grants: 0,
      memberships: 0,
      teams: [],
      applications: [],
    },
  },
  offboardingClosed: { ...base, type: 'offboardingClosed' },
  offboardingReturned: { ...base, type: 'offboardingReturned' },
  directoryAgreed: { ...base, type: 'directoryAgreed', cause: 'deprovisioned' },
  offboardingCancelled: {
    ...base,
    type: 'offboardingCancelled',
    by: sam,
    reason: 'It was the other Tom',
    stopped: ['r1' as ChangeId],
  },
  teamsGivenBack: { ...base, type: 'teamsGivenBack' },
  accessRestored: { ...base, type: 'accessRestored', by: sam, changeIds: ['c3' as ChangeId] },
};
const started = (state: 'asking' | 'held' | 'underway') => ({ ...events.offboardingStarted, state });

function caseAfter(...all: OffboardingEvent[]): Offboarding {
  let offboarding: Offboarding | null = null;
  for (const event of all) offboarding = evolveOffboarding(offboarding, event);
  return offboarding as Offboarding;
}

/** A shortest way to every state. */
const wayTo: Record<OffboardingState, OffboardingEvent[]> = {
  asking: [started('asking')],
  held: [started('held')],
  underway: [started('underway')],
  appsOpen: [started('underway'), events.accessGone],
  closed: [started('underway'), events.accessGone, events.offboardingReported],
  returned: [started('asking'), events.offboardingReturned],
  cancelled: [started('underway'), events.offboardingCancelled],
};
const states = Object.keys(wayTo) as OffboardingState[];
const types = Object.keys(events) as OffboardingEvent['type'][];

/** The life cycle told a second time, by event. A change of a line here changes what is taken from whom, and when. */
const signed = whatIsSigned<OffboardingState, OffboardingEvent['type']>(
  [
    // Only a word, of a person or of the directory, sets going what is asked about or held.
    ['leaverConfirmed', ['asking', 'held'], 'underway'],
    ['offboardingDismissed', ['asking', 'held'], 'closed'],
    ['directoryAgreed', ['underway', 'appsOpen'], 'stays'],
    // What can’t be given back is done only once that is said.
    ['requestsClosed', ['underway', 'appsOpen'], 'stays'],
    ['approvalsRerouted', ['underway', 'appsOpen'], 'stays'],
    ['applicationsFound', ['underway', 'appsOpen'], 'stays'],
    ['handOverAgreed', ['underway', 'appsOpen'], 'stays'],
    ['applicationDecided', ['underway', 'appsOpen'], 'stays'],
    ['applicationFailed', ['underway', 'appsOpen'], 'stays'],
    ['applicationSettled', ['underway', 'appsOpen'], 'stays'],
    ['ownersReminded', ['underway', 'appsOpen'], 'stays'],
    // Access. What is held ends nothing in the identity provider.
    ['accessEnded', ['asking', 'underway', 'appsOpen'], 'stays'],
    ['groupsGone', ['asking', 'underway'], 'stays'],
    ['teamsLeft', ['asking', 'held', 'underway', 'appsOpen'], 'stays'],
    ['lookalikesFound', ['asking', 'held', 'underway', 'appsOpen'], 'stays'],
    ['teamsGone', ['asking', 'held', 'underway'], 'stays'],
    ['offboardingLate', ['asking', 'held', 'underway', 'appsOpen'], 'stays'],
    ['offboardingCaughtUp', ['asking', 'held', 'underway', 'appsOpen'], 'stays'],
    ['accessGone', ['underway'], 'appsOpen'],
    // The end, and the way back.
    ['offboardingReported', ['appsOpen'], 'closed'],
    ['offboardingClosed', ['asking'], 'closed'],
    ['offboardingReturned', ['asking', 'held', 'underway', 'appsOpen', 'closed'], 'returned'],
    ['offboardingCancelled', ['underway', 'appsOpen', 'closed'], 'cancelled'],
    ['teamsGivenBack', ['returned'], 'stays'],
    ['accessRestored', ['returned', 'cancelled'], 'stays'],
  ],
  states,
  types,
);

test('the states are those that are signed', () => {
  expect(Object.keys(offboardingLifeCycle).sort()).toEqual([...states].sort());
});

describe.each(states)('an offboarding that is %s', (state) => {
  const offboarding = caseAfter(...wayTo[state]);

  test('is reached by its way', () => {
    expect(offboarding.state).toBe(state);
    expect(offboarding.version).toBe(wayTo[state].length);
  });

  test('is led by each event to where it is signed to lead, and refuses every other', () => {
    expect(
      Object.fromEntries(types.map((type) => [type, nextOffboardingState(state, type) ?? NEVER])),
    ).toEqual(signed[state]);
    for (const type of types) {
      if (signed[state][type] === NEVER) {
        expect(() => evolveOffboarding(offboarding, events[type]), type).toThrow(Fault);
        continue;
      }
      const moved = evolveOffboarding(offboarding, events[type]);
      expect(moved.state, type).toBe(signed[state][type]);
      expect(moved.version).toBe(offboarding.version + 1);
      expect(moved.personId).toBe(leaver);
    }
  });

  test('is said in words, with a next step or an end', () => {
    const { headline } = offboardingStatusText(offboarding, names);
    expect(headline.length).toBeGreaterThan(5);
    expect(offboardingLines(offboarding, names).length).toBeGreaterThan(0);
  });
});

const names = {
  person: 'Tom Okafor',
  admins: 'Sam or Sofia',
  idp: 'Okta',
  time: (at: Date) => at.toISOString(),
  safe: (text: string) => text,
};

test('nothing irreversible can happen while it is asked about or held', () => {
  const irreversible = [
    'requestsClosed',
    'approvalsRerouted',
    'applicationsFound',
    'applicationDecided',
    'offboardingReported',
  ] as const;
  for (const state of ['asking', 'held'] as const)
    for (const type of irreversible) expect(nextOffboardingState(state, type)).toBeNull();
  expect(nextOffboardingState('held', 'accessEnded')).toBeNull();
});

test('only who is underway or has applications open counts as having left', () => {
  expect(states.filter((state) => hasLeft({ state }))).toEqual(['underway', 'appsOpen']);
  expect(states.filter(isOffboardingOpen)).toEqual(['asking', 'held', 'underway', 'appsOpen']);
});

describe('an admin’s word that somebody has left', () => {
  const byHand = { ...started('underway'), cause: 'byHand', startedBy: sam } as const;
  const over = [events.accessGone, events.offboardingReported];
  const lostApp = { ...started('asking'), cause: 'lostApp' } as const;

  test.each<[string, OffboardingEvent[], boolean]>([
    ['at work', [byHand], true],
    ['with nothing left to take away', [byHand, ...over], true],
    ['taken back', [byHand, events.offboardingCancelled], false],
    ['taken back afterwards', [byHand, ...over, events.offboardingCancelled], false],
    ['borne out by the directory', [byHand, events.directoryAgreed, ...over], false],
    ['said of who lost the app', [lostApp, { ...events.leaverConfirmed, cause: 'lostApp' }, ...over], true],
    ['not said yet of who lost the app', [lostApp], false],
    ['that the directory said itself', [started('underway'), ...over], false],
    [
      'said of who lost the app and has it again',
      [lostApp, events.leaverConfirmed, ...over, events.offboardingReturned],
      false,
    ],
  ])('%s', (_, all, counts) => {
    expect(countsAsLeft(caseAfter(...all))).toBe(counts);
  });

  test('holds once the case is complete, and not where it came to nothing', () => {
    const closed = caseAfter(byHand, ...over);
    expect(closed.closing).toBe('complete');
    for (const closing of ['dismissed', 'nothing', null] as const)
      expect(countsAsLeft({ ...closed, closing })).toBe(false);
  });

  test('can be taken back, and the directory’s own can not', () => {
    expect(restsOnAWord(caseAfter(byHand))).toBe(true);
    expect(restsOnAWord(caseAfter(byHand, events.directoryAgreed))).toBe(false);
    expect(restsOnAWord(caseAfter(started('underway')))).toBe(false);
    expect(restsOnAWord(caseAfter(lostApp))).toBe(false);
  });

  test('is told with what it keeps from them, and until when', () => {
    const closed = caseAfter(byHand, ...over);
    expect(offboardingStatusText(closed, names).detail).toBe(
      'Nothing of theirs is left in MuleSoft. Until this is taken back, or Tom Okafor has left and returned in Okta, too, they can’t ask for access, be given it, or decide on it.',
    );
    expect(refuseLeaver(closed, 'notEligible').text).toBe(
      'You were offboarded by Sam Whitaker, so you can’t ask for access any more.',
    );
    const agreed = caseAfter(byHand, events.directoryAgreed);
    expect(causeOfOffboarding(agreed, names)).toBe(
      'Started by Sam Whitaker, 2026-03-02T09:00:00.000Z. Deactivated in Okta as well, 2026-03-02T09:00:00.000Z.',
    );
  });

  test('taken back says what to ask for again, and what was not removed', () => {
    const back = caseAfter(
      byHand,
      { ...events.requestsClosed, changeIds: ['c1' as ChangeId] },
      events.applicationsFound,
      events.applicationSettled,
      events.offboardingCancelled,
    );
    const removed = {
      gone: [
        { title: 'Orders API', until: T0 },
        { title: 'Payments', until: null },
      ],
      left: ['anypoint-vault'],
    };
    expect(takenBackLines(back, removed, names)).toEqual([
      '*Removed; whoever still needs it asks for it again with /access:*',
      '• Orders API, granted until 2026-03-02T09:00:00.000Z',
      '• Payments (without a grant)',
      '*Not removed yet, and left as it is; the owner is asked whether it stays:*',
      '• anypoint-vault',
      '*Stays as it is:*',
      '• One request closed; ask again',
      '• orders-dashboard: Revoked: its credentials open nothing any more',
    ]);
    expect(
      takenBackLines(caseAfter(byHand, events.offboardingCancelled), { gone: [], left: [] }, names),
    ).toEqual(['Nothing had been removed.']);
  });

  test('taken back while the alarm is raised is no alarm any more', () => {
    const late = caseAfter(byHand, events.offboardingLate, events.offboardingCancelled);
    expect(offboardingStatusText(late, names).mood).toBe('over');
    expect(lateInWords(late, names)).toBeNull();
  });
});

test('legs keep the time at which they were first done, and count what comes later', () => {
  const once = caseAfter(started('underway'), { ...events.requestsClosed, at: later(2) });
  const twice = evolveOffboarding(once, { ...events.requestsClosed, at: later(90) });
  expect(twice.legs.requests).toEqual({ at: later(2), count: 2 });
});

test('a raised alarm keeps since when, names the newest leg, and is cleared', () => {
  const late = caseAfter(started('underway'), { ...events.offboardingLate, at: later(60) });
  const other = evolveOffboarding(late, { ...events.offboardingLate, leg: 'idpWrite', at: later(70) });
  expect(other.late).toMatchObject({ leg: 'idpWrite', at: later(60), clearedAt: null });
  const cleared = evolveOffboarding(other, { ...events.offboardingCaughtUp, at: later(80) });
  expect(cleared.late?.clearedAt).toEqual(later(80));
});

test('an application that is the leaver’s again is open again', () => {
  const settled = caseAfter(started('underway'), events.applicationsFound, events.applicationSettled);
  expect(settled.items[0]?.settled?.outcome).toBe('revoked');
  const again = evolveOffboarding(settled, events.applicationsFound);
  expect(again.items).toEqual([item]);
});

test('nobody is told of somebody who never had anything', () => {
  expect(isWorthTelling(caseAfter(started('underway'), { ...events.requestsClosed, changeIds: [] }))).toBe(
    false,
  );
  for (const event of [
    events.accessEnded,
    events.teamsLeft,
    events.applicationsFound,
    events.offboardingLate,
  ])
    expect(isWorthTelling(caseAfter(started('underway'), event))).toBe(true);
});

describe('what becomes of an application', () => {
  const open = caseAfter(started('underway'), events.applicationsFound, events.accessGone);
  const click = { id: 'click-2', key: item.key, verb: 'revoke' } as const;
  const facts = { clicker: sam, mayDecide: true, to: null, now: T0 };
  const reasonOf = (outcome: unknown) => (isRefusal(outcome) ? outcome.reason : outcome);

  test('is decided once, by whoever may', () => {
    const decided = settleApplication(open, click, facts);
    expect(decided).toMatchObject([{ type: 'applicationDecided', key: item.key }]);
    const now = caseAfter(
      started('underway'),
      events.applicationsFound,
      events.accessGone,
      ...(decided as []),
    );
    // The same click again is counted already, another one comes too late.
    expect(settleApplication(now, click, facts)).toEqual([]);
    expect(reasonOf(settleApplication(now, { ...click, id: 'click-3' }, facts))).toBe('alreadySettled');
  });

  test('is not for the leaver, for strangers, or for who chose nobody', () => {
    const asTom = { ...facts, clicker: { id: leaver, name: 'Tom' } };
    expect(reasonOf(settleApplication(open, click, asTom))).toBe('selfApproval');
    expect(reasonOf(settleApplication(open, click, { ...facts, mayDecide: false }))).toBe('notAnApprover');
    expect(reasonOf(settleApplication(open, { ...click, verb: 'handOver' }, facts))).toBe('unknownPerson');
    expect(reasonOf(settleApplication(open, { ...click, key: 'other' }, facts))).toBe('unknownChange');
  });

  test('the connected app that Latchkey signs in with is never revoked', () => {
    const own = { ...events.applicationsFound, items: [{ ...item, isOurOwn: true }] };
    expect(reasonOf(settleApplication(caseAfter(started('underway'), own), click, facts))).toBe(
      'notEligible',
    );
  });

  describe('handed over', () => {
    const people = ['olga', 'sam', 'erik', 'sofia'] as const;
    type Name = (typeof people)[number];
    const emailOf = (name: Name) => `${name}@acme.example`;
    const toOf = (name: Name) => ({ id: name as PersonId, name, anypointUserId: `u-${name}` });
    const orders = { api: 'Orders API v1', owner: emailOf('olga') };
    const payments = { api: 'Payments API v1', owner: emailOf('sam') };
    const unowned = { api: 'Stock API v1', owner: null };
    /** What one after the other says, and what it comes to. */
    function said(apis: { api: string; owner: string | null }[], words: [who: Name, to: Name][]): string[] {
      let now = open;
      return words.map(([who, to], n) => {
        const outcome = settleApplication(
          now,
          { id: `hand-${n}`, key: item.key, verb: 'handOver' },
          {
            clicker: { id: who as PersonId, name: who, email: emailOf(who) },
            mayDecide: true,
            say: { admins: [emailOf('sofia')], apis },
            to: toOf(to),
            now: T0,
          },
        );
        if (isRefusal(outcome)) return outcome.reason;
        for (const event of outcome) now = evolveOffboarding(now, event);
        return outcome.map((event) => event.type).join();
      });
    }
    const waits = 'handOverAgreed';
    const decided = 'applicationDecided';

    test.each<
      [what: string, apis: (typeof unowned | typeof orders)[], words: [Name, Name][], came: string[]]
    >([
      ['the owner of all its APIs gives it to somebody else', [orders], [['olga', 'erik']], [decided]],
      ['the owner of all its APIs can’t give it to herself', [orders], [['olga', 'olga']], [waits]],
      [
        'an admin lets her have it',
        [orders],
        [
          ['olga', 'olga'],
          ['sofia', 'olga'],
        ],
        [waits, decided],
      ],
      [
        'the owner of one of its APIs does not speak for the other',
        [orders, payments],
        [['olga', 'erik']],
        [waits],
      ],
      ['nor gives it to herself', [orders, payments], [['olga', 'olga']], [waits]],
      [
        'the other has a say',
        [orders, payments],
        [
          ['olga', 'olga'],
          ['sam', 'olga'],
        ],
        [waits, decided],
      ],
      [
        'the other says another name',
        [orders, payments],
        [
          ['olga', 'erik'],
          ['sam', 'olga'],
        ],
        [waits, waits],
      ],
      [
        'who changes their mind is counted once',
        [orders, payments],
        [
          ['olga', 'erik'],
          ['olga', 'sam'],
        ],
        [waits, waits],
      ],
      [
        'and decides with the other',
        [orders, payments],
        [
          ['olga', 'erik'],
          ['sam', 'olga'],
          ['sam', 'erik'],
        ],
        [waits, waits, decided],
      ],
      [
        'an API without an owner is the admins’',
        [orders, unowned],
        [
          ['olga', 'erik'],
          ['sofia', 'erik'],
        ],
        [waits, decided],
      ],
      ['one that calls nothing is the admins’', [], [['olga', 'erik']], [waits]],
      ['an admin decides alone', [orders, payments], [['sofia', 'erik']], [decided]],
      ['but not for themselves', [orders, payments], [['sofia', 'sofia']], [waits]],
    ])('%s', (_what, apis, words, came) => {
      expect(said(apis, words)).toEqual(came);
    });

    test('is told with who else has a say; a contact of Exchange is unconfirmed', () => {
      const contracts = [
        { api: 'Orders API v1', environment: 'Production', status: 'APPROVED', owner: emailOf('olga') },
        { api: 'Payments API v1', environment: 'Production', status: 'APPROVED', owner: emailOf('sam') },
      ];
      const word = { ...events.handOverAgreed.word, by: toOf('olga'), email: emailOf('olga') };
      expect(itemStatusText({ ...item, contracts, agreed: [word] }, names)).toBe(
        'olga would hand it to Erik Lind; that needs sam@acme.example (Payments API v1) too, or an admin',
      );
      const stray = contracts.map((one) => ({ ...one, owner: null, contact: 'mallory@acme.example' }));
      expect(itemInWords({ ...item, contracts: stray })).toContain(
        '(contact named in Exchange: mallory@acme.example)',
      );
    });
  });

  test('is settled elsewhere where Anypoint shows another owner and nobody decided so', () => {
    const tom = new Set(['u-tom']);
    expect(outcomeOf({ decision: null }, { ownerUserIds: ['u-olga'] }, tom)).toBe('elsewhere');
    expect(outcomeOf({ decision }, { ownerUserIds: ['u-olga'] }, tom)).toBe('elsewhere');
    expect(outcomeOf({ decision }, { ownerUserIds: ['u-tom'] }, tom)).toBeNull();
  });

  test('is settled only by what Anypoint shows', () => {
    const tom = new Set(['u-tom']);
    const to = { ...sam, anypointUserId: 'u-sam' };
    const handing = { decision: { ...decision, verb: 'handOver' as const, to } };
    expect(outcomeOf(handing, { ownerUserIds: ['u-tom'] }, tom)).toBeNull();
    expect(outcomeOf(handing, { ownerUserIds: ['u-tom', 'u-sam'] }, tom)).toBeNull();
    expect(outcomeOf(handing, { ownerUserIds: ['u-sam'] }, tom)).toBe('handedOver');
    expect(outcomeOf(handing, { ownerUserIds: ['u-olga'] }, tom)).toBe('elsewhere');
    expect(outcomeOf({ decision }, null, tom)).toBe('revoked');
    expect(outcomeOf({ decision: null }, null, tom)).toBe('gone');
  });

  test('is told plainly', () => {
    expect(itemInWords(item)).toBe('client application: calls Orders API v1 in Production');
    expect(itemInWords({ ...item, coOwners: 1 })).toContain('one other owns it too');
    expect(itemStatusText({ ...item, decision }, names)).toBe('Being revoked by Sam Whitaker');
    expect(itemStatusText({ ...item, trouble: 'Anypoint said no' }, names)).toBe('Anypoint said no');
  });
});

test('the report says what each leg took', () => {
  const all = caseAfter(
    started('underway'),
    { ...events.requestsClosed, at: later(1) },
    { ...events.approvalsRerouted, at: later(2) },
    events.accessEnded,
    { ...events.teamsLeft, at: later(3) },
    { ...events.groupsGone, at: later(4) },
    { ...events.teamsGone, at: later(14) },
    events.applicationsFound,
    events.accessGone,
    events.applicationDecided,
    { ...events.applicationSettled, at: later(7_200) },
  );
  expect(reportOf(all, later(7_201))).toEqual({
    cause: 'deprovisioned',
    startedBy: 'the identity provider',
    legs: { requests: 1_000, approvals: 2_000, groups: 4_000, teams: 14_000, applications: 7_200_000 },
    requests: 1,
    approvals: 1,
    grants: 1,
    memberships: 1,
    teams: ['Payments API readers', 'Orders API readers'],
    applications: [{ name: 'orders-dashboard', outcome: 'revoked', by: 'Sam Whitaker', to: null }],
  });
  expect(offboardingLines(all, names)).toEqual([
    '✓ One pending request closed',
    '✓ One decision put to others',
    '✓ One grant ended; out of one group in Okta after 4.0 s',
    '✓ Gone from two teams in Anypoint (Payments API readers, Orders API readers) after 14 s',
    '✓ 1 of 1 application handed over or revoked',
  ]);
  expect(spanInWords(T0, later(7_200))).toBe('2 hours');
});

test('any way through the life cycle leaves a case that can be told, and closes at most once', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('asking' as const, 'held' as const, 'underway' as const),
      fc.array(fc.constantFrom(...types), { maxLength: 40 }),
      (state, freeTextAsked) => {
        let offboarding = caseAfter(started(state));
        for (const type of freeTextAsked) {
          if (signed[offboarding.state][type] === NEVER) continue;
          const before: Offboarding = offboarding;
          offboarding = evolveOffboarding(before, events[type]);
          // What has ended is never forgotten.
          expect(offboarding.ended.length).toBeGreaterThanOrEqual(before.ended.length);
          if (before.closedAt !== null) expect(offboarding.closedAt).toEqual(before.closedAt);
          expect(offboarding.closedAt === null).toBe(
            before.closedAt === null && offboarding.state !== 'closed',
          );
        }
        expect(offboardingLines(offboarding, names).join('')).not.toContain('undefined');
      },
    ),
  );
});

describe('each event leaves this on the case, and everything else as it was', () => {
  const at = later(77);
  const underway = caseAfter(started('underway'));
  const asking = caseAfter(started('asking'));
  const done = (count: number, when = at) => ({ at: when, count });
  const other: OffboardingItem = { ...item, key: 'clientApplication:2', id: '2', name: 'other' };
  const withTwo = { ...underway, items: [other, item] };
  const stays: LeftTeam = { ...team, id: 'team-2', name: 'Admins', kept: 'the last owner' };
  const lookalike = { id: 'u9', username: 'tommy', isFederated: true, teams: ['Orders'] };
  const { word } = events.handOverAgreed;
  const olga = { id: 'olga' as PersonId, name: 'Olga' };

  test('started, whole', () => {
    const { type: _, offboardingId, at: openedAt, actor: __, ...about } = started('asking');
    const bare: Offboarding = {
      ...about,
      id: offboardingId,
      version: 1,
      startedAs: 'asking',
      openedAt,
      beganAt: null,
      decidedBy: null,
      legs: { requests: null, approvals: null, groups: null, teams: null },
      ended: [],
      revokes: [],
      given: [],
      teams: [],
      teamsNote: null,
      lookalikes: [],
      items: [],
      late: null,
      reminders: 0,
      remindedAt: null,
      agreed: null,
      returnedFrom: null,
      cancelled: null,
      restored: [],
      closedAt: null,
      closing: null,
    };
    expect(asking).toEqual(bare);
    expect(underway).toEqual({ ...bare, state: 'underway', startedAs: 'underway', beganAt: T0 });
    expect(() => evolveOffboarding(asking, started('asking'))).toThrow(/started twice/);
    expect(() => evolveOffboarding(null, events.groupsGone)).toThrow(/before offboardingStarted/);
  });

  test.each<[what: string, before: Offboarding, event: OffboardingEvent, leaves: Partial<Offboarding>]>([
    [
      'confirmed',
      asking,
      { ...events.leaverConfirmed, at },
      { state: 'underway', beganAt: at, decidedBy: sam, cause: 'lostApp' },
    ],
    [
      'dismissed',
      asking,
      { ...events.offboardingDismissed, at },
      { state: 'closed', decidedBy: sam, closing: 'dismissed', closedAt: at },
    ],
    [
      'requests closed',
      underway,
      { ...events.requestsClosed, at, changeIds: ['a', 'b'] as ChangeId[] },
      { legs: { ...underway.legs, requests: done(2) } },
    ],
    [
      'approvals given to others',
      underway,
      { ...events.approvalsRerouted, at, changeIds: ['a'] as ChangeId[], massChangeIds: ['m1', 'm2'] },
      { legs: { ...underway.legs, approvals: done(3) } },
    ],
    [
      'access ended',
      { ...underway, ended: ['e1'], revokes: ['r0'], given: ['Orders'] } as Offboarding,
      { ...events.accessEnded, given: ['Orders', 'Payments'] },
      {
        ended: ['e1', 'c3'] as ChangeId[],
        revokes: ['r0', 'r1'] as ChangeId[],
        given: ['Orders', 'Payments'],
      },
    ],
    [
      'out of all groups',
      { ...underway, revokes: ['r1', 'r1', 'r2'] as ChangeId[] },
      { ...events.groupsGone, at },
      { legs: { ...underway.legs, groups: done(2) } },
    ],
    [
      'teams left',
      { ...underway, teams: [stays, team] },
      { ...events.teamsLeft, teams: [{ ...team, kept: 'x' }] },
      { teams: [stays, { ...team, kept: 'x' }] },
    ],
    [
      'lookalikes found',
      underway,
      { ...events.lookalikesFound, lookalikes: [lookalike] },
      { lookalikes: [lookalike] },
    ],
    [
      'out of all teams',
      { ...underway, teams: [stays, team, { ...team, id: 'team-3', isUnderway: true }] },
      { ...events.teamsGone, at, note: 'no user' },
      { legs: { ...underway.legs, teams: done(1) }, teamsNote: 'no user' },
    ],
    [
      'applications found',
      withTwo,
      { ...events.applicationsFound, items: [{ ...item, coOwners: 1 }] },
      { items: [other, { ...item, coOwners: 1 }] },
    ],
    [
      'a hand-over agreed on',
      withTwo,
      events.handOverAgreed,
      { items: [other, { ...item, agreed: [word] }] },
    ],
    [
      'a hand-over agreed on, beside another that is too',
      { ...underway, items: [{ ...other, agreed: [{ ...word, by: olga }] }, item] },
      events.handOverAgreed,
      {
        items: [
          { ...other, agreed: [{ ...word, by: olga }] },
          { ...item, agreed: [word] },
        ],
      },
    ],
    [
      'a hand-over agreed on by another too, and otherwise by the first',
      {
        ...underway,
        items: [{ ...item, agreed: [word, { ...word, by: { ...sam, id: 'olga' as PersonId } }] }],
      },
      { ...events.handOverAgreed, word: { ...word, clickId: 'click-5' } },
      {
        items: [
          {
            ...item,
            agreed: [
              { ...word, by: { ...sam, id: 'olga' as PersonId } },
              { ...word, clickId: 'click-5' },
            ],
          },
        ],
      },
    ],
    [
      'decided on',
      { ...underway, items: [other, { ...item, trouble: 'x' }] },
      events.applicationDecided,
      { items: [other, { ...item, decision }] },
    ],
    [
      'failed',
      { ...underway, items: [other, { ...item, decision }] },
      events.applicationFailed,
      { items: [other, { ...item, trouble: 'Anypoint said no' }] },
    ],
    [
      'settled',
      { ...underway, items: [other, { ...item, trouble: 'x' }] },
      { ...events.applicationSettled, at },
      { items: [other, { ...item, settled: { outcome: 'revoked', at } }] },
    ],
    [
      'owners reminded',
      { ...underway, reminders: 1 },
      { ...events.ownersReminded, at },
      { remindedAt: at, reminders: 2 },
    ],
    [
      'late',
      underway,
      { ...events.offboardingLate, at },
      { late: { leg: 'delivery', why: 'still shown', at, clearedAt: null } },
    ],
    [
      'late again after it was not',
      { ...underway, late: { leg: 'delivery', why: 'x', at: T0, clearedAt: later(5) } },
      { ...events.offboardingLate, at },
      { late: { leg: 'delivery', why: 'still shown', at, clearedAt: null } },
    ],
    ['caught up, though never late', underway, events.offboardingCaughtUp, { late: null }],
    [
      'caught up',
      { ...underway, late: { leg: 'delivery', why: 'x', at: T0, clearedAt: null } },
      { ...events.offboardingCaughtUp, at },
      { late: { leg: 'delivery', why: 'x', at: T0, clearedAt: at } },
    ],
    ['access gone', underway, events.accessGone, { state: 'appsOpen' }],
    [
      'reported',
      caseAfter(...wayTo.appsOpen),
      { ...events.offboardingReported, at },
      { state: 'closed', closing: 'complete', closedAt: at },
    ],
    [
      'closed with nothing to end',
      asking,
      { ...events.offboardingClosed, at },
      { state: 'closed', closing: 'nothing', closedAt: at },
    ],
    [
      'borne out by the directory',
      underway,
      { ...events.directoryAgreed, at },
      { agreed: { cause: 'deprovisioned', at } },
    ],
    [
      'returned',
      caseAfter(...wayTo.closed),
      { ...events.offboardingReturned, at },
      { state: 'returned', returnedFrom: 'closed' },
    ],
    [
      'cancelled',
      underway,
      { ...events.offboardingCancelled, at },
      {
        state: 'cancelled',
        cancelled: { by: sam, at, reason: 'It was the other Tom', stopped: ['r1' as ChangeId] },
      },
    ],
    ['teams given back', caseAfter(...wayTo.returned), events.teamsGivenBack, {}],
    [
      'access given back',
      caseAfter(...wayTo.returned, events.accessRestored),
      { ...events.accessRestored, at, changeIds: ['c9' as ChangeId] },
      {
        restored: [
          { by: sam, at: T0, changeIds: ['c3' as ChangeId] },
          { by: sam, at, changeIds: ['c9' as ChangeId] },
        ],
      },
    ],
  ])('%s', (_what, before, event, leaves) => {
    expect(evolveOffboarding(before, event)).toEqual({ ...before, version: before.version + 1, ...leaves });
  });
});

describe('a click on an application, whole', () => {
  const open = caseAfter(started('underway'), events.applicationsFound, events.accessGone);
  const olga = { id: 'olga' as PersonId, name: 'Olga', email: 'olga@acme.example' };
  const erik = { id: 'erik' as PersonId, name: 'Erik', anypointUserId: 'u-erik' };
  const facts = { clicker: olga, mayDecide: true, to: null, now: later(9) };
  const handOver = { id: 'click-7', key: item.key, verb: 'handOver' } as const;
  const revoke = { ...handOver, verb: 'revoke' } as const;
  const by = { id: olga.id, name: 'Olga' };
  const said = {
    offboardingId: 'case-1',
    at: later(9),
    actor: { person: olga.id, name: 'Olga' },
    key: item.key,
  };
  const told = (outcome: ReturnType<typeof settleApplication>) => {
    if (!isRefusal(outcome)) throw new Error('not refused');
    return [outcome.reason, outcome.text, outcome.next];
  };

  test('revokes it', () => {
    expect(settleApplication(open, revoke, facts)).toEqual([
      {
        ...said,
        type: 'applicationDecided',
        decision: { verb: 'revoke', by, at: later(9), clickId: 'click-7', to: null },
      },
    ]);
  });

  test('revokes it, whomever the form names beside', () => {
    expect(settleApplication(open, revoke, { ...facts, to: erik })).toMatchObject([
      { type: 'applicationDecided', decision: { verb: 'revoke' } },
    ]);
  });

  test('hands over what Latchkey signs in with, and never revokes it', () => {
    const own = caseAfter(started('underway'), {
      ...events.applicationsFound,
      items: [{ ...item, isOurOwn: true }],
    });
    expect(told(settleApplication(own, revoke, facts))).toEqual([
      'notEligible',
      'Latchkey signs in with this connected app, so it is not revoked.',
      'Hand it over instead.',
    ]);
    const say = { admins: ['eve@acme.example', olga.email], apis: [] };
    expect(settleApplication(own, handOver, { ...facts, to: erik, say })).toMatchObject([
      { type: 'applicationDecided', decision: { verb: 'handOver' } },
    ]);
  });

  test('hands it over, where nobody else has a say', () => {
    const say = { admins: [], apis: [{ api: 'Orders', owner: olga.email }] };
    expect(settleApplication(open, handOver, { ...facts, to: erik, say })).toEqual([
      {
        ...said,
        type: 'applicationDecided',
        decision: { verb: 'handOver', by, at: later(9), clickId: 'click-7', to: erik },
      },
    ]);
  });

  test('is noted where others have a say, or it is not known who has', () => {
    const word = { by, email: olga.email, to: erik, at: later(9), clickId: 'click-7' };
    const noted = [{ ...said, type: 'handOverAgreed', word }];
    expect(settleApplication(open, handOver, { ...facts, to: erik })).toEqual(noted);
    // Who has no address speaks for nobody who has one.
    const anonymous = { ...facts, clicker: by, to: erik, say: { admins: ['a@acme.example'], apis: [] } };
    expect(settleApplication(open, handOver, anonymous)).toEqual([
      { ...said, type: 'handOverAgreed', word: { ...word, email: '' } },
    ]);
    // The same click again is counted already.
    const after = evolveOffboarding(open, { ...events.handOverAgreed, word });
    expect(settleApplication(after, handOver, { ...facts, to: erik })).toEqual([]);
  });

  test.each<[what: string, offboarding: Offboarding, text: string]>([
    [
      'is settled',
      caseAfter(started('underway'), events.applicationsFound, events.applicationSettled),
      'This is settled already.',
    ],
    [
      'is being revoked',
      caseAfter(started('underway'), events.applicationsFound, events.applicationDecided),
      'Sam Whitaker is revoking it already.',
    ],
    [
      'is being handed over',
      caseAfter(started('underway'), events.applicationsFound, {
        ...events.applicationDecided,
        decision: { ...decision, verb: 'handOver', to: erik },
      }),
      'Sam Whitaker is handing it to Erik already.',
    ],
    [
      'belongs to a case that is over',
      caseAfter(started('underway'), events.applicationsFound, events.offboardingCancelled),
      'This offboarding is over, so nothing is changed any more.',
    ],
  ])('comes too late on what %s', (_what, offboarding, text) => {
    expect(told(settleApplication(offboarding, revoke, facts))).toEqual([
      'alreadySettled',
      text,
      'Nothing more to do; the message shows what became of it.',
    ]);
  });

  test('of the leaver, and on what is not known, is refused', () => {
    const asTom = { ...facts, clicker: { id: leaver, name: 'Tom' } };
    expect(told(settleApplication(open, revoke, asTom))).toEqual([
      'selfApproval',
      'It is yours, so you can’t decide what becomes of it.',
      'The owner of the API or an admin decides.',
    ]);
    expect(told(settleApplication(open, { ...revoke, key: 'other' }, facts))).toEqual([
      'unknownChange',
      'Latchkey does not know this application.',
      'Look for a newer message.',
    ]);
  });

  test('of whoever may not is refused with who may', () => {
    expect(told(settleApplication(open, revoke, { ...facts, mayDecide: false }))).toEqual([
      'notAnApprover',
      'You are not among those who may decide what becomes of this application.',
      'The owner of the API that it calls decides, or one of the catalogue’s admins.',
    ]);
    expect(told(settleApplication(open, handOver, facts))).toEqual([
      'unknownPerson',
      'Nobody was chosen to take it.',
      'Choose somebody and send it again.',
    ]);
  });
});

describe('a hand-over that was agreed on', () => {
  const { word } = events.handOverAgreed;
  const calls = (...apis: [api: string, owner: string | null][]) => ({
    contracts: apis.map(([api, owner]) => ({ api, environment: 'Production', status: 'APPROVED', owner })),
  });
  const said = (apis: [string, string | null][], ...words: HandOverWord[]) =>
    agreedInWords(calls(...apis), words, names);
  const byOlga = { ...word, by: { id: 'olga' as PersonId, name: 'Olga' }, email: 'OLGA@acme.example' };
  const orders: [string, string] = ['Orders API', 'olga@acme.example'];
  const payments: [string, string] = ['Payments API', 'eve@acme.example'];
  const stock: [string, string] = ['Stock API', 'kim@acme.example'];

  test.each<[what: string, apis: [string, string | null][], words: HandOverWord[], expected: string]>([
    [
      'by one owner of two',
      [orders, payments],
      [byOlga],
      'Olga would hand it to Erik Lind; that needs eve@acme.example (Payments API) too, or an admin',
    ],
    [
      'by one of three',
      [orders, payments, stock],
      [byOlga],
      'Olga would hand it to Erik Lind; that needs eve@acme.example (Payments API) and kim@acme.example (Stock API) too, or an admin',
    ],
    [
      'by two, of which one has no say',
      [orders, payments],
      [word, byOlga],
      'Sam Whitaker would hand it to Erik Lind; Olga would hand it to Erik Lind; that needs eve@acme.example (Payments API) too, or an admin',
    ],
    [
      'by all, for one of themselves',
      [orders],
      [byOlga],
      'Olga would hand it to Erik Lind; that needs an admin',
    ],
    [
      'of what nobody owns',
      [['Stray API', null]],
      [byOlga],
      'Olga would hand it to Erik Lind; that needs an admin',
    ],
    [
      'by one owner of the same API in two places',
      [payments, payments],
      [byOlga],
      'Olga would hand it to Erik Lind; that needs eve@acme.example (Payments API) too, or an admin',
    ],
  ])('%s', (_what, apis, words, expected) => {
    expect(said(apis, ...words)).toBe(expected);
  });
});

describe('the report', () => {
  const early = { ...item, key: 'a', settled: { outcome: 'revoked' as const, at: later(5) } };
  const late = { ...item, key: 'b', settled: { outcome: 'gone' as const, at: later(9) } };
  const reported = (rest: Partial<Offboarding>) =>
    reportOf({ ...caseAfter(started('underway')), ...rest }, later(20));

  test('counts applications until the last of them is settled', () => {
    expect(reported({ items: [early, late] }).legs.applications).toBe(9_000);
    expect(reported({ items: [late, early] }).legs.applications).toBe(9_000);
    expect(reported({ items: [early, item] }).legs.applications).toBe(5_000);
    expect(reported({ items: [item] }).legs.applications).toBe(20_000);
    expect(reported({ items: [] }).legs.applications).toBeNull();
  });

  test('runs from when it began, teams from when it was opened, and never backwards', () => {
    const held = reported({
      beganAt: later(3),
      legs: {
        requests: { at: later(4), count: 1 },
        approvals: null,
        groups: { at: later(2), count: 1 },
        teams: { at: later(4), count: 1 },
      },
    });
    expect(held.legs).toEqual({
      requests: 1_000,
      approvals: null,
      groups: 0,
      teams: 4_000,
      applications: null,
    });
    expect(
      reported({
        beganAt: null,
        legs: { requests: { at: later(4), count: 1 }, approvals: null, groups: null, teams: null },
      }).legs.requests,
    ).toBe(4_000);
  });

  test('says who did what, as far as anybody did', () => {
    const to = { id: 'erik' as PersonId, name: 'Erik', anypointUserId: 'u-erik' };
    const handed = { ...early, decision: { ...decision, verb: 'handOver' as const, to } };
    expect(reported({ startedBy: sam, items: [handed, item] })).toMatchObject({
      startedBy: 'Sam Whitaker',
      requests: 0,
      approvals: 0,
      grants: 0,
      memberships: 0,
      teams: [],
      applications: [
        { name: 'orders-dashboard', outcome: 'revoked', by: 'Sam Whitaker', to: 'Erik' },
        { name: 'orders-dashboard', outcome: 'gone', by: null, to: null },
      ],
    });
  });
});

describe('whoever has left is refused', () => {
  const takeBack =
    'If that is a mistake, one of the catalogue’s admins can take it back with /access offboard cancel @user.';
  const ask = 'If that is a mistake, ask one of the catalogue’s admins.';
  const byHand = { ...started('underway'), cause: 'byHand', startedBy: sam } as const;
  const over = [events.accessGone, events.offboardingReported];

  test.each<[what: string, offboarding: Offboarding, aboutThem: string, toThem: string, next: string]>([
    [
      'while the directory’s case is at work',
      caseAfter(started('underway')),
      'Tom has left: an offboarding is underway.',
      'You are being offboarded, so you can’t decide on anything any more.',
      ask,
    ],
    [
      'by an admin’s word',
      caseAfter(byHand, ...over),
      'Tom has left: Sam Whitaker offboarded them.',
      'You were offboarded by Sam Whitaker, so you can’t decide on anything any more.',
      takeBack,
    ],
    [
      'by whoever confirmed it',
      caseAfter({ ...started('asking'), cause: 'lostApp' }, events.leaverConfirmed, ...over),
      'Tom has left: Sam Whitaker offboarded them.',
      'You were offboarded by Sam Whitaker, so you can’t decide on anything any more.',
      takeBack,
    ],
    [
      'by nobody who is known',
      caseAfter(started('underway'), ...over),
      'Tom has left: an admin offboarded them.',
      'You were offboarded by an admin, so you can’t decide on anything any more.',
      ask,
    ],
  ])('%s', (_what, offboarding, aboutThem, toThem, next) => {
    expect(leftInWords('Tom', offboarding)).toBe(aboutThem);
    expect(refuseForLeaver('Tom', offboarding)).toEqual({
      refused: true,
      reason: 'notEligible',
      text: aboutThem,
      next,
    });
    expect(refuseLeaver(offboarding, 'notAnApprover')).toEqual({
      refused: true,
      reason: 'notAnApprover',
      text: toThem,
      next,
    });
    expect(refuseLeaver(offboarding, 'notEligible').text).toBe(
      toThem.replace('decide on anything', 'ask for access'),
    );
  });
});

describe('what a case counts', () => {
  const underway = caseAfter(started('underway'));
  const kept: LeftTeam = { ...team, id: 'team-2', name: 'Admins', kept: 'the last owner' };
  const leaving: LeftTeam = { ...team, id: 'team-3', name: 'Later', isUnderway: true };
  const lookalike = { id: 'u9', username: 'tommy', isFederated: true, teams: ['Orders'] };

  test('as a team left: what can be left and was', () => {
    expect(teamsTaken({ teams: [kept, team, leaving] })).toEqual([team]);
    const named = { teams: [kept, team], given: ['Payments', team.name], teamsNote: null };
    expect(namesOfTeamsLeft(named)).toEqual(['Payments', 'Orders API readers']);
    expect(namesOfTeamsLeft({ ...named, teamsNote: 'no user in Anypoint' })).toEqual(['Orders API readers']);
  });

  test('as open: what is not settled', () => {
    const settled = { ...item, settled: { outcome: 'gone' as const, at: T0 } };
    expect(openItemsOf({ items: [settled, item] })).toEqual([item]);
  });

  test('as only held: what never began', () => {
    const held = caseAfter(started('held'));
    expect(wasOnlyHeld(held)).toBe(true);
    expect(wasOnlyHeld(caseAfter(started('held'), events.leaverConfirmed))).toBe(false);
    expect(wasOnlyHeld(caseAfter(started('asking')))).toBe(false);
  });

  test.each<[what: string, rest: Partial<Offboarding>, is: boolean]>([
    ['nothing', {}, false],
    ['said by an admin', { cause: 'byHand' }, true],
    ['late', { late: { leg: 'delivery', why: 'x', at: T0, clearedAt: T0 } }, true],
    ['a lookalike in a team', { lookalikes: [{ ...lookalike, teams: [] }, lookalike] }, true],
    ['a lookalike in none', { lookalikes: [{ ...lookalike, teams: [] }] }, false],
    ['a request closed', { legs: { ...underway.legs, requests: { at: T0, count: 1 } } }, true],
    ['no request closed', { legs: { ...underway.legs, requests: { at: T0, count: 0 } } }, false],
    ['an approval given to others', { legs: { ...underway.legs, approvals: { at: T0, count: 1 } } }, true],
    ['a grant ended', { ended: ['c1' as ChangeId] }, true],
    ['a revoke', { revokes: ['c1' as ChangeId] }, true],
    ['a team left', { teams: [team] }, true],
    ['a team that nobody can leave', { teams: [kept] }, false],
    ['an application', { items: [item] }, true],
  ])('as worth telling: %s', (_what, rest, is) => {
    expect(isWorthTelling({ ...underway, ...rest })).toBe(is);
  });
});
