import type { Button } from '@slack/types';
import { z } from 'zod';
import { cardButton } from '../forms/card-button.ts';
import { CONFIRM_TEXT_MAX, mrkdwn } from '../mrkdwn.ts';

/** A button carries the case to look up, and the key of one of its applications where it stands beside one. */
export const offboardingButton = cardButton(
  z.strictObject({ offboarding: z.uuid(), key: z.string().optional() }),
);

export const offboardingActions = {
  left: 'offboarding_left',
  notLeft: 'offboarding_not_left',
  restore: 'offboarding_restore',
  handOver: 'offboarding_hand_over',
  revoke: 'offboarding_revoke',
  cancel: 'offboarding_cancel',
  details: 'offboarding_details',
} as const;

export function button(action_id: string, text: string, value: string, rest: Partial<Button> = {}): Button {
  return { type: 'button', action_id, text: { type: 'plain_text', text }, value, ...rest };
}

export function sure(verb: string, text: string): Pick<Button, 'confirm'> {
  return {
    confirm: {
      title: { type: 'plain_text', text: `${verb}?` },
      text: mrkdwn(text, CONFIRM_TEXT_MAX),
      confirm: { type: 'plain_text', text: verb },
      deny: { type: 'plain_text', text: 'Not now' },
    },
  };
}
