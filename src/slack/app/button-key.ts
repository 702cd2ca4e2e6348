import type { BlockAction, ButtonAction } from '@slack/bolt';
import { z } from 'zod';
import type { CardKey } from '../request/form.ts';

/** A button's value is a key and nothing more; what does not parse is not ours. */
const buttonValue = z.strictObject({ change: z.uuid(), round: z.int() });
const cardKey = buttonValue.extend({ channel: z.string() });

/** The key on a pressed button, with the channel to answer in; null when it is not one of ours. */
export function buttonKey(body: BlockAction, action: ButtonAction): CardKey | null {
  try {
    const parsed = buttonValue.parse(JSON.parse(action.value ?? ''));
    return { ...parsed, channel: body.channel?.id ?? body.user.id };
  } catch {
    return null;
  }
}

/** The key that a form opened from a button carries back. Throws when it is not one of ours. */
export function formKey(privateMetadata: string): CardKey {
  return cardKey.parse(JSON.parse(privateMetadata));
}
