import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideOnApprovals } from '../../../src/core/change/approved.ts';
import type { Change } from '../../../src/core/change/change.ts';
import type { ChangeEvent } from '../../../src/core/change/events.ts';
import { evolve } from '../../../src/core/change/evolve.ts';
import {
  approveByRule,
  type Click,
  type ClickFacts,
  DENIAL_REASON_MAX,
  decideOnClick,
} from '../../../src/core/change/settle.ts';
import { shownOf } from '../../../src/core/change/shown.ts';
import { lapse, withdraw } from '../../../src/core/change/undecided.ts';
import type { GrantId } from '../../../src/core/ids.ts';
import { planOf } from '../../../src/core/policy/routing.ts';
import { isRefusal, type Refusal, type RefusalReason } from '../../../src/core/refusal.ts';
import {
  anybody,
  approver,
  asking,
  asks,
  changeAfter,
  clickFacts,
  decision,
  entitlement,
  later,
  person,
  planOfOne,
  replaced,
  ruleOfOne,
  target,
  wayTo,
} from '../given.ts';

const now = later(600);

const facts = (rest: Partial<ClickFacts> = {}) => clickFacts('tom', { plan: anybody, ...rest });

const approve: Click = { id: 'click-9', round: 1, verb: 'approve', seconds: null };
const deny: Click = { id: 'click-9', round: 1, verb: 'deny', reason: 'not needed' };
const both = planOfOne({
  of: 'all',
  slots: [
    { source: 'manager', people: [approver('tom')], pinged: true },
    { source: 'owner', people: [approver('olga')], pinged: true },
  ],
});
const givenBy = (name: string, seconds: number | null = null, clickId = 'click-0') => ({
  by: person(name),
  name,
  at: later(60),
  seconds,
  clickId,
});

type Row = {
  given: string;
  change?: Change;
  click?: Click;
  facts?: Partial<ClickFacts>;
  refused: RefusalReason;
  says?: RegExp;
};

const refusals: Row[] = [
  { given: 'a change still being prepared', change: changeAfter('changeReceived'), refused: 'staleCard' },
  {
    given: 'a change that somebody denied a moment ago',
    change: changeAfter(...wayTo.denied),
    refused: 'alreadySettled',
    says: /^tom denied this already/,
  },
  {
    given: 'a change that somebody approved a moment ago',
    change: changeAfter(...wayTo.applying),
    refused: 'alreadySettled',
    says: /^tom approved this already/,
  },
  {
    given: 'a lapsed change',
    change: changeAfter(...wayTo.lapsed),
    refused: 'alreadySettled',
    says: /let this lapse/,
  },
  { given: 'a withdrawn change', change: changeAfter(...wayTo.withdrawn), refused: 'alreadySettled' },
  { given: 'a refused change', change: changeAfter(...wayTo.refused), refused: 'alreadySettled' },
  { given: 'a card of an earlier round', click: { ...approve, round: 0 }, refused: 'staleCard' },
  {
    given: 'the requester',
    facts: { clicker: { id: person('ines'), name: 'ines' } },
    refused: 'selfApproval',
  },
  {
    given: 'the beneficiary of what somebody else asked for',
    change: asking({ requesterId: person('erik') }),
    facts: { clicker: { id: person('ines'), name: 'ines' } },
    refused: 'selfApproval',
  },
  {
    given: 'a requester who asked for somebody else',
    change: asking({ requesterId: person('tom') }),
    refused: 'selfApproval',
  },
  {
    given: 'a requester whom the plan names all the same',
    change: asking({ requesterId: person('tom'), personId: person('ines') }),
    facts: { plan: anybody },
    refused: 'selfApproval',
  },
  {
    given: 'somebody who is no approver',
    facts: { clicker: { id: person('sam'), name: 'sam' } },
    refused: 'notAnApprover',
  },
  {
    given: 'somebody who was an approver when the card went out and no longer is',
    change: asking({ plan: anybody }),
    facts: { plan: replaced(anybody, { slots: [] }) },
    refused: 'notAnApprover',
  },
  {
    given: 'an entitlement that left the catalogue',
    facts: { entitlement: null },
    refused: 'entitlementUnavailable',
  },
  {
    given: 'a group that can no longer be written',
    facts: { target: null },
    refused: 'entitlementUnavailable',
  },
  {
    given: 'a policy that changed its mind',
    facts: { verdict: { effect: 'refuse', grounds: [{ text: 'not open to Orders', clause: null }] } },
    refused: 'notEligible',
    says: /not open to Orders/,
  },
  { given: 'longer than asked', click: { ...approve, seconds: 86_401 }, refused: 'durationInvalid' },
  { given: 'no time at all', click: { ...approve, seconds: 0 }, refused: 'durationInvalid' },
  { given: 'a negative time', click: { ...approve, seconds: -1 }, refused: 'durationInvalid' },
  {
    given: 'a second approval by the same person',
    change: asking({ approvals: [givenBy('tom')] }),
    facts: { plan: both },
    refused: 'alreadyApprovedByYou',
  },
  { given: 'a denial without a reason', click: { ...deny, reason: ' \n ' }, refused: 'denialNeedsReason' },
  {
    given: 'a denial with a treatise',
    click: { ...deny, reason: 'x'.repeat(DENIAL_REASON_MAX + 1) },
    refused: 'denialNeedsReason',
  },
];

