import {
  type Catalogue,
  type Entitlement,
  isForSomebody,
  isSameGroupName,
  type StageRule,
  sameEmail,
  type Tier,
} from '../core/policy/catalogue.ts';
import type { Remark } from './lint.ts';

const RANK: Record<Tier, number> = { low: 0, medium: 1, high: 2, critical: 3 };

/**
 * Pure: approvers who are made by another entitlement. A person who gets that one may then approve this one, for as
 * many others as they like. So this one is worth no more than the weakest step on the way to it.
 */
export function lintMadeApprovers(catalogue: Catalogue): Remark[] {
  const { entitlements, onCall } = catalogue;
  const remarks: Remark[] = [];
  for (const e of entitlements)
    for (const path of pathsTo(e, entitlements)) {
      const first = path[0] as Entitlement;
      const ways = path.map((step, i) => `whoever holds ${step.key} may approve ${(path[i + 1] ?? e).key}`);
      const isWeaker = RANK[first.tier] < RANK[e.tier] || givenByRule(first);
      const isCircle = first.key === e.key;
      remarks.push({
        kind: isWeaker && !isCircle ? 'problem' : 'advice',
        entitlement: e.key,
        text: `its approvers are made by ${isCircle ? 'itself' : 'another entitlement'}: ${ways.join(', and ')}. ${openInWords(first)}${
          isCircle
            ? ' So each holder can make the next'
            : isWeaker
              ? ` So it is no harder to come by than ${first.key} (tier ${first.tier}): name approvers by a group that nobody can ask for, or let ${first.key} be decided as strictly`
              : ''
        }`,
      });
    }
  if (onCall !== null && 'idpGroup' in onCall)
    for (const e of entitlements)
      if (isSameGroupName(e.idpGroup, onCall.idpGroup) && canBeHad(e))
        remarks.push({
          kind: 'advice',
          entitlement: e.key,
          text: `whoever holds it counts as on call (onCall: ${onCall.idpGroup}), and so comes past the rules that let those through: name a group that nobody can ask for`,
        });
  return remarks;
}

/** The shortest way from each entitlement whose holders end up, over any number of steps, approving this one. */
function pathsTo(target: Entitlement, all: readonly Entitlement[]): Entitlement[][] {
  const found: Entitlement[][] = [];
  const reached = new Set<string>();
  let edge: Entitlement[][] = [[]];
  while (edge.length > 0) {
    const next: Entitlement[][] = [];
    for (const path of edge)
      for (const maker of makersOf(path[0] ?? target, all)) {
        if (reached.has(maker.key)) continue;
        reached.add(maker.key);
        const longer = [maker, ...path];
        found.push(longer);
        // Round again would say nothing new.
        if (maker.key !== target.key) next.push(longer);
      }
    edge = next;
  }
  return found;
}

/** Entitlements that can be had and whose group is a source of this one's approvers. */
function makersOf({ approvers }: Entitlement, all: readonly Entitlement[]): Entitlement[] {
  const groups = approvers.stages
    .flatMap(({ sources }) => sources)
    .flatMap((source) => ('group' in source ? [source.group] : []));
  return all.filter(
    (other) => canBeHad(other) && groups.some((group) => isSameGroupName(group, other.idpGroup)),
  );
}

function canBeHad(e: Entitlement): boolean {
  return isForSomebody(e.requestableBy) || e.birthright !== null;
}

function givenByRule(e: Entitlement): boolean {
  return e.autoApprove || e.birthright !== null;
}

/** Who can come by it, and how. */
function openInWords(e: Entitlement): string {
  const { requestableBy: who, birthright } = e;
  const askers = who === 'everyone' ? ['everyone'] : [...(who.departments ?? []), ...(who.people ?? [])];
  const ways = [
    ...(isForSomebody(who) ? [`can be asked for by ${askers.join(', ')}`] : []),
    ...(e.autoApprove ? ['is given by rule'] : []),
    ...(birthright === null ? [] : [`is given to all of ${birthright.departments.join(', ')} unasked`]),
  ];
  return `${e.key} ${ways.join(' and ')}.`;
}

/** Pure: approvers who can be too few, whoever asks. */
export function lintNumbers(catalogue: Catalogue): Remark[] {
  return catalogue.entitlements
    .filter((e) => e.key !== catalogue.canary?.entitlement && isForSomebody(e.requestableBy))
    .flatMap((e) =>
      e.approvers.stages.flatMap((stage, n) => {
        const text = tooFew(e, stage, catalogue.admins);
        const where = e.approvers.stages.length === 1 ? '' : `stage ${n + 1}: `;
        return text === null
          ? []
          : [{ kind: 'advice', entitlement: e.key, text: `${where}${text}` } as const];
      }),
    );
}

function tooFew(
  e: Entitlement,
  { sources, quorum, of }: StageRule,
  admins: readonly string[],
): string | null {
  const named = [
    ...new Set(
      sources
        .flatMap((s) => ('owner' in s ? [e.owner] : 'person' in s ? [s.person] : []))
        .map((p) => p.toLowerCase()),
    ),
  ];
  const hasManager = sources.some((s) => 'manager' in s);
  const hasGroup = sources.some((s) => 'group' in s || 'onCall' in s || 'admins' in s);
  const requesters = onlyPeople(e);
  if (
    !hasGroup &&
    !hasManager &&
    requesters?.length === 1 &&
    named.every((p) => sameEmail(p, requesters[0] ?? ''))
  )
    return `only ${requesters[0]} may ask for it, and only they may approve it: it always goes to the catalogue’s admins`;
  if (!hasGroup && !hasManager && named.length === quorum && of === 'any')
    return `when ${named.join(' or ')} asks, nobody is left to approve and it goes to the catalogue’s admins: name a second source`;
  if (of === 'all' && quorum === 1 && sources.length > 1 && !hasManager && named.length === 1 && !hasGroup)
    return `${named[0]} fills every slot of its approvers and decides alone: write \`quorum: 2\`, and name somebody else`;
  if (sources.length === 1 && hasManager)
    return 'the manager alone approves: for whoever has none in the IdP it goes to the catalogue’s admins';
  const all = new Set([...admins.map((a) => a.toLowerCase()), ...named]);
  if (!hasGroup && !hasManager && quorum > 1 && all.size < quorum + 1)
    return `it takes ${quorum}, and with the admins there are only ${all.size} people: when one of them asks, nobody can decide it; name more`;
  return null;
}

/** Null: not only people by name may ask. */
function onlyPeople({ requestableBy: who }: Entitlement): readonly string[] | null {
  return who === 'everyone' || (who.departments?.length ?? 0) > 0 ? null : (who.people ?? []);
}
