import { expect, test } from 'vitest';
import {
  type DriftFacts,
  type MembershipFinding,
  membershipFinding,
  type Situation,
  type SituationFacts,
  situationOf,
} from '../../../src/core/drift/membership-finding.ts';

const known: SituationFacts = { inIdp: 'active', isUnconfirmed: false, leaverCase: null };

const situations: [string, Partial<SituationFacts>, Situation][] = [
  ['active', {}, 'lookOn'],
  ['inactive', { inIdp: 'inactive' }, 'lookOn'],
  ['active, by an id that the IdP now confirms', { isUnconfirmed: true }, 'lookOn'],
  ['unknown to the IdP by an id that it never confirmed', { inIdp: null, isUnconfirmed: true }, 'leaveAlone'],
  ['unknown to the IdP, which knew them', { inIdp: null }, 'endAsDeleted'],
  ['deprovisioned', { inIdp: 'deprovisioned' }, 'endAsDeprovisioned'],
  ['suspended', { inIdp: 'suspended' }, 'leaveAlone'],
  [
    'suspended while their case is at work',
    { inIdp: 'suspended', leaverCase: { state: 'underway' } },
    'leaveAlone',
  ],
  ['active while their case is at work', { leaverCase: { state: 'underway' } }, 'endAsDeprovisioned'],
  [
    'active while applications of theirs are open',
    { leaverCase: { state: 'appsOpen' } },
    'endAsDeprovisioned',
  ],
  ['active after their case was closed', { leaverCase: { state: 'closed' } }, 'lookOn'],
];

test.each(situations)('a person who is %s', (_, facts, situation) => {
  expect(situationOf({ ...known, ...facts })).toBe(situation);
});

/** A member whom a grant wants: nothing is to be done. */
const agreeing: DriftFacts = {
  isUnderway: false,
  isMember: true,
  isWanted: true,
  onCard: null,
  isAskedFor: false,
  isKeptOut: false,
  isCardOpen: false,
  isInBaseline: false,
  isOneOfMany: false,
  onFinding: 'ask',
};
const out = { isMember: false, isWanted: false };
const unasked = { isWanted: false };
const lost = { isMember: false };

const findings: [string, Partial<DriftFacts>, MembershipFinding][] = [
  ['a member who is wanted', {}, 'agrees'],
  ['nobody wants them and they are not there', out, 'agrees'],
  ['a member who is wanted, though kept out', { isKeptOut: true }, 'agrees'],
  ['a member who is wanted, while others are asked about', { isCardOpen: true }, 'agrees'],
  ['a member who is wanted, while a request waits', { isAskedFor: true }, 'agrees'],
  ['neither wanted nor there, while a request waits', { ...out, isAskedFor: true }, 'agrees'],
  ['unasked, while a request waits', { ...unasked, isAskedFor: true }, 'waitForDecision'],
  ['lost, while a request waits', { ...lost, isAskedFor: true }, 'waitForDecision'],
  [
    'unasked, while a request waits, and others are asked about',
    { ...unasked, isAskedFor: true, isCardOpen: true },
    'waitForDecision',
  ],
  [
    'unasked and kept out, while a request waits',
    { ...unasked, isAskedFor: true, isKeptOut: true },
    'revertKeptOut',
  ],
  ['unasked, and a change is underway', { ...unasked, isUnderway: true }, 'wait'],
  ['on a card, and a change is underway', { ...unasked, onCard: 'finding', isUnderway: true }, 'wait'],
  ['unasked, and on the card that says so', { ...unasked, onCard: 'finding' }, 'stayOnCard'],
  ['lost, and on the card that says so', { ...lost, onCard: 'lost' }, 'stayOnCard'],
  ['unasked and kept out, and on the card', { ...unasked, onCard: 'finding', isKeptOut: true }, 'stayOnCard'],
  ['unasked, and on the card of what was lost', { ...unasked, onCard: 'lost' }, 'leaveCard'],
  ['lost, and on the card of what was found', { ...lost, onCard: 'finding' }, 'leaveCard'],
  ['gone again since it was put on a card', { ...out, onCard: 'finding' }, 'leaveCard'],
  ['put back since it was put on a card', { onCard: 'lost' }, 'leaveCard'],
  ['unasked', unasked, 'askOwner'],
  ['unasked, and the catalogue accepts it', { ...unasked, onFinding: 'accept' }, 'accept'],
  ['unasked, and the catalogue reverts it', { ...unasked, onFinding: 'revert' }, 'revert'],
  ['unasked, and kept out', { ...unasked, isKeptOut: true }, 'revertKeptOut'],
  [
    'unasked and kept out, though the catalogue accepts it',
    { ...unasked, isKeptOut: true, onFinding: 'accept' },
    'revertKeptOut',
  ],
  [
    'unasked and kept out, while others are asked about',
    { ...unasked, isKeptOut: true, isCardOpen: true },
    'revertKeptOut',
  ],
  ['unasked, while others are asked about', { ...unasked, isCardOpen: true }, 'joinCard'],
  [
    'unasked, while others are asked about, and the catalogue reverts it',
    { ...unasked, isCardOpen: true, onFinding: 'revert' },
    'joinCard',
  ],
  ['lost', lost, 'askToRestore'],
  ['lost, whatever the catalogue does with findings', { ...lost, onFinding: 'accept' }, 'askToRestore'],
  ['lost, and kept out', { ...lost, isKeptOut: true }, 'askToRestore'],
  ['lost, while others are asked about', { ...lost, isCardOpen: true, isInBaseline: true }, 'joinCard'],
  ['lost, and was there before Latchkey', { ...lost, isInBaseline: true }, 'endBaseline'],
  [
    'lost with many, and was there before Latchkey',
    { ...lost, isInBaseline: true, isOneOfMany: true },
    'checkGroup',
  ],
  ['lost with many who hold a grant', { ...lost, isOneOfMany: true }, 'askToRestore'],
];

test.each(findings)('%s', (_, facts, finding) => {
  expect(membershipFinding({ ...agreeing, ...facts })).toBe(finding);
});