describe('a click is refused', () => {
  test.each(refusals)('given $given: $refused', ({ change, click, facts: rest, refused, says }) => {
    const outcome = decideOnClick(change ?? asking(), click ?? approve, facts(rest));
    expect(isRefusal(outcome) && outcome.reason).toBe(refused);
    const { text, next } = outcome as Refusal;
    for (const sentence of [text, next]) expect(sentence).toMatch(/^(tom|[A-Z]).*\.$/s);
    if (says !== undefined) expect(text).toMatch(says);
  });

  test('given an unavailable entitlement, it can still be denied', () => {
    expect(types(decideOnClick(asking(), deny, facts({ entitlement: null, target: null })))).toEqual([
      'changeDenied',
    ]);
  });
});

describe('what was decided is what was shown', () => {
  const shown = shownOf(entitlement(), target, asks);
  const waiting = () => ({ ...asking({ approvals: [] }), shown });
  const other: [what: string, now: Partial<ClickFacts>, says: RegExp][] = [
    ['another group', { target: { ...target, groupId: 'g2', groupName: 'other' } }, /its group is other now/],
    [
      'a group of the same name made anew',
      { target: { ...target, groupId: 'g2' } },
      /another one of the same name/,
    ],
    [
      'another team',
      { target: { ...target, teamId: 't2', teamName: 'Admins' } },
      /its Anypoint team is Admins/,
    ],
    [
      'a team of the same name made anew',
      { target: { ...target, teamId: 't2' } },
      /Anypoint team Orders is another/,
    ],
    [
      'another tier',
      { entitlement: entitlement({ tier: 'high' }) },
      /its tier is high now \(it was medium\)/,
    ],
    ['another title', { entitlement: entitlement({ title: 'All of it' }) }, /its name is All of it/],
    [
      'other words for what it gives',
      { entitlement: entitlement({ gives: 'deploying' }) },
      /gives is deploying/,
    ],
    ['another owner', { entitlement: entitlement({ owner: 'eve@acme.example' }) }, /its owner is eve/],
    ['a longer maximum', { entitlement: entitlement({ maxSeconds: 864_000 }) }, /longest time is 10 days/],
    ['a shorter maximum', { entitlement: entitlement({ maxSeconds: 86_400 }) }, /longest time is 1 day now/],
    ['another default', { entitlement: entitlement({ defaultSeconds: 3_600 }) }, /usual time is 1 hour/],
    [
      'other approvers',
      {
        entitlement: entitlement({
          approvers: ruleOfOne('any', 1, { person: 'eve@acme.example' }),
        }),
      },
      /who approves is eve@acme.example now \(it was the manager or the owner\)/,
    ],
    [
      'a smaller quorum of the same',
      {
        entitlement: entitlement({
          approvers: ruleOfOne('any', 2, { manager: true }, { owner: true }),
        }),
      },
      /who approves is two of the manager or the owner/,
    ],
    [
      'rules of another policy that ask for more',
      {
        verdict: {
          ...asks,
          policy: 'b',
          holds: [{ text: 'two', clause: null, rule: 'r', needs: 'secondApprover' as const }],
        },
      },
      /the policy asks for other things/,
    ],
  ];
  test.each(other)('given %s, then an approval is stale, and it is said what changed', (_what, now, says) => {
    const outcome = decideOnClick(waiting(), approve, facts(now));
    expect(isRefusal(outcome) && outcome.reason).toBe('staleCard');
    expect((outcome as Refusal).text).toMatch(says);
    expect((outcome as Refusal).next).toContain('anew');
  });

  test.each(other)('given %s, then approvals that were given before decide nothing either', (_what, now) => {
    const before = { ...waiting(), approvals: [givenBy('tom')] };
    const { clicker: _, ...statusText } = facts(now);
    expect(
      decideOnApprovals(before, {
        ...statusText,
        entitlement: now.entitlement ?? entitlement(),
        target: now.target ?? target,
      }),
    ).toEqual([]);
  });

  test.each(other)('given %s, then it can still be denied', (_what, now) => {
    expect(types(decideOnClick(waiting(), deny, facts(now)))).toEqual(['changeDenied']);
  });

  test('given the same in other letters, durations and clauses, then it is the same', () => {
    const same = entitlement({ owner: 'Olga@ACME.example', durationsSeconds: [3_600], clauses: ['AC-1'] });
    expect(types(decideOnClick(waiting(), approve, facts({ entitlement: same })))).toContain(
      'changeApproved',
    );
  });

  test('given more that the facts call for under the same policy, then the card is not stale: it takes more', () => {
    const holds = [{ text: 'two', clause: null, rule: 'r', needs: 'secondApprover' as const }];
    expect(types(decideOnClick(waiting(), approve, facts({ verdict: { ...asks, holds } })))).toContain(
      'changeApproved',
    );
  });

  test('given a card from before this was kept, then where it leads counts all the same', () => {
    const outcome = decideOnClick(
      asking({ target }),
      approve,
      facts({ target: { ...target, groupId: 'g2' } }),
    );
    expect(isRefusal(outcome) && outcome.reason).toBe('staleCard');
  });

  test('given it is asked anew, then what was approved before counts no more; put to others only, it does', () => {
    const approved = { ...waiting(), approvals: [givenBy('tom')] };
    const again = {
      type: 'approversAsked' as const,
      changeId: approved.id,
      at: now,
      actor: { part: 'latchkey' as const },
      plan: both,
      verdict: asks,
      round: 2,
      lapsesAt: null,
      target,
      shown,
    };
    expect(evolve(approved, { ...again, isAnew: true }).approvals).toEqual([]);
    expect(evolve(approved, again).approvals).toHaveLength(1);
  });
});

