import { sql } from 'kysely';
import type { PersonId } from '../core/ids.ts';
import type { ClickReceived } from '../core/jobs/reactions.ts';
import type { StepUpEnd, StepUpProof } from '../core/step-up/step-up.ts';
import type { Db, Tx } from './postgres/database.ts';
import { revive } from './revive.ts';

/** A sign-in that was begun in one browser. */
export type BegunSignIn = {
  begunAt: Date;
  browserHash: Buffer;
  state: string;
  nonce: string;
  verifier: string;
};

/** An approval that waits for a fresh sign-in, or once waited. */
export type StepUp = {
  id: string;
  changeId: string;
  personId: PersonId;
  /** The click as it came in. */
  click: ClickReceived;
  expiresAt: Date;
  /** The sign-in that was begun last; null: none yet. */
  begun: BegunSignIn | null;
  proof: StepUpProof | null;
  ended: { at: Date; outcome: StepUpOutcome; says: string } | null;
};

/** `approved`: it counted. `moot`: the request was settled without it. */
export type StepUpOutcome = StepUpEnd | 'approved' | 'moot';

const columns = [
  'id',
  'change_id as changeId',
  'person_id as personId',
  'click',
  'expires_at as expiresAt',
  'begun_at',
  'browser_hash',
  'state',
  'nonce',
  'verifier',
  'proof',
  'ended_at',
  'outcome',
  'says',
] as const;

export async function insertStepUp(
  tx: Tx,
  stepUp: Pick<StepUp, 'id' | 'changeId' | 'personId' | 'click' | 'expiresAt'> & {
    askedAt: Date;
    linkHash: Buffer;
  },
): Promise<void> {
  await tx
    .insertInto('step_ups')
    .values({
      id: stepUp.id,
      change_id: stepUp.changeId,
      person_id: stepUp.personId,
      click: JSON.stringify(stepUp.click),
      link_hash: stepUp.linkHash,
      asked_at: stepUp.askedAt,
      expires_at: stepUp.expiresAt,
    })
    .execute();
}

export async function readStepUp(
  db: Db | Tx,
  by: { id: string } | { linkHash: Buffer } | { state: string },
): Promise<StepUp | null> {
  const query = db.selectFrom('step_ups').select(columns);
  const row = await ('id' in by
    ? query.where('id', '=', by.id)
    : 'state' in by
      ? query.where('state', '=', by.state)
      : query.where('link_hash', '=', by.linkHash)
  ).executeTakeFirst();
  if (row === undefined) return null;
  const { begun_at, browser_hash, state, nonce, verifier, ended_at, outcome, says, proof, ...rest } = row;
  const isBegun =
    begun_at !== null && browser_hash !== null && state !== null && nonce !== null && verifier !== null;
  return {
    ...rest,
    personId: rest.personId as PersonId,
    begun: isBegun ? { begunAt: begun_at, browserHash: browser_hash, state, nonce, verifier } : null,
    proof: proof === null ? null : revive<StepUpProof>(proof),
    ended: ended_at === null ? null : { at: ended_at, outcome: outcome as StepUpOutcome, says: says ?? '' },
  };
}

/**
 * A browser may begin twice, by a double click or in two tabs. It goes on with the same sign-in for this long, in
 * seconds.
 */
const SAME_SIGN_IN_SECONDS = 120;

/**
 * Notes that a sign-in was begun, in the place of any earlier one of another browser. Answers what was begun; null: it
 * was proven or has ended.
 */
export async function noteBegun(
  db: Db,
  id: string,
  begun: Omit<BegunSignIn, 'begunAt'>,
): Promise<BegunSignIn | null> {
  const isSame = sql`(browser_hash = ${begun.browserHash}
    and begun_at > clock_timestamp() - ${SAME_SIGN_IN_SECONDS} * interval '1 second')`;
  const { rows } = await sql<BegunSignIn>`
    update step_ups set
      begun_at = case when ${isSame} then begun_at else clock_timestamp() end,
      state = case when ${isSame} then state else ${begun.state} end,
      nonce = case when ${isSame} then nonce else ${begun.nonce} end,
      verifier = case when ${isSame} then verifier else ${begun.verifier} end,
      browser_hash = ${begun.browserHash}
    where id = ${id} and ended_at is null and proof is null
    returning begun_at as "begunAt", browser_hash as "browserHash", state, nonce, verifier`.execute(db);
  return rows[0] ?? null;
}

/** Notes what the identity provider said. False: it was noted before, or the step-up has ended. */
export async function noteProof(tx: Tx, id: string, proof: StepUpProof): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('step_ups')
    .set({ proof: JSON.stringify(proof) })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .where('proof', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Ends it, once. `says`: what whoever opens the link is told from now on. False: it had ended. */
export async function endStepUp(
  tx: Tx,
  id: string,
  ended: { at: Date; outcome: StepUpOutcome; says: string },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('step_ups')
    .set({ ended_at: ended.at, outcome: ended.outcome, says: ended.says })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Forgets what ended long ago; the audit keeps what came of it. */
export async function forgetStepUps(db: Db, keptDays: number): Promise<void> {
  await sql`delete from step_ups where ended_at < clock_timestamp() - ${keptDays} * interval '1 day'`.execute(
    db,
  );
}
