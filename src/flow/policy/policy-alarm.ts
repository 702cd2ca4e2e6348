import { createHash, randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { askingIds } from '../../store/changes.ts';
import {
  changeTrouble,
  keepPolicy,
  lastInForce,
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

/**
 * Keeps a policy that is in force now, under the fingerprint that verdicts carry, and closes what was told of. The audit
 * has every time that another one is in force than before: also at a start, and also when an earlier one comes back. Its
 * entry has the hash of each file, so that it shows which texts they were.
 */
export async function policyIsInForce(
  context: Pick<Data & Runtime, 'db' | 'nudge'>,
  fingerprint: string,
  texts: Readonly<Record<string, string>>,
): Promise<void> {
  await commit(
    context.db,
    async (unit) => {
      await keepPolicy(unit.tx, fingerprint, texts);
      const before = await lastInForce(unit.tx);
      const open = await lockOpenTrouble(unit.tx);
      if (open !== null) await changeTrouble(unit.tx, open.id, { mendedAt: unit.now });
      const { notes, jobs } =
        open === null
          ? { notes: [], jobs: [] }
          : noteAndTell(unit, { about: 'policy', id: open.id }, 'policyMended', { fingerprint });
      const files = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, sha256(text)]));
      const loaded = noteByLatchkey(unit, 'policyLoaded', { fingerprint, before, files });
      return { result: null, jobs, notes: before === fingerprint ? notes : [...notes, loaded] };
    },
    context.nudge,
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
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
