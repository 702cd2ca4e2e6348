import type { KnownBlock } from '@slack/types';
import { countInWords, durationInWords } from '../../core/duration.ts';
import { capital } from '../../core/text.ts';
import { fromInWords, statusText } from '../../core/wording/change-status.ts';
import type { ChangeView } from '../../flow/messages/change-view.ts';
import { type SlackContent, section } from '../blocks.ts';
import { escapeMrkdwn, mrkdwn, plain, slackDate } from '../mrkdwn.ts';
import { actions, cardButtons, jointButton } from './buttons.ts';
import { statusBlocks, toldBlocks, whyBlocks } from './card.ts';
import { unusualBlocks, whoBlocks } from './glance.ts';
import { mention, namesOf, titleOf } from './names.ts';
import { questionBlocks } from './questions.ts';
import { rulingBlocks } from './rulings.ts';
import { stepUpBlocks } from './step-up.ts';

/** One card for the parts of a joint request that the same people decide: each by itself, or all at once. */
export function jointCard(view: ChangeView, others: readonly ChangeView[]): SlackContent {
  const items = [view, ...others].sort((a, b) => placeOf(a) - placeOf(b));
  const asking = items.filter(({ change }) => change.state === 'asking');
  const head = headOf(view, items.length);
  return {
    text: `${head}: ${items.map((item) => escapeMrkdwn(titleOf(item))).join(', ')}.`,
    blocks: [
      section(mrkdwn(`*${head}*`)),
      ...whoBlocks(view),
      ...whyBlocks(view.change),
      ...(asking.length < 2 ? [] : [approveAll(asking)]),
      ...items.flatMap(items.length > FULL_MAX ? shortBlocks : itemBlocks),
    ],
  };
}

function placeOf({ change }: ChangeView): number {
  return change.joint?.place ?? 0;
}

function headOf(view: ChangeView, count: number): string {
  const { requestedSeconds } = view.change;
  const time = requestedSeconds === null ? '' : ` for ${durationInWords(requestedSeconds)}`;
  const what = `${countInWords(count)} accesses${time}${fromInWords(view.change, slackDate)}`;
  return view.requester === null
    ? `${mention(view.beneficiary)} asks for ${what}`
    : `${mention(view.requester)}, for ${mention(view.beneficiary)}, asks for ${what}`;
}

function approveAll(asking: readonly ChangeView[]): KnownBlock {
  const items = asking.map(({ change }) => ({ change: change.id, round: change.round }));
  return {
    type: 'actions',
    block_id: 'all',
    elements: [
      {
        type: 'button',
        action_id: actions.approveAll,
        style: 'primary',
        text: { type: 'plain_text', text: `Approve all ${countInWords(items.length)}` },
        value: jointButton.value({ items }),
      },
    ],
  };
}

/** Of more than so many only what decides is shown: Slack takes fifty blocks, and the rest is behind *Details*. */
const FULL_MAX = 4;

function shortBlocks(view: ChangeView): KnownBlock[] {
  const { change, entitlement } = view;
  const { headline } = statusText(change, view.ending, namesOf(view));
  const what = `*${escapeMrkdwn(titleOf(view))}*, tier ${entitlement?.tier ?? 'unknown'}`;
  return [
    section(mrkdwn(`${what}\n${headline}.`)),
    { ...cardButtons(change), block_id: `item:${change.id}` },
  ];
}

function itemBlocks(view: ChangeView): KnownBlock[] {
  const { change, entitlement } = view;
  const now = statusText(change, view.ending, namesOf(view));
  const what = `*${escapeMrkdwn(titleOf(view))}*, tier ${entitlement?.tier ?? 'unknown'}`;
  const buttons = { ...cardButtons(change), block_id: `item:${change.id}` };
  const waits: KnownBlock = { type: 'context', elements: [mrkdwn(now.detail)] };
  return [
    { type: 'divider' },
    section(mrkdwn(`${what}\n${escapeMrkdwn(capital(entitlement?.gives ?? ''))}`)),
    ...(change.state === 'asking'
      ? [
          ...rulingBlocks(view),
          ...unusualBlocks(view),
          buttons,
          ...stepUpBlocks(change),
          waits,
          ...toldBlocks(view),
        ]
      : [...statusBlocks(now), buttons]),
    ...questionBlocks(view),
  ];
}

/** Of one that has a card of its own: what was asked for together with it, and where that stands. */
export function togetherBlocks({ together = [] }: ChangeView): KnownBlock[] {
  if (together.length === 0) return [];
  const all = together.map((view) => {
    const { label } = statusText(view.change, view.ending, namesOf(view));
    return `${titleOf(view)} (${label})`;
  });
  return [{ type: 'context', elements: [plain(`Asked for together with ${all.join(', ')}.`)] }];
}
