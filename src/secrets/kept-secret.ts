import { isJsonObject, type Reference, valueUnder } from './reference.ts';
import type { Secret } from './secret.ts';
import type { Version } from './sources.ts';

/** A setting whose value may be elsewhere. */
export type SecretSetting = {
  name: string;
  /** Why a value does not fit the setting, in words without it; null: it fits. */
  whyUnfit(value: string): string | null;
  /** Its value may be a JSON object as a whole. */
  isJson?: boolean;
};

/** What is known of a setting's secret. Never its value. */
export type SecretState = {
  name: string;
  /** Where it is read from, as the setting says it. */
  source: string;
  /** Null: of a value in the environment nobody knows. */
  version: string | null;
  madeAt: Date | null;
  lastUsedAt: Date | null;
  /** What is wrong, in words that follow the setting's name; null: nothing. */
  trouble: string | null;
};

/** What happens to a secret is said there; never its value. */
export type Log = {
  info(about: object, text: string): void;
  warn(about: object, text: string): void;
};

type Value = { value: string; id: string; madeAt: Date | null };

/** After a value was refused in vain, the one before it is left alone for so long, in milliseconds. */
const REFUSED_FOR_MS = 30_000;
/** A value that is refused with nothing newer is asked after so seldom, in milliseconds; doubled each time. */
const GAP_MS = { least: 1_000, most: 15_000 };

/** The value of one setting, with the one before it. Told of each reading of its source. */
export class KeptSecret implements Secret {
  readonly name: string;
  readonly #setting: SecretSetting;
  readonly #reference: Exclude<Reference, { why: string }>;
  readonly #overlapMs: number;
  readonly #renew: () => Promise<void>;
  readonly #listeners = new Set<() => void>();
  log: Log;
  #now: Value | null = null;
  #before: Value | null = null;
  /** By the clock of this machine, in milliseconds. */
  #beforeUntil = 0;
  #usesBefore = false;
  #askNotBefore = 0;
  #gapMs = GAP_MS.least;
  #refusedAt = Number.NEGATIVE_INFINITY;
  #lastUsedAt: Date | null = null;
  #trouble: string | null = null;

  constructor(
    setting: SecretSetting,
    reference: KeptSecret['reference'],
    given: { overlapMs: number; renew: () => Promise<void>; log: Log },
  ) {
    this.name = setting.name;
    this.#setting = setting;
    this.#reference = reference;
    this.#overlapMs = given.overlapMs;
    this.#renew = given.renew;
    this.log = given.log;
  }

  get reference(): Exclude<Reference, { why: string }> {
    return this.#reference;
  }

  current(): string {
    this.#lastUsedAt = new Date();
    return this.#value();
  }

  /** For whoever looks at the value and does not use it. */
  seen(): string {
    return this.#value();
  }

  async refused(value: string): Promise<boolean> {
    if (this.#value() !== value) return true;
    await this.#renewSeldom();
    if (this.#value() !== value) return true;
    const before = this.#before;
    if (before === null || performance.now() - this.#refusedAt < REFUSED_FOR_MS) return false;
    if (this.#usesBefore) this.#refusedAt = performance.now();
    this.#usesBefore = !this.#usesBefore;
    if (this.#usesBefore)
      this.log.warn(
        { setting: this.name, version: this.#now?.id, usedInstead: before.id },
        'the newest version of a secret is refused: the one before it is tried',
      );
    return true;
  }

  async #renewSeldom(): Promise<void> {
    if (performance.now() < this.#askNotBefore) return;
    const isNew = await this.renew();
    this.#gapMs = isNew ? GAP_MS.least : Math.min(this.#gapMs * 2, GAP_MS.most);
    this.#askNotBefore = performance.now() + this.#gapMs;
  }

  async renew(): Promise<boolean> {
    const known = this.#now?.value;
    await this.#renew();
    return this.#now?.value !== known;
  }

  fits(isSent: (value: string) => boolean): boolean {
    const isBeforeGood = this.#before !== null && Date.now() < this.#beforeUntil;
    const values = [this.#now, isBeforeGood ? this.#before : null].flatMap((one) => one?.value ?? []);
    const isFound = values.map(isSent).includes(true);
    if (isFound) this.#lastUsedAt = new Date();
    return isFound;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What the source holds now. A value that does not fit changes nothing but what is said of it. */
  take({ now, before }: { now: Version; before: Version | null }): void {
    const found = this.#valueIn(now);
    const given = before === null ? null : this.#valueIn(before);
    const earlier = given === null || 'why' in given ? null : given;
    if ('why' in found) {
      // A start must not wait until somebody has mended the newest.
      this.#now ??= earlier;
      this.#trouble = `${found.why} (version ${now.id})${this.#now === null ? '' : '; the value before is used on'}`;
      return;
    }
    this.#trouble = null;
    const known = this.#now;
    this.#now = found;
    // In a secret of several settings, the version before may differ in another one alone.
    if (earlier !== null && earlier.value !== found.value) this.#before = earlier;
    else if (known !== null && known.value !== found.value) this.#before = known;
    if (this.#before?.value === found.value) this.#before = null;
    if (known?.value === found.value) return;
    this.#usesBefore = false;
    this.#beforeUntil = (known === null ? (found.madeAt?.getTime() ?? 0) : Date.now()) + this.#overlapMs;
    if (known === null) return;
    this.log.info({ setting: this.name, version: found.id }, 'a secret has a new value');
    for (const listener of this.#listeners) listener();
  }

  /** The source could not be read: what is known stays. */
  unread(why: string): void {
    this.#trouble = `${why}${this.#now === null ? '' : '; what is known is used on'}`;
  }

  /** Why there is no value at all; null: there is one. */
  missing(): string | null {
    return this.#now === null ? (this.#trouble ?? 'was not read') : null;
  }

  state(): SecretState {
    const used = this.#usesBefore ? this.#before : this.#now;
    const refused = this.#usesBefore
      ? `is refused in its newest version (${this.#now?.id}), and the one before it is used: see that the other side has the newest, or put the right value into ${this.#reference.label}`
      : null;
    return {
      name: this.name,
      source: this.#reference.label,
      version: used?.id ?? null,
      madeAt: used?.madeAt ?? null,
      lastUsedAt: this.#lastUsedAt,
      trouble: this.#trouble ?? refused,
    };
  }

  #value(): string {
    return ((this.#usesBefore ? this.#before : null) ?? this.#now)?.value ?? '';
  }

  #valueIn({ text, id, madeAt }: Version): Value | { why: string } {
    const { isJson = false } = this.#setting;
    const key = this.#reference.store === 'aws' ? this.#reference.key : null;
    const found = key === null ? { value: text } : valueUnder(text, key);
    if ('why' in found) return found;
    const value = found.value.trim();
    if (key === null && !isJson && isJsonObject(value))
      return { why: 'holds JSON: name the key of the value behind a #' };
    const why = value === '' ? 'is empty' : this.#setting.whyUnfit(value);
    return why === null ? { value, id, madeAt } : { why };
  }
}
