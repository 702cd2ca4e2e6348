import { Fault } from './fault.ts';
import { faultInWords, nextStepFor, type PartyAdvice } from './fault-words.ts';

/** One thing that was tried from outside. */
export type Checked = {
  name: string;
  /** What is wrong and what to do next; null: all is well. */
  trouble: string | null;
  /** Latchkey does its work without it. */
  isOptional?: boolean;
  /** What is worth a word though all is well. */
  detail?: string;
};

/** What went wrong, with what to do next; null: nothing. Only faults are answers. */
export async function troubleOf(
  work: () => Promise<unknown>,
  next: (fault: Fault) => string,
): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return `${error.message.replace(/\.$/, '')}: ${next(error)}`;
  }
}

/** The party that was tried, where it says itself how it is called and what mends it. */
type Tried = { name: string; advice: PartyAdvice };

/** A check that can't even be begun (a key that is no key) is a finding like any other. */
export async function guarded(name: string, work: () => Promise<Checked>, idp?: Tried): Promise<Checked> {
  try {
    return await work();
  } catch (error) {
    return { name, trouble: whyNot(error, idp) };
  }
}

/** Several lines; where they can't be begun, one of this name. */
export async function guardedAll(name: string, work: () => Promise<Checked[]>): Promise<Checked[]> {
  try {
    return await work();
  } catch (error) {
    return [{ name, trouble: whyNot(error) }];
  }
}

/** A party that is well when this succeeds. */
export async function wholly(name: string, work: () => Promise<unknown>, idp?: Tried): Promise<Checked> {
  return await guarded(
    name,
    async () => {
      await work();
      return { name, trouble: null };
    },
    idp,
  );
}

export function whyNot(error: unknown, idp?: Tried): string {
  if (!(error instanceof Fault)) throw error;
  // What was said of a setting says it all.
  if (error.code === 'config.invalid') return error.message;
  const called = idp === undefined ? {} : { idp: idp.name };
  return `${faultInWords(error, called)}: ${nextStepFor(error, idp?.advice)}`;
}
