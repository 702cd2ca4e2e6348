import type { App, BlockAction, ButtonAction, ViewSubmitAction } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { Fault } from '../../core/fault.ts';
import { heldUntil } from '../../core/membership/desired.ts';
import { refuseLeaver } from '../../core/offboarding/refusals.ts';
import { isRefusal } from '../../core/refusal.ts';
import type { Context, Data } from '../../flow/kernel/context.ts';
import { adminContacts } from '../../flow/people/admins.ts';
import { identify } from '../../flow/people/identify.ts';
import { inNames, saidOf } from '../../flow/people/said.ts';
import { choiceOf, choices, type ReceivedBundle, receiveChoice } from '../../flow/request/bundles.ts';
import { isLaterStartOffered } from '../../flow/request/later-start.ts';
import { type FieldName, isForeignDuration, type Submission } from '../../flow/request/receive.ts';
import { shownAs } from '../../flow/request/shown-form.ts';
import { readChange } from '../../store/changes.ts';
import { unendedGrants } from '../../store/grants.ts';
import { leaverCase } from '../../store/offboardings.ts';
import { linkOf, personByLink } from '../../store/people.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { slackCall } from '../api/call.ts';
import { actions, changeButton } from '../change-card/buttons.ts';
import { createFormUpdates } from '../forms/form-updates.ts';
import { openView, orTell } from '../forms/forms.ts';
import { isOfferedAtOnce, offeredAtOnce, withEmergency } from './at-once.ts';
import { extensionDraft } from './extension-draft.ts';
import { fields } from './fields.ts';
import type { ForWhom } from './for-whom.ts';
import {
  callbacks,
  durationOfferedFor,
  ENTITLEMENT_SELECT,
  entitlementOption,
  extendModal,
  loadingModal,
  messageModal,
  nothingModal,
  refusalModal,
  requestModal,
  STATIC_OPTIONS_MAX,
  shownIn,
  withChosen,
  withNote,
} from './form.ts';
import { isAsSent, sentBeforeModal } from './sent-before.ts';
import { startIn } from './start-field.ts';
import { endsWithTicketIn, withTicketEnd } from './ticket-end.ts';

/** Asking: the form, its search, and what comes back filled in. */
export function registerRequestHandlers(app: App, context: Context, client: WebClient): void {
  app.action<BlockAction<ButtonAction>>(
    { action_id: actions.ask, type: 'block_actions' },
    async ({ ack, body }) => {
      await ack();
      await orTell(context, body, () =>
        openRequestForm(context, client, { triggerId: body.trigger_id, accountId: body.user.id }),
      );
    },
  );
  changeButton.opens({ app, context, client }, actions.extend, (key, accountId) =>
    extensionFormOf(context, key.change, accountId),
  );
  listenToTheChoice(app, context, client);
  app.view<ViewSubmitAction>(callbacks.request, async ({ ack, body, view }) => {
    await answerForm(context, requestIn(context, body.user.id, view), ack);
  });
  app.view<ViewSubmitAction>(callbacks.extend, async ({ ack, body, view }) => {
    await answerForm(context, extensionIn(context, body.user.id, view), ack);
  });
}

/** The menu of the form, with its search: a choice made shows its durations. */
function listenToTheChoice(app: App, context: Context, client: WebClient): void {
  const show = createFormUpdates(client);
  app.action<BlockAction>({ action_id: ENTITLEMENT_SELECT }, async ({ ack, body }) => {
    await ack();
    const view = body.view;
    const at = body.actions[0]?.action_ts;
    if (view === undefined || at === undefined) return;
    const chosen = view.state.values[fields.entitlement]?.[ENTITLEMENT_SELECT]?.selected_option?.value;
    const form = async () => {
      const person = await personByLink(context.db, 'slack', body.user.id);
      if (person === null) return null;
      const choice = chosen === undefined ? null : choiceOf(context, chosen);
      const form = requestModal(
        choices(context, person),
        choice,
        forWhomIn(view),
        isLaterStartOffered(context),
      );
      return withTicketEnd(context, form);
    };
    await show(view, at, form);
    await show(view, at, () => offeredAtOnce(context, body.user.id, { chosen, form }));
  });

  app.options<'block_suggestion'>(
    { type: 'block_suggestion', action_id: ENTITLEMENT_SELECT },
    async ({ ack, body, payload }) => {
      const person = await personByLink(context.db, 'slack', body.user.id);
      const wanted = payload.value.toLowerCase();
      const found = (person === null ? [] : choices(context, person)).filter((e) =>
        `${e.title} ${e.gives}`.toLowerCase().includes(wanted),
      );
      await ack({ options: found.slice(0, STATIC_OPTIONS_MAX).map(entitlementOption) });
    },
  );
}

