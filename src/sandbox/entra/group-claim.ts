import { z } from 'zod';
import type { Tenant } from './tenant.ts';

const settingsSchema = z.strictObject({
  /** By what a group is named: its object id or, if set so, its display name. */
  names: z.enum(['id', 'name']).optional(),
  /** Above so many the whole claim is left out: 150 by SAML, 200 by OpenID Connect. */
  most: z.int().min(0).optional(),
  /** Only groups that are assigned to Anypoint's enterprise app, by their names; null: all security groups. */
  assigned: z.array(z.string()).nullable().optional(),
});

type Settings = { names: 'id' | 'name'; most: number; assigned: string[] | null };

/** The groups claim of Anypoint's enterprise app, as it is set up in Entra. */
export class EntraGroupClaim {
  #settings: Settings = { names: 'id', most: 150, assigned: null };
  readonly #tenant: Tenant;

  constructor(tenant: Tenant) {
    this.#tenant = tenant;
  }

  set(body: unknown): void {
    const { names, most, assigned } = settingsSchema.parse(body);
    if (names !== undefined) this.#settings.names = names;
    if (most !== undefined) this.#settings.most = most;
    if (assigned !== undefined) this.#settings.assigned = assigned;
  }

  /** What a sign-in of this person carries now; undefined: no such claim at all. */
  of(key: string): string[] | undefined {
    const user = this.#tenant.userKeyed(key);
    if (user === null) return undefined;
    const { names, most, assigned } = this.#settings;
    // Of groups that are assigned, only direct members count.
    const groups =
      assigned === null
        ? this.#tenant.groupsOf(user.id).filter(({ securityEnabled }) => securityEnabled)
        : [...this.#tenant.groups.values()].filter(
            ({ displayName, members }) => assigned.includes(displayName) && members.has(user.id),
          );
    if (groups.length > most) return undefined;
    return groups.map((group) => (names === 'id' ? group.id : group.displayName));
  }
}
