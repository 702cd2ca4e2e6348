import { Fault } from '../core/fault.ts';
import { faultInWords, nextStepFor } from '../core/fault-words.ts';
import type { IdentityProvider } from '../ports/identity-provider.ts';

/** What an outside party said, or why it did not, with what to do. */
export type Looked<T> = { is: T } | { unread: string };

/** A party that does not say one thing may say the next. `what`: what is to be known of it, as a clause. */
export async function looked<T>(
  look: () => Promise<T>,
  what: string,
  idp: IdentityProvider | null = null,
): Promise<Looked<T>> {
  try {
    return { is: await look() };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const why = faultInWords(error, idp === null ? {} : { idp: idp.name });
    return { unread: `${what} could not be looked at: ${why}: ${nextStepFor(error, idp?.advice)}` };
  }
}
