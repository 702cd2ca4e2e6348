import { describe, expect, test } from 'vitest';
import type { Change, ChangeState } from '../../src/core/change.ts';
import { legs, lifeCycle } from '../../src/core/change.ts';
import { askedInWords, legName, type Names, standing } from '../../src/core/words.ts';
import { anybody, approver, asking, changeAfter, decision, later, person, wayTo } from './given.ts';

const names: Names = {
  beneficiary: 'Ines Moreau',
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
  const said = standing(change, ending, names);
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

describe('what people want to know is there', () => {
  test('waiting: for whom, and when it lapses', () => {
    expect(standing(asking(), null, names).detail).toBe(
      `Waiting for Tom Okafor or Olga Brandt. Lapses ${later(3_600).toISOString()}.`,
    );
  });

  test('half approved: by whom, and who is missing', () => {
    const plan = {
      ...anybody,
      of: 'all' as const,
      seats: [
        { source: 'manager', people: [approver('tom')], pinged: true },
        { source: 'owner', people: [approver('olga')], pinged: true },
      ],
    };
    const approvals = [{ by: person('tom'), name: 'tom', at: later(1), seconds: null, clickId: 'c' }];
    expect(standing(asking({ plan, approvals }), null, names).detail).toMatch(
      /^Approved by tom; still needed: owner \(olga\)\./,
    );
  });

  test('stranded: says so instead of waiting for nobody', () => {
    const said = standing(asking({ plan: { ...anybody, seats: [] } }), null, names);
    expect(said.detail).toMatch(/^Nobody can decide on this/);
  });

  test('late: which leg', () => {
    expect(standing(changeAfter(...wayTo.late), null, names).detail).toMatch(/Okta’s SCIM push/);
  });

  test('in effect: after how long, until when, by whom', () => {
    const said = standing(changeAfter(...wayTo.inEffect), null, names);
    expect(said.headline).toBe('In effect in MuleSoft after 0.0 s');
    expect(said.detail).toContain(`access until ${later(86_400).toISOString()}`);
    expect(said.detail).toContain('by tom');
  });

  test('denied: the reason, as words of others', () => {
    expect(standing(changeAfter(...wayTo.denied), null, names).words).toBe('Reason: not needed');
  });

  test('ended while another grant keeps it: says so', () => {
    const change = changeAfter(...wayTo.ended);
    if (change.ended === null) throw new Error('not ended');
    const kept = { ...change, ended: { ...change.ended, stillHeld: true, stillHeldUntil: later(99) } };
    expect(standing(kept, null, names).detail).toMatch(/^The same access stays through another grant until /);
  });
});

test('every leg has a name', () => {
  for (const leg of legs) expect(legName(leg, 'Okta')).toMatch(/^the |^Okta’s /);
});

test('what is asked, in one line', () => {
  expect(askedInWords(asking(), 'Orders API')).toBe('Orders API for 1 day');
  expect(askedInWords(asking({ requestedSeconds: null }), 'Orders API')).toBe('Orders API');
  expect(askedInWords(asking({ cause: 'extension' }), 'Orders API')).toBe('Orders API, 1 day longer');
});
