import type { Observation } from '../../core/drift/observation.ts';
import { Fault } from '../../core/fault.ts';
import type { EntraPeople } from './people.ts';

/** More than administer groups; beyond that names are asked for again. */
const KEPT_MAX = 1_000;

/**
 * What people who did something are called. The audit log has their name to sign in with, and as their name the program
 * that they used: `Microsoft Teams Services`, say. So they are read by their ids, each once.
 */
export class ActorNames {
  readonly #people: Pick<EntraPeople, 'byIds'>;
  /** Null: Entra does not know them, as somebody of another tenant. */
  readonly #known = new Map<string, string | null>();

  constructor(people: Pick<EntraPeople, 'byIds'>) {
    this.#people = people;
  }

  /** Observations with the names of people. Where these can't be read now, with those of the log. */
  async given(observations: readonly Observation[]): Promise<Observation[]> {
    const ids = new Set(observations.flatMap(({ actor }) => actor?.id ?? []));
    await this.#learn([...ids].filter((id) => !this.#known.has(id)));
    return observations.map((one) =>
      one.actor === null
        ? one
        : { ...one, actor: { ...one.actor, name: this.#known.get(one.actor.id) ?? one.actor.name } },
    );
  }

  async #learn(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    if (this.#known.size > KEPT_MAX) this.#known.clear();
    try {
      const found = new Map((await this.#people.byIds(ids)).map(({ id, displayName }) => [id, displayName]));
      for (const id of ids) this.#known.set(id, found.get(id) ?? null);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
  }
}
