import type { Change, Leg } from '../../core/change/change.ts';
import { isUnderway } from '../../core/change/states.ts';
import { durationInWords } from '../../core/duration.ts';
import type { CarriedElsewhere } from '../../core/policy/delivery.ts';
import { legName, tookInWords } from '../../core/wording/legs.ts';
import type { ChangeView } from '../../flow/messages/change-view.ts';
import type { Notice } from '../../ports/messenger.ts';
import { type SlackContent, section } from '../blocks.ts';
import { escapeMrkdwn, mrkdwn } from '../mrkdwn.ts';
import { mention, titleOf } from './names.ts';

/** To the owner (and on the card’s thread): which leg is stuck; the same message says when it is over. */
export function alarms(view: ChangeView): Notice<SlackContent>[] {
  const found: Notice<SlackContent>[] = [];
  for (const [suffix, change] of [
    ['', view.change],
    [':end', view.ending],
  ] as const) {
    if (change === null || (change.late === null && change.state !== 'failed')) continue;
    const text = alarmText(view, change);
    const content: SlackContent = { text, blocks: [section(mrkdwn(text))] };
    found.push({ key: `card:alarm${suffix}`, to: { channel: view.channel }, under: 'card', content });
    const watchers = view.owner?.accountId == null ? view.admins : [view.owner];
    for (const watcher of watchers)
      if (watcher.accountId !== null)
        found.push({
          key: `alarm${suffix}:${watcher.accountId}`,
          to: { account: watcher.accountId },
          under: null,
          content,
        });
  }
  return found;
}

function alarmText(view: ChangeView, change: Change): string {
  const what = `${change.kind === 'grant' ? 'the grant' : 'the end'} of ${escapeMrkdwn(titleOf(view))} for ${mention(view.beneficiary)}`;
  if (change.state === 'failed')
    return `:rotating_light: ${view.idpName} refuses ${what} (${escapeMrkdwn(change.failure?.code ?? '')}).\n*What to do:* look at the group ${escapeMrkdwn(change.target?.groupName ?? '')} in ${view.idpName}; nothing is retried until it is asked again.`;
  const leg = legName(change.late?.leg ?? 'delivery', view.idpName, change.target?.delivery);
  if (change.state !== 'inEffect' && (change.late?.clearedAt != null || !isUnderway(change.state)))
    return `:checkered_flag: Alarm closed: ${what} is no longer waited for; its card says where it stands. It was stuck at ${leg}.`;
  if (change.late?.clearedAt != null)
    return `:white_check_mark: Alarm cleared: ${what} was seen in MuleSoft after ${tookInWords(change)}; it was stuck at ${leg}.`;
  // What a connector leaves behind is told before the objective has passed.
  const missed =
    change.kind === 'revoke' && change.target?.delivery === 'native' && change.late?.leg === 'delivery'
      ? 'was not carried into MuleSoft in time'
      : `was not seen in MuleSoft within ${durationInWords(Math.round(view.objectiveMs / 1_000))}`;
  return `:rotating_light: Alarm: ${what} ${missed}. It is stuck at ${leg}: ${escapeMrkdwn(change.late?.why ?? '')}.\n*What to do:* ${hint(change, view)}\nLatchkey keeps looking and says here when it arrives.`;
}

function hint(change: Change, view: ChangeView): string {
  return legHint(change.late?.leg ?? 'delivery', {
    idp: view.idpName,
    pushNow: view.pushNow,
    connectorNow: view.connectorNow,
    group: escapeMrkdwn(change.target?.groupName ?? 'the group'),
    team: escapeMrkdwn(change.target?.teamName ?? view.change.entitlementKey),
    delivery: change.target?.delivery,
  });
}

/** What to do about a leg that is stuck. */
export function legHint(
  leg: Leg,
  {
    idp,
    pushNow = 'push {group} by SCIM now',
    connectorNow,
    group,
    team,
    delivery,
  }: {
    idp: string;
    pushNow?: string;
    connectorNow?: string | undefined;
    group: string;
    team: string;
    delivery?: CarriedElsewhere | undefined;
  },
): string {
  if (leg === 'delivery' && delivery === 'native')
    return connectorNow === undefined
      ? `in ${idp}, open the MuleSoft Anypoint Platform app, tab Push Groups, Active, and push ${group} now; what failed stands in its tasks.`
      : `${connectorNow.replaceAll('{group}', () => group)}.`;
  if (leg === 'delivery' && delivery === 'claim')
    return `look at the external group mapping of ${group} on the team ${team} in Anypoint, and at the group claim that ${idp} sends.`;
  switch (leg) {
    case 'idpWrite':
      return `look at ${idp}’s status and at Latchkey’s API credentials.`;
    case 'scimPush':
      return `${pushNow.replaceAll('{group}', () => group)}.`;
    default:
      return `look at Anypoint’s status and at the team ${team} there.`;
  }
}
