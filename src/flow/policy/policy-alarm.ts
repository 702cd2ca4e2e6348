import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { askingIds } from '../../store/changes.ts';
import {
  changeTrouble,
  keepPolicy,
  lockOpenTrouble,
  openTrouble,
  type PolicyTrouble,
  readTrouble,
} from '../../store/policies.ts';
import { commit, noteByLatchkey } from '../kernel/commit.ts';
import type { Data, Parties, Runtime } from '../kernel/context.ts';
import { noteAndTell } from '../messages/note-and-tell.ts';
import { adminContacts } from '../people/admins.ts';
import type { Named } from '../people/named.ts';

/** Everything the message about a policy that can't be put in force is made of. */
export type PolicyView = { trouble: PolicyTrouble; channel: string; admins: Named[] };

/** Notes that a policy can't be put in force, and tells the catalogue's admins, once, however many replicas see it. */
export async function policyIsBroken(context: Data & Runtime, mistakes: readonly string[]): Promise<void> {
  await commit(
    context.db,
    async (unit) => {
      const open = await lockOpenTrouble(unit.tx);
      if (open === null) {
        const trouble = { id: randomUUID(), since: unit.now, mistakes: [...mistakes], mendedAt: null };
        if (!(await openTrouble(unit.tx, trouble))) return { result: null };
        return {
          result: null,
          ...noteAndTell(unit, { about: 'policy', id: trouble.id }, 'policyBroken', { mistakes }),
        };
      }
      if (isDeepStrictEqual(open.mistakes, mistakes)) return { result: null };
      await changeTrouble(unit.tx, open.id, { mistakes });
      return {
        result: null,
        ...noteAndTell(unit, { about: 'policy', id: open.id }, 'policyBroken', { mistakes }),
      };
    },
    context.nudge,
  );
}

/** Keeps a policy that is in force now, under the fingerprint that verdicts carry, and closes what was told of. */
export async function policyIsInForce(
  context: Data & Runtime,
  fingerprint: string,
  texts: Readonly<Record<string, string>>,
  before: string | null,
): Promise<void> {
  await commit(
    context.db,
    async (unit) => {
      const isNew = await keepPolicy(unit.tx, fingerprint, texts);
      const open = await lockOpenTrouble(unit.tx);
      if (open !== null) await changeTrouble(unit.tx, open.id, { mendedAt: unit.now });
      const { notes, jobs } =
        open === null
          ? { notes: [], jobs: [] }
          : noteAndTell(unit, { about: 'policy', id: open.id }, 'policyMended', { fingerprint });
      const loaded = noteByLatchkey(unit, 'policyLoaded', { fingerprint, before });
      return { result: null, jobs, notes: isNew || before !== null ? [...notes, loaded] : notes };
    },
    context.nudge,
  );
}

export async function readPolicyView(context: Data & Parties, id: string): Promise<PolicyView | null> {
  const trouble = await readTrouble(context.db, id);
  return trouble === null ? null : { trouble, ...(await adminContacts(context)) };
}

/**
 * Changes that wait for a decision under another policy are looked at again. If the entitlement is no longer what the
 * card shows, it is asked anew.
 */
export async function lookAgainAtWaiting(context: Data & Runtime): Promise<void> {
  await commit(
    context.db,
    async ({ tx }) => ({
      result: null,
      jobs: (await askingIds(tx)).map((changeId) => ({ job: 'assessRequest', changeId }) as const),
    }),
    context.nudge,
  );
}
