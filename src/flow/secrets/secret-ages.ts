import { randomUUID } from 'node:crypto';
import {
  type AgedSecret,
  ageOver,
  ageSeen,
  noteSecrets,
  readAgedSecret,
  type SecretSeen,
} from '../../store/secret-settings.ts';
import { commit } from '../kernel/commit.ts';
import type { Data, Parties, Runtime } from '../kernel/context.ts';
import { noteAndTell } from '../messages/note-and-tell.ts';
import { adminContacts } from '../people/admins.ts';
import type { Named } from '../people/named.ts';

/** Everything the message about an old secret is made of. */
export type SecretView = { secret: AgedSecret; channel: string; admins: Named[] };

/**
 * Notes what is known of each secret, and tells the catalogue's admins of one that is older than so many seconds, once
 * for each version, however many replicas there are. The message says so when there is a new version.
 */
export async function tellOfSecrets(
  context: Data & Runtime,
  seen: readonly SecretSeen[],
  maxAgeSeconds: number,
): Promise<void> {
  await noteSecrets(context.db, seen);
  for (const { name, source, version, madeAt } of seen)
    await commit(
      context.db,
      async (unit) => {
        const over = await ageOver(unit.tx, name, version);
        const told = over.map((id) =>
          noteAndTell(unit, { about: 'secret', id }, 'secretReplaced', { setting: name, version }),
        );
        const isOld = madeAt !== null && unit.now.getTime() - madeAt.getTime() > maxAgeSeconds * 1_000;
        const id = randomUUID();
        if (isOld && (await ageSeen(unit.tx, { id, name, source, version, madeAt })))
          told.push(
            noteAndTell(unit, { about: 'secret', id }, 'secretOld', { setting: name, version, madeAt }),
          );
        return {
          result: null,
          notes: told.flatMap(({ notes }) => notes),
          jobs: told.flatMap(({ jobs }) => jobs),
        };
      },
      context.nudge,
    );
}

export async function readSecretView(context: Data & Parties, id: string): Promise<SecretView | null> {
  const secret = await readAgedSecret(context.db, id);
  return secret === null ? null : { secret, ...(await adminContacts(context)) };
}
