import type { BlockAction } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import type { Road } from '../flow/road.ts';

export const TRY_AGAIN =
  'Latchkey could not open this: Slack or the identity provider does not answer. Nothing was changed; try again in a minute.';

/** Opens a form from a button; where that fails, the clicker is told so. */
export async function openFromButton(
  road: Road,
  client: WebClient,
  body: BlockAction,
  view: ModalView,
): Promise<void> {
  try {
    await client.views.open({ trigger_id: body.trigger_id, view });
  } catch (error) {
    road.log.warn({ err: (error as Error).message }, 'form not opened');
    if (body.channel !== undefined) await road.messenger.whisper(body.channel.id, body.user.id, TRY_AGAIN);
  }
}
