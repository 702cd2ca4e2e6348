import { randomUUID } from 'node:crypto';
import { Fault } from '../../core/fault.ts';
import type { ProvisioningTrouble } from '../../core/provisioning-trouble.ts';
import type { IdentityProvider } from '../../ports/identity-provider.ts';
import {
  beginProvisioningTrouble,
  changeProvisioningTrouble,
  endProvisioningTrouble,
  openProvisioningTroubles,
  readProvisioningTrouble,
  type StoredProvisioningTrouble,
} from '../../store/provisioning-troubles.ts';
import { idpName } from '../idps/idps.ts';
import { commit } from '../kernel/commit.ts';
import type { Context, Data, Parties, Runtime } from '../kernel/context.ts';
import { noteAndTell } from '../messages/note-and-tell.ts';
import { adminContacts } from '../people/admins.ts';
import type { Named } from '../people/named.ts';

/** Everything the message about an identity provider that carries nothing to us is made of. */
export type ProvisioningView = {
  idpName: string;
  trouble: StoredProvisioningTrouble;
  /** Whether it is still looked at; its settings may be gone. */
  isWatched: boolean;
  channel: string;
  admins: Named[];
};

/**
 * Asks each identity provider that carries groups to us by SCIM whether it does so at all, before a change is late by it.
 * The catalogue's admins are told once when it does not, with what the provider says of it, and once when it does again.
 */
export async function watchProvisioning(context: Context): Promise<void> {
  const open = await openProvisioningTroubles(context.db);
  for (const idp of context.idps.all)
    if (idp.provisioning != null)
      await lookAt(context, idp, open.find((trouble) => trouble.idp === idp.system) ?? null);
  for (const trouble of open)
    if (!isWatched(context, trouble.idp)) await end(context, trouble, 'provisioning is no longer set up');
}

async function lookAt(
  context: Context,
  { provisioning, name, system }: IdentityProvider,
  open: StoredProvisioningTrouble | null,
): Promise<void> {
  let found: ProvisioningTrouble | null;
  try {
    found = (await provisioning?.trouble()) ?? null;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    // Not to know is neither: what was told stands.
    context.log.warn({ err: error.message }, `${name} does not say whether it provisions`);
    return;
  }
  if (found === null) {
    if (open !== null) await end(context, open, null);
  } else if (open === null) await begin(context, system, found);
  else if (found.what !== open.what || found.said !== open.said || found.next !== open.next)
    await sayOtherwise(context, open.id, found);
}

async function begin(
  context: Data & Runtime,
  idp: string,
  { what, said, next, since }: ProvisioningTrouble,
): Promise<void> {
  await commit(
    context.db,
    async (unit) => {
      const id = randomUUID();
      const trouble = { id, idp, since: since ?? unit.now, what, said, next };
      if (!(await beginProvisioningTrouble(unit.tx, trouble))) return { result: null };
      const data = { idp, since: trouble.since, what, said };
      return {
        result: null,
        ...noteAndTell(unit, { about: 'provisioning', id }, 'provisioningStopped', data),
      };
    },
    context.nudge,
  );
}

/** The message is edited; nobody is told anew. */
async function sayOtherwise(context: Data & Runtime, id: string, found: ProvisioningTrouble): Promise<void> {
  await commit(
    context.db,
    async (unit) => {
      await changeProvisioningTrouble(unit.tx, id, found);
      return { result: null, jobs: [{ job: 'updateCard', about: 'provisioning', id }] };
    },
    context.nudge,
  );
}

async function end(
  context: Data & Runtime,
  { id, idp, since }: StoredProvisioningTrouble,
  why: string | null,
): Promise<void> {
  await commit(
    context.db,
    async (unit) =>
      (await endProvisioningTrouble(unit.tx, id, unit.now))
        ? {
            result: null,
            ...noteAndTell(unit, { about: 'provisioning', id }, 'provisioningResumed', { idp, since, why }),
          }
        : { result: null },
    context.nudge,
  );
}

function isWatched({ idps }: Pick<Parties, 'idps'>, system: string): boolean {
  return idps.find(system)?.provisioning != null;
}

export async function readProvisioningView(
  context: Data & Parties,
  id: string,
): Promise<ProvisioningView | null> {
  const trouble = await readProvisioningTrouble(context.db, id);
  if (trouble === null) return null;
  return {
    idpName: idpName(context, trouble),
    trouble,
    isWatched: isWatched(context, trouble.idp),
    ...(await adminContacts(context)),
  };
}
