import type { App, BlockAction, ButtonAction, ViewSubmitAction } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import { heldUntil } from '../core/desired.ts';
import { Fault } from '../core/fault.ts';
import { refuseLeaver } from '../core/offboarded.ts';
import { isRefusal } from '../core/refusal.ts';
import { choiceOf, choices, type ReceivedBundle, receiveBundle } from '../flow/bundles.ts';
import { identify } from '../flow/identify.ts';
import { type FieldName, type Received, receiveRequest, type Submission } from '../flow/receive.ts';
import type { Road } from '../flow/road.ts';
import { readChange } from '../store/changes.ts';
import { databaseNow } from '../store/clock.ts';
import { unendedGrants } from '../store/grants.ts';
import { leaverCase } from '../store/offboardings.ts';
import { linkOf, personByLink } from '../store/people.ts';
import { buttonKey } from './button-key.ts';
import { actions } from './card.ts';
import {
  callbacks,
  ENTITLEMENT_SELECT,
  entitlementOption,
  extendModal,
  fields,
  loadingModal,
  messageModal,
  nothingModal,
  refusalModal,
  requestModal,
  STATIC_OPTIONS_MAX,
} from './modal.ts';
import { openFromButton } from './triggered.ts';

/** What the extension form carries back. */
const draft = z.strictObject({
  entitlementKey: z.string(),
  forAccountId: z.string().nullable(),
  reason: z.string(),
  ticket: z.string().nullable(),
  seconds: z.number(),
});

/** Asking: the form, its search, and what comes back filled in. */
export function hearRequests(app: App, road: Road, client: WebClient): void {
  app.action<BlockAction<ButtonAction>>(
    { action_id: actions.ask, type: 'block_actions' },
    async ({ ack, body }) => {
      await ack();
      await openRequestForm(road, client, body.trigger_id, body.user.id);
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
      view: requestModal(choices(road, person), chosen === undefined ? null : choiceOf(road, chosen)),
    });
  });

  app.options<'block_suggestion'>(
    { type: 'block_suggestion', action_id: ENTITLEMENT_SELECT },
    async ({ ack, body, payload }) => {
      const person = await personByLink(road.db, 'slack', body.user.id);
      const wanted = payload.value.toLowerCase();
      const found = (person === null ? [] : choices(road, person)).filter((e) =>
        `${e.title} ${e.gives}`.toLowerCase().includes(wanted),
      );
      await ack({ options: found.slice(0, STATIC_OPTIONS_MAX).map(entitlementOption) });
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

  app.action<BlockAction<ButtonAction>>(
    { action_id: actions.extend, type: 'block_actions' },
    async ({ ack, body, action }) => {
      await ack();
      const key = buttonKey(body, action);
      const change = key === null ? null : await readChange(road.db, key.change);
      const entitlement = change === null ? null : road.catalogue.entitlement(change.entitlementKey);
      if (change === null || entitlement === null) return;
      const until = heldUntil(
        await unendedGrants(road.db, { personId: change.personId, entitlementKey: change.entitlementKey }),
        await databaseNow(road.db),
      );
      if (until === null)
        return await openFromButton(
          road,
          client,
          body,
          messageModal('This access has ended already.', 'Ask again with /access.'),
        );
      const forAccountId =
        (await personByLink(road.db, 'slack', body.user.id))?.id === change.personId
          ? null
          : linkOf(road.db, change.personId, 'slack');
      await openFromButton(
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
}

/** Opens at once, whatever is slow behind it, and fills in when we know who is asking. */
export async function openRequestForm(
  road: Road,
  client: WebClient,
  triggerId: string,
  accountId: string,
): Promise<void> {
  const opened = await client.views.open({ trigger_id: triggerId, view: loadingModal() });
  const viewId = opened.view?.id as string;
  await client.views.update({ view_id: viewId, view: await formFor(road, accountId) });
}

async function formFor(road: Road, accountId: string): Promise<ModalView> {
  try {
    const person = await identify(road, accountId);
    if (isRefusal(person)) return refusalModal(person);
    const left = await leaverCase(road.db, person.id);
    if (left !== null) return refusalModal(refuseLeaver(left, 'notEligible'));
    const entitlements = choices(road, person);
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

type FormAck = (
  answer?:
    | { response_action: 'errors'; errors: Record<string, string> }
    | { response_action: 'update'; view: ModalView },
) => Promise<void>;

async function answerForm(road: Road, submission: Submission, ack: FormAck): Promise<void> {
  const received = await receive(road, submission).catch((error: unknown) => {
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

async function receive(road: Road, submission: Submission): Promise<Received | ReceivedBundle> {
  return (await receiveBundle(road, submission)) ?? (await receiveRequest(road, submission));
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

/** The duration chosen, or the default of the entitlement when the form had not offered one yet. */
function secondsOf(road: Road, values: ViewValues): number {
  const chosen = Object.values(values[fields.duration] ?? {})[0]?.selected_option?.value;
  if (chosen !== undefined) return Number(chosen);
  const key = values[fields.entitlement]?.[ENTITLEMENT_SELECT]?.selected_option?.value;
  return (key === undefined ? null : choiceOf(road, key))?.defaultSeconds ?? 0;
}
