import { timingSafeEqual } from 'node:crypto';
import { Fault } from '../../core/fault.ts';
import { judgeSignIn } from '../../core/step-up/step-up.ts';
import { readChange } from '../../store/changes.ts';
import { linkOf, readPerson } from '../../store/people.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { noteBegun, noteProof, readStepUp, type StepUp } from '../../store/step-ups.ts';
import { commit } from '../kernel/commit.ts';
import type { Context, Data } from '../kernel/context.ts';
import { hashOf, STEP_UP_PATH } from '../request/step-up.ts';
import { endUncounted, settleStepUp } from './settle.ts';

/** Where the identity provider sends the browser back to, beneath our own address. */
export const CALLBACK_PATH = `${STEP_UP_PATH}/callback`;
/** The person who signed in waits for the answer. If the process dies meanwhile, another settles it after this time. */
const SETTLE_AGAIN_AFTER_MS = 5_000;

/** The page for a person who opened a link, or came back from the identity provider. */
export type StepUpPage =
  /** No link of ours, or one of long ago. */
  | { is: 'unknown' }
  /** Waits for the sign-in. */
  | {
      is: 'open';
      clicker: string;
      beneficiary: string;
      title: string;
      /** The title of what was asked for, where a narrower one is given. */
      insteadOf: string | null;
      seconds: number | null;
      expiresAt: Date;
    }
  | { is: 'over'; counts: boolean; says: string }
  /** The sign-in was begun in another browser, or cookies are off. */
  | { is: 'otherBrowser' }
  /** The identity provider said no by this code of its own; another try may do. */
  | { is: 'refused'; error: string; expiresAt: Date }
  /** It could not be looked at, so it does not count; another try may do. */
  | { is: 'away'; expiresAt: Date }
  /** The sign-in was good, and what else has to be looked up does not answer: it is kept. */
  | { is: 'kept' };

/** What a link is about. Looking at it begins nothing and ends nothing: previews and scanners look too. */
export async function pageOfLink(context: Context, link: string): Promise<StepUpPage> {
  const stepUp = await readStepUp(context.db, { linkHash: hashOf(link) });
  return stepUp === null ? { is: 'unknown' } : await pageOf(context, stepUp);
}

/** Begins the sign-in in this browser. Answers where to send it, or what to show instead. */
export async function beginSignIn(
  context: Context,
  link: string,
  browser: string | null,
): Promise<{ to: string } | StepUpPage> {
  const stepUp = await readStepUp(context.db, { linkHash: hashOf(link) });
  if (stepUp === null || context.stepUp === undefined) return { is: 'unknown' };
  const page = await pageOf(context, stepUp);
  if (page.is !== 'open') return page;
  if (browser === null) return { is: 'otherBrowser' };
  const { signIn, address } = context.stepUp;
  const begun = await noteBegun(context.db, stepUp.id, {
    ...signIn.newSecrets(),
    browserHash: hashOf(browser),
  });
  if (begun === null) return await pageOfLink(context, link);
  const person = await readPerson(context.db, stepUp.personId);
  return await orAway(context, stepUp, async () => ({
    to: await signIn.begin(begun, {
      redirectUri: `${address()}${CALLBACK_PATH}`,
      loginHint: person?.login ?? '',
    }),
  }));
}

/**
 * Ends the sign-in: whoever comes back with the state of a sign-in that this browser began. One at a time, so that what
 * a browser sends twice finds what came of the first.
 */
export async function finishSignIn(
  context: Context,
  query: URLSearchParams,
  browser: string | null,
): Promise<StepUpPage> {
  const state = query.get('state');
  const stepUp = state === null ? null : await readStepUp(context.db, { state });
  if (stepUp?.begun == null) return { is: 'unknown' };
  if (browser === null || !timingSafeEqual(hashOf(browser), stepUp.begun.browserHash))
    return { is: 'otherBrowser' };
  return await context.locks.withLock(`stepUp:${stepUp.id}`, async () => {
    const now = await readStepUp(context.db, { id: stepUp.id });
    if (now === null) return { is: 'unknown' };
    const page = await pageOf(context, now);
    if (page.is !== 'open' && now.proof === null) return page;
    return await orAway(context, now, async () => {
      const shown = now.proof === null ? await prove(context, now, query) : null;
      return shown ?? (await settled(context, now));
    });
  });
}

/**
 * The person who opened the link says that they did not click. The approval is void, and the one who clicked is told.
 */
export async function disown(context: Context, link: string): Promise<StepUpPage> {
  const stepUp = await readStepUp(context.db, { linkHash: hashOf(link) });
  if (stepUp === null) return { is: 'unknown' };
  if (stepUp.ended === null && stepUp.proof === null)
    await endUncounted(context, stepUp, { why: 'disowned' });
  return await pageOfLink(context, link);
}

