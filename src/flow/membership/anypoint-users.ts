import { Fault } from '../../core/fault.ts';
import {
  type Lookalike,
  lookalikeInWords,
  type UserFacts,
  whoseUser,
} from '../../core/people/anypoint-user.ts';
import type { AnypointUser } from '../../ports/mulesoft.ts';
import { claimsOn } from '../../store/anypoint-claims.ts';
import { identityOf, type Person } from '../../store/people.ts';
import { linkPerson } from '../../store/person-links.ts';
import type { AtIdp } from '../idps/idps.ts';
import type { Context } from '../kernel/context.ts';
import { isSameName } from '../people/read-by-id.ts';

/** The Anypoint users of a person. */
export type AnypointUsers = {
  /** The one that access is given to; null: never signed in, or nobody there is shown to be them. */
  current: AnypointUser | null;
  /** Why nobody is, although somebody there looks like them; null: nobody does, or there is a current one. */
  trouble: string | null;
  /** Ids of all that are or were this person: access is gone only when none of them has it. */
  all: string[];
  /** Who looks like them and is not shown to be them. Nothing is given there, and nothing taken. */
  lookalikes: Lookalike[];
  /** Somebody was noted as theirs by this very look. */
  isNewlyNoted: boolean;
};

const nobody: AnypointUsers = {
  current: null,
  trouble: null,
  all: [],
  lookalikes: [],
  isNewlyNoted: false,
};

/** Anybody can put somebody's e-mail into any number of profiles; the IdP is asked about so many of them. */
const ASKED_MAX = 10;

/**
 * Asked anew each time: a changed user name makes a new id, and the old one keeps what it had. `whoseUser` decides who
 * is who. A user is noted as theirs only after that. Somebody known by an unconfirmed record alone has none. Throws a
 * Fault when Anypoint can't be read, or when only the IdP could tell two people apart and does not answer.
 */
export async function anypointUsers(
  context: Pick<Context, 'db' | 'idps' | 'mulesoft'>,
  person: Person,
  { isLeaving = false }: { isLeaving?: boolean } = {},
): Promise<AnypointUsers> {
  const found = await context.mulesoft.findUsers({ email: person.email, login: person.login });
  const claims = await claimsOn(
    context.db,
    context.idps.all.map(({ system }) => system),
    person,
    found.map((user) => user.id),
  );
  if (!claims.isConfirmed) return nobody;
  // Noted under a name or an e-mail that they no longer have.
  const noted = claims.own.filter((id) => !found.some((user) => user.id === id));
  const former = (await Promise.all(noted.map((id) => context.mulesoft.readUser(id)))).filter(
    (u) => u !== null,
  );
  const theirs: AnypointUser[] = [];
  const all = new Set(noted.filter((id) => !former.some((user) => user.id === id)));
  const lookalikes: Lookalike[] = [];
  let asked = 0;
  let isNewlyNoted = false;
  for (const user of [...found, ...former]) {
    const isOthers = claims.others.includes(user.id);
    const facts: UserFacts = {
      isFederated: user.isFederated,
      isLogin: isSameName(user.username, person.login),
      isVerified: claims.own.includes(user.id),
      isContested: isOthers || claims.isLoginShared,
      holder: 'not asked',
      isLeaving,
    };
    let whose = whoseUser(facts);
    if (whose === 'ask the IdP') {
      asked += 1;
      const isAsked = asked <= ASKED_MAX || facts.isLogin || facts.isVerified;
      whose = whoseUser({
        ...facts,
        holder: isAsked ? await holderOf(context, person, user, facts) : 'no answer',
      });
    }
    if (whose === 'theirs' || whose === 'formerly theirs') all.add(user.id);
    if (whose === 'theirs') theirs.push(user);
    if (whose === 'unproven') lookalikes.push(user);
    if (whose === 'theirs' && !facts.isVerified) {
      await linkPerson(context.db, person.id, 'anypoint', user.id);
      isNewlyNoted = true;
    }
  }
  return {
    ...whichOf(theirs, lookalikes, person, context.idps.name),
    all: [...all],
    lookalikes,
    isNewlyNoted,
  };
}

/** Of several that are theirs the likeliest, unless two go by one name: then they sign in by different providers. */
function whichOf(
  theirs: readonly AnypointUser[],
  lookalikes: readonly Lookalike[],
  person: Person,
  idp: string,
): Pick<AnypointUsers, 'current' | 'trouble'> {
  const [current, ...others] = theirs;
  const [lookalike] = lookalikes;
  if (current === undefined)
    return {
      current: null,
      trouble: lookalike === undefined ? null : lookalikeInWords(lookalike, person, idp),
    };
  const isDoubled = others.some(
    (other) => isSameName(other.username, current.username) && other.provider !== current.provider,
  );
  if (isDoubled)
    return {
      current: null,
      trouble: `Two Anypoint users go by the name “${current.username}” and sign in through different identity providers, so it is not clear which is ${person.name}’s. Remove the one that ${idp} did not make.`,
    };
  return { current, trouble: null };
}

/**
 * Whom the identity providers name by this user name. One that names the person is enough, unless another has somebody
 * else active by it: then nobody can say who signs in by that name.
 */
async function holderOf(
  context: Pick<Context, 'db' | 'idps'>,
  person: Person,
  user: AnypointUser,
  facts: UserFacts,
): Promise<UserFacts['holder']> {
  const told = await Promise.all(
    context.idps.all.map((idp) => holderAt({ ...context, idp }, person, user, facts)),
  );
  return (
    (['another, active', 'this person', 'no answer', 'another', 'nobody'] as const).find((holder) =>
      told.includes(holder),
    ) ?? 'no answer'
  );
}

/** Whom one names. It answers by login and by its own id, never by a part of a login. */
async function holderAt(
  { idp, db }: Pick<Context, 'db'> & AtIdp,
  person: Person,
  user: AnypointUser,
  { isLogin, isVerified }: UserFacts,
): Promise<UserFacts['holder']> {
  try {
    const holder = await idp.readPerson(user.username);
    // Okta finds people by a part of their login as well.
    if (holder === null || !(holder.id === user.username || isSameName(holder.login, user.username)))
      return 'nobody';
    const own = await identityOf(db, person.id, idp.system);
    if (own !== null && !own.isUnconfirmed && own.id === holder.id) return 'this person';
    return holder.status === 'active' ? 'another, active' : 'another';
  } catch (error) {
    // A fact that the IdP won't tell is known of nobody. It has to ask again about a person who may be given something.
    if (!(error instanceof Fault) || (isLogin && !isVerified && error.retryable)) throw error;
    return 'no answer';
  }
}
