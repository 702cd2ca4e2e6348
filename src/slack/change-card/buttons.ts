import type { Button, KnownBlock } from '@slack/types';
import { z } from 'zod';
import { type Change, isFound } from '../../core/change/change.ts';
import { cardButton } from '../forms/card-button.ts';
import { questionActions } from './questions.ts';

/** A button carries the change to look up, and the round of asking that was shown. */
export const changeButton = cardButton(z.strictObject({ change: z.uuid(), round: z.int() }));

/** A button for several at once, each with the round that was shown. */
export const jointButton = cardButton(
  z.strictObject({
    items: z
      .array(z.strictObject({ change: z.uuid(), round: z.int() }))
      .min(1)
      .max(10),
  }),
);

export const actions = {
  approve: 'approve',
  approveLess: 'approve_less',
  deny: 'deny',
  revert: 'revert',
  details: 'details',
  withdraw: 'withdraw',
  release: 'release',
  decline: 'decline',
  extend: 'extend',
  extendNow: 'extend_now',
  letEnd: 'let_end',
  endGone: 'end_ticket_gone',
  nudge: 'nudge',
  approveAll: 'approve_all',
  ask: 'ask',
} as const;

/** The buttons of the card: decisions while it waits for one, and what else there is to know in every state. */
export function cardButtons(change: Change): KnownBlock {
  const value = changeButton.value({ change: change.id, round: change.round });
  const button = (action_id: string, text: string, style?: 'primary' | 'danger'): Button => ({
    type: 'button',
    action_id,
    ...(style === undefined ? {} : { style }),
    text: { type: 'plain_text', text },
    value,
  });
  const details = button(actions.details, 'Details');
  // It can still come to nothing, and whoever may approve says so with a reason.
  if (change.state === 'scheduled')
    return {
      type: 'actions',
      block_id: 'more',
      elements: [button(actions.deny, 'Call it off…', 'danger'), details],
    };
  if (change.state !== 'asking') return { type: 'actions', block_id: 'more', elements: [details] };
  return {
    type: 'actions',
    block_id: 'decision',
    elements: [...decisions(change, button), button(questionActions.ask, 'Ask…'), details],
  };
}

function decisions(
  change: Change,
  button: (action_id: string, text: string, style?: 'primary' | 'danger') => Button,
): Button[] {
  if (change.cause === 'loss')
    return [button(actions.approve, 'Put back', 'primary'), button(actions.revert, 'Let it end', 'danger')];
  if (isFound(change))
    return [
      button(actions.approve, 'Keep'),
      button(actions.approveLess, 'Keep for less time…'),
      button(actions.revert, 'Revert', 'danger'),
    ];
  return [
    button(actions.approve, 'Approve', 'primary'),
    button(actions.approveLess, 'Approve for less time…'),
    button(actions.deny, 'Deny…', 'danger'),
  ];
}
