import type { BlockAction } from '@slack/bolt';
import type { KnownBlock, ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { Fault } from '../../core/fault.ts';
import type { Parties, Runtime } from '../../flow/kernel/context.ts';
import { slackCall } from '../api/call.ts';

export const TRY_AGAIN =
  'Latchkey could not open this: Slack or the identity provider does not answer. Nothing was changed; try again in a minute.';
const TOO_LATE =
  'Slack lets a form be opened for three seconds after a click, and this time it took longer. Nothing was changed; please do it again.';
/** Slack's error names for a trigger that is good for nothing any more (views.open). */
const spentTriggers = ['expired_trigger_id', 'exchanged_trigger_id', 'trigger_expired', 'trigger_exchanged'];

/** Why a form is not open, and what to do, for whoever wanted it. */
export function whyNotOpened(error: unknown): string {
  const isLate = error instanceof Fault && spentTriggers.includes(error.vendorCode ?? '');
  return isLate ? TOO_LATE : TRY_AGAIN;
}

/** A form that is sent or left, and carries back the key of what it was opened for. */
export function formModal(form: {
  callbackId: string;
  title: string;
  submit: string;
  key: object;
  blocks: KnownBlock[];
}): ModalView {
  return {
    type: 'modal',
    callback_id: form.callbackId,
    title: { type: 'plain_text', text: form.title },
    close: { type: 'plain_text', text: 'Cancel' },
    submit: { type: 'plain_text', text: form.submit },
    private_metadata: JSON.stringify(form.key),
    blocks: form.blocks,
  };
}

/** Opens a form. Answers the id of its view. @throws Fault `slack.*` */
export async function openView(client: WebClient, triggerId: string, view: ModalView): Promise<string> {
  const opened = await slackCall(true, () => client.views.open({ trigger_id: triggerId, view }));
  return opened.view?.id as string;
}

/** Runs what a click wanted opened; where that fails, the clicker is told so, wherever they clicked. */
export async function orTell(
  context: Parties & Runtime,
  { user, channel }: Pick<BlockAction, 'user' | 'channel'>,
  work: () => Promise<unknown>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    context.log.warn({ err: (error as Error).message }, 'form not opened');
    await context.messenger.whisper(channel?.id ?? user.id, user.id, whyNotOpened(error));
  }
}

/** Opens a form from a button. */
export async function openFromButton(
  context: Parties & Runtime,
  client: WebClient,
  body: BlockAction,
  view: ModalView,
): Promise<void> {
  await orTell(context, body, () => openView(client, body.trigger_id, view));
}
