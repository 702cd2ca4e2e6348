/**
 * Whose an Anypoint user is. Anypoint knows a person who signs in through the IdP by the name that the IdP sends. So
 * only the IdP can say whose that name is. The maker of a user chooses the e-mail in its profile, or a user name that
 * merely looks like a person's. These say nothing.
 */
export type UserFacts = {
  /** Signs in through the IdP. The name of any other user is chosen by whoever makes or invites them. */
  isFederated: boolean;
  /** The user name is the login that the IdP itself gives for the person. */
  isLogin: boolean;
  /** Noted as theirs once, after the IdP had said so. */
  isVerified: boolean;
  /** Somebody else is noted for this user, or is known by the same login: our own notes can't tell. */
  isContested: boolean;
  /**
   * Whom the IdP names, asked now by the user name. `no answer`: it could not be asked, or not about such a name;
   * `not asked`: that was not needed yet.
   */
  holder: 'this person' | 'another, active' | 'another' | 'nobody' | 'no answer' | 'not asked';
  /** The person is leaving, and what they had was not seen gone yet. */
  isLeaving: boolean;
};

export type Whose =
  /** Theirs now: what they are given goes here. */
  | 'theirs'
  /** Was theirs: they are not given anything here, and everything is taken away here. */
  | 'formerly theirs'
  /** Somebody else's whom the IdP has active: not looked at for this person. */
  | "another's"
  /** Merely looks like theirs: a person has to say. */
  | 'unproven'
  | 'ask the IdP';

/** Pure. The conclusion from the facts. Each line is tried only if none above it holds. */
export function whoseUser(facts: UserFacts): Whose {
  const { isFederated, isLogin, isVerified, isContested, holder, isLeaving } = facts;
  if (!isFederated) return isVerified ? 'formerly theirs' : 'unproven';
  if (isLogin && !isContested) return 'theirs';
  switch (holder) {
    case 'not asked':
      return 'ask the IdP';
    case 'this person':
      return 'theirs';
    case 'another, active':
      // Made anew by the same login: until then what the user has is what the leaver had.
      return isLogin && isVerified && isLeaving ? 'formerly theirs' : "another's";
    case 'another':
      return isVerified || isLogin ? 'formerly theirs' : "another's";
    case 'nobody':
      return isVerified || isLogin ? 'formerly theirs' : 'unproven';
    case 'no answer':
      return isVerified ? 'formerly theirs' : 'unproven';
    default:
      return holder satisfies never;
  }
}

/** A user that looks like somebody's and is not shown to be. */
export type Lookalike = { id: string; username: string; isFederated: boolean };

/** Pure. Why nobody is given anything in Anypoint although somebody there looks like them, and what to do about it. */
export function lookalikeInWords(
  { username, isFederated }: Lookalike,
  { email, login }: { email: string; login: string },
  idp: string,
): string {
  return isFederated
    ? `An Anypoint user carries the e-mail ${email} but goes by the name “${username}”, which ${idp} does not know as theirs. It counts as theirs once they sign in through ${idp} as ${login}.`
    : `The Anypoint user “${username}” looks like theirs, but signs in with a password of Anypoint’s own and not through ${idp}, so it could be anybody’s. It takes a sign-in through ${idp} as ${login}.`;
}
