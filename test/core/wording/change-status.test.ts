import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/change/change.ts';
import { legs } from '../../../src/core/change/change.ts';
import type { ChangeState } from '../../../src/core/change/life-cycle.ts';
import { lifeCycle } from '../../../src/core/change/life-cycle.ts';
import type { ApproverStage } from '../../../src/core/policy/routing.ts';
import { askedInWords, type Names, statusText } from '../../../src/core/wording/change-status.ts';
import { decidersInWords } from '../../../src/core/wording/deciders.ts';
import { legName } from '../../../src/core/wording/legs.ts';
import {
  anybody,
  approver,
  asking,
  changeAfter,
  decision,
  later,
  person,
  planOfOne,
  replaced,
  wayTo,
} from '../given.ts';

const names: Names = {
  beneficiary: 'Ines Moreau',
  isToThem: false,
  title: 'Orders API',
  deciders: 'Tom Okafor or Olga Brandt',
  owner: 'Olga Brandt',
  idp: 'Okta',
  time: (at) => at.toISOString(),
  safe: (text) => text,
};
const states = Object.keys(lifeCycle) as ChangeState[];

/** Whole sentences or nothing, and nothing of the machinery in them. */
function expectReadable(change: Change, ending: Change | null): void {
  const said = statusText(change, ending, names);
  expect(said.headline).toMatch(/^[A-Z]/);
  expect(said.headline).not.toMatch(/[.:;,]$/);
  if (said.detail !== '') expect(said.detail).toMatch(/^[A-Z].*\.$/s);
  for (const text of [said.headline, said.detail, said.words ?? ''])
    expect(text).not.toMatch(/undefined|null|NaN|\[object|Invalid Date| {2}|^ | $/);
}

describe.each(states)('a change that is %s', (state) => {
  test('says what happened and what next', () => {
    expectReadable(changeAfter(...wayTo[state]), null);
  });

  test.each(states)('with an ending that is %s', (ending) => {
    const end = { ...changeAfter(...wayTo[ending]), kind: 'revoke' as const, cause: 'expiry' as const };
    expectReadable(changeAfter(...wayTo[state]), end);
  });

  test('by rule and by release too', () => {
    const change = changeAfter(...wayTo[state]);
    if (change.decision?.outcome === 'approved')
      expectReadable({ ...change, decision: decision('approved', { by: null, byName: 'rule' }) }, null);
    if (change.ended !== null)
      expectReadable({ ...change, ended: { ...change.ended, cause: 'release' } }, null);
  });
});

describe('what is said of a change, word for word', () => {
  const lapses = later(3_600).toISOString();
  const ends = later(86_400).toISOString();

  test.each<[ChangeState, mood: string, label: string, headline: string, detail: string]>([
    ['received', 'moving', 'received', 'Received', 'Latchkey is gathering the facts.'],
    [
      'asking',
      'waiting',
      'waiting for a decision',
      'Waiting for a decision',
      `Waiting for Tom Okafor or Olga Brandt. Lapses ${lapses}.`,
    ],
    ['applying', 'moving', 'on its way', 'Approved by tom', `Writing to Okta. Access until ${ends}.`],
    [
      'verifying',
      'moving',
      'on its way',
      'Approved by tom',
      `Okta has it; waiting to see it in MuleSoft. Access until ${ends}.`,
    ],
    [
      'awaitingSignIn',
      'waiting',
      'waiting for first sign-in',
      'Approved by tom; waiting for first sign-in',
      `Ines Moreau has never signed in to Anypoint. Sign in once; the access arrives then. Access until ${ends}.`,
    ],
    [
      'late',
      'bad',
      'late',
      'Approved by tom; but not in MuleSoft yet',
      `Stuck at Okta’s SCIM push. Olga Brandt has been alarmed; Latchkey keeps looking. Access until ${ends}.`,
    ],
    [
      'inEffect',
      'good',
      'in effect',
      'In effect in MuleSoft after 0.0 s',
      `Approved by tom; access until ${ends}.`,
    ],
    ['refused', 'no', 'refused', 'Refused', ''],
    ['denied', 'no', 'denied', 'Denied by tom', ''],
    ['withdrawn', 'over', 'taken back', 'Taken back by tom', 'Nothing was changed.'],
    [
      'lapsed',
      'over',
      'lapsed',
      'Lapsed',
      'Nobody decided in time, so nothing was changed. Ask again if it is still needed.',
    ],
    ['closed', 'over', 'closed', 'Closed', 'Ines has left. Nothing was changed.'],
    ['ended', 'over', 'ended', 'Ended: the time is over', 'The access is being taken away.'],
    ['superseded', 'over', 'overtaken', 'Overtaken', 'A later decision replaced this one.'],
    [
      'failed',
      'bad',
      'failed',
      'Approved by tom; but Okta refuses the change',
      'Olga Brandt has been alarmed; once it is mended, ask again.',
    ],
  ])('%s', (state, mood, label, headline, detail) => {
    expect(statusText(changeAfter(...wayTo[state]), null, names)).toMatchObject({
      mood,
      label,
      headline,
      detail,
    });
  });

  const byTom = 'Given back by tom.';
  test.each<[ChangeState, mood: string, label: string, headline: string, detail: string]>([
    ['applying', 'moving', 'being taken away', 'Being taken away', `${byTom} Writing to Okta.`],
    [
      'verifying',
      'moving',
      'being taken away',
      'Being taken away',
      `${byTom} It is out of Okta; looking until MuleSoft no longer shows it.`,
    ],
    [
      'late',
      'bad',
      'late',
      'To be taken away; but still in MuleSoft',
      `${byTom} Stuck at Okta’s SCIM push. Olga Brandt has been alarmed; Latchkey keeps looking.`,
    ],
    ['inEffect', 'over', 'gone', 'Gone from MuleSoft after 0.0 s', byTom],
    [
      'superseded',
      'over',
      'overtaken',
      'Not taken away after all',
      'The same access was given anew meanwhile, so it stays.',
    ],
    [
      'failed',
      'bad',
      'failed',
      'To be taken away; but Okta refuses',
      `${byTom} Olga Brandt has been alarmed and has to remove it by hand.`,
    ],
  ])('%s, of a revoke', (state, mood, label, headline, detail) => {
    const revoke = {
      ...changeAfter(...wayTo[state]),
      kind: 'revoke',
      cause: 'release',
      grant: null,
    } as const;
    expect(statusText(revoke, null, names)).toMatchObject({ mood, label, headline, detail });
  });
});

describe('what people want to know is there', () => {
  test('waiting: for whom, and when it lapses', () => {
    expect(statusText(asking(), null, names).detail).toBe(
      `Waiting for Tom Okafor or Olga Brandt. Lapses ${later(3_600).toISOString()}.`,
    );
  });

  test('half approved: by whom, and who is missing', () => {
    const plan = planOfOne({
      of: 'all',
      slots: [
        { source: 'manager', people: [approver('tom')], pinged: true },
        { source: 'owner', people: [approver('olga')], pinged: true },
      ],
    });
    const approvals = [{ by: person('tom'), name: 'tom', at: later(1), seconds: null, clickId: 'c' }];
    expect(statusText(asking({ plan, approvals }), null, names).detail).toMatch(
      /^Approved by tom; still needed: owner \(olga\)\./,
    );
  });

  test('stranded: says so instead of waiting for nobody', () => {
    const said = statusText(asking({ plan: replaced(anybody, { slots: [] }) }), null, names);
    expect(said.detail).toMatch(/^Nobody can decide on this/);
  });

  test('late: which leg', () => {
    expect(statusText(changeAfter(...wayTo.late), null, names).detail).toMatch(/Okta’s SCIM push/);
  });

  test('in effect: after how long, until when, by whom', () => {
    const said = statusText(changeAfter(...wayTo.inEffect), null, names);
    expect(said.headline).toBe('In effect in MuleSoft after 0.0 s');
    expect(said.detail).toContain(`access until ${later(86_400).toISOString()}`);
    expect(said.detail).toContain('by tom');
  });

  test('denied: the reason, as words of others', () => {
    expect(statusText(changeAfter(...wayTo.denied), null, names).words).toBe('Reason: not needed');
  });

  test('ended while another grant keeps it: says so', () => {
    const change = changeAfter(...wayTo.ended);
    if (change.ended === null) throw new Error('not ended');
    const kept = { ...change, ended: { ...change.ended, stillHeld: true, stillHeldUntil: later(99) } };
    expect(statusText(kept, null, names).detail).toMatch(
      /^The same access stays through another grant until /,
    );
  });
});

describe('a revoke by itself', () => {
  const revoke = (state: ChangeState, rest: Partial<Change> = {}): Change => ({
    ...changeAfter(...wayTo[state]),
    kind: 'revoke',
    cause: 'release',
    grant: null,
    ...rest,
  });

  test('is gone, not in effect, and says who gave it back', () => {
    const said = statusText(revoke('inEffect'), null, names);
    expect([said.label, said.headline, said.detail]).toEqual([
      'gone',
      'Gone from MuleSoft after 0.0 s',
      'Given back by tom.',
    ]);
  });

  test.each([
    ['expiry', 'The time is over.'],
    ['revert', 'Nobody asked for it; tom decided so.'],
  ] as const)('by %s: says why', (cause, words) => {
    expect(statusText(revoke('inEffect', { cause }), null, names).detail).toBe(words);
  });

  test.each(states)('that is %s reads as one', (state) => {
    expectReadable(revoke(state), null);
    expect(JSON.stringify(statusText(revoke(state), null, names))).not.toMatch(/[Ii]n effect|Approved/);
  });
});

describe('approved for less time than asked', () => {
  test('says so, wherever the approval is told', () => {
    for (const state of ['applying', 'verifying', 'awaitingSignIn', 'late', 'inEffect'] as const) {
      const change = { ...changeAfter(...wayTo[state]), requestedSeconds: 172_800 };
      const said = statusText(change, null, names);
      expect(`${said.headline} ${said.detail}`).toContain('by tom for 1 day instead of 2 days');
    }
  });

  test('of an extension: by what the approvers gave, for its length says nothing', () => {
    const approvals = [{ by: person('tom'), name: 'Tom', at: later(1), seconds: 3_600, clickId: 'c' }];
    const change: Change = { ...changeAfter(...wayTo.inEffect), cause: 'extension', approvals };
    expect(statusText(change, null, names).detail).toContain('by Tom for 1 hour instead of 1 day;');
    expect(statusText({ ...change, approvals: [] }, null, names).detail).not.toContain('instead');
  });
});

describe('a grant that ended before it arrived', () => {
  const unseen = changeAfter(...wayTo.late, 'grantEnded');
  const end = (state: ChangeState): Change => ({
    ...changeAfter(...wayTo[state]),
    kind: 'revoke',
    cause: 'expiry',
  });

  test.each(['applying', 'inEffect'] as const)(
    'with a revoke that is %s: nothing is said to be gone',
    (state) => {
      const { headline } = statusText(unseen, end(state), names);
      expect(headline).toMatch(/^End(ed|ing): the time is over; it had not arrived in MuleSoft/);
      expect(headline).not.toContain('gone');
      expect(headline.endsWith('and MuleSoft does not have it')).toBe(state === 'inEffect');
    },
  );
});

describe('who may decide, as the rule counts them', () => {
  const slot = (...people: string[]) => ({ source: 's', people: people.map(approver), pinged: true });
  const said = (rest: Partial<ApproverStage>) => decidersInWords(replaced(anybody, rest), (p) => p.name);

  test('anybody, everybody, and so many of them', () => {
    expect(said({ slots: [slot('tom', 'olga')] })).toBe('tom or olga');
    expect(said({ of: 'all', slots: [slot('tom'), slot('olga')] })).toBe('tom and olga');
    expect(said({ of: 'all', slots: [slot('tom'), slot('tom')] })).toBe('tom');
    expect(said({ of: 'all', slots: [slot('tom'), slot('olga', 'sam')] })).toBe('tom and (olga or sam)');
    expect(said({ quorum: 2, slots: [slot('olga', 'sam', 'sofia')] })).toBe('two of olga, sam, sofia');
    expect(said({ quorum: 2, slots: [slot('olga', 'sam')] })).toBe('olga and sam');
  });

  test('who is not pinged is named only where they are needed', () => {
    const quiet = { ...slot('sam'), pinged: false };
    expect(said({ slots: [slot('tom'), quiet] })).toBe('tom');
    expect(said({ quorum: 2, slots: [slot('tom'), quiet] })).toBe('tom and sam');
    expect(said({ slots: [quiet] })).toBe('sam');
  });
});

test('to the person it is about', () => {
  const said = statusText(changeAfter(...wayTo.awaitingSignIn), null, { ...names, isToThem: true });
  expect(said.detail).toMatch(/^You have never signed in to Anypoint\./);
});

test('every leg has a name', () => {
  for (const leg of legs) expect(legName(leg, 'Okta')).toMatch(/^the |^Okta’s /);
});

test('what is asked, in one line', () => {
  expect(askedInWords(asking(), 'Orders API')).toBe('Orders API for 1 day');
  expect(askedInWords(asking({ requestedSeconds: null }), 'Orders API')).toBe('Orders API');
  expect(askedInWords(asking({ cause: 'extension' }), 'Orders API')).toBe('Orders API, 1 day longer');
});
