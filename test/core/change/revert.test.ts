import { describe, expect, test } from 'vitest';
import { revertEvents } from '../../../src/core/change/revert.ts';
import type { ChangeId, EntitlementKey } from '../../../src/core/ids.ts';
import { person, T0, target } from '../given.ts';

const revokeId = 'revoke-1' as ChangeId;
const found = { entitlementKey: 'orders' as EntitlementKey, personId: person('ines'), target };
const changeId = 'change-1' as ChangeId;

describe('what was found is taken away', () => {
  test('by whoever decided so', () => {
    const actor = { person: person('tom'), name: 'Tom' };
    const base = { changeId: 'revoke-1', at: T0, actor };
    expect(revertEvents(found, revokeId, { changeId, at: T0, actor })).toEqual([
      {
        ...base,
        type: 'changeReceived',
        kind: 'revoke',
        cause: 'revert',
        ...found,
        requesterId: person('tom'),
        reason: 'nobody asked for it',
        ticket: null,
        requestedSeconds: null,
        via: 'latchkey',
        lapsesAt: null,
      },
      {
        ...base,
        type: 'changeApproved',
        grant: null,
        verdict: null,
        target,
        decision: {
          outcome: 'approved',
          by: person('tom'),
          byName: 'Tom',
          at: T0,
          note: null,
          clickId: null,
        },
      },
    ]);
  });

  test('by rule, and as part of a mass change', () => {
    const actor = { part: 'latchkey' } as const;
    expect(revertEvents(found, revokeId, { changeId, at: T0, actor }, 'mass-1')).toMatchObject([
      { requesterId: null, partOf: 'mass-1' },
      { decision: { by: null, byName: 'rule' } },
    ]);
  });

  test('not where nobody knows from where', () => {
    const actor = { part: 'latchkey' } as const;
    expect(revertEvents({ ...found, target: null }, revokeId, { changeId, at: T0, actor })).toEqual([]);
  });
});
