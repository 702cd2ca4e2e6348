import { Fault } from '../core/fault.ts';

/** A setting that proves who we are, or who others are, and whose value may change while Latchkey runs. */
export type Secret = {
  /** The setting, e.g. `READ_TOKEN`. */
  readonly name: string;
  /** The value to use now. It is asked for at each use, and never kept. */
  current(): string;
  /**
   * Told that the other side refused this value. The source is read anew at once (`renew`). Where there is nothing
   * newer, the value before it is tried: a rotation may be half done. Answers whether `current()` gives another value
   * now, which is worth a try. Throws nothing.
   */
  refused(value: string): Promise<boolean>;
  /** Reads the source anew, but not again and again. Answers whether there is a new value. Throws nothing. */
  renew(): Promise<boolean>;
  /**
   * Whether a value that others may use fits what they sent: the one of now or, for a while after a change, the one
   * before. Each is tried, whichever fits.
   */
  fits(isSent: (value: string) => boolean): boolean;
  /** Calls `listener` after each change, until the answered function is called. */
  onChange(listener: () => void): () => void;
};

/** A value that stays, or one that may change. */
export type GivenSecret = string | Secret;

/** The value that is known, a newer one, and the one before. */
const TRIES_MAX = 3;

export function secretOf(given: GivenSecret, name = 'the setting'): Secret {
  if (typeof given !== 'string') return given;
  return {
    name,
    current: () => given,
    refused: async () => false,
    renew: async () => false,
    fits: (isSent) => isSent(given),
    onChange: () => () => {},
  };
}

/** What is made of a secret: an address with the password in it, say. */
export function madeOf(secret: Secret, make: (value: string) => string): Secret {
  return {
    name: secret.name,
    current: () => make(secret.current()),
    async refused(value) {
      const now = secret.current();
      return make(now) !== value || (await secret.refused(now));
    },
    renew: () => secret.renew(),
    fits: (isSent) => secret.fits((value) => isSent(make(value))),
    onChange: (listener) => secret.onChange(listener),
  };
}

/**
 * Calls `work` with the value of now, and again with another one while that is refused and there is another. Throws what
 * the last call throws. `isRefusal`: whether an error says so; a fault `*.unauthorized` does unless told.
 */
export async function withSecret<T>(
  secret: Secret,
  work: (value: string) => Promise<T>,
  isRefusal: (error: unknown) => boolean = isUnauthorized,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    const value = secret.current();
    try {
      return await work(value);
    } catch (error) {
      if (!isRefusal(error) || tries >= TRIES_MAX || !(await secret.refused(value))) throw error;
    }
  }
}

function isUnauthorized(error: unknown): boolean {
  return error instanceof Fault && error.code.endsWith('.unauthorized');
}

/** Whether what somebody sent fits; where it does not, the source is asked once whether there is a newer value. */
export async function fitsNow(secret: Secret, isSent: (value: string) => boolean): Promise<boolean> {
  return secret.fits(isSent) || ((await secret.renew()) && secret.fits(isSent));
}

/** In an environment, the line breaks of PEM are often written as `\\n`. */
export function pemOf(value: string): string {
  return value.replaceAll('\\n', '\n');
}
