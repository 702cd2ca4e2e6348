import { App, type CodedError, type Receiver, type SlackCommandMiddlewareArgs } from '@slack/bolt';
import type { HomeView, KnownBlock } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { Fault } from '../../core/fault.ts';
import { isRefusal } from '../../core/refusal.ts';
import type { Context, Data, Parties, Runtime } from '../../flow/kernel/context.ts';
import { identify, metAs } from '../../flow/people/identify.ts';
import { changesOfPerson } from '../../store/changes.ts';
import { boltLogger } from '../api/bolt-logger.ts';
import { TRY_AGAIN, whyNotOpened } from '../forms/forms.ts';
import { registerMassChangeHandlers } from '../mass-change/clicks.ts';
import { escapeMrkdwn } from '../mrkdwn.ts';
import { openOffboarding, registerOffboardingHandlers } from '../offboarding/clicks.ts';
import { registerDecisionHandlers } from '../request/decisions.ts';
import { whyOf } from '../request/explain-denial.ts';
import { openFreeTextForm } from '../request/free-text-form.ts';
import { homeView, overview } from '../request/overview.ts';
import { openRequestForm, registerRequestHandlers } from '../request/requests.ts';

/** Each takes a block of the 50 that a message holds. */
const OVERVIEW_MAX = 20;

const HELP = [
  '*/access* opens the form to ask for access.',
  '*/access* and a few words, e.g. *to read Orders API logs in prod until Friday for INC-4711*, fills the form in for you.',
  '*/access mine* shows what you have and what you asked for.',
  '*/access why* says why your last request got a no; with the beginning of a request’s id, why that one.',
  '*/access offboard @user* takes everything from somebody who has left, and */access offboard cancel @user* takes that back; for the catalogue’s admins.',
  'Approvers decide on the card; you hear of every step in a direct message.',
].join('\n');

/**
 * What people do in Slack, turned into calls of the road. Every click is stored before it is acknowledged; every
 * form is validated and stored, or refused with the field that is wrong, in its acknowledgement. `onRequest` is told of each,
 * by its kind.
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

  app.command('/access', async (given) => await serveCommand(context, client, given));
  app.event('app_home_opened', async ({ event }) => {
    if (event.tab !== 'home') return;
    await client.views.publish({ user_id: event.user, view: await homeFor(context, event.user) });
  });

  registerRequestHandlers(app, context, client);
  registerDecisionHandlers(app, context, client);
  registerMassChangeHandlers(app, context, client);
  registerOffboardingHandlers(app, context, client);
  return app;
}

function createApp(context: Runtime, receiver: Receiver, client: WebClient): App {
  const logger = boltLogger(context.log);
  return new App({
    receiver,
    logger,
    // The bot token is the client's own; asking Slack who we are at every start would make Slack a condition of starting.
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

/** `/access` with whatever words follow it. */
async function serveCommand(
  context: Context,
  client: WebClient,
  { command, ack, respond }: SlackCommandMiddlewareArgs,
): Promise<void> {
  const words = command.text.trim().split(/\s+/);
  const word = words[0] ?? '';
  if (word === 'help') return await ack({ response_type: 'ephemeral', text: HELP });
  await ack();
  try {
    if (word === 'offboard') return await openOffboarding(context, client, command, respond);
    if (word === '') return await openRequestForm(context, client, command.trigger_id, command.user_id);
    if (word === 'why' && words.length <= 2)
      return void (await respond({
        response_type: 'ephemeral',
        ...(await whyOf(context, command.user_id, words[1] ?? '')),
      }));
    if (word !== 'mine' || words.length > 1) return await openFreeTextForm(context, client, command);
    await respond({ response_type: 'ephemeral', ...(await accessOf(context, command.user_id)) });
  } catch (error) {
    context.log.warn({ err: (error as Error).message }, '/access not served');
    await respond({ response_type: 'ephemeral', text: whyNotOpened(error) });
  }
}

/** What they did is not acknowledged: it came to nothing, and Slack itself shows no more than a sign. */
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

/** Shows only, so who was met before is known by their link and nobody outside is asked. */
async function accessOf(
  context: Data & Parties,
  accountId: string,
): Promise<{ text: string; blocks?: KnownBlock[] }> {
  const person = (await metAs(context, accountId)) ?? (await identify(context, accountId));
  if (isRefusal(person)) return { text: escapeMrkdwn(`${person.text} ${person.next}`) };
  return await overview(context, person.id, await changesOfPerson(context.db, person.id, OVERVIEW_MAX));
}

/** The Home tab: what this person has and asked for. */
async function homeFor(context: Data & Parties, accountId: string): Promise<HomeView> {
  try {
    return homeView(await accessOf(context, accountId));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return homeView({ text: TRY_AGAIN });
  }
}
