import { Fault } from '../../core/fault.ts';
import { sameEmail } from '../../core/policy/catalogue.ts';
import type { BegunSecrets } from '../../ports/sign-in.ts';
import { insertSession } from '../../store/page/sessions.ts';
import { type Person, personByLink, rememberPerson } from '../../store/people.ts';
import { commit } from '../kernel/commit.ts';
import type { Context } from '../kernel/context.ts';
import { accountsByEmail, asOnePerson } from '../people/accounts.ts';
import { readById } from '../people/read-by-id.ts';
import { hashOf, newSecret } from '../request/step-up.ts';

/** Where the web page is, beneath our own address. */
export const PAGE_PATH = '/web';
/** Where the identity provider sends the browser back to. */
const PAGE_CALLBACK_PATH = `${PAGE_PATH}/callback`;

export type PageSignIn =
  /** `secret`: for the browser alone. */
  | { is: 'signedIn'; secret: string }
  /** The identity provider said no by this code of its own. */
  | { is: 'refused'; error: string }
  /** They signed in, and are nobody who may be here. */
  | { is: 'nobody' }
  /** It could not be looked at, so nobody is signed in. */
  | { is: 'away' };

/** Begins a sign-in. The secrets have to be kept by the browser until it is back. */
export async function beginPageSignIn(
  context: Context,
): Promise<{ to: string; secrets: BegunSecrets } | { is: 'away' }> {
  return await orAway(context, async () => {
    const { signIn, address } = stepUpOf(context);
    const secrets = signIn.newSecrets();
    const to = await signIn.beginAny(secrets, { redirectUri: `${address()}${PAGE_CALLBACK_PATH}` });
    return { to, secrets };
  });
}

/**
 * Ends a sign-in. The person is whoever has the identity provider's own id in the ID token, asked anew: an address or a
 * login is what somebody else can choose.
 */
export async function finishPageSignIn(
  context: Context,
  secrets: BegunSecrets,
  query: URLSearchParams,
): Promise<PageSignIn> {
  return await orAway<PageSignIn>(context, async () => {
    const { signIn, address, idp } = stepUpOf(context);
    const result = await signIn.finish(secrets, new URL(`${address()}${PAGE_CALLBACK_PATH}?${query}`));
    if (result.is === 'refused') return result;
    if (result.is === 'unbelievable') {
      context.log.warn({ why: result.why }, 'the answer to a sign-in can’t be believed');
      return { is: 'away' };
    }
    const { subject } = result.claims;
    const inIdp = await readById({ idp }, { id: subject });
    if (inIdp === null || inIdp.status !== 'active') return { is: 'nobody' };
    const person = await asOnePerson(context, await rememberPerson(context.db, idp.system, inIdp));
    if (!person.isActive) return { is: 'nobody' };
    const email = await provenEmail(context, person, subject);
    const secret = newSecret();
    await commit(context.db, async (unit) => {
      await insertSession(unit.tx, { idHash: hashOf(secret), personId: person.id, email });
      const actor = { person: person.id, name: person.name };
      return {
        result: null,
        notes: [{ type: 'webSignedIn', at: unit.now, actor, changeId: null, data: { idp: idp.system } }],
      };
    });
    return { is: 'signedIn', secret };
  });
}

/** The person's address, if no other active account has it. Roles go by it. */
async function provenEmail(context: Context, person: Person, subject: string): Promise<string | null> {
  const { idp } = stepUpOf(context);
  const { accounts, faults } = await accountsByEmail(context, person.email);
  const [fault] = faults;
  if (fault !== undefined) throw fault;
  const active = accounts.filter(({ inIdp }) => inIdp.status === 'active');
  if (!active.some((one) => one.idp.system === idp.system && one.inIdp.id === subject)) return null;
  for (const one of active) {
    const known = await personByLink(context.db, one.idp.system, one.inIdp.id);
    if (known?.id !== person.id || !sameEmail(one.inIdp.email, person.email)) return null;
  }
  return person.email;
}

function stepUpOf({ stepUp }: Pick<Context, 'stepUp'>) {
  if (stepUp === undefined)
    throw new Fault('config.invalid', 'nobody can sign in here', { retryable: false });
  return stepUp;
}

async function orAway<T>(context: Pick<Context, 'log'>, work: () => Promise<T>): Promise<T | { is: 'away' }> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    context.log.warn({ err: error.message, code: error.code }, 'a sign-in could not be checked');
    return { is: 'away' };
  }
}
