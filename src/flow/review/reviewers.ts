import { Fault } from '../../core/fault.ts';
import type { PersonId } from '../../core/ids.ts';
import { type Entitlement, sameEmail } from '../../core/policy/catalogue.ts';
import type { Campaign } from '../../core/review/campaign.ts';
import { type Reviewer, type ReviewerCandidate, reviewerOf } from '../../core/review/reviewers.ts';
import { leaversAmong } from '../../store/offboardings.ts';
import { type Person, rememberPerson } from '../../store/people.ts';
import { possibleDuplicatesOf } from '../../store/possible-duplicates.ts';
import { managersNamed } from '../../store/review-snapshot.ts';
import type { Context, Data, Parties, Runtime } from '../kernel/context.ts';
import { activeByEmail, asOnePerson } from '../people/accounts.ts';
import { isAboutOne } from '../people/resolve-person.ts';

/** Finds who reviews lines, each person looked up once. The IdP is asked for whom Latchkey has never met. */
export type FindReviewers = {
  /** Learns the managers of a page of lines, before they are asked for one by one. */
  meet(managers: readonly (string | null)[]): Promise<void>;
  of(line: {
    entitlement: Entitlement | null;
    manager: string | null;
    personId: string | null;
  }): Promise<Reviewer | null>;
};

/** @throws Fault `idp.*`: who reviews can't be said while the IdP does not answer, and nobody is taken for nobody. */
export function createFindReviewers(context: Context, campaign: Campaign): FindReviewers {
  const byEmailKnown = new Map<string, ReviewerCandidate | null>();
  const byManager = new Map<string, ReviewerCandidate | null>();

  async function byEmail(email: string): Promise<ReviewerCandidate | null> {
    const key = email.toLowerCase();
    if (!byEmailKnown.has(key)) {
      // Several who share the address are nobody: they could not be told apart.
      byEmailKnown.set(key, await candidate(context, await activeByEmail(context, email)));
    }
    return byEmailKnown.get(key) ?? null;
  }

  return {
    async meet(managers) {
      const fresh = [...new Set(managers.flatMap((m) => (m === null ? [] : [m.toLowerCase()])))].filter(
        (m) => !byManager.has(m),
      );
      if (fresh.length === 0) return;
      const known = await managersNamed(context.db, fresh);
      const left = await leaversAmong(
        context.db,
        [...known.values()].map(({ id }) => id),
      );
      for (const [named, { id, name }] of known)
        byManager.set(named, left.has(id as PersonId) ? null : { id: id as PersonId, name });
      for (const named of fresh)
        if (!byManager.has(named)) byManager.set(named, await managerInIdp(context, named));
    },
    async of({ entitlement, manager, personId }) {
      const fallback: ReviewerCandidate[] = [];
      const owner = entitlement === null ? null : await byEmail(entitlement.owner);
      const emails = campaign.fallback.length === 0 ? context.catalogue.current().admins : campaign.fallback;
      for (const email of emails) {
        const one = await byEmail(email);
        if (one !== null) fallback.push(one);
      }
      const named = manager === null ? null : (byManager.get(manager.toLowerCase()) ?? null);
      return reviewerOf(campaign.reviewers, { owner, manager: named, fallback }, personId as PersonId | null);
    },
  };
}

async function managerInIdp(
  context: Data & Parties & Runtime,
  named: string,
): Promise<ReviewerCandidate | null> {
  try {
    for (const idp of context.idps.all) {
      const found = await idp.readPerson(named);
      if (found?.status === 'active')
        return await candidate(context, await rememberPerson(context.db, idp.system, found));
    }
    return null;
  } catch (error) {
    if (!(error instanceof Fault) || !isAboutOne(error)) throw error;
    context.log.warn({ err: error.message }, 'the IdP can’t say who the manager is');
    return null;
  }
}

/** Who decides is identified by the chat: one person where two identity providers have two accounts. */
async function candidate(context: Data & Parties, found: Person | null): Promise<ReviewerCandidate | null> {
  if (found === null) return null;
  const { id, name } = await asOnePerson(context, found);
  if ((await leaversAmong(context.db, [id])).size > 0) return null;
  const perhaps = (await possibleDuplicatesOf(context.db, [id])).get(id);
  return { id, name, ...(perhaps === undefined ? {} : { perhaps }) };
}

/** Who reviews what nobody else can, beside these; null: nobody. */
export async function fallbackBeside(
  context: Context,
  campaign: Campaign,
  excluded: ReadonlySet<string>,
): Promise<ReviewerCandidate | null> {
  const admins = context.catalogue.current().admins;
  const emails = [
    ...campaign.fallback,
    ...admins.filter((a) => !campaign.fallback.some((f) => sameEmail(f, a))),
  ];
  for (const email of emails) {
    const found = await candidate(context, await activeByEmail(context, email));
    if (found !== null && !excluded.has(found.id)) return found;
  }
  return null;
}