describe('a quorum whose first approver was away when the last one approved', () => {
  const two = planOfOne({
    quorum: 2,
    slots: [{ source: 'x', people: [approver('tom'), approver('olga')], pinged: true }],
  });
  const withoutOlga = replaced(two, {
    slots: [{ source: 'x', people: [approver('tom')], pinged: true }],
  });
  const approvedByOlga = () => asking({ approvals: [givenBy('olga', 7_200, 'click-1')] });
  const approvedByBoth = () =>
    asking({ approvals: [givenBy('olga', 7_200, 'click-1'), givenBy('tom', null, 'click-2')] });

  test('given she is away, then his word is counted and it waits', () => {
    expect(types(decideOnClick(approvedByOlga(), approve, facts({ plan: withoutOlga })))).toEqual([
      'approvalGiven',
    ]);
  });

  test.each(['tom', 'olga'])('given she is back, when %s says so again, then it is decided, once', (name) => {
    const clicker = { id: person(name), name };
    const outcome = eventsOf(decideOnClick(approvedByBoth(), approve, facts({ plan: two, clicker })));
    expect(outcome).toMatchObject([
      { type: 'changeApproved', grant: { endsAt: new Date(now.getTime() + 7_200_000) } },
    ]);
  });

  test('given she is back, then what both have said decides it without a click', () => {
    const { clicker: _, ...statusText } = facts({ plan: two });
    expect(
      decideOnApprovals(approvedByBoth(), { ...statusText, entitlement: entitlement(), target }),
    ).toMatchObject([
      { type: 'changeApproved', decision: { by: person('tom'), clickId: 'click-2' }, actor: { name: 'tom' } },
    ]);
  });

  test.each([
    ['she is still away', { plan: withoutOlga }],
    ['policy refuses it by now', { plan: two, verdict: { effect: 'refuse' as const, grounds: [] } }],
  ])('given %s, then nothing is decided', (_given, rest) => {
    const { clicker: _, ...statusText } = facts(rest);
    expect(
      decideOnApprovals(approvedByBoth(), { ...statusText, entitlement: entitlement(), target }),
    ).toEqual([]);
  });

  test('given she is still away, when he says so again, then he is told that it waits', () => {
    const outcome = decideOnClick(approvedByBoth(), approve, facts({ plan: withoutOlga }));
    expect(isRefusal(outcome) && outcome.reason).toBe('alreadyApprovedByYou');
  });
});

