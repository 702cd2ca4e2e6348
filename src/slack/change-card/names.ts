import { distinct, openStage, slotsOf } from '../../core/policy/routing.ts';
import type { Names } from '../../core/wording/change-status.ts';
import { decidersInWords } from '../../core/wording/deciders.ts';
import type { ChangeView } from '../../flow/messages/change-view.ts';
import type { Named } from '../../flow/people/named.ts';
import { escapeMrkdwn, link, slackDate } from '../mrkdwn.ts';

/** Names for the channel or, `isToThem`, for the beneficiary alone. */
export function namesOf(view: ChangeView, isToThem = false): Names {
  return {
    beneficiary: isToThem ? 'you' : mention(view.beneficiary),
    isToThem,
    title: escapeMrkdwn(titleOf(view)),
    deciders: decidersOf(view),
    owner: view.owner === null ? 'The catalogue’s owner' : mention(view.owner),
    idp: view.idpName,
    ...(view.signInUrl === undefined ? {} : { signInAt: link(view.signInUrl) }),
    time: slackDate,
    safe: escapeMrkdwn,
  };
}

function decidersOf({ change: { plan, approvals }, pinged, alsoMay }: ChangeView): string {
  if (plan === null) return '';
  // The view names the people of the stage that waits, in the plan's order. Those of later stages are not mentioned yet.
  const { n, stage } = openStage(plan, approvals);
  const first = distinct(slotsOf(stage).filter((s) => s.pinged));
  const others = distinct(slotsOf(stage)).filter((a) => !first.some((p) => p.id === a.id));
  const named = new Map<string, Named | undefined>([
    ...first.map((p, i) => [p.id, pinged[i]] as const),
    ...others.map((p, i) => [p.id, alsoMay[i]] as const),
  ]);
  return decidersInWords(plan, (p) => mention(named.get(p.id) ?? { name: p.name, accountId: null }), n);
}

export function titleOf(view: ChangeView): string {
  return view.entitlement?.title ?? view.change.entitlementKey;
}

export function mention(person: Named): string {
  return person.accountId === null ? escapeMrkdwn(person.name) : `<@${person.accountId}>`;
}
