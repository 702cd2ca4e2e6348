import { countInWords, durationInWords } from '../duration.ts';
import {
  type ApproverRule,
  type Entitlement,
  type StageRule,
  sourceInWords,
  type Target,
  type Tier,
} from '../policy/catalogue.ts';
import type { Verdict } from '../policy/verdict.ts';
import type { Change } from './change.ts';

/**
 * The entitlement as a card or form showed it. Only this is decided, and nothing that took its place since. Kept as
 * data, so that what changed can be named.
 */
export type Shown = {
  title: string;
  gives: string;
  tier: Tier;
  group: { id: string; name: string };
  team: { id: string; name: string };
  /** E-mail of the owner, who decides where the rule says `owner`. */
  owner: string;
  approvers: Pick<ApproverRule, 'distinct'> & { stages: Omit<StageRule, 'ping'>[] };
  maxSeconds: number;
  /** What it is given for where nobody says for how long. */
  defaultSeconds: number;
  /** The needs of the written rules beyond the catalogue, and in which policy. Left out by a form: none was asked. */
  rules?: { policy: string | null; holds: string[] };
};

export function shownOf(entitlement: Entitlement, target: Target, verdict: Verdict | null = null): Shown {
  const { title, gives, tier, owner, maxSeconds, defaultSeconds, approvers } = entitlement;
  return {
    title,
    gives,
    tier,
    group: { id: target.groupId, name: target.groupName },
    team: { id: target.teamId, name: target.teamName },
    owner,
    approvers: {
      stages: approvers.stages.map(({ of, quorum, sources }) => ({ of, quorum, sources })),
      distinct: approvers.distinct,
    },
    maxSeconds,
    defaultSeconds,
    ...(verdict === null
      ? {}
      : {
          rules: {
            policy: verdict.policy ?? null,
            holds: (verdict.holds ?? []).map(({ rule, needs, text }) => `${rule ?? ''} ${needs}: ${text}`),
          },
        }),
  };
}

/** Pure: what is otherwise now, a phrase each, as whoever was shown it before would have it told; empty: nothing. */
function changesSince(before: Shown, now: Shown): string[] {
  const changes: string[] = [];
  const differs = (what: string, was: string, is: string) => {
    if (was !== is) changes.push(`${what} is ${is} now (it was ${was})`);
  };
  differs('its name', before.title, now.title);
  differs('what it gives', before.gives, now.gives);
  differs('its tier', before.tier, now.tier);
  changes.push(...placeChanges('group', before.group, now.group));
  changes.push(...placeChanges('Anypoint team', before.team, now.team));
  differs('its owner', before.owner.toLowerCase(), now.owner.toLowerCase());
  differs('who approves', deciding(before.approvers), deciding(now.approvers));
  differs('the longest time', durationInWords(before.maxSeconds), durationInWords(now.maxSeconds));
  differs('the usual time', durationInWords(before.defaultSeconds), durationInWords(now.defaultSeconds));
  // The rules' needs follow the facts too, and those are looked up at the click. Here only the rules count.
  const [was, is] = [before.rules, now.rules];
  if (was !== undefined && is !== undefined && was.policy !== is.policy)
    if (was.holds.join('\n') !== is.holds.join('\n')) changes.push('the policy asks for other things now');
  return changes;
}

/** The differences between the entitlement now and as the approver was shown it, in words. */
export function otherwiseThanShown(
  change: Pick<Change, 'shown' | 'target'>,
  now: { entitlement: Entitlement; target: NonNullable<Change['target']>; verdict: Verdict | null },
): string[] {
  const { entitlement, target, verdict } = now;
  const shown = shownOf(entitlement, target, verdict);
  if (change.shown !== undefined) return changesSince(change.shown, shown);
  // Asked before this was kept: where it leads is known all the same.
  return change.target === null
    ? []
    : changesSince(
        {
          ...shown,
          group: shownOf(entitlement, change.target).group,
          team: shownOf(entitlement, change.target).team,
        },
        shown,
      );
}

/**
 * The conflicts that the approver was not told of, or was told of as asked for only, in words. The person asked for the
 * other entitlement, or was given it, after the card went out.
 */
export function apartSinceShown(
  { verdict: before }: Pick<Change, 'verdict'>,
  now: Pick<Verdict, 'conflicts'>,
): string[] {
  const known = new Map((before?.conflicts ?? []).map((conflict) => [conflict.with, conflict.how]));
  return (now.conflicts ?? [])
    .filter(
      ({ with: other, how }) =>
        !known.has(other) || ((how === 'held' || how === 'scheduled') && known.get(other) === 'pending'),
    )
    .map(({ text }) => text);
}

type Place = { id: string; name: string };

/** The same name with another id was made anew in the meantime: somebody else may have made it. */
function placeChanges(what: string, before: Place, now: Place): string[] {
  if (before.id === now.id && before.name === now.name) return [];
  return before.name === now.name
    ? [`its ${what} ${now.name} is another one of the same name now`]
    : [`its ${what} is ${now.name} now (it was ${before.name})`];
}

/** `the manager and the owner`, `two of the owner or the group security-officers`, stage after stage. */
function deciding({ stages, distinct }: Shown['approvers']): string {
  const inTurn = stages.map(stageInWords).join(', then ');
  return stages.length > 1 && !distinct ? `${inTurn}, the same person in both if need be,` : inTurn;
}

function stageInWords({ of, quorum, sources }: Shown['approvers']['stages'][number]): string {
  const names = sources
    .map((source) => {
      const name = sourceInWords(source, (group) => `the group ${group}`);
      return source.quorum === undefined ? name : `${countInWords(source.quorum)} of ${name}`;
    })
    .join(of === 'all' ? ' and ' : ' or ');
  if (quorum === 1) return names;
  return of === 'all' ? `${names}, ${countInWords(quorum)} people,` : `${countInWords(quorum)} of ${names}`;
}

/**
 * Tells what differs between the card of a mass change and where the catalogue leads now. `now` null: the card is about
 * no entitlement, or the entitlement left the catalogue.
 */
export function otherwiseOnCard(mass: { shown?: Shown | undefined }, now: Shown | null): string[] {
  return mass.shown === undefined || now === null ? [] : changesSince(mass.shown, now);
}
