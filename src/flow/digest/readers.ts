import { sameEmail } from '../../core/policy/catalogue.ts';
import type { DigestCatalogue } from '../../store/digest-making.ts';
import { type Person, peopleByEmail } from '../../store/people.ts';
import type { Data, Parties } from '../kernel/context.ts';
import { activeByEmail, asOnePerson } from '../people/accounts.ts';

/** Who answers for what, by person. */
export type Answering = {
  /** Entitlements by the person who owns them. */
  owns: Map<string, string[]>;
  admins: Person[];
};

/** The catalogue as digests read it; what the canary tests is nobody's access. */
export function digestCatalogue(context: Pick<Data, 'catalogue'>): DigestCatalogue {
  const { entitlements, canary, digest } = context.catalogue.current();
  return {
    unusedSeconds: digest.unusedSeconds,
    entitlements: entitlements
      .filter(({ key }) => key !== canary?.entitlement)
      .map(({ key, tier, conflicts }) => {
        const status = context.catalogue.status(key);
        const groupId = status.status === 'unchecked' ? '' : (status.target?.groupId ?? '');
        return { key, tier, groupId, conflicts: conflicts.map((c) => c.with) };
      }),
  };
}

/** Owners and admins as people. What an owner who is nobody active owns falls to the admins. */
export async function whoAnswers(context: Data & Pick<Parties, 'idps' | 'chat'>): Promise<Answering> {
  const { entitlements, admins: emails, canary } = context.catalogue.current();
  const known = new Map<string, Person | null>();
  const personOf = async (email: string): Promise<Person | null> => {
    const name = email.toLowerCase();
    if (!known.has(name)) known.set(name, await activePerson(context, email));
    return known.get(name) ?? null;
  };
  const admins: Person[] = [];
  for (const email of emails) {
    const admin = await personOf(email);
    if (admin !== null) admins.push(admin);
  }
  const owns = new Map<string, string[]>();
  for (const { key, owner } of entitlements) {
    if (key === canary?.entitlement) continue;
    const person = await personOf(owner);
    const readers = person === null ? admins : [person];
    for (const { id } of readers) owns.set(id, [...(owns.get(id) ?? []), key]);
  }
  return { owns, admins };
}

/** The one active person with this address; the IdP is asked about somebody never met, or met in two providers apart. */
async function activePerson(
  context: Data & Pick<Parties, 'idps' | 'chat'>,
  email: string,
): Promise<Person | null> {
  const [met, another] = (await peopleByEmail(context.db, email)).filter((person) => person.isActive);
  if (met !== undefined && another === undefined) return met;
  const found = await activeByEmail(context, email);
  if (found === null || !sameEmail(found.email, email)) return null;
  return met === undefined ? found : await asOnePerson(context, found);
}
