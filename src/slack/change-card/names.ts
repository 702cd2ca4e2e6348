import { type Approver, openStage, peopleOfStage } from '../../core/policy/routing.ts';
import type { Names } from '../../core/wording/change-status.ts';
import { decidersInWords } from '../../core/wording/deciders.ts';
import type { ChangeView } from '../../flow/messages/change-view.ts';
import type { Named } from '../../flow/people/named.ts';
import type { Said } from '../../ports/messenger.ts';
import { escapeMrkdwn, link, slackDate } from '../mrkdwn.ts';
import { forWhom } from './away.ts';

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

function decidersOf(view: ChangeView): string {
  const { plan, approvals } = view.change;
  if (plan === null) return '';
  const named = namedOf(view);
  // Those of later stages are not mentioned yet.
  return decidersInWords(plan, (p) => `${mention(named(p))}${forWhom(p)}`, openStage(plan, approvals).n);
}

/** How the view names somebody of the stage that waits; it names them in the plan's order. */
export function namedOf({
  change: { plan, approvals },
  pinged,
  alsoMay,
}: ChangeView): (person: Pick<Approver, 'id' | 'name'>) => Named {
  const { first, others } =
    plan === null ? { first: [], others: [] } : peopleOfStage(openStage(plan, approvals).stage);
  const named = new Map<string, Named | undefined>([
    ...first.map((p, i) => [p.id, pinged[i]] as const),
    ...others.map((p, i) => [p.id, alsoMay[i]] as const),
  ]);
  return (p) => named.get(p.id) ?? { name: p.name, accountId: null };
}

export function titleOf(view: ChangeView): string {
  return view.entitlement?.title ?? view.change.entitlementKey;
}

export function mention(person: Named): string {
  return person.accountId === null ? escapeMrkdwn(person.name) : `<@${person.accountId}>`;
}

/** Whom the words of a refusal name: its owner, by e-mail. */
export function peopleIn({ change, entitlement, owner }: ChangeView): Said['people'] {
  if (change.refusal?.people === undefined || entitlement === null || owner === null) return new Map();
  return new Map([[entitlement.owner, owner]]);
}