/** The beneficiary's field in the form, and its value: a choice of the access changes nothing of it. */
function forWhomIn({ blocks, state }: Pick<SentView, 'blocks' | 'state'>): ForWhom {
  const asked = blocks.find((block) => block.block_id === fields.for) as { optional?: boolean } | undefined;
  return {
    isAsked: asked?.optional === false,
    accountId: state.values[fields.for]?.for?.selected_user ?? null,
  };
}

type SentView = ViewSubmitAction['view'];

function requestIn(context: Data, accountId: string, view: SentView): Submission {
  const values = view.state.values;
  const entitlementKey = values[fields.entitlement]?.[ENTITLEMENT_SELECT]?.selected_option?.value ?? '';
  return {
    idempotencyKey: `slack:${view.id}`,
    accountId,
    forAccountId: values[fields.for]?.for?.selected_user ?? null,
    entitlementKey,
    ...shownIn(view.private_metadata, entitlementKey),
    ...durationIn(context, values, entitlementKey),
    startsAt: startIn(values),
    reason: values[fields.reason]?.reason?.value ?? '',
    ticket: values[fields.ticket]?.ticket?.value?.trim() || null,
    ...endsWithTicketIn(values),
    extend: false,
    via: 'slack',
  };
}

function extensionIn(context: Data, accountId: string, view: SentView): Submission {
  const { shownAs: shown, ...kept } = extensionDraft.parse(JSON.parse(view.private_metadata));
  const values = view.state.values;
  return {
    ...kept,
    ...(shown === undefined ? {} : { shownAs: shown }),
    idempotencyKey: `slack:${view.id}`,
    accountId,
    ...durationIn(context, values, kept.entitlementKey),
    reason: values[fields.reason]?.reason?.value ?? kept.reason,
    extend: true,
    via: 'slack',
  };
}

/** The form to ask for longer, or a word that the access has ended. Null: nothing in the catalogue to extend. */
async function extensionFormOf(
  context: Data,
  changeId: string,
  accountId: string,
): Promise<ModalView | null> {
  const change = await readChange(context.db, changeId);
  const entitlement = change === null ? null : context.catalogue.entitlement(change.entitlementKey);
  if (change === null || entitlement === null) return null;
  const until = heldUntil(
    await unendedGrants(context.db, { personId: change.personId, entitlementKey: change.entitlementKey }),
    await databaseNow(context.db),
  );
  if (until === null) return messageModal('This access has ended already.', 'Ask again with /access.');
  const isTheirs = (await personByLink(context.db, 'slack', accountId))?.id === change.personId;
  const draftOfIt = {
    entitlementKey: entitlement.key,
    forAccountId: isTheirs ? null : await linkOf(context.db, change.personId, 'slack'),
    reason: '',
    ticket: change.ticket,
    endsWithTicket: change.endsWithTicket,
    seconds: change.requestedSeconds ?? entitlement.defaultSeconds,
    shownAs: shownAs(context, [entitlement.key]) ?? undefined,
  };
  return extendModal(entitlement, until, draftOfIt, false);
}

/**
 * Opens at once, whatever is slow behind it, and fills in when we know who is asking. `key`: what is chosen already.
 */
export async function openRequestForm(
  context: Context,
  client: WebClient,
  { triggerId, accountId }: { triggerId: string; accountId: string },
  key: string | null = null,
): Promise<void> {
  const viewId = await openView(client, triggerId, loadingModal());
  const view = await formFor(context, accountId, key);
  await slackCall(true, () => client.views.update({ view_id: viewId, view }));
}

