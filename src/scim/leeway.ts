import { ScimError } from './scim-error.ts';

/** Things left out that an audit entry names, and characters of each. */
const MAX_NOTED = 20;
const MAX_NOTED_CHARS = 200;

/**
 * What happens to the parts of a body that can't be taken. Strict: the request is refused, and nothing of it is done.
 * Lenient, for a request that takes access away: they are left out and named, so that what stands beside them is not
 * lost with them.
 */
export class Leeway {
  /** What was left out and why, for the audit. */
  readonly ignored: string[] = [];
  readonly isLenient: boolean;

  constructor(isLenient: boolean) {
    this.isLenient = isLenient;
  }

  /** Left out as a POST leaves it out (RFC 7644 section 3.3). */
  ignore(name: string, why: string): void {
    if (this.ignored.length === MAX_NOTED) this.ignored.push('and more');
    if (this.ignored.length < MAX_NOTED) this.ignored.push(storable(`${name}: ${why}`));
  }

  /** Answers null for what was left out. Throws ScimError when strict. */
  attempt<T>(name: string, work: () => T): T | null {
    try {
      return work();
    } catch (error) {
      if (!this.isLenient || !(error instanceof ScimError)) throw error;
      this.ignore(name, error.message);
      return null;
    }
  }
}

/** A client can name an attribute as it likes, also by what PostgreSQL can't hold. */
function storable(text: string): string {
  return text.slice(0, MAX_NOTED_CHARS).toWellFormed().replaceAll('\0', '\ufffd');
}