describe('a click decides', () => {
  test('given any-of, when one approves, then it is approved for what was asked', () => {
    const [given, approved] = eventsOf(decideOnClick(asking(), approve, facts()));
    expect(given).toMatchObject({
      type: 'approvalGiven',
      approval: { by: person('tom'), clickId: 'click-9' },
    });
    expect(approved).toMatchObject({
      type: 'changeApproved',
      target,
      grant: { id: 'grant-1', startsAt: now, endsAt: new Date(now.getTime() + 86_400_000) },
      decision: { outcome: 'approved', by: person('tom'), clickId: 'click-9' },
    });
  });

  test('given no duration on the request, then the default of the entitlement counts', () => {
    const [, approved] = eventsOf(decideOnClick(asking({ requestedSeconds: null }), approve, facts()));
    expect(approved).toMatchObject({ grant: { endsAt: new Date(now.getTime() + 86_400_000) } });
  });

  test('given all-of, when the first approves, then nothing is decided yet', () => {
    expect(types(decideOnClick(asking(), approve, facts({ plan: both })))).toEqual(['approvalGiven']);
  });

  test('given all-of, when the second approves, then the shorter of the two times counts', () => {
    const change = asking({ approvals: [givenBy('tom', 3_600)] });
    const clicker = { id: person('olga'), name: 'olga' };
    const [, approved] = eventsOf(decideOnClick(change, approve, facts({ plan: both, clicker })));
    expect(approved).toMatchObject({ grant: { endsAt: new Date(now.getTime() + 3_600_000) } });
  });

  test('given an approval by somebody who may no longer approve, then it does not count', () => {
    const plan = planOfOne({
      quorum: 2,
      slots: [{ source: 'x', people: [approver('tom'), approver('sam')], pinged: true }],
    });
    const change = asking({ approvals: [givenBy('olga')] });
    expect(types(decideOnClick(change, approve, facts({ plan })))).toEqual(['approvalGiven']);
  });

  test('given an extension of live access, then the time is added to its end', () => {
    const change = asking({ cause: 'extension' });
    const [, approved] = eventsOf(decideOnClick(change, approve, facts({ heldUntil: later(7_200) })));
    expect(approved).toMatchObject({ grant: { startsAt: now, endsAt: later(7_200 + 86_400) } });
  });

  test('given an extension of access that ended meanwhile, then it runs from now', () => {
    const [, approved] = eventsOf(decideOnClick(asking({ cause: 'extension' }), approve, facts()));
    expect(approved).toMatchObject({ grant: { endsAt: new Date(now.getTime() + 86_400_000) } });
  });

  test('when it is denied, then the reason is kept, trimmed', () => {
    expect(decideOnClick(asking(), { ...deny, reason: '  no ' }, facts())).toMatchObject([
      { type: 'changeDenied', decision: { outcome: 'denied', note: 'no', by: person('tom') } },
    ]);
  });

  test('given the very same click again, then nothing happens', () => {
    const decided = { ...changeAfter(...wayTo.denied), decision: decision('denied', { clickId: 'click-9' }) };
    expect(decideOnClick(decided, deny, facts())).toEqual([]);
    expect(decideOnClick(asking({ approvals: [givenBy('tom', null, 'click-9')] }), approve, facts())).toEqual(
      [],
    );
  });
});

