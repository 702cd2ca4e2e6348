import type { KnownBlock } from '@slack/types';
import { fields } from './fields.ts';

/** `isAsked`: somebody was named, and it can't be told who that is: it has to be chosen, were it oneself. */
export type ForWhom = { isAsked: boolean; accountId: string | null };

export function forWhomInput({ isAsked, accountId }: ForWhom): KnownBlock {
  return {
    type: 'input',
    block_id: fields.for,
    optional: !isAsked,
    label: { type: 'plain_text', text: isAsked ? 'For whom?' : 'For somebody else?' },
    hint: {
      type: 'plain_text',
      text: isAsked
        ? 'You named somebody. If it is for you, choose yourself.'
        : 'Leave empty if it is for you.',
    },
    element: {
      type: 'users_select',
      action_id: 'for',
      ...(accountId === null ? {} : { initial_user: accountId }),
      placeholder: { type: 'plain_text', text: isAsked ? 'Choose a person' : 'For me' },
    },
  };
}
