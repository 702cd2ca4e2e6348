import type { IdentityProvider } from '../../ports/identity-provider.ts';
import { rememberPerson } from '../../store/people.ts';
import { changedSinceEvaluated, concernedUnseen } from '../../store/reconcile/people.ts';
import { atEach } from '../idps/idps.ts';
import { evaluations } from '../joiner-mover/evaluate-person.ts';
import { commit } from '../kernel/commit.ts';
import type { Context, Data } from '../kernel/context.ts';

/** People asked about because no group has shown them, and people looked at anew, in one run. */
const UNSEEN_MAX = 5_000;
const EVALUATED_MAX = 500;
const PEOPLE_PER_READ = 100;
/** Everybody of whom the IdP says something else than what was last acted on is looked at anew. Answers how many. */
export async function lookAtPeople(context: Context): Promise<number> {
  const ids = new Set<string>();
  for (const { idp } of atEach(context)) for (const id of await goneUnseen(context, idp)) ids.add(id);
  for (const id of await changedSinceEvaluated(context.db, EVALUATED_MAX)) ids.add(id);
  const people = [...ids].slice(0, EVALUATED_MAX);
  const jobs = people.flatMap((personId) => evaluations(context, personId));
  if (jobs.length > 0) await commit(context.db, async () => ({ result: null, jobs }), context.nudge);
  return people.length;
}

/** Those whom no group has shown, and whom the IdP, asked now, does not know. */
async function goneUnseen({ db }: Data, idp: IdentityProvider): Promise<string[]> {
  const gone: string[] = [];
  const unseen = await concernedUnseen(db, idp.system, UNSEEN_MAX);
  for (let at = 0; at < unseen.length; at += PEOPLE_PER_READ) {
    const asked = unseen.slice(at, at + PEOPLE_PER_READ);
    const told = await idp.readPeople(asked.map(({ externalId }) => externalId));
    for (const person of told) await rememberPerson(db, idp.system, person);
    const known = new Set(told.map(({ id }) => id));
    gone.push(...asked.filter(({ externalId }) => !known.has(externalId)).map(({ personId }) => personId));
  }
  return gone;
}
