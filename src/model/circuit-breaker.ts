export type CircuitBreakerSettings = {
  /** Failures in a row that open it. */
  failuresToOpen: number;
  /** How long it stays open before one call may try again, in milliseconds. */
  openMs: number;
  /** Monotonic milliseconds. */
  now: () => number;
};

/** Keeps calls from a server that has just failed several times, so that nobody waits for it in vain. */
export class CircuitBreaker {
  readonly #settings: CircuitBreakerSettings;
  #failures = 0;
  /** No calls until then; null when it never opened or a success closed it. */
  #openUntilMs: number | null = null;

  constructor(settings: CircuitBreakerSettings) {
    this.#settings = settings;
  }

  /** True: go ahead and report how it went. After `openMs` one caller gets through, the others wait for its report. */
  mayTry(): boolean {
    if (this.#openUntilMs === null) return true;
    const now = this.#settings.now();
    if (now < this.#openUntilMs) return false;
    // The one that probes closes the door behind it. A probe that never reports does not keep it shut for ever.
    this.#openUntilMs = now + this.#settings.openMs;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#openUntilMs = null;
  }

  failed(): void {
    this.#failures += 1;
    if (this.#failures >= this.#settings.failuresToOpen)
      this.#openUntilMs = this.#settings.now() + this.#settings.openMs;
  }
}
