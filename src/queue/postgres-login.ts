import { parse } from 'pg-connection-string';
import { type GivenSecret, secretOf } from '../secrets/secret.ts';

/** BullMQ's connections are made by itself, for years: the password is asked for at each. */
export function loginAt(databaseUrl: GivenSecret) {
  const address = secretOf(databaseUrl);
  return { ...parse(address.current()), password: () => parse(address.current()).password ?? '' };
}

/**
 * Calls `act` when user or place of the database are others than before: BullMQ asks for the password alone, so a
 * rotation between two users leaves it with the first one. Answers what ends it.
 */
export function followUser(databaseUrl: GivenSecret, act: () => void): () => void {
  const address = secretOf(databaseUrl);
  const placeNow = () => {
    const { user, host, port, database } = parse(address.current());
    return JSON.stringify([user, host, port, database]);
  };
  let place = placeNow();
  return address.onChange(() => {
    if (placeNow() === place) return;
    place = placeNow();
    act();
  });
}
