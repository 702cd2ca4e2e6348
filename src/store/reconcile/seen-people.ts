import type { IdpPerson } from '../../ports/identity-provider.ts';

/** Some 150 bytes each; with more people than this, who was seen longest ago is looked up again. */
const KEPT_MAX = 200_000;

/**
 * The people who were met already in this run, exactly as the IdP describes them now. Most people are in many groups.
 * They need not be looked up and compared each time. Bounded, so that memory does not grow with the directory.
 */
export class SeenPeople {
  readonly #seen = new Map<string, { personId: string; print: number }>();

  /** Our id of the person, if they were met with just this description. */
  find(person: IdpPerson): string | null {
    const known = this.#seen.get(person.id);
    return known !== undefined && known.print === printOf(person) ? known.personId : null;
  }

  remember(person: IdpPerson, personId: string): void {
    if (this.#seen.size >= KEPT_MAX) {
      const [first] = this.#seen.keys();
      if (first !== undefined) this.#seen.delete(first);
    }
    this.#seen.set(person.id, { personId, print: printOf(person) });
  }
}

/** 53 bits of everything said of a person: two that differ are taken for one less than once in 10^15. */
function printOf(person: IdpPerson): number {
  const text = [
    person.login,
    person.email,
    person.displayName,
    person.status,
    person.title,
    person.department,
    person.manager,
    person.timeZone,
  ].join('\n');
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 2_654_435_761);
    low = Math.imul(low ^ code, 1_597_334_677);
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return 4_294_967_296 * (2_097_151 & low) + (high >>> 0);
}
