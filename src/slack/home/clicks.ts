import type { App, BlockAction, ButtonAction } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import { Fault } from '../../core/fault.ts';
import { type HomePages, homeSections } from '../../core/home/pages.ts';
import { openHome, turnHomePage } from '../../flow/home/publish.ts';
import type { Context } from '../../flow/kernel/context.ts';
import { slackCall } from '../api/call.ts';
import { section } from '../blocks.ts';
import { orTell, TRY_AGAIN } from '../forms/forms.ts';
import { plain } from '../mrkdwn.ts';
import { openRequestForm } from '../request/requests.ts';
import { homes, pageActions } from './home.ts';
import { ASK_AGAIN } from './lines.ts';

const page = z.partialRecord(z.enum(homeSections as [string, ...string[]]), z.int().min(0));

/** The Home tab is opened, another page of it is turned to, and something is asked for again. */
export function registerHomeHandlers(app: App, context: Context, client: WebClient): void {
  app.event('app_home_opened', async ({ event }) => {
    // The same event tells that the conversation with the app was opened.
    if (event.tab !== 'home') return;
    await orSayWhy(context, client, event.user, () => openHome(context, homes, event.user));
  });
  for (const actionId of Object.values(pageActions))
    app.action<BlockAction<ButtonAction>>(
      { action_id: actionId, type: 'block_actions' },
      async ({ ack, body, action }) => {
        await ack();
        const pages = pagesIn(action.value);
        if (pages === null) return;
        await orSayWhy(context, client, body.user.id, () =>
          turnHomePage(context, homes, body.user.id, pages),
        );
      },
    );
  app.action<BlockAction<ButtonAction>>(
    { action_id: ASK_AGAIN, type: 'block_actions' },
    async ({ ack, body, action }) => {
      await ack();
      const trigger = { triggerId: body.trigger_id, accountId: body.user.id };
      await orTell(context, body, () => openRequestForm(context, client, trigger, action.value ?? null));
    },
  );
}

function pagesIn(value: string | undefined): HomePages | null {
  try {
    return page.parse(JSON.parse(value ?? ''));
  } catch {
    return null;
  }
}

/** A tab that can’t be filled says so, and is filled when it is opened again. One that Slack can’t be told of stays. */
async function orSayWhy(
  context: Context,
  client: WebClient,
  accountId: string,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    context.log.warn({ err: error.message }, 'Home tab not published');
    // A view that Slack refuses would leave an old one, with buttons, for the present one.
    if (error.code.startsWith('slack.') && error.code !== 'slack.invalid') return;
    const blocks = [section(plain(TRY_AGAIN))];
    await slackCall(true, () =>
      client.views.publish({ user_id: accountId, view: { type: 'home', blocks } }),
    ).catch((trouble: Error) => context.log.warn({ err: trouble.message }, 'Home tab stays as it is'));
  }
}