/** Asks the identity provider what the sign-in was. Null: it was good, and that is stored. */
async function prove(context: Context, stepUp: StepUp, query: URLSearchParams): Promise<StepUpPage | null> {
  const { begun, expiresAt } = stepUp;
  if (context.stepUp === undefined || begun === null) return { is: 'unknown' };
  const { signIn, address, idp } = context.stepUp;
  const callback = new URL(`${address()}${CALLBACK_PATH}?${query}`);
  const result = await signIn.finish(begun, callback);
  if (result.is === 'refused') return { is: 'refused', error: result.error, expiresAt };
  if (result.is === 'unbelievable') {
    context.log.warn({ stepUp: stepUp.id, why: result.why }, 'the answer to a sign-in can’t be believed');
    return { is: 'away', expiresAt };
  }
  const subject = await linkOf(context.db, stepUp.personId, idp.system);
  const judged = judgeSignIn(
    { subject: subject ?? '', acrValues: signIn.acrValues, begunAt: begun.begunAt, expiresAt },
    result.claims,
    await databaseNow(context.db),
  );
  if ('failed' in judged) {
    const { failed: why } = judged;
    const signedInAs = why === 'otherPerson' ? { signedInAs: result.claims.subject } : {};
    await endUncounted(context, stepUp, { why, ...signedInAs });
    return await pageAgain(context, stepUp);
  }
  await commit(
    context.db,
    async (unit) => {
      await noteProof(unit.tx, stepUp.id, judged);
      return {
        result: null,
        jobs: [{ job: 'settleStepUp', stepUpId: stepUp.id, afterMs: SETTLE_AGAIN_AFTER_MS }],
      };
    },
    context.nudge,
  );
  return null;
}

/** The sign-in was good: the approval is settled at once, and what comes of it is shown. */
async function settled(context: Context, stepUp: StepUp): Promise<StepUpPage> {
  try {
    await settleStepUp(context, { job: 'settleStepUp', stepUpId: stepUp.id });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { is: 'kept' };
  }
  return await pageAgain(context, stepUp);
}

async function pageAgain(context: Data, { id }: StepUp): Promise<StepUpPage> {
  const stepUp = await readStepUp(context.db, { id });
  return stepUp === null ? { is: 'unknown' } : await pageOf(context, stepUp);
}

async function pageOf(context: Data, stepUp: StepUp): Promise<StepUpPage> {
  const { id, changeId, personId, click, expiresAt, ended } = stepUp;
  if (ended !== null) return { is: 'over', counts: ended.outcome === 'approved', says: ended.says };
  if (stepUp.proof !== null) return { is: 'kept' };
  if (expiresAt <= (await databaseNow(context.db)))
    return {
      is: 'over',
      counts: false,
      says: 'Your approval did not count: the five minutes are over. If it is still to be approved, press Approve again.',
    };
  const change = await readChange(context.db, changeId);
  // Settled, put to others anew, or clicked again, with a link of its own.
  if (change === null || change.state !== 'asking' || !change.stepUps?.some((one) => one.id === id))
    return { is: 'over', counts: false, says: 'Nothing waits for this sign-in any more: see the card.' };
  const [clicker, beneficiary] = await Promise.all([
    readPerson(context.db, personId),
    readPerson(context.db, change.personId),
  ]);
  const { act } = click;
  const titleOf = (key: string) => context.catalogue.entitlement(key)?.title ?? key;
  const isNarrower = act.verb === 'approveNarrower';
  const given = isNarrower || act.verb === 'approve' ? act.seconds : null;
  const asked = given ?? change.requestedSeconds;
  const most = isNarrower ? context.catalogue.entitlement(act.entitlementKey)?.maxSeconds : undefined;
  return {
    is: 'open',
    clicker: clicker?.name ?? 'somebody',
    beneficiary: beneficiary?.name ?? 'somebody',
    title: titleOf(isNarrower ? act.entitlementKey : change.entitlementKey),
    insteadOf: isNarrower ? titleOf(change.entitlementKey) : null,
    seconds: asked === null || most === undefined ? asked : Math.min(asked, most),
    expiresAt,
  };
}

/** An answer that the identity provider could not give is no yes. The step-up waits on, and may be tried again. */
async function orAway<T>(
  context: Context,
  { id, expiresAt }: StepUp,
  work: () => Promise<T>,
): Promise<T | StepUpPage> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Fault) || !error.code.startsWith('idp.')) throw error;
    context.log.warn({ stepUp: id, err: error.message, code: error.code }, 'a sign-in could not be checked');
    return { is: 'away', expiresAt };
  }
}
