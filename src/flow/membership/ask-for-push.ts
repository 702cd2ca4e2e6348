import type { ChangeEvent } from '../../core/change/events.ts';
import { Fault } from '../../core/fault.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import { provisioningTroubleInWords } from '../../core/provisioning-trouble.ts';
import { awaitingPush } from '../../store/awaiting-push.ts';
import { type AtIdp, at } from '../idps/idps.ts';
import { type Context, done, type Ran } from '../kernel/context.ts';

/** A membership that is not pushed so long after its write is left to the IdP's own time, and to the alarm. */
const ASKED_FOR_SECONDS = 600;
/** A push comes back within about so long; then those who are left are asked for. */
const LOOK_AGAIN_MS = 2_000;
/** Where the IdP says that it is busy and not for how long. */
const BUSY_MS = 5_000;

/**
 * Where an IdP pushes only now and then, it is asked to push at once what was just written: who waits for it in this
 * group, so many in a call as it takes. It is only quicker: the IdP's own time comes, whatever becomes of this.
 */
export async function askForPush(
  everywhere: Context,
  job: Extract<Job, { job: 'askForPush' }>,
): Promise<Ran> {
  const context = at(everywhere, job);
  const { provisioning, system, name } = context.idp;
  if (provisioning == null) return done;
  const { groupId } = job;
  // Something else carries it, so nobody waits for a push.
  const targets = context.catalogue.targets().filter((target) => target.groupId === groupId);
  if (targets.some(({ delivery }) => delivery !== undefined)) return done;
  const waiting = await awaitingPush(context.db, {
    groupId,
    system,
    withinSeconds: ASKED_FOR_SECONDS,
    limit: provisioning.peopleAtOnce,
  });
  if (waiting.length === 0) return done;
  try {
    const carried = await provisioning.carry(groupId, waiting);
    if (carried.came === 'refused')
      context.log.warn({ group: groupId, why: carried.why }, `${name} does not push when asked`);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    // Thrown on, a limit of this alone would hold up every other call.
    if (error.code === 'idp.throttled') return { againInMs: error.retryAfterMs ?? BUSY_MS };
    context.log.warn({ group: groupId, err: error.message }, `${name} could not be asked to push`);
    if (!error.retryable) return done;
  }
  return { againInMs: LOOK_AGAIN_MS };
}

/** What has to follow a write: nothing where the IdP pushes by itself. */
export function pushToAskFor(
  { idp }: AtIdp,
  { groupId, idp: system }: { groupId: string; idp?: string },
  events: readonly ChangeEvent[],
): Job[] {
  if (idp.provisioning == null || events.every(({ type }) => type !== 'idpWritten')) return [];
  return [{ job: 'askForPush', groupId, ...(system === undefined ? {} : { idp: system }) }];
}

/** Why an IdP pushes nothing at all, for the alarm: null where that is not known or it works. */
export async function pushTrouble({ idp }: AtIdp): Promise<string | null> {
  try {
    const trouble = (await idp.provisioning?.trouble()) ?? null;
    return trouble === null ? null : provisioningTroubleInWords(trouble);
  } catch (error) {
    if (error instanceof Fault) return null;
    throw error;
  }
}
