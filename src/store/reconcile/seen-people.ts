import type { IdpPerson } from '../../ports/identity-provider.ts';

/** Some 200 bytes each; with more people than this, who was seen longest ago is looked up again. */
const KEPT_MAX = 200_000;

/** Somebody who was met before: the IdP's id and ours. */
export type Met = { id: string; personId: string };

/** A member as a page shows them: met before just so, or to be looked up. */
export type Listed = Met | { person: IdpPerson; print: string };

/**
 * The people who were met already in this run, by a print of all that the IdP says of them. Most people are in many
 * groups. They need not be read, looked up and compared each time. Bounded, so that memory does not grow with the
 * directory.
 */
export class SeenPeople {
  readonly #seen = new Map<string, Met>();

  readonly recall = (print: string): Met | undefined => this.#seen.get(print);

  /** `print`: of the IdP's own text; left out where the IdP's adapter has none. */
  listed(person: IdpPerson, print = printOf(person)): Listed {
    return this.recall(print) ?? { person, print };
  }

  remember(print: string, met: Met): void {
    if (this.#seen.size >= KEPT_MAX) {
      const [first] = this.#seen.keys();
      if (first !== undefined) this.#seen.delete(first);
    }
    this.#seen.set(print, met);
  }
}

/** 53 bits of everything said of a person: two that differ are taken for one less than once in 10^15. */
function printOf(person: IdpPerson): string {
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
  return `${person.id} ${4_294_967_296 * (2_097_151 & low) + (high >>> 0)}`;
}
