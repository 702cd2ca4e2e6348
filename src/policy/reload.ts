import { Fault } from '../core/fault.ts';
import type { Policy } from '../core/policy/policy.ts';
import type { Data, Parties, Runtime } from '../flow/kernel/context.ts';
import { lookAgainAtWaiting, policyIsBroken, policyIsInForce } from '../flow/policy/policy-alarm.ts';
import { InvalidPolicy } from './catalogue-file.ts';
import { type PolicyTexts, policyOf, readTexts } from './policy-folder.ts';

/** The files are looked at this often, in milliseconds. */
const LOOK_EVERY_MS = 1_000;

export type Reloader = {
  start(): void;
  /** Looks now, e.g. on SIGHUP, without waiting for the files to settle. */
  look(): Promise<void>;
  /** The mistakes in the files, if any; the policy before them is in force. */
  mistakes(): readonly string[];
  stop(): Promise<void>;
};

/**
 * Follows the folder of the policy: catalogue, clauses and rules are checked together and put in force together, or
 * none of them is. Files that are being written settle first: they are judged once two looks have found them the same.
 * By looking, not by being told: a mounted folder or a link that is turned elsewhere tells nobody.
 */
export function createReloader(
  context: Data & Runtime & Pick<Parties, 'idps'>,
  dir: string,
  everyMs = LOOK_EVERY_MS,
): Reloader {
  /** What was judged last, and what the last look found. */
  let judged = context.catalogue.rules().fingerprint;
  let found = judged;
  let mistakes: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();
  let isStopped = false;

  async function look(isSettled: (texts: PolicyTexts) => boolean): Promise<void> {
    const texts = await readTexts(dir).catch((error: unknown) => unread(error));
    if (!('files' in texts)) return await broken('unreadable', texts.mistakes);
    const settled = isSettled(texts);
    found = texts.fingerprint;
    if (!settled || texts.fingerprint === judged) return;
    const policy = await policyOf(
      texts,
      context.idps.all.map(({ system }) => system),
    ).catch((error: unknown) => unread(error));
    if ('mistakes' in policy) return await broken(texts.fingerprint, policy.mistakes);
    await inForce(texts, policy);
  }

  async function broken(fingerprint: string, wrong: string[]): Promise<void> {
    mistakes = wrong;
    if (judged === fingerprint) return;
    judged = fingerprint;
    context.log.error({ mistakes: wrong }, 'the policy can’t be put in force: the one before stays');
    await policyIsBroken(context, wrong);
  }

  async function inForce(texts: PolicyTexts, policy: Policy): Promise<void> {
    context.catalogue.swap(policy);
    judged = texts.fingerprint;
    mistakes = [];
    context.log.info({ policy: texts.fingerprint }, 'the policy was loaded anew');
    await policyIsInForce(context, texts.fingerprint, Object.fromEntries(texts.files));
    await context.catalogue.check();
    await lookAgainAtWaiting(context);
  }

  /** One look at a time; one that fails is made again. */
  function queued(isSettled: (texts: PolicyTexts) => boolean): Promise<void> {
    looking = looking
      .then(() => (isStopped ? undefined : look(isSettled)))
      .catch((error: Error) => {
        judged = '';
        context.log.warn({ err: error.message }, 'the policy was not looked at');
      });
    return looking;
  }

  function again(): void {
    if (isStopped) return;
    timer = setTimeout(() => void queued((texts) => texts.fingerprint === found).then(again), everyMs);
    timer.unref();
  }

  return {
    start() {
      looking = keepFirst(context, dir).catch((error: Error) => {
        context.log.warn({ err: error.message }, 'the policy in force is not on record');
      });
      again();
    },
    look: () => queued(() => true),
    mistakes: () => mistakes,
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await looking;
    },
  };
}

/** The policy in force at the start is on record too, and mends what an earlier process told of. */
async function keepFirst(context: Data & Runtime, dir: string): Promise<void> {
  const texts = await readTexts(dir);
  if (texts.fingerprint === context.catalogue.rules().fingerprint)
    await policyIsInForce(context, texts.fingerprint, Object.fromEntries(texts.files));
}

function unread(error: unknown): { mistakes: string[] } {
  if (!(error instanceof Fault)) throw error;
  return { mistakes: error instanceof InvalidPolicy ? [...error.mistakes] : [error.message] };
}