describe('what a decision says, whole', () => {
  const base = { changeId: 'change-1', at: now, actor: { person: person('tom'), name: 'tom' } };
  const found = () => asking({ cause: 'finding', requesterId: null, target });

  test('an approval, with who they were then for the rules', () => {
    const as = { email: 'tom@acme.example', department: 'Orders', title: null };
    expect(decideOnClick(asking(), { ...approve, seconds: 3_600 }, facts({ as }))).toEqual([
      {
        ...base,
        type: 'approvalGiven',
        approval: { by: person('tom'), name: 'tom', at: now, seconds: 3_600, clickId: 'click-9', as },
      },
      {
        ...base,
        type: 'changeApproved',
        decision: {
          outcome: 'approved',
          by: person('tom'),
          byName: 'tom',
          at: now,
          note: null,
          clickId: 'click-9',
        },
        verdict: asks,
        target,
        grant: { id: 'grant-1', startsAt: now, endsAt: later(4_200) },
      },
    ]);
  });

  test('a loss that is put back grants nothing new', () => {
    const [, approved] = eventsOf(decideOnClick(asking({ cause: 'loss' }), approve, facts()));
    expect(approved).toEqual({
      ...base,
      type: 'changeApproved',
      decision: {
        outcome: 'approved',
        by: person('tom'),
        byName: 'tom',
        at: now,
        note: null,
        clickId: 'click-9',
      },
      verdict: asks,
      target,
      grant: null,
    });
  });

  test('a denial of what was asked for takes nothing away', () => {
    expect(decideOnClick(asking(), deny, facts())).toEqual([
      {
        ...base,
        type: 'changeDenied',
        decision: {
          outcome: 'denied',
          by: person('tom'),
          byName: 'tom',
          at: now,
          note: 'not needed',
          clickId: 'click-9',
        },
        revokeId: null,
      },
    ]);
  });

  test('a denial of what was found takes it away, in the name of who denied it', () => {
    expect(decideOnClick(found(), deny, facts())).toMatchObject([
      { type: 'changeDenied', revokeId: 'revoke-1' },
      { type: 'changeReceived', changeId: 'revoke-1', kind: 'revoke', cause: 'revert' },
      { type: 'changeApproved', changeId: 'revoke-1', actor: base.actor },
    ]);
  });

  test('a denial with a reason of the greatest length is one', () => {
    expect(
      types(decideOnClick(asking(), { ...deny, reason: 'x'.repeat(DENIAL_REASON_MAX) }, facts())),
    ).toEqual(['changeDenied']);
  });

  test('an approval by rule', () => {
    const verdict = { effect: 'autoApprove' as const, grounds: [] };
    const by = { entitlement: entitlement(), target, grantId: 'grant-1' as GrantId, heldUntil: null, now };
    const rule = {
      changeId: 'change-1',
      at: now,
      actor: { part: 'latchkey' },
      type: 'changeApproved',
      decision: { outcome: 'approved', by: null, byName: 'rule', at: now, note: null, clickId: null },
      verdict,
      target,
    };
    const change = changeAfter('changeReceived');
    expect(approveByRule({ ...change, requestedSeconds: 3_600 }, { ...by, verdict })).toEqual([
      { ...rule, grant: { id: 'grant-1', startsAt: now, endsAt: later(4_200) } },
    ]);
    expect(approveByRule({ ...change, requestedSeconds: null }, { ...by, verdict })).toEqual([
      { ...rule, grant: { id: 'grant-1', startsAt: now, endsAt: later(87_000) } },
    ]);
  });

  test('a withdrawal and a lapse', () => {
    const ines = { id: person('ines'), name: 'ines' };
    expect(withdraw(asking(), ines, 'c', now)).toEqual([
      {
        type: 'changeWithdrawn',
        changeId: 'change-1',
        at: now,
        actor: { person: ines.id, name: 'ines' },
        decision: { outcome: 'withdrawn', by: ines.id, byName: 'ines', at: now, note: null, clickId: 'c' },
      },
    ]);
    expect(lapse(asking({ lapsesAt: now }), now)).toEqual([
      {
        type: 'requestLapsed',
        changeId: 'change-1',
        at: now,
        actor: { part: 'latchkey' },
        decision: { outcome: 'lapsed', by: null, byName: 'Latchkey', at: now, note: null, clickId: null },
      },
    ]);
  });
});

describe('how long it is given for', () => {
  const endOf = (change: Change, click: Click = approve, rest: Partial<ClickFacts> = {}) => {
    const approved = eventsOf(decideOnClick(change, click, facts(rest))).at(-1);
    return approved?.type === 'changeApproved' ? approved.grant?.endsAt : undefined;
  };

  test('by what was asked, by the usual time where nothing was said', () => {
    expect(endOf(asking({ requestedSeconds: 7_200 }))).toEqual(later(600 + 7_200));
    expect(
      endOf(asking({ requestedSeconds: null }), approve, {
        entitlement: entitlement({ defaultSeconds: 60 }),
      }),
    ).toEqual(later(660));
  });

  test('exactly what was asked for can be given', () => {
    expect(endOf(asking(), { ...approve, seconds: 86_400 })).toEqual(later(87_000));
  });

  test('only an extension adds to what is held', () => {
    const heldUntil = later(7_200);
    expect(endOf(asking(), approve, { heldUntil })).toEqual(later(87_000));
    expect(endOf(asking({ cause: 'extension' }), approve, { heldUntil })).toEqual(later(93_600));
  });

  test('an extension ends no later than the longest time from now', () => {
    const heldUntil = later(604_000);
    expect(endOf(asking({ cause: 'extension' }), approve, { heldUntil })).toEqual(later(600 + 604_800));
  });
});

