import { listTitles } from '../core/evidence/controls.ts';
import { agreedTo, peopleAddressed, peopleByIds, reviewedBy } from '../store/evidence/duties.ts';
import type { PopulationRow } from '../store/evidence/populations.ts';
import { openList } from './list.ts';
import type { Writing } from './writing.ts';

const columns = [
  'person',
  'email',
  'entitlement',
  'tier',
  'parts',
  'accessesApproved',
  'approvedAlone',
  'linesReviewed',
  'reviewedOfOwnApprovals',
  'agreedToPolicies',
];

type Approved = {
  personId: string;
  entitlement: string;
  count: number;
  alone: number;
  policies: Set<string>;
};

/** Who approved what, counted while the whole population is written: some numbers for each approver and entitlement. */
export type Duties = { note(row: PopulationRow): void; all(): Iterable<Approved> };

export function countDuties(): Duties {
  const approved = new Map<string, Approved>();
  return {
    note({ approvals, decision, entitlement, policy }) {
      const people = new Set<string>(approvals.map(({ by }) => by));
      if (people.size === 0 && decision?.by != null) people.add(decision.by);
      for (const personId of people) {
        const key = `${personId} ${entitlement}`;
        const one = approved.get(key) ?? { personId, entitlement, count: 0, alone: 0, policies: new Set() };
        one.count += 1;
        if (people.size === 1) one.alone += 1;
        if (policy !== null) one.policies.add(policy);
        approved.set(key, one);
      }
    },
    all: () => approved.values(),
  };
}

type Parts = {
  personId: string;
  entitlement: string;
  isOwner: boolean;
  approved: Approved | null;
  reviewed: { lines: number; ownApprovals: number } | null;
  agreed: string[];
};

/**
 * Whoever had more than one part in who has something: owner by the catalogue, approver, reviewer, and the one who
 * agreed to the policy by which they approved. That somebody asks for themselves is as it should be, and is no such part.
 */
export async function writeDuties(writing: Writing, duties: Duties): Promise<void> {
  const { tx, folder, plan, parts, lists, terms } = writing;
  const all = new Map<string, Parts>();
  const partsOf = (personId: string, entitlement: string): Parts => {
    const key = `${personId} ${entitlement}`;
    const one = all.get(key) ?? {
      personId,
      entitlement,
      isOwner: false,
      approved: null,
      reviewed: null,
      agreed: [],
    };
    all.set(key, one);
    return one;
  };
  for (const one of duties.all()) partsOf(one.personId, one.entitlement).approved = one;
  for (const one of await reviewedBy(tx, plan)) partsOf(one.personId, one.entitlement).reviewed = one;
  const agreed = Map.groupBy(await agreedTo(tx), ({ personId }) => personId);
  const owners = await peopleAddressed(
    tx,
    [...terms.owners.values()].flatMap((emails) => [...emails]),
  );
  const ownerIds = Map.groupBy(owners, ({ email }) => email);
  for (const [entitlement, emails] of terms.owners)
    for (const email of emails)
      for (const { id } of ownerIds.get(email) ?? []) {
        const own = all.get(`${id} ${entitlement}`);
        if (own !== undefined) own.isOwner = true;
      }
  for (const one of all.values())
    one.agreed = (agreed.get(one.personId) ?? []).flatMap(({ fingerprint }) =>
      one.approved?.policies.has(fingerprint) ? [fingerprint] : [],
    );
  const several = [...all.values()].filter((one) => namesOf(one).length > 1);
  const people = new Map(
    (await peopleByIds(tx, [...new Set(several.map(({ personId }) => personId))])).map((one) => [
      one.id,
      one,
    ]),
  );
  const list = await openList(folder, {
    name: 'duties',
    title: listTitles.duties,
    query: null,
    counted: null,
    columns,
  });
  for (const one of several.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)))
    await list.add({
      person: people.get(one.personId)?.name ?? 'somebody',
      email: people.get(one.personId)?.email ?? null,
      entitlement: one.entitlement,
      tier: parts.tierOf(one.entitlement),
      parts: namesOf(one),
      accessesApproved: one.approved?.count ?? 0,
      approvedAlone: one.approved?.alone ?? 0,
      linesReviewed: one.reviewed?.lines ?? 0,
      reviewedOfOwnApprovals: one.reviewed?.ownApprovals ?? 0,
      agreedToPolicies: one.agreed,
    });
  lists.set('duties', await list.end());
}

const keyOf = ({ entitlement, personId }: Parts) => `${entitlement} ${personId}`;

function namesOf({ isOwner, approved, reviewed, agreed }: Parts): string[] {
  return [
    ...(isOwner ? ['owner'] : []),
    ...(approved === null ? [] : ['approver']),
    ...(reviewed === null ? [] : ['reviewer']),
    ...(agreed.length === 0 ? [] : ['agreed to the policy']),
  ];
}
