import type { Secret } from '../secrets/secret.ts';

/** A token is given up this long before its end, so that none ends on its way. */
const SPARE_MS = 60_000;

/** How long a token is used, in milliseconds, by its lifetime: up to a minute before its end. */
export function withAMinuteLeft(lifetimeMs: number): number {
  return lifetimeMs - SPARE_MS;
}

/** A token shorter than two minutes is used for half its life rather than never. */
function withAMinuteLeftOrHalf(lifetimeMs: number): number {
  return Math.max(withAMinuteLeft(lifetimeMs), lifetimeMs / 2);
}

/** As a token endpoint gave it; `lifetimeSeconds` counts from when it was asked. */
export type FetchedToken = { token: string; lifetimeSeconds: number };

type TokenCacheOptions = {
  usedForMs?: (lifetimeMs: number) => number;
  /** What a token is fetched with. A new value is tried at the next call, and not at the end of the token. */
  with?: readonly Secret[];
};

/** One token for all calls to a party: whoever needs one while it is being fetched waits for the same fetch. */
export class TokenCache {
  readonly #fetchToken: () => Promise<FetchedToken>;
  readonly #usedForMs: (lifetimeMs: number) => number;
  #kept: { token: string; goodUntilMs: number } | null = null;
  #fetching: Promise<string> | null = null;
  #isOutdated = false;

  constructor(
    fetchToken: () => Promise<FetchedToken>,
    { usedForMs = withAMinuteLeftOrHalf, with: secrets = [] }: TokenCacheOptions = {},
  ) {
    this.#fetchToken = fetchToken;
    this.#usedForMs = usedForMs;
    for (const secret of secrets)
      secret.onChange(() => {
        this.#isOutdated = true;
      });
  }

  /** The token; fetched anew near its end. Throws what the fetch throws, and remembers no failure. */
  get(): Promise<string> {
    if (this.#kept !== null && performance.now() < this.#kept.goodUntilMs && !this.#isOutdated)
      return Promise.resolve(this.#kept.token);
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = null;
    });
    return this.#fetching;
  }

  /** Told that the party refused this token. Another call may have fetched a new one meanwhile; that one stays. */
  refused(token: string): void {
    if (this.#kept?.token === token) this.#kept = null;
  }

  async #fetch(): Promise<string> {
    const askedAtMs = performance.now();
    const wasOutdated = this.#isOutdated;
    this.#isOutdated = false;
    try {
      const { token, lifetimeSeconds } = await this.#fetchToken();
      this.#kept = { token, goodUntilMs: askedAtMs + this.#usedForMs(lifetimeSeconds * 1_000) };
      return token;
    } catch (error) {
      // The new secret is not taken, or nobody answers; what was fetched with the one before is good to its end.
      if (wasOutdated && this.#kept !== null && performance.now() < this.#kept.goodUntilMs)
        return this.#kept.token;
      throw error;
    }
  }
}
