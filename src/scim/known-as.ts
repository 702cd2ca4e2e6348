import { nameKey } from '../core/name-key.ts';

/** An id of Entra's before the name that somebody had, with hyphens or without. */
const deletedName = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}./i;

type Named = { user_name_key: string; known_as: string | null };

/**
 * Entra frees the name of a user whom it deletes. It puts their id before the name, and pushes that as their new
 * userName with the deactivation. They are still who they were. Answers the key of the name that they had, for as long
 * as the record is called so. Null: they go by the userName.
 */
export function knownAs(before: Named, userName: string): string | null {
  const former = before.known_as ?? before.user_name_key;
  return deletedName.test(userName) && nameKey(userName) !== former ? former : null;
}
