import type { Terms } from '../core/evidence/privileged.ts';
import { isPrivileged } from '../core/policy/privileged.ts';
import { readCatalogue, readClauses } from '../policy/catalogue-file.ts';
import { type CatalogueTexts, catalogueOf, cataloguesOf, policyAt } from '../store/evidence/catalogues.ts';
import type { Tx } from '../store/postgres/database.ts';
import type { PackParts, PackPlan } from './plan.ts';

/** What the catalogue asked of an entitlement. `isOfThen`: by the policy that decided, and not by today's. */
export type TermsFound = { terms: Terms; isOfThen: boolean };

/** What the catalogue asked of entitlements when something was decided. */
export type TermsBook = {
  /** Entitlements that a catalogue of the period calls privileged, or today's. */
  privileged: ReadonlySet<string>;
  /** Addresses of the owner of each entitlement, in small letters, by every catalogue of the period and today's. */
  owners: ReadonlyMap<string, ReadonlySet<string>>;
  /** Null: it is in no catalogue that is known. */
  termsOf(key: string, decided: { policy: string | null; at: Date | null }): Promise<TermsFound | null>;
};

type Catalogue = ReadonlyMap<string, Terms>;

/** Reads each policy once, when something was decided by it. Of what is not kept, today's catalogue is told. */
export async function openTerms(tx: Tx, plan: PackPlan, { entitlements }: PackParts): Promise<TermsBook> {
  const today: Catalogue = new Map(entitlements.map((one) => [one.key, one]));
  const read = new Map<string, Catalogue | null>();
  for (const texts of await cataloguesOf(tx, plan)) read.set(texts.fingerprint, catalogueIn(texts));
  const all = [today, ...read.values()].flatMap((one) => [...(one ?? [])]);
  const owners = new Map<string, Set<string>>();
  for (const [key, { owner }] of all)
    owners.set(key, (owners.get(key) ?? new Set()).add(owner.toLowerCase()));
  const readOf = async (fingerprint: string): Promise<Catalogue | null> => {
    const known = read.get(fingerprint);
    if (known !== undefined) return known;
    const texts = await catalogueOf(tx, fingerprint);
    const catalogue = texts === null ? null : catalogueIn(texts);
    read.set(fingerprint, catalogue);
    return catalogue;
  };
  return {
    owners,
    privileged: new Set(all.flatMap(([key, { tier }]) => (isPrivileged(tier) ? [key] : []))),
    async termsOf(key, { policy, at }) {
      const fingerprint = policy ?? (at === null ? null : await policyAt(tx, at));
      const ofThen = fingerprint === null ? undefined : (await readOf(fingerprint))?.get(key);
      if (ofThen !== undefined) return { terms: ofThen, isOfThen: true };
      const ofToday = today.get(key);
      return ofToday === undefined ? null : { terms: ofToday, isOfThen: false };
    },
  };
}

/** Null: it is not kept, or was written for another version of Latchkey. */
function catalogueIn({ catalogue, policy }: CatalogueTexts): Catalogue | null {
  if (catalogue === null) return null;
  const { value } = readCatalogue('catalogue.yaml', catalogue, readClauses(policy ?? ''));
  return value === null ? null : new Map(value.entitlements.map((one) => [one.key, one]));
}
