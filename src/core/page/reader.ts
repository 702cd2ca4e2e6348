import type { EntitlementKey, PersonId } from '../ids.ts';
import { type Catalogue, sameEmail } from '../policy/catalogue.ts';

/** From the one who sees least to those who see all. Whoever fits several is the last of them. */
export const roles = ['employee', 'owner', 'auditor', 'admin'] as const;
export type Role = (typeof roles)[number];

/** Somebody who is signed in to the web page. */
export type Reader = {
  personId: PersonId;
  name: string;
  role: Role;
  /** The entitlements that they own. */
  owns: EntitlementKey[];
  /** IANA zone in which times are shown. */
  timeZone: string;
};

/**
 * Who may open a route.
 * - `anybody`: without signing in
 * - `own`: whoever is signed in; they find what is in their sight
 * - `everything`: who sees all
 */
export type RouteRule = 'anybody' | 'own' | 'everything';

/** What a reader finds: all, or what is about them and about the entitlements that they own. */
export type Sight = 'all' | { personId: PersonId; owns: readonly EntitlementKey[] };

/**
 * Roles are the catalogue's of now. `provenEmail`: the address that the identity provider gave this person alone when
 * they signed in; null: it gave it to several, so no role can go by it.
 */
export function readerOf(
  person: { id: PersonId; name: string; email: string; timeZone: string | null },
  provenEmail: string | null,
  catalogue: Pick<Catalogue, 'admins' | 'auditors' | 'entitlements'>,
): Reader {
  const isTheirs = (email: string) =>
    provenEmail !== null && sameEmail(provenEmail, person.email) && sameEmail(email, person.email);
  const owns = catalogue.entitlements.filter(({ owner }) => isTheirs(owner)).map(({ key }) => key);
  const role = catalogue.admins.some(isTheirs)
    ? 'admin'
    : catalogue.auditors?.some(isTheirs)
      ? 'auditor'
      : owns.length > 0
        ? 'owner'
        : 'employee';
  return { personId: person.id, name: person.name, role, owns, timeZone: person.timeZone ?? 'UTC' };
}

export function seesAll({ role }: Pick<Reader, 'role'>): boolean {
  return role === 'admin' || role === 'auditor';
}

export function sightOf(reader: Reader): Sight {
  return seesAll(reader) ? 'all' : { personId: reader.personId, owns: reader.owns };
}

/** `reader` null: nobody is signed in. */
export function mayOpen(rule: RouteRule, reader: Pick<Reader, 'role'> | null): boolean {
  if (rule === 'anybody') return true;
  return reader !== null && (rule === 'own' || seesAll(reader));
}
