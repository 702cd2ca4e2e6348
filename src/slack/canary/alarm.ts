import { durationInWords, elapsedInWords } from '../../core/duration.ts';
import { legName } from '../../core/wording/legs.ts';
import type { CanaryView } from '../../flow/canary/view.ts';
import type { Notice } from '../../ports/messenger.ts';
import { type SlackContent, section } from '../blocks.ts';
import { legHint } from '../change-card/alarm.ts';
import { escapeMrkdwn, mrkdwn, slackDate } from '../mrkdwn.ts';

/** Pure: the messages about an alarm of the canary, one in the channel and one to each admin, edited in place. */
export function canaryNotices(view: CanaryView): Notice<SlackContent>[] {
  const text = alarmText(view);
  const content: SlackContent = { text, blocks: [section(mrkdwn(text))] };
  const all: Notice<SlackContent>[] = [
    { key: 'canary', to: { channel: view.channel }, under: null, content },
  ];
  for (const { accountId } of view.admins)
    if (accountId !== null)
      all.push({ key: `canary:${accountId}`, to: { account: accountId }, under: null, content });
  return all;
}

function alarmText(view: CanaryView): string {
  const { alarm, stuck, cleared } = view;
  const leg = stuck === null ? 'the way into MuleSoft' : legName(stuck.leg, view.idpName);
  const objective = durationInWords(Math.round(view.objectiveMs / 1_000));
  const rounds = view.misses === 1 ? 'one round' : `${view.misses} rounds`;
  if (alarm.clearedAt !== null)
    return cleared === null
      ? `:checkered_flag: Canary alarm closed: the canary was taken out of the catalogue, so nothing is timed any more. It was stuck at ${leg} since ${slackDate(alarm.since)}.`
      : `:white_check_mark: Canary alarm cleared ${slackDate(alarm.clearedAt)}: access reaches MuleSoft again, there in ${elapsedInWords(cleared.thereMs)} and back in ${elapsedInWords(cleared.backMs)}. It was stuck at ${leg} since ${slackDate(alarm.since)}, for ${rounds}.`;
  const what =
    stuck?.direction === 'revoke'
      ? 'access that was taken away is not gone from MuleSoft'
      : 'access that was given is not in MuleSoft';
  const again =
    view.canary === null
      ? ''
      : `\nThe canary goes on trying every ${durationInWords(view.canary.everySeconds)}; this message says when it is over.`;
  return `:rotating_light: Canary alarm: ${what} within ${objective}, ${rounds} in a row since ${slackDate(alarm.since)}. It is stuck at ${leg}: ${escapeMrkdwn(stuck?.why ?? '')}.\n*What it means:* real requests and removals wait at the same place.\n*What to do:* ${hint(view)}${again}`;
}

function hint({ stuck, canary, idpName, pushNow }: CanaryView): string {
  if (stuck?.leg === 'signIn')
    return `sign in to Anypoint once as ${escapeMrkdwn(canary?.person ?? 'the canary')}, or name somebody in the catalogue who has.`;
  return legHint(stuck?.leg ?? 'delivery', {
    idp: idpName,
    pushNow,
    group: escapeMrkdwn(canary?.groupName ?? 'the group'),
    team: escapeMrkdwn(canary?.teamName ?? 'the team'),
  });
}
