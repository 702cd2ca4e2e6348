import { App, type CodedError, type Receiver } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import { Fault } from '../../core/fault.ts';
import type { Context, Parties, Runtime } from '../../flow/kernel/context.ts';
import { boltLogger } from '../api/bolt-logger.ts';
import { registerEmergencyHandlers } from '../break-glass/emergency.ts';
import { registerDelegationHandlers } from '../delegation/away.ts';
import { registerDigestHandlers } from '../digest/clicks.ts';
import { registerHomeHandlers } from '../home/clicks.ts';
import { registerMassChangeHandlers } from '../mass-change/clicks.ts';
import { registerOffboardingHandlers } from '../offboarding/clicks.ts';
import { registerDecisionHandlers } from '../request/decisions.ts';
import { registerQuestionHandlers } from '../request/questions.ts';
import { registerRequestHandlers } from '../request/requests.ts';
import { registerShortcuts } from '../request/shortcuts.ts';
import { registerCampaignHandlers } from '../review/campaign-form.ts';
import { registerReviewHandlers } from '../review/clicks.ts';
import { registerObjectionHandlers } from '../review/objection-form.ts';
import { registerCommand } from './words.ts';

/**
 * What people do in Slack, turned into calls of the road. Every click is stored before it is acknowledged. Every form
 * is validated and stored, or refused with the wrong field, in its acknowledgement. `onRequest` is told of each, by its
 * kind.
 */
export function listen(
  context: Context,
  receiver: Receiver,
  client: WebClient,
  onRequest: (kind: string) => void = () => {},
): App {
  const app = createApp(context, receiver, client);
  app.use(async ({ body, next }) => {
    onRequest('type' in body && typeof body.type === 'string' ? body.type : 'command');
    await next();
  });
  // With `extendedErrorHandler` it is given more than its type says.
  app.error(async (given) => {
    const { error, body } = given as unknown as { error: CodedError; body: object };
    const cause = error.original ?? error;
    context.log.error({ err: cause.message }, 'slack listener');
    if (cause instanceof Fault) await tellWhoeverActed(context, client, body, cause);
  });

  registerCommand(app, context, client);
  registerHomeHandlers(app, context, client);
  registerRequestHandlers(app, context, client);
  registerShortcuts(app, context, client);
  registerDecisionHandlers(app, context, client);
  registerQuestionHandlers(app, context, client);
  registerMassChangeHandlers(app, context, client);
  registerOffboardingHandlers(app, context, client);
  registerDigestHandlers(app, context, client);
  registerEmergencyHandlers(app, context, client);
  registerDelegationHandlers(app, context);
  registerReviewHandlers(app, context, client);
  registerCampaignHandlers(app, context);
  registerObjectionHandlers(app, context, client);
  return app;
}

function createApp(context: Runtime, receiver: Receiver, client: WebClient): App {
  const logger = boltLogger(context.log);
  return new App({
    receiver,
    logger,
    // The bot token is the client's own; asking Slack who we are at every start would make Slack a condition of
    // starting.
    authorize: async () => ({ botToken: client.token as string }),
    clientOptions: {
      slackApiUrl: client.slackApiUrl,
      logger,
      timeout: 3_000,
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
    },
    convoStore: false,
    extendedErrorHandler: true,
  });
}

/** Their act is not acknowledged: it came to nothing, and Slack itself shows no more than a sign. */
async function tellWhoeverActed(
  context: Parties & Runtime,
  client: WebClient,
  body: object,
  fault: Fault,
): Promise<void> {
  const { user, user_id, channel, channel_id } = body as {
    user?: { id?: string };
    user_id?: string;
    channel?: { id?: string };
    channel_id?: string;
  };
  const account = user?.id ?? user_id;
  const place = channel?.id ?? channel_id;
  if (account === undefined) return;
  const text = `Latchkey could not do this: ${fault.code.startsWith('store.') ? 'its database is away or takes no writes' : 'what it needs for it does not answer'}. Nothing was changed; try again in a minute.`;
  const told =
    place === undefined
      ? client.chat.postMessage({ channel: account, text })
      : context.messenger.whisper(place, account, text);
  await told.catch((error: Error) => context.log.warn({ err: error.message }, 'nobody could be told'));
}
