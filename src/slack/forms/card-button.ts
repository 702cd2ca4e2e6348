import type { App, BlockAction, ButtonAction } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import type { Context } from '../../flow/kernel/context.ts';
import { openFromButton } from './forms.ts';

/** A key that was pressed or sent, with the channel to answer in so that only the clicker sees it. */
export type Pressed<K> = K & { channel: string };

/** Who pressed, and what makes this press another one than the next. */
export type Press = { by: string; once: string };

/** What a listener of buttons needs. */
export type Listener = { app: App; context: Context; client: WebClient };

const withChannel = z.looseObject({ channel: z.string() });

/**
 * The buttons of one kind of card. A button's value is only a key to look things up with. Nothing in it is believed. A
 * value that does not parse is not ours.
 */
export function cardButton<K extends object>(schema: z.ZodType<K>) {
  const read = (body: BlockAction, action: ButtonAction): Pressed<K> | null => {
    try {
      const key = schema.parse(JSON.parse(action.value ?? ''));
      return { ...key, channel: body.channel?.id ?? body.user.id };
    } catch {
      return null;
    }
  };
  return {
    value: (key: K): string => JSON.stringify(key),

    /** The key that a form opened from a button carries back. Throws when it is not one of ours. */
    form(privateMetadata: string): Pressed<K> {
      const { channel, ...key } = withChannel.parse(JSON.parse(privateMetadata));
      return { ...schema.parse(key), channel };
    },

    /** A button that decides: its click is stored before it is acknowledged. */
    decides(app: App, actionId: string, store: (key: Pressed<K>, press: Press) => Promise<void>): void {
      app.action<BlockAction<ButtonAction>>(
        { action_id: actionId, type: 'block_actions' },
        async ({ ack, body, action }) => {
          const key = read(body, action);
          if (key !== null) await store(key, { by: body.user.id, once: action.action_ts });
          await ack();
        },
      );
    },

    /** A button that opens a form: acknowledged first. Null opens nothing. */
    opens(
      { app, context, client }: Listener,
      actionId: string,
      formOf: (key: Pressed<K>, accountId: string) => Promise<ModalView | null>,
    ): void {
      app.action<BlockAction<ButtonAction>>(
        { action_id: actionId, type: 'block_actions' },
        async ({ ack, body, action }) => {
          await ack();
          const key = read(body, action);
          const form = key === null ? null : await formOf(key, body.user.id);
          if (form !== null) await openFromButton(context, client, body, form);
        },
      );
    },
  };
}
