import { App, type BlockAction, type ButtonAction, type Receiver, type ViewSubmitAction } from '@slack/bolt';
import type { HomeView, ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import { heldUntil } from '../core/desired.ts';
import { Fault } from '../core/fault.ts';
import type { ClickReceived } from '../core/reactions.ts';
import { isRefusal } from '../core/refusal.ts';
import { identify } from '../flow/identify.ts';
import {
  acceptClick,
  type FieldName,
  receiveRequest,
  requestable,
  type Submission,
} from '../flow/receive.ts';
import type { Road } from '../flow/road.ts';
import { changesOfPerson, readChange } from '../store/changes.ts';
import { databaseNow } from '../store/clock.ts';
import { unendedGrants } from '../store/grants.ts';
import { personByLink, readPerson } from '../store/people.ts';
import { actions } from './card.ts';
import {
  type CardKey,
  callbacks,
  denyModal,
  ENTITLEMENT_SELECT,
  entitlementOption,
  extendModal,
  fields,
  lessModal,
  loadingModal,
  messageModal,
  nothingModal,
  refusalModal,
  requestModal,
} from './modal.ts';
import { homeView, overview } from './overview.ts';

/** A button's value is a key and nothing more; what does not parse is not ours. */
const buttonValue = z.strictObject({ change: z.uuid(), round: z.int() });
const cardKey = z.strictObject({ change: z.uuid(), round: z.int(), channel: z.string() });
const draft = z.strictObject({
  entitlementKey: z.string(),
  forAccountId: z.string().nullable(),
  reason: z.string(),
  ticket: z.string().nullable(),
  seconds: z.number(),
});

/** Each takes a block of the 50 that a message holds. */
const OVERVIEW_MAX = 20;
const TRY_AGAIN =
  'Latchkey could not open this: Slack or the identity provider does not answer. Nothing was changed; try again in a minute.';

const HELP = [
  '*/access* opens the form to ask for access.',
  '*/access mine* shows what you have and what you asked for.',
  'Approvers decide on the card; you hear of every step in a direct message.',
].join('\n');

/**
 * What people do in Slack, turned into calls of the road. Every click is stored before it is acknowledged; every
 * form is validated and stored, or refused with the field that is wrong, in its acknowledgement.
 */
export function listen(road: Road, receiver: Receiver, client: WebClient): App {
  const app = new App({
    receiver,
    // The bot token is the client's own; asking Slack who we are at every start would make Slack a condition of starting.
    authorize: async () => ({ botToken: client.token as string }),
    clientOptions: {
      slackApiUrl: client.slackApiUrl,
      timeout: 3_000,
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
    },
    convoStore: false,
  });
  app.error(async (error) => {
    road.log.error({ err: error.original?.message ?? error.message }, 'slack listener');
  });

  app.command('/access', async ({ command, ack, respond }) => {
    const word = command.text.trim().split(/\s+/)[0] ?? '';
    if (word === 'help') return await ack({ response_type: 'ephemeral', text: HELP });
    await ack();
    try {
      if (word !== 'mine') return await openForm(road, client, command.trigger_id, command.user_id);
      const person = await identify(road, command.user_id);
      const answer = isRefusal(person)
        ? { text: `${person.text} ${person.next}` }
        : overview(road, await changesOfPerson(road.db, person.id, OVERVIEW_MAX));
      await respond({ response_type: 'ephemeral', ...answer });
    } catch (error) {
      road.log.warn({ err: (error as Error).message }, '/access not served');
      await respond({ response_type: 'ephemeral', text: TRY_AGAIN });
    }
  });

  app.event('app_home_opened', async ({ event }) => {
    if (event.tab !== 'home') return;
    await client.views.publish({ user_id: event.user, view: await homeFor(road, event.user) });
  });

  app.action<BlockAction<ButtonAction>>(
    { action_id: actions.ask, type: 'block_actions' },
    async ({ ack, body }) => {
      await ack();
      await openForm(road, client, body.trigger_id, body.user.id);
    },
  );

  app.action<BlockAction>({ action_id: ENTITLEMENT_SELECT }, async ({ ack, body }) => {
    await ack();
    const view = body.view;
    if (view === undefined) return;
    const chosen = view.state.values[fields.entitlement]?.[ENTITLEMENT_SELECT]?.selected_option?.value;
    const person = await personByLink(road.db, 'slack', body.user.id);
    if (person === null) return;
    await client.views.update({
      view_id: view.id,
      hash: view.hash,
      view: requestModal(
        requestable(road, person),
        chosen === undefined ? null : road.catalogue.entitlement(chosen),
      ),
    });
  });

  app.options<'block_suggestion'>(
    { type: 'block_suggestion', action_id: ENTITLEMENT_SELECT },
    async ({ ack, body, payload }) => {
      const person = await personByLink(road.db, 'slack', body.user.id);
      const wanted = payload.value.toLowerCase();
      const found = (person === null ? [] : requestable(road, person)).filter((e) =>
        `${e.title} ${e.gives}`.toLowerCase().includes(wanted),
      );
      await ack({ options: found.slice(0, 100).map(entitlementOption) });
    },
  );

  app.view<ViewSubmitAction>(callbacks.request, async ({ ack, body, view }) => {
    const values = view.state.values;
    const submission: Submission = {
      idempotencyKey: `slack:${view.id}`,
      accountId: body.user.id,
      forAccountId: values[fields.for]?.for?.selected_user ?? null,
      entitlementKey: values[fields.entitlement]?.[ENTITLEMENT_SELECT]?.selected_option?.value ?? '',
      seconds: secondsOf(road, values),
      reason: values[fields.reason]?.reason?.value ?? '',
      ticket: values[fields.ticket]?.ticket?.value?.trim() || null,
      extend: false,
      via: 'slack',
    };
    await answerForm(road, submission, ack);
  });

  app.view<ViewSubmitAction>(callbacks.extend, async ({ ack, body, view }) => {
    const kept = draft.parse(JSON.parse(view.private_metadata));
    const values = view.state.values;
    const reason = values[fields.reason]?.reason?.value ?? kept.reason;
    const submission: Submission = {
      ...kept,
      idempotencyKey: `slack:${view.id}`,
      accountId: body.user.id,
      seconds: secondsOf(road, values) || kept.seconds,
      reason,
      extend: true,
      via: 'slack',
    };
    await answerForm(road, submission, ack);
  });

  /** Buttons that decide at once. */
  const immediate = {
    [actions.approve]: { verb: 'approve', seconds: null },
    [actions.withdraw]: { verb: 'withdraw' },
    [actions.release]: { verb: 'release' },
  } as const;
  for (const [actionId, act] of Object.entries(immediate))
    app.action<BlockAction<ButtonAction>>(
      { action_id: actionId, type: 'block_actions' },
      async ({ ack, body, action }) => {
        const key = keyOf(body, action);
        if (key !== null)
          await acceptClick(road, click(key, body.user.id, `${action.action_ts}-${actionId}`, act));
        await ack();
      },
    );

  app.action<BlockAction<ButtonAction>>(
    { action_id: actions.approveLess, type: 'block_actions' },
    async ({ ack, body, action }) => {
      await ack();
      const key = keyOf(body, action);
      const change = key === null ? null : await readChange(road.db, key.change);
      if (key === null || change === null) return;
      const entitlement = road.catalogue.entitlement(change.entitlementKey);
      const person = await readPerson(road.db, change.personId);
      await open(
        road,
        client,
        body,
        lessModal(
          key,
          person?.name ?? 'The requester',
          change.requestedSeconds ?? entitlement?.defaultSeconds ?? 3_600,
          entitlement?.durationsSeconds ?? [],
        ),
      );
    },
  );

  app.action<BlockAction<ButtonAction>>(
    { action_id: actions.deny, type: 'block_actions' },
    async ({ ack, body, action }) => {
      await ack();
      const key = keyOf(body, action);
      const change = key === null ? null : await readChange(road.db, key.change);
      if (key === null || change === null) return;
      const person = await readPerson(road.db, change.personId);
      await open(road, client, body, denyModal(key, person?.name ?? 'The requester'));
    },
  );

  app.action<BlockAction<ButtonAction>>(
    { action_id: actions.extend, type: 'block_actions' },
    async ({ ack, body, action }) => {
      await ack();
      const key = keyOf(body, action);
      const change = key === null ? null : await readChange(road.db, key.change);
      const entitlement = change === null ? null : road.catalogue.entitlement(change.entitlementKey);
      if (change === null || entitlement === null) return;
      const until = heldUntil(
        await unendedGrants(road.db, { personId: change.personId, entitlementKey: change.entitlementKey }),
        await databaseNow(road.db),
      );
      if (until === null)
        return await open(
          road,
          client,
          body,
          messageModal('This access has ended already.', 'Ask again with /access.'),
        );
      const forAccountId =
        (await personByLink(road.db, 'slack', body.user.id))?.id === change.personId
          ? null
          : accountFor(change.personId);
      await open(
        road,
        client,
        body,
        extendModal(
          entitlement,
          until,
          {
            entitlementKey: entitlement.key,
            forAccountId: await forAccountId,
            reason: '',
            ticket: change.ticket,
            seconds: change.requestedSeconds ?? entitlement.defaultSeconds,
          },
          false,
        ),
      );
    },
  );

  async function accountFor(personId: string): Promise<string | null> {
    const link = await road.db
      .selectFrom('person_links')
      .select('external_id')
      .where('person_id', '=', personId)
      .where('system', '=', 'slack')
      .executeTakeFirst();
    return link?.external_id ?? null;
  }

  app.view<ViewSubmitAction>(callbacks.less, async ({ ack, body, view }) => {
    const key = cardKey.parse(JSON.parse(view.private_metadata));
    const seconds = Number(view.state.values[fields.duration]?.seconds?.selected_option?.value);
    if (!Number.isInteger(seconds) || seconds <= 0)
      return await ack({
        response_action: 'errors',
        errors: { [fields.duration]: 'Choose a time from the list.' },
      });
    await acceptClick(road, click(key, body.user.id, `view-${view.id}`, { verb: 'approve', seconds }));
    await ack();
  });

  app.view<ViewSubmitAction>(callbacks.deny, async ({ ack, body, view }) => {
    const key = cardKey.parse(JSON.parse(view.private_metadata));
    const reason = view.state.values[fields.reason]?.reason?.value?.trim() ?? '';
    if (reason === '')
      return await ack({
        response_action: 'errors',
        errors: { [fields.reason]: 'A denial needs a reason.' },
      });
    await acceptClick(road, click(key, body.user.id, `view-${view.id}`, { verb: 'deny', reason }));
    await ack();
  });

  return app;
}

async function openForm(road: Road, client: WebClient, triggerId: string, accountId: string): Promise<void> {
  const opened = await client.views.open({ trigger_id: triggerId, view: loadingModal() });
  const viewId = opened.view?.id as string;
  await client.views.update({ view_id: viewId, view: await formFor(road, accountId) });
}

async function formFor(road: Road, accountId: string): Promise<ModalView> {
  try {
    const person = await identify(road, accountId);
    if (isRefusal(person)) return refusalModal(person);
    const entitlements = requestable(road, person);
    return entitlements.length === 0
      ? nothingModal(road.catalogue.current().admins)
      : requestModal(entitlements, null);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    road.log.warn({ code: error.code }, 'form can’t be filled');
    return messageModal(
      'Latchkey can’t look you up right now: the identity provider or Slack does not answer.',
      'Nothing was asked. Close this and try again in a minute.',
    );
  }
}

/** The Home tab: what this person has and asked for. */
async function homeFor(road: Road, accountId: string): Promise<HomeView> {
  try {
    const person = await identify(road, accountId);
    if (isRefusal(person)) return homeView({ text: `${person.text} ${person.next}` });
    return homeView(overview(road, await changesOfPerson(road.db, person.id, OVERVIEW_MAX)));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return homeView({ text: TRY_AGAIN });
  }
}

type FormAck = (
  answer?:
    | { response_action: 'errors'; errors: Record<string, string> }
    | { response_action: 'update'; view: ModalView },
) => Promise<void>;

async function answerForm(road: Road, submission: Submission, ack: FormAck): Promise<void> {
  const received = await receiveRequest(road, submission).catch((error: unknown) => {
    if (!(error instanceof Fault)) throw error;
    return null;
  });
  if (received === null)
    return await ack({
      response_action: 'errors',
      errors: {
        [fields.reason]: 'Latchkey can’t check this right now. Nothing was asked; try again in a minute.',
      },
    });
  if (received.received) return await ack();
  if ('heldUntil' in received) {
    const { idempotencyKey: _key, accountId: _account, extend: _extend, via: _via, ...kept } = submission;
    return await ack({
      response_action: 'update',
      view: extendModal(received.entitlement, received.heldUntil, kept, true),
    });
  }
  const { field, refusal } = received;
  await ack({
    response_action: 'errors',
    errors: { [blockOf(field, submission)]: `${refusal.text} ${refusal.next}` },
  });
}

/** Errors can stand only under input blocks that the form has. */
function blockOf(field: FieldName, submission: Submission): string {
  return submission.extend && field !== 'reason' ? fields.duration : fields[field];
}

type ViewValues = ViewSubmitAction['view']['state']['values'];

/** The duration chosen, or the default of the entitlement when the form had not offered one yet. */
function secondsOf(road: Road, values: ViewValues): number {
  const chosen = Object.values(values[fields.duration] ?? {})[0]?.selected_option?.value;
  if (chosen !== undefined) return Number(chosen);
  const key = values[fields.entitlement]?.[ENTITLEMENT_SELECT]?.selected_option?.value;
  return (key === undefined ? null : road.catalogue.entitlement(key))?.defaultSeconds ?? 0;
}

function keyOf(body: BlockAction, action: ButtonAction): CardKey | null {
  try {
    const parsed = buttonValue.parse(JSON.parse(action.value ?? ''));
    return { ...parsed, channel: body.channel?.id ?? body.user.id };
  } catch {
    return null;
  }
}

function click(key: CardKey, accountId: string, once: string, act: ClickReceived['act']): ClickReceived {
  return {
    clickId: `${accountId}-${once}`,
    changeId: key.change,
    round: key.round,
    chatUserId: accountId,
    channel: key.channel,
    act,
  };
}

/** Opens a form from a button; where that fails, the clicker is told so. */
async function open(road: Road, client: WebClient, body: BlockAction, view: ModalView): Promise<void> {
  try {
    await client.views.open({ trigger_id: body.trigger_id, view });
  } catch (error) {
    road.log.warn({ err: (error as Error).message }, 'form not opened');
    if (body.channel !== undefined) await road.messenger.whisper(body.channel.id, body.user.id, TRY_AGAIN);
  }
}