async function formFor(context: Context, accountId: string, key: string | null): Promise<ModalView> {
  try {
    const person = await identify(context, accountId);
    if (isRefusal(person)) return refusalModal(person);
    const left = await leaverCase(context.db, person.id);
    if (left !== null) return refusalModal(refuseLeaver(left, 'notEligible'));
    const entitlements = choices(context, person);
    if (entitlements.length === 0) return nothingModal((await adminContacts(context)).admins);
    const chosen = entitlements.some((e) => e.key === key) ? choiceOf(context, key ?? '') : null;
    const form = withChosen(
      withTicketEnd(context, requestModal(entitlements, chosen, undefined, isLaterStartOffered(context))),
      chosen,
    );
    return chosen !== null && (await isOfferedAtOnce(context, person, chosen.key))
      ? withEmergency(form, chosen.key)
      : form;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    context.log.warn({ code: error.code }, 'form can’t be filled');
    return messageModal(
      `Latchkey can’t look you up right now: ${error.code.startsWith('store.') ? 'its database is away or takes no writes' : 'the identity provider or Slack does not answer'}.`,
      'Nothing was asked. Close this and try again in a minute.',
    );
  }
}

type FormAck = (
  answer?:
    | { response_action: 'errors'; errors: Record<string, string> }
    | { response_action: 'update'; view: ModalView },
) => Promise<void>;

async function answerForm(context: Context, submission: Submission, ack: FormAck): Promise<void> {
  const received = await receiveChoice(context, submission).catch((error: unknown) => {
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
  if ('asked' in received) return await answerBundle(received, ack);
  if (received.received) {
    if (!received.isRepeat || isAsSent(received.change, submission)) return await ack();
    return await ack({ response_action: 'update', view: sentBeforeModal(context, received.change) });
  }
  if ('heldUntil' in received) {
    const {
      idempotencyKey: _key,
      accountId: _account,
      extend: _extend,
      via: _via,
      durationOf: _of,
      startsAt: _start,
      ...kept
    } = submission;
    return await ack({
      response_action: 'update',
      view: extendModal(received.entitlement, received.heldUntil, kept, true),
    });
  }
  const { field, refusal } = received;
  const choice = choiceOf(context, submission.entitlementKey);
  // The form shows another's times (two quick choices, of which Slack showed the first): show the right ones.
  const person =
    field === 'duration' && isForeignDuration(submission)
      ? await personByLink(context.db, 'slack', submission.accountId)
      : null;
  if (person !== null && choice !== null && !submission.extend)
    return await ack({
      response_action: 'update',
      view: withNote(
        withTicketEnd(
          context,
          requestModal(
            choices(context, person),
            choice,
            { isAsked: false, accountId: submission.forAccountId },
            isLaterStartOffered(context),
          ),
        ),
        `${refusal.text} ${refusal.next}`,
      ),
    });
  await ack({
    response_action: 'errors',
    errors: { [blockOf(field, submission)]: inNames(await saidOf(context, refusal)) },
  });
}

async function answerBundle({ asked, notAsked }: ReceivedBundle, ack: FormAck): Promise<void> {
  if (notAsked.length === 0) return await ack();
  if (asked.length === 0)
    return await ack({ response_action: 'errors', errors: { [fields.entitlement]: notAsked.join(' ') } });
  await ack({
    response_action: 'update',
    view: messageModal(
      `Asked for ${asked.join(' and ')}. Not for all of it: ${notAsked.join(' ')}`,
      'What was asked for goes its way; you hear of it in a direct message.',
    ),
  });
}

/** Errors can stand only under input blocks that the form has. */
function blockOf(field: FieldName, submission: Submission): string {
  return submission.extend && field !== 'reason' ? fields.duration : fields[field];
}

type ViewValues = ViewSubmitAction['view']['state']['values'];

/** The duration chosen and for what it was on offer, or the default when the form had not offered one yet. */
function durationIn(
  context: Data,
  values: ViewValues,
  key: string,
): Pick<Submission, 'seconds' | 'durationOf'> {
  const [offered] = Object.entries(values[fields.duration] ?? {});
  const chosen = offered?.[1].selected_option?.value;
  return offered === undefined || chosen === undefined
    ? { seconds: choiceOf(context, key)?.defaultSeconds ?? 0 }
    : { seconds: Number(chosen), durationOf: durationOfferedFor(offered[0]) };
}
