import type { Db, Tx } from '../store/postgres/database.ts';
import { holdersOf, type UserRow } from '../store/scim/users.ts';
import type { Scim } from './endpoint.ts';
import { ScimError } from './scim-error.ts';

export type Names = Pick<UserRow, 'user_name_key' | 'external_id'>;
export type Taken = { name: 'userName' | 'externalId'; why: ScimError };

/**
 * Which names of a user, as far as they differ from those `before`, are another's. Names are unique within a source,
 * and the indexes have the last word on that. Another source may not give anybody a name that somebody of the IdP has
 * either. The IdP itself is not stopped by a name that others took first.
 */
export async function takenNames(scim: Scim, db: Db | Tx, names: Names, before?: Names): Promise<Taken[]> {
  const key = names.user_name_key === before?.user_name_key ? null : names.user_name_key;
  const externalId = names.external_id === before?.external_id ? null : names.external_id;
  if (key === null && externalId === null) return [];
  const others = scim.isIdp ? [] : scim.idps;
  const rows = await holdersOf(db, { key, externalId }, [scim.source, ...others]);
  const all: Taken[] = [];
  for (const [name, column] of [
    ['userName', 'is_name'],
    ['externalId', 'is_id'],
  ] as const) {
    const other = rows.find((row) => row[column]);
    if (other !== undefined)
      all.push({ name, why: taken(name, other.source === scim.source ? null : other.source) });
  }
  return all;
}

function taken(name: Taken['name'], idp: string | null): ScimError {
  const detail =
    idp === null
      ? `another user has this ${name}`
      : `a user of the source ${idp}, the identity provider, has this ${name}: only a token of ${idp} may provision them`;
  return new ScimError(409, detail, 'uniqueness');
}
