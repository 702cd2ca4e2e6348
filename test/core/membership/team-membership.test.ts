import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type MembershipFacts,
  type MembershipVerdict,
  teamMembership,
} from '../../../src/core/membership/team-membership.ts';

/** Pushed, wanted, and so in the IdP. */
const member: MembershipFacts = {
  isConfirmed: true,
  status: 'active',
  isKeptOut: false,
  scim: 'on',
  isPushed: true,
  isWanted: true,
  wasThereBefore: false,
  inIdp: 'not asked',
};
const unwanted: MembershipFacts = { ...member, isWanted: false };
const elsewhere: MembershipFacts = { ...unwanted, isCarriedElsewhere: true };
const anothers: MembershipFacts = { ...unwanted, scim: "another's" };

const cases: [string, MembershipFacts, MembershipVerdict['membership']][] = [
  ['pushed and wanted', member, 'in'],
  [
    'known by an unconfirmed record alone, and off',
    { ...member, isConfirmed: false, scim: 'off', isPushed: false },
    'as it is',
  ],
  ['suspended', { ...member, status: 'suspended' }, 'out'],
  ['deactivated', { ...member, status: 'deprovisioned' }, 'out'],
  ['lost the app', { ...member, scim: 'off', isPushed: false }, 'out'],
  ['left, by a case or an admin’s word', { ...member, isKeptOut: true }, 'out'],
  ['left, though there before', { ...member, isKeptOut: true, wasThereBefore: true }, 'out'],
  ['wanted, not pushed yet', { ...member, isPushed: false }, 'as it is'],
  ['never pushed, not wanted', { ...unwanted, scim: 'nothing', isPushed: false }, 'out'],
  [
    'not pushed, not wanted, in the team before Latchkey',
    { ...unwanted, isPushed: false, wasThereBefore: true },
    'as it is',
  ],
  ['pushed, not wanted: the IdP is asked', unwanted, 'ask the IdP'],
  ['pushed, not wanted, so in the IdP', { ...unwanted, inIdp: true }, 'in'],
  ['pushed, not wanted, no longer in the IdP', { ...unwanted, inIdp: false }, 'out'],
  ['another’s record, wanted: the IdP is asked', { ...anothers, isWanted: true }, 'ask the IdP'],
  ['another’s record, wanted, not so in the IdP', { ...anothers, isWanted: true, inIdp: false }, 'as it is'],
  ['another’s record, so in the IdP', { ...anothers, inIdp: true }, 'in'],
  ['another’s record in no group, so in the IdP', { ...anothers, isPushed: false, inIdp: true }, 'as it is'],
  [
    'carried by something else, wanted and pushed: never Latchkey’s to add',
    { ...member, isCarriedElsewhere: true },
    'as it is',
  ],
  [
    'carried by something else, not wanted: the IdP is asked',
    { ...elsewhere, scim: 'nothing' },
    'ask the IdP',
  ],
  ['carried by something else, so in the IdP', { ...elsewhere, inIdp: true }, 'as it is'],
  ['carried by something else, not so in the IdP', { ...elsewhere, inIdp: false }, 'out'],
  [
    'carried by something else, not so in the IdP, there before Latchkey',
    { ...elsewhere, inIdp: false, wasThereBefore: true },
    'as it is',
  ],
  ['carried by something else, left', { ...elsewhere, inIdp: true, isKeptOut: true }, 'out'],
  ['another’s record, not so in the IdP', { ...anothers, isPushed: false, inIdp: false }, 'out'],
];

test.each(cases)('%s', (_, facts, membership) => {
  expect(teamMembership(facts).membership).toBe(membership);
});

test.each<[why: string, facts: MembershipFacts]>([
  ['the identity provider has never named them itself', { ...member, isConfirmed: false }],
  ['they are suspended', { ...member, status: 'suspended' }],
  ['they are deactivated', { ...member, status: 'deprovisioned' }],
  ['they have lost the app', { ...member, scim: 'off' }],
  ['they have left', { ...member, isKeptOut: true }],
  ['it is wanted and pushed', member],
  ['it is wanted, and not pushed yet', { ...member, isPushed: false }],
  ['they were in the team before Latchkey', { ...unwanted, isPushed: false, wasThereBefore: true }],
  ['nothing gives it to them', { ...unwanted, isPushed: false }],
  ['SCIM alone does not say', unwanted],
  ['another group still gives this team', { ...unwanted, inIdp: true }],
  ['not pushed yet', { ...anothers, isPushed: false, inIdp: true }],
  ['it is wanted, and SCIM has only another account', { ...anothers, isWanted: true, inIdp: false }],
  ['they were in the team before Latchkey', { ...anothers, wasThereBefore: true, inIdp: false }],
])('it is said why: %s', (why, facts) => {
  expect(teamMembership(facts).why).toBe(why);
});

test('who is known by an unconfirmed record alone is never in and never out, and asked once a verdict is no question', () => {
  const anyFacts: fc.Arbitrary<MembershipFacts> = fc.record({
    isConfirmed: fc.boolean(),
    status: fc.constantFrom('active', 'suspended', 'deprovisioned', 'inactive'),
    isKeptOut: fc.boolean(),
    scim: fc.constantFrom('on', 'off', 'nothing', "another's"),
    isPushed: fc.boolean(),
    isWanted: fc.boolean(),
    wasThereBefore: fc.boolean(),
    inIdp: fc.constantFrom<MembershipFacts['inIdp']>(true, false, 'not asked'),
    isCarriedElsewhere: fc.boolean(),
  });
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { membership, why } = teamMembership(facts);
      expect(why).not.toBe('');
      if (!facts.isConfirmed) expect(membership).toBe('as it is');
      if (facts.isCarriedElsewhere === true) expect(membership).not.toBe('in');
      if (facts.inIdp !== 'not asked') expect(membership).not.toBe('ask the IdP');
      if (facts.status === 'suspended' && facts.isConfirmed) expect(membership).toBe('out');
    }),
  );
});
