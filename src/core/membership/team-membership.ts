/**
 * Who should be in an Anypoint team. One rule, in two places that a property test holds together. Here it is for one
 * person. In store/reconcile/team-rule.ts it is set by set, for all of a team at once.
 */
export type MembershipFacts = {
  /** The IdP itself has answered by an id of theirs; else they are known by an unconfirmed record alone. */
  isConfirmed: boolean;
  /** As the IdP has them. */
  status: 'active' | 'suspended' | 'deprovisioned' | 'inactive';
  /** Their case is open, or an admin's word stands that they have left. */
  isKeptOut: boolean;
  /**
   * What the IdP has pushed about them by SCIM. `another's`: only a record under their login that is another account's.
   */
  scim: 'on' | 'off' | 'nothing' | "another's";
  /** That record is on and in a pushed group that gives the team. */
  isPushed: boolean;
  /** A live grant, or a record from before Latchkey, wants them in a group that gives the team. */
  isWanted: boolean;
  /** They were in the team itself before Latchkey. */
  wasThereBefore: boolean;
  /** Whether the IdP has them in a group that gives the team, read now; whom it has deleted it has in none. */
  inIdp: boolean | 'not asked';
  /** The IdP's own connector, or the sign-in to Anypoint, is what gives the team: Latchkey only takes out. */
  isCarriedElsewhere?: boolean;
};

export type MembershipVerdict = {
  membership: 'in' | 'out' | 'as it is' | 'ask the IdP';
  /** In words, for the note of a look that found it so. */
  why: string;
};

const is = (membership: MembershipVerdict['membership'], why: string): MembershipVerdict => ({
  membership,
  why,
});

/**
 * Pure. In is what SCIM has pushed and what is wanted, or so in the IdP: a grant alone does not add, for the bridge
 * carries what SCIM says. Each line is tried only if none above it holds.
 */
export function teamMembership(facts: MembershipFacts): MembershipVerdict {
  const { isConfirmed, status, isKeptOut, scim, isPushed, isWanted, wasThereBefore, inIdp } = facts;
  const { isCarriedElsewhere } = facts;
  if (!isConfirmed) return is('as it is', NEVER_NAMED);
  // A hold: the IdP keeps a suspended person in their groups and pushes nothing.
  if (status === 'suspended') return is('out', 'they are suspended');
  if (status === 'deprovisioned') return is('out', 'they are deactivated');
  if (scim === 'off') return is('out', 'they have lost the app');
  if (isKeptOut) return is('out', 'they have left');
  if (isCarriedElsewhere === true) {
    if (isWanted) return is('as it is', 'it is wanted, and Latchkey does not carry it');
    if (inIdp === 'not asked') return is('ask the IdP', 'only the IdP can say');
    return inIdp ? is('as it is', 'another group still gives this team') : notGiven(wasThereBefore);
  }
  if (scim !== "another's" && isPushed && isWanted) return is('in', 'it is wanted and pushed');
  if (scim !== "another's" && !isPushed)
    return isWanted ? is('as it is', 'it is wanted, and not pushed yet') : notGiven(wasThereBefore);
  // A push can come late, and a SCIM record can be another account's. So a membership that no record wants is carried
  // only if the IdP still has it. A membership that the IdP has is not taken away for want of a push.
  if (inIdp === 'not asked') return is('ask the IdP', 'SCIM alone does not say');
  if (inIdp === true)
    return isPushed ? is('in', 'another group still gives this team') : is('as it is', 'not pushed yet');
  if (isWanted) return is('as it is', 'it is wanted, and SCIM has only another account');
  return notGiven(wasThereBefore);
}

/**
 * Pure. What the IdPs whose groups give a team come to together. One that gives it is enough; it is taken away when each
 * that knows the person says so. Each speaks for its own groups only, so that losing one account takes nothing that the
 * other gives.
 */
export function ofEveryIdp<V extends MembershipVerdict>(
  verdicts: readonly V[],
): V | (MembershipVerdict & { membership: 'as it is' }) {
  for (const membership of ['in', 'as it is', 'out'] as const) {
    const found = verdicts.find((verdict) => verdict.membership === membership);
    if (found !== undefined) return found;
  }
  return { membership: 'as it is', why: NEVER_NAMED };
}

const NEVER_NAMED = 'the identity provider has never named them itself';

function notGiven(wasThereBefore: boolean): MembershipVerdict {
  return wasThereBefore
    ? is('as it is', 'they were in the team before Latchkey')
    : is('out', 'nothing gives it to them');
}
