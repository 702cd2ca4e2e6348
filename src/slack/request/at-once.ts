import type { KnownBlock, ModalView } from '@slack/types';
import { Fault } from '../../core/fault.ts';
import { takeableOf } from '../../flow/break-glass/take.ts';
import type { Context } from '../../flow/kernel/context.ts';
import { type Person, personByLink } from '../../store/people.ts';
import { mrkdwn } from '../mrkdwn.ts';

/** Turns the request form into the form that takes the access at once. */
export const TAKE_INSTEAD = 'emergency_instead';

/** Pure: the request form with the way to take what is chosen at once. Only for those whom the catalogue lets. */
export function withEmergency(form: ModalView, key: string): ModalView {
  const offer: KnownBlock = {
    type: 'section',
    block_id: 'emergency',
    text: mrkdwn(
      ':rotating_light: *No time to wait?* In an emergency you may take this at once, without approval. Everybody concerned is told, and somebody reviews it.',
    ),
    accessory: {
      type: 'button',
      action_id: TAKE_INSTEAD,
      style: 'danger',
      text: { type: 'plain_text', text: 'This is an emergency…' },
      value: key,
    },
  };
  return { ...form, blocks: [...form.blocks, offer] };
}

/** Whether this person may take it at once now. What can't be looked up is not offered; the form works without. */
export async function isOfferedAtOnce(context: Context, person: Person, key: string): Promise<boolean> {
  try {
    return (await takeableOf(context, person, key)) !== null;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    context.log.warn({ code: error.code }, 'not known whether this can be taken in an emergency');
    return false;
  }
}

/** The request form once more, with the emergency that this person may take; null: they may not, and it stays. */
export async function offeredAtOnce(
  context: Context,
  accountId: string,
  { chosen, form }: { chosen: string | undefined; form: () => Promise<ModalView | null> },
): Promise<ModalView | null> {
  const person = chosen === undefined ? null : await personByLink(context.db, 'slack', accountId);
  if (person === null || chosen === undefined) return null;
  const shown = (await isOfferedAtOnce(context, person, chosen)) ? await form() : null;
  return shown === null ? null : withEmergency(shown, chosen);
}
