import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../core/fault.ts';
import { type AwsSettings, awsSource } from './aws.ts';
import { KeptSecret, type Log, type SecretSetting, type SecretState } from './kept-secret.ts';
import { type Reference, readReference } from './reference.ts';
import type { Secret } from './secret.ts';
import { fileSource, type Source } from './sources.ts';

/** All settings whose values may be elsewhere. */
export type SecretBook = {
  /** By setting, the values that were read at the start; those in the environment itself are not among them. */
  readonly values: Readonly<Record<string, string>>;
  /** Null: the setting is not given, or is the value itself. */
  secret(name: string): Secret | null;
  /** What is known of each setting that is given. */
  states(): SecretState[];
  /** Reads every source anew, now. */
  readAll(): Promise<void>;
  /** Reads on its schedule from now on, and says in this log what happens. */
  start(log: Log): void;
  stop(): Promise<void>;
};

export type SecretBookOptions = {
  settings: readonly SecretSetting[];
  env: Readonly<Record<string, string | undefined>>;
  aws: AwsSettings;
  /** A source is read again after this, in milliseconds. */
  everyMs: number;
  /** The value before is taken from others for so long after a change, in milliseconds. */
  overlapMs: number;
  log: Log;
};

/**
 * A source that was read is left alone for this long, in milliseconds: whoever sends wrong signatures must not make us
 * ask again and again. Whoever needs it sooner waits.
 */
const GAP_MS = 1_000;
/** Of the time between two readings, so that replicas do not read at the same moment. */
const JITTER = 0.1;

/** One source with the settings that are read from it. */
class Shelf {
  readonly source: Source;
  readonly kept: KeptSecret[] = [];
  #log: Log;
  #reading: Promise<void> | null = null;
  #soon: Promise<void> | null = null;
  #readAt = Number.NEGATIVE_INFINITY;
  #told: string | null = null;

  constructor(source: Source, log: Log) {
    this.source = source;
    this.#log = log;
  }

  tellIn(log: Log): void {
    this.#log = log;
  }

  /** Callers at the same time share one reading. */
  async read(): Promise<void> {
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = null;
    });
    await this.#reading;
  }

  /** Somebody was refused: a reading that begins from now on. Callers at the same time share it. */
  async readSoon(): Promise<void> {
    this.#soon ??= this.#readAfterGap().finally(() => {
      this.#soon = null;
    });
    await this.#soon;
  }

  async #readAfterGap(): Promise<void> {
    const waitMs = this.#readAt + GAP_MS - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    await this.read();
  }

  async #readOnce(): Promise<void> {
    this.#readAt = performance.now();
    let trouble: string | null = null;
    try {
      const found = await this.source.read();
      for (const one of this.kept) one.take(found);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      trouble = error.message;
      for (const one of this.kept) one.unread(error.message);
    }
    trouble ??= this.kept.map((one) => one.state().trouble).find((one) => one !== null) ?? null;
    if (trouble === this.#told) return;
    this.#told = trouble;
    const settings = this.kept.map(({ name }) => name);
    if (trouble !== null) this.#log.warn({ settings, why: trouble }, 'a secret can’t be read anew');
    else this.#log.info({ settings }, 'the secret is read again');
  }
}

/**
 * Reads every setting that is a reference, once at the start, then on a schedule and whenever a value was refused. What
 * is known is kept while a source can't be read. Throws `config.invalid` that names each setting without a value, and
 * says what to do.
 */
export async function openSecretBook(options: SecretBookOptions): Promise<SecretBook> {
  const { shelves, kept, plain, wrong } = shelve(options);
  await Promise.all(shelves.map((shelf) => shelf.read()));
  const missing = kept.flatMap((one) => {
    const why = one.missing();
    return why === null ? [] : [`${one.name}: ${why}`];
  });
  if (wrong.length + missing.length > 0)
    throw new Fault('config.invalid', `secrets can’t be read:\n  ${[...wrong, ...missing].join('\n  ')}`, {
      retryable: false,
    });
  const ending = new AbortController();
  let running: Promise<unknown> = Promise.resolve();
  return {
    values: Object.fromEntries(kept.map((one) => [one.name, one.seen()])),
    secret: (name) => kept.find((one) => one.name === name) ?? null,
    states: () => [...kept.map((one) => one.state()), ...plain],
    readAll: async () => void (await Promise.all(shelves.map((shelf) => shelf.read()))),
    start(log) {
      for (const one of kept) one.log = log;
      for (const shelf of shelves) shelf.tellIn(log);
      running = Promise.all(shelves.map((shelf) => readOn(shelf, options.everyMs, ending.signal)));
    },
    async stop() {
      ending.abort();
      await running;
    },
  };
}

async function readOn(shelf: Shelf, usualMs: number, until: AbortSignal): Promise<void> {
  const everyMs = Math.min(shelf.source.everyMs ?? usualMs, usualMs);
  while (!until.aborted) {
    const ms = everyMs * (1 - JITTER + 2 * JITTER * Math.random());
    await sleep(ms, undefined, { signal: until, ref: false }).catch(() => {});
    if (!until.aborted) await shelf.read();
  }
}

function shelve({ settings, env, aws, overlapMs, log }: SecretBookOptions) {
  const shelves = new Map<string, Shelf>();
  const kept: KeptSecret[] = [];
  const plain: SecretState[] = [];
  const wrong: string[] = [];
  for (const setting of settings) {
    const given = env[setting.name];
    if (given === undefined || given.trim() === '') continue;
    const reference = readReference(given);
    if (reference === null) {
      const unknown = { version: null, madeAt: null, lastUsedAt: null, trouble: null };
      plain.push({ name: setting.name, source: 'the environment', ...unknown });
    } else if ('why' in reference) wrong.push(`${setting.name}: ${reference.why}`);
    else {
      const source = sourceOf(reference, aws);
      const shelf = shelves.get(source.address) ?? new Shelf(source, log);
      shelves.set(source.address, shelf);
      const one = new KeptSecret(setting, reference, { overlapMs, renew: () => shelf.readSoon(), log });
      shelf.kept.push(one);
      kept.push(one);
    }
  }
  return { shelves: [...shelves.values()], kept, plain, wrong };
}

function sourceOf(reference: Reference, aws: AwsSettings): Source {
  return reference.store === 'file'
    ? fileSource(reference.path)
    : awsSource(reference.id, reference.region, aws);
}
