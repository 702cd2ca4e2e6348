import { hasLeft, type Offboarding } from '../offboarding/offboarding.ts';
import type { Entitlement } from '../policy/catalogue.ts';

/** The IdP's answer about the person, by the id under which they are known. */
export type SituationFacts = {
  /** Their status in the IdP; null: it knows no such id. */
  inIdp: 'active' | 'inactive' | 'suspended' | 'deprovisioned' | null;
  /** The IdP has never answered by this id. */
  isUnconfirmed: boolean;
  /** Their case as a leaver. */
  leaverCase: Pick<Offboarding, 'state'> | null;
};

/** The conclusion from that alone. `lookOn`: none, so the membership is looked at. */
export type Situation = 'leaveAlone' | 'endAsDeleted' | 'endAsDeprovisioned' | 'lookOn';

type Row<Facts, Then> = readonly [when: (facts: Facts) => boolean, then: Then];

/** The first row that fits decides: the order is the policy. */
function firstFit<Facts, Then>(rows: readonly Row<Facts, Then>[], facts: Facts, otherwise: Then): Then {
  return rows.find(([when]) => when(facts))?.[1] ?? otherwise;
}

const situations: readonly Row<SituationFacts, Situation>[] = [
  // Nobody has left who was never there.
  [(f) => f.inIdp === null && f.isUnconfirmed, 'leaveAlone'],
  [(f) => f.inIdp === null, 'endAsDeleted'],
  [(f) => f.inIdp === 'deprovisioned', 'endAsDeprovisioned'],
  // On hold: nothing is asked about them until they return or leave.
  [(f) => f.inIdp === 'suspended', 'leaveAlone'],
  // Their case ends every membership, new ones too.
  [(f) => f.leaverCase !== null && hasLeft(f.leaverCase), 'endAsDeprovisioned'],
];

/** Pure: what to do about a person before any membership of theirs is looked at. */
export function situationOf(facts: SituationFacts): Situation {
  return firstFit(situations, facts, 'lookOn');
}

/** How a membership is in the IdP and in Latchkey at one moment. */
export type DriftFacts = {
  /** A change of this pair is being applied or verified, or a grant of it is about to be ended. */
  isUnderway: boolean;
  isMember: boolean;
  isWanted: boolean;
  /** Which card on many has this pair: the one on what was found, or the one on what was lost. */
  onCard: 'finding' | 'lost' | null;
  /** A request for it waits for its decision, or for its start. */
  isAskedFor: boolean;
  /** An admin's word that they have left stands, and the directory has them still. */
  isKeptOut: boolean;
  /** The owner is asked about many of this group on one card now, of the same kind as this would be. */
  isCardOpen: boolean;
  /** It was there before Latchkey. */
  isInBaseline: boolean;
  /** It went together with as many as make a mass change. */
  isOneOfMany: boolean;
  /** What the catalogue says to a membership that nobody asked for. */
  onFinding: Entitlement['finding'];
};

export type MembershipFinding =
  | 'wait'
  | 'waitForDecision'
  | 'stayOnCard'
  | 'leaveCard'
  | 'agrees'
  | 'revertKeptOut'
  | 'joinCard'
  | 'askOwner'
  | 'accept'
  | 'revert'
  | 'checkGroup'
  | 'endBaseline'
  | 'askToRestore';

const isCardRight = (f: DriftFacts) => f.isMember !== f.isWanted && f.isMember === (f.onCard === 'finding');

const findings: readonly Row<DriftFacts, MembershipFinding>[] = [
  // Decided on one card meanwhile, and on its way now.
  [(f) => f.isUnderway, 'wait'],
  [(f) => f.onCard !== null && isCardRight(f), 'stayOnCard'],
  [(f) => f.onCard !== null, 'leaveCard'],
  [(f) => f.isMember === f.isWanted, 'agrees'],
  // Nobody is asked to keep what an admin has taken away for good; that has to be taken back first.
  [(f) => f.isMember && f.isKeptOut, 'revertKeptOut'],
  // What becomes of the request says whether there is anything to find.
  [(f) => f.isAskedFor, 'waitForDecision'],
  [(f) => f.isCardOpen, 'joinCard'],
  [(f) => f.isMember && f.onFinding === 'accept', 'accept'],
  [(f) => f.isMember && f.onFinding === 'revert', 'revert'],
  [(f) => f.isMember, 'askOwner'],
  // A membership from before Latchkey may go as it came, unless it is one of many. Only what Latchkey promised is
  // missed.
  [(f) => f.isInBaseline && f.isOneOfMany, 'checkGroup'],
  [(f) => f.isInBaseline, 'endBaseline'],
];

/** Pure: what to do about one membership. Facts that an earlier row makes needless may be false. */
export function membershipFinding(facts: DriftFacts): MembershipFinding {
  return firstFit(findings, facts, 'askToRestore');
}