describe('who is refused is told why, and who may', () => {
  const sam = { id: person('sam'), name: 'sam' };
  const told = (outcome: ChangeEvent[] | Refusal) => {
    if (!isRefusal(outcome)) throw new Error('not refused');
    return [outcome.reason, outcome.text, outcome.next];
  };
  const excludedBy = (clause: string | null) => ({
    ...anybody,
    excludedByPolicy: [
      { id: person('eve'), name: 'eve', why: 'left the company', clause: 'AC-9' },
      { id: sam.id, name: 'sam', why: 'shares a flat', clause },
    ],
  });

  test('a stranger', () => {
    expect(told(decideOnClick(asking(), approve, facts({ clicker: sam })))).toEqual([
      'notAnApprover',
      'You are not among those who may decide on this request.',
      'Those who may: tom, olga.',
    ]);
  });

  test('a stranger where nobody may', () => {
    const plan = replaced(anybody, { slots: [] });
    expect(told(decideOnClick(asking(), approve, facts({ clicker: sam, plan })))[2]).toBe(
      'Those who may: nobody at the moment.',
    );
  });

  test('somebody whom a rule keeps from it', () => {
    expect(told(decideOnClick(asking(), approve, facts({ clicker: sam, plan: excludedBy('AC-2') })))).toEqual(
      [
        'notAnApprover',
        'Policy does not let you decide on this request: shares a flat (AC-2).',
        'Those who may: tom, olga.',
      ],
    );
    expect(told(decideOnClick(asking(), approve, facts({ clicker: sam, plan: excludedBy(null) })))[1]).toBe(
      'Policy does not let you decide on this request: shares a flat.',
    );
  });

  test('whoever may only take it away may not approve it', () => {
    const plan = { ...anybody, revert: [approver('sam')] };
    expect(told(decideOnClick(asking(), approve, facts({ clicker: sam, plan })))[0]).toBe('notAnApprover');
    expect(types(decideOnClick(asking(), deny, facts({ clicker: sam, plan })))).toEqual(['changeDenied']);
    expect(told(decideOnClick(asking(), deny, facts({ clicker: sam })))[0]).toBe('notAnApprover');
  });

  test('whoever finds several things changed is told of each', () => {
    const change = {
      ...asking(),
      shown: shownOf(entitlement({ tier: 'high', title: 'Other' }), target, asks),
    };
    expect(told(decideOnClick(change, approve, facts()))[1]).toBe(
      'What this card showed is no longer so: its name is Orders API now (it was Other); its tier is medium now (it was high).',
    );
  });

  test('all grounds of the policy', () => {
    const grounds = [
      { text: 'not open to Orders', clause: null },
      { text: 'a trainee', clause: 'AC-8' },
    ];
    expect(told(decideOnClick(asking(), approve, facts({ verdict: { effect: 'refuse', grounds } })))[1]).toBe(
      'Policy no longer allows this request: not open to Orders; a trainee.',
    );
  });

  test('a request whose time is over, though nobody has noted it yet', () => {
    expect(told(decideOnClick(asking({ lapsesAt: now }), approve, facts()))).toEqual([
      'alreadySettled',
      'This request has lapsed: nobody decided in time.',
      'It has to be asked again.',
    ]);
    expect(types(decideOnClick(asking({ lapsesAt: later(601) }), approve, facts()))).toContain(
      'changeApproved',
    );
    expect(types(decideOnClick(asking({ lapsesAt: null }), approve, facts()))).toContain('changeApproved');
  });

  test.each([
    ['applying', 'tom approved this already.'],
    ['denied', 'tom denied this already.'],
    ['withdrawn', 'tom withdrew this already.'],
    ['lapsed', 'Latchkey let this lapse already.'],
    ['closed', 'Latchkey closed this already.'],
    ['refused', 'It is closed already.'],
  ] as const)('a request that is %s', (state, text) => {
    expect(told(decideOnClick(changeAfter(...wayTo[state]), approve, facts()))[1]).toBe(text);
  });

  test('whoever would lengthen less than the usual time', () => {
    const outcome = decideOnClick(
      asking({ requestedSeconds: 3_600 }),
      { ...approve, seconds: 7_200 },
      facts(),
    );
    expect(told(outcome)[1]).toBe('An approval can shorten the 1 hour asked for, not lengthen it.');
  });

  test('whoever would lengthen it', () => {
    const click = { ...approve, seconds: 86_401 };
    expect(told(decideOnClick(asking(), click, facts()))[1]).toBe(
      'An approval can shorten the 1 day asked for, not lengthen it.',
    );
  });
});

