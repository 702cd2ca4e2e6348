import type { App, GlobalShortcut, MessageShortcut } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import type { Context } from '../../flow/kernel/context.ts';
import { metAs } from '../../flow/people/identify.ts';
import { REASON_MAX } from '../../flow/request/receive.ts';
import { orTell } from '../forms/forms.ts';
import { clip } from '../mrkdwn.ts';
import { mentionedIn, wordsFromMrkdwn } from '../words-from-mrkdwn.ts';
import { openFreeTextForm } from './free-text-form.ts';
import { openRequestForm } from './requests.ts';

/** As slack-manifest.yaml has them. */
const shortcuts = { ask: 'ask_for_access', because: 'ask_because_of_message' } as const;

/** Of more mentions in one message, the others stay what Slack calls them. */
const NAMES_MAX = 10;

/** Asking from Slack’s own menus: from anywhere, or because of a message. */
export function registerShortcuts(app: App, context: Context, client: WebClient): void {
  app.shortcut<GlobalShortcut>({ callback_id: shortcuts.ask, type: 'shortcut' }, async ({ ack, body }) => {
    await ack();
    const by = { triggerId: body.trigger_id, accountId: body.user.id };
    await orTell(context, { user: body.user } as Clicked, () => openRequestForm(context, client, by));
  });
  app.shortcut<MessageShortcut>(
    { callback_id: shortcuts.because, type: 'message_action' },
    async ({ ack, body }) => {
      await ack();
      await orTell(context, { user: body.user, channel: body.channel } as Clicked, async () => {
        const { id: channel } = body.channel;
        const link = await context.messenger.linkTo({ channel, ts: body.message_ts });
        const said = body.message.text ?? '';
        const text = wordsFromMrkdwn(said, await namesIn(context, said));
        await openFreeTextForm(context, client, {
          trigger_id: body.trigger_id,
          user_id: body.user.id,
          text,
          reason: reasonBecause(text, link),
        });
      });
    },
  );
}

type Clicked = Parameters<typeof orTell>[1];

/** What stands under Why: the message, with where it is. The person looks it over before they send it. */
export function reasonBecause(text: string, link: string | null): string {
  const where = link === null ? '' : `Because of this message: ${link}`;
  if (text === '') return where;
  const words = clip(text, Math.max(1, REASON_MAX - where.length - 1));
  return where === '' ? words : `${words}\n${where}`;
}

/** Whom a message mentions, by account, as far as they were met. */
async function namesIn(context: Context, text: string): Promise<Map<string, string>> {
  const met = await Promise.all(
    mentionedIn(text)
      .slice(0, NAMES_MAX)
      .map(async (id) => [id, (await metAs(context, id))?.name ?? 'somebody'] as const),
  );
  return new Map(met);
}
