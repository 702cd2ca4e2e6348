import { Fault } from './fault.ts';

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
    return `${error.message}: ${next(error)}`;
  }
}