describe('what else is said of a request', () => {
  const ines = { id: person('ines'), name: 'ines' };

  test('that is decided: by whom, though its time would be over', () => {
    const outcome = decideOnClick(changeAfter(...wayTo.applying), approve, facts({ now: later(4_000) }));
    expect(outcome).toMatchObject({ text: 'tom approved this already.' });
  });

  test('that is still being prepared: it can be taken back', () => {
    expect(types(withdraw(changeAfter('changeReceived'), ines, 'c', now))).toEqual(['changeWithdrawn']);
  });

  test('to who takes it back too late, or somebody else’s', () => {
    expect(withdraw(changeAfter(...wayTo.inEffect), ines, 'c', now)).toMatchObject({
      text: 'This request is settled already.',
      next: 'If you no longer need the access, press I’m done.',
    });
    expect(withdraw(asking(), { id: person('tom'), name: 'tom' }, 'c', now)).toMatchObject({
      text: 'This is not your request.',
      next: 'Only the requester can take it back.',
    });
  });

  test('who approved it, without who they are for the rules where that is not known', () => {
    const [given] = eventsOf(decideOnClick(asking(), approve, facts()));
    if (given?.type !== 'approvalGiven') throw new Error('not given');
    expect(given.approval).not.toHaveProperty('as');
  });
});

describe('what nobody asked for is taken away on an earlier card', () => {
  const found = (fields: Partial<Change>) =>
    asking({ cause: 'finding', requesterId: null, target, round: 3, sameSince: 2, ...fields });
  const on = (round: number, verb: 'approve' | 'deny' = 'deny'): Click =>
    verb === 'deny' ? { ...deny, round } : { ...approve, round };

  test('where only other people were asked meanwhile', () => {
    expect(types(decideOnClick(found({}), on(2), facts()))).toEqual(
      types(decideOnClick(found({}), on(3), facts())),
    );
  });

  test.each<[string, Change, Click]>([
    ['it was about something else', found({}), on(1)],
    ['it is not known since when it is about this', { ...found({}), sameSince: undefined as never }, on(2)],
    ['the card is none that was out', found({}), on(4)],
    ['it is kept, and not taken away', found({}), on(2, 'approve')],
    ['it was asked for', found({ cause: 'request' }), on(2)],
    ['it was lost', found({ cause: 'loss' }), on(2)],
  ])('and not where %s', (_, change, click) => {
    const outcome = decideOnClick(change, click, facts());
    expect(isRefusal(outcome) && outcome.reason).toBe('staleCard');
  });

  test('by nobody who may not take it away now', () => {
    const outcome = decideOnClick(
      found({}),
      on(2),
      facts({ plan: planOf({ of: 'any', quorum: 1, slots: [], escalated: false }) }),
    );
    expect(isRefusal(outcome) && outcome.reason).toBe('notAnApprover');
  });
});

describe('what was found is nobody’s to take back', () => {
  test.each(['finding', 'loss'] as const)('%s', (cause) => {
    const change = asking({ cause, requesterId: person('ines') });
    expect(withdraw(change, { id: person('ines'), name: 'ines' }, 'c', now)).toMatchObject({
      reason: 'notYours',
    });
  });
});

describe('approvals that stand', () => {
  const { clicker: _, ...known } = facts();
  const statusText = { ...known, entitlement: entitlement(), target };

  test('decide only what is being asked', () => {
    const approved = { approvals: [givenBy('tom')] };
    expect(decideOnApprovals(asking(approved), statusText)).toHaveLength(1);
    expect(decideOnApprovals({ ...changeAfter('changeReceived'), ...approved }, statusText)).toEqual([]);
    expect(decideOnApprovals(asking({ approvals: [] }), statusText)).toEqual([]);
  });
});

