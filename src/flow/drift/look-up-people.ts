import type { Told } from '../../core/drift/observation.ts';
import { Fault } from '../../core/fault.ts';
import type { ObservedRow } from '../../store/observed.ts';
import { type Person, personByLink } from '../../store/people.ts';
import type { Context } from '../kernel/context.ts';
import { createResolve, type Resolve } from '../people/resolve-person.ts';

/**
 * So long a batch waits for one identity provider to say who somebody is, in milliseconds. What is left is looked at
 * again, and what others told goes on.
 */
const LOOK_UP_MS = 3_000;
/** By the id of the observation. */
export type About = Map<string, Person | Fault | null>;

/** What was told of a person, or of their membership. */
export type AboutSomebody = ObservedRow & { payload: Exclude<Told, { kind: 'group' }> };

/** The person that each is about, or why that can't be said now. */
export async function lookUpPeople(context: Context, told: readonly AboutSomebody[]): Promise<About> {
  const resolve = createResolve(context);
  const about: About = new Map(await knownAlready(context, told));
  // Those that one tells go one after the other: two may be about the same newcomer.
  const byIdp = Map.groupBy(
    told.filter(({ id }) => !about.has(id)),
    ({ payload }) => payload.idp,
  );
  await Promise.all([...byIdp.values()].map((some) => lookUpAtOne(context, resolve, some, about)));
  return about;
}

/** Those who are told of by an id that is linked already, in one trip: nobody else need be asked who they are. */
async function knownAlready(context: Context, told: readonly AboutSomebody[]): Promise<[string, Person][]> {
  const found = await Promise.all(
    told.map(async ({ id, payload: { idp, person } }): Promise<[string, Person][]> => {
      const isOf = context.idps.all.some(({ system }) => system === idp);
      if (!isOf || idp === undefined || !('id' in person) || person.id === null) return [];
      const known = await personByLink(context.db, idp, person.id);
      return known === null ? [] : [[id, known]];
    }),
  );
  return found.flat();
}

async function lookUpAtOne(
  context: Context,
  resolve: Resolve,
  told: readonly AboutSomebody[],
  about: About,
): Promise<void> {
  const { promise: isLate, resolve: late } = Promise.withResolvers<Fault>();
  const timer = setTimeout(
    () => late(new Fault('idp.timeout', 'it takes long to say who somebody is', { retryable: true })),
    LOOK_UP_MS,
  );
  try {
    for (const { id, key, payload } of told) {
      const found = await Promise.race([
        resolve(payload.person, payload.idp).catch((error: unknown) => {
          if (error instanceof Fault) return error;
          throw error;
        }),
        isLate,
      ]);
      if (found instanceof Fault)
        context.log.warn({ err: found.message, observed: key }, 'observation processed later');
      about.set(id, found);
    }
  } finally {
    clearTimeout(timer);
  }
}