test('whoever clicks on whatever: requester and beneficiary never move it, a grant never outlasts what was asked', () => {
  const names = ['ines', 'erik', 'tom', 'olga', 'sam'];
  const stage = fc.record({
    of: fc.constantFrom('any' as const, 'all' as const),
    quorum: fc.integer({ min: 1, max: 3 }),
    slots: fc.array(
      fc.record({
        source: fc.string(),
        people: fc.subarray(names).map((list) => list.map(approver)),
        pinged: fc.boolean(),
      }),
      { maxLength: 3 },
    ),
    escalated: fc.boolean(),
  });
  fc.assert(
    fc.property(
      stage,
      fc.constantFrom(...names),
      fc.constantFrom(...names),
      fc.option(fc.integer({ min: -10, max: 200_000 }), { nil: null }),
      fc.subarray(names),
      (someStage, clicker, requester, seconds, before) => {
        const change = asking({
          requesterId: person(requester),
          approvals: before.map((name, i) => givenBy(name, null, `earlier-${i}`)),
        });
        const outcome = decideOnClick(
          change,
          { ...approve, seconds },
          facts({ plan: planOf(someStage), clicker: { id: person(clicker), name: clicker } }),
        );
        if (clicker === requester || clicker === 'ines') expect(isRefusal(outcome)).toBe(true);
        if (isRefusal(outcome)) return;
        const approved = outcome.find((e) => e.type === 'changeApproved');
        if (approved?.type !== 'changeApproved') return;
        expect(approved.grant?.endsAt.getTime()).toBeLessThanOrEqual(now.getTime() + 86_400_000);
        const may = new Set(someStage.slots.flatMap((s) => s.people.map((p) => p.id)));
        const counted = new Set([...before.map(person), person(clicker)].filter((id) => may.has(id)));
        expect(counted.size).toBeGreaterThanOrEqual(someStage.quorum);
      },
    ),
  );
});

describe('approval by rule', () => {
  const by = {
    entitlement: entitlement({ tier: 'low' }),
    target,
    grantId: 'grant-1' as GrantId,
    heldUntil: null,
    now,
  };

  test('happens when the verdict says so', () => {
    const verdict = { effect: 'autoApprove' as const, grounds: [] };
    expect(approveByRule(changeAfter('changeReceived'), { ...by, verdict })).toMatchObject([
      { type: 'changeApproved', decision: { by: null, byName: 'rule' }, actor: { part: 'latchkey' } },
    ]);
  });

  test.each(['ask', 'refuse'] as const)('does not happen when the verdict says %s', (effect) => {
    expect(approveByRule(changeAfter('changeReceived'), { ...by, verdict: { effect, grounds: [] } })).toEqual(
      [],
    );
  });
});

describe('taking a request back', () => {
  const ines = { id: person('ines'), name: 'ines' };

  test.each(['ines', 'erik'])('%s may, as requester or beneficiary', (name) => {
    const change = asking({ requesterId: person('erik') });
    expect(types(withdraw(change, { id: person(name), name }, 'c', now))).toEqual(['changeWithdrawn']);
  });

  test('nobody else may', () => {
    expect(withdraw(asking(), { id: person('tom'), name: 'tom' }, 'c', now)).toMatchObject({
      reason: 'notYours',
    });
  });

  test.each(['applying', 'inEffect', 'denied', 'lapsed'] as const)('not when it is %s', (state) => {
    expect(withdraw(changeAfter(...wayTo[state]), ines, 'c', now)).toMatchObject({
      reason: 'alreadySettled',
    });
  });

  test('the same click again changes nothing', () => {
    const change = { ...changeAfter(...wayTo.withdrawn), decision: decision('withdrawn', { clickId: 'c' }) };
    expect(withdraw(change, ines, 'c', now)).toEqual([]);
  });
});

describe('lapsing', () => {
  test('comes when the time is over, not a moment before', () => {
    expect(lapse(asking({ lapsesAt: later(601) }), now)).toEqual([]);
    expect(lapse(asking({ lapsesAt: now }), now)).toMatchObject([
      { type: 'requestLapsed', decision: { by: null, outcome: 'lapsed' } },
    ]);
  });

  test('comes to nothing but what is pending', () => {
    for (const state of ['applying', 'denied', 'inEffect'] as const)
      expect(lapse({ ...changeAfter(...wayTo[state]), lapsesAt: later(1) }, now)).toEqual([]);
    expect(lapse(asking({ lapsesAt: null }), now)).toEqual([]);
    expect(lapse({ ...changeAfter(...wayTo.received), lapsesAt: later(1) }, now)).toMatchObject([
      { type: 'requestLapsed' },
    ]);
  });
});

function eventsOf(outcome: ChangeEvent[] | Refusal): ChangeEvent[] {
  if (isRefusal(outcome)) throw new Error(outcome.text);
  return outcome;
}

function types(outcome: ChangeEvent[] | Refusal): string[] {
  return eventsOf(outcome).map((e) => e.type);
}
